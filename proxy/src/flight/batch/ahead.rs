use std::sync::Arc;

use super::{Batches, Inner, Trip, Wish};
use crate::api::{Id, ParsedRow, RowKind, Uuid};
use crate::budget::Lane;
use crate::cache::{Key, Known};
use crate::flight::MOST_UNATTENDED;

impl Inner {
    /// Whoever asks for tracks asks for their features next: asks for those of tracks not held yet.
    pub(super) fn read_ahead(self: &Arc<Self>, trip: Trip, rows: &[ParsedRow]) {
        if trip.kind != RowKind::Track || !self.read_ahead.is_on() {
            return;
        }
        let held = |row: &ParsedRow| self.store.get(&Key::Row(row.kind, row.uuid)).is_some();
        let tracks: Vec<ParsedRow> = rows.iter().filter(|row| !held(row)).cloned().collect();
        if tracks.is_empty() {
            return;
        }
        let batches = Batches(Arc::clone(self));
        self.runtime.spawn(async move {
            let wish = Wish { client: trip.client, lane: Lane::Warm, deadline: None };
            let room = MOST_UNATTENDED.saturating_sub(batches.in_the_air());
            let open = batches.0.without_features(&tracks).await.into_iter().take(room);
            let wanted: Vec<Id> =
                open.filter(|uuid| batches.0.read_ahead.wants(*uuid)).map(Id::Uuid).collect();
            drop(batches.join(RowKind::Features, &wanted, wish, None));
        });
    }

    /// Those whose features are neither known nor asked for under either id.
    async fn without_features(&self, tracks: &[ParsedRow]) -> Vec<Uuid> {
        let asked = |id| self.flights.contains(&(RowKind::Features, id));
        let unasked = tracks.iter().filter(|track| {
            !asked(Id::Uuid(track.uuid)) && !track.spotify.is_some_and(|spotify| asked(Id::Spotify(spotify)))
        });
        let ids: Vec<Id> = unasked.map(|track| Id::Uuid(track.uuid)).collect();
        let mut known: Vec<Known> = ids.iter().map(|id| self.store.know(RowKind::Features, id)).collect();
        if self.store.behind().is_some() {
            known = self.store.recall(RowKind::Features, ids).await.unwrap_or(known);
        }
        let unknown = known.into_iter().filter_map(|known| match known {
            Known::Nothing(Id::Uuid(uuid)) => Some(uuid),
            _ => None,
        });
        unknown.collect()
    }
}
