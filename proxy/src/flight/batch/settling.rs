//! What an answer says about each id that was asked: its row, its absence, or nothing certain yet.
//!
//! Absence is concluded carefully: an id counts as missing only when its call was a complete 200
//! *and* every row of the answer belongs to an id that was asked. A row under a foreign id may be
//! the answer to any id left over (a relinked track), so those are asked again in calls of their
//! own, halved each time, until each either stands alone with its answer or is in a call that
//! answers nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::StatusCode;

use super::{CallId, Fetched, Inner, RowRider, Trip};
use crate::api::{Extracted, Id, ParsedRow, RowKind, Shape, extract};
use crate::cache::Entry;
use crate::flight::failure::Failure;
use crate::upstream::Reply;

impl Inner {
    /// Learns every row, and lands every rider whose answer is certain.
    pub(super) fn settle(self: &Arc<Self>, trip: Trip, riders: Vec<RowRider>, rows: &[ParsedRow]) {
        let lesson = self.store.as_of(trip.asked);
        let call = Some(CallId(self.calls.fetch_add(1, Ordering::Relaxed)));
        let alone = riders.len() == 1;
        let leader = riders.first().map(|rider| rider.id.clone());
        let bring_down = |rider: RowRider, row| {
            let led = leader.as_ref() == Some(&rider.id);
            rider.landing.land(Ok(Fetched { row, call, led }));
        };
        self.read_ahead(trip, rows);
        let entries: Vec<Entry> = rows.iter().map(|row| lesson.learn(row)).collect();
        let mut stranger = vec![true; rows.len()];
        let mut open = Vec::new();
        for rider in riders {
            let own: Vec<usize> = (0..rows.len()).filter(|row| answers(&rows[*row], &rider.id)).collect();
            // A track asked by both its ids may come once or twice; neither makes it a stranger.
            let unclaimed = own.iter().find(|row| stranger[**row]);
            let Some(index) = unclaimed.or(own.first()).copied() else {
                open.push(rider);
                continue;
            };
            // Another row under an id of this call is no stranger either.
            own.iter().for_each(|row| stranger[*row] = stranger[*row] && *row != index && alone);
            bring_down(rider, Some((rows[index].uuid, entries[index].clone())));
        }
        let strangers: Vec<&ParsedRow> =
            rows.iter().zip(stranger).filter_map(|(row, stranger)| stranger.then_some(row)).collect();
        match (strangers.as_slice(), alone) {
            ([], _) => {
                for rider in open {
                    lesson.learn_absence(trip.kind, &rider.id);
                    self.metrics.missing(trip.kind);
                    bring_down(rider, None);
                }
            }
            ([relinked], true) => {
                for rider in open {
                    let entry = lesson.learn_as(&rider.id, relinked);
                    bring_down(rider, Some((relinked.uuid, entry)));
                }
            }
            (_, true) => {
                let failure = Failure::Unusable("several rows for one id".to_owned());
                failure.log(trip.kind.multi_get_path());
                open.into_iter().for_each(|rider| rider.landing.land(Err(failure.clone())));
            }
            (_, false) => self.ask_again(trip, open),
        }
    }

    fn ask_again(self: &Arc<Self>, trip: Trip, mut open: Vec<RowRider>) {
        let Trip { kind, client, lane, .. } = trip;
        let second = open.split_off(open.len() / 2);
        for half in [open, second].into_iter().filter(|half| !half.is_empty()) {
            self.runtime.spawn(Arc::clone(self).carry_alone(kind, client, lane, half));
        }
    }
}

fn answers(row: &ParsedRow, id: &Id) -> bool {
    match id {
        Id::Uuid(uuid) => row.uuid == *uuid,
        Id::Spotify(spotify) => row.spotify == Some(*spotify),
        Id::Malformed(_) => false,
    }
}

/// The rows of a multi-get's answer. A 404 here would make clients mark every id as missing
/// (contract §14), so it becomes an unusable answer.
pub(super) fn rows_of(kind: RowKind, reply: &Reply) -> Result<Extracted, Failure> {
    match reply.status {
        StatusCode::OK if reply.is_json() => {
            extract(Shape::MultiGet(kind), &reply.body).map_err(|error| Failure::Unusable(error.to_string()))
        }
        status if status.is_client_error() && status != StatusCode::NOT_FOUND && reply.is_error_body() => {
            Err(Failure::Relayed { status, body: reply.body.clone() })
        }
        status => Err(Failure::Unusable(format!("status {status} to a list of ids"))),
    }
}
