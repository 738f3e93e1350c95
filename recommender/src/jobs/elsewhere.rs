//! The events of a run that is not in this memory: it ended long ago, before this process began, or
//! another replica runs it. Its row is looked at until it has its end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, Stream};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::Event;
use super::events::EventKind;
use super::live::{End, last_event};
use super::runs::LOOK_EVERY;
use crate::model::{Playlist, Status};
use crate::store::{Store, StoreError};

/// A reader is let go this long after the deadline of a run that has not told its end; one that still
/// wants to know comes back.
const MARGIN: Duration = Duration::from_secs(120);

struct Look {
    store: Arc<dyn Store>,
    row: Playlist,
    until: Instant,
    /// Of the last event.
    id: u64,
    told: Told,
}

#[derive(PartialEq)]
enum Told {
    Nothing,
    Something,
    End,
}

/// Tells where the run stands, then each change of status or step that is seen, then the end. Numbers
/// go on from `after`; `deadline` is that of a run.
pub(super) fn follow(
    store: Arc<dyn Store>,
    row: Playlist,
    after: u64,
    deadline: Duration,
) -> impl Stream<Item = Event> + Send {
    let until = Instant::now() + deadline + MARGIN;
    stream::unfold(Look { store, row, until, id: after, told: Told::Nothing }, |mut look| async move {
        match look.told {
            Told::End => return None,
            Told::Something => look.change().await?,
            Told::Nothing => {}
        }
        look.id += 1;
        look.told = if look.row.status.is_end() { Told::End } else { Told::Something };
        Some((look.event(), look))
    })
}

impl Look {
    fn event(&self) -> Event {
        let (id, row) = (self.id, &self.row);
        if row.status.is_end() {
            let kind = if row.status == Status::Completed { EventKind::Complete } else { EventKind::Error };
            return Event { id, kind, data: last_event(row.session_id, &End::of(row)) };
        }
        let data =
            json!({"session_id": row.session_id, "status": row.status, "current_step": row.current_step});
        Event { id, kind: EventKind::Status, data }
    }

    /// Returns when the row tells something else; nothing when it has not for too long.
    async fn change(&mut self) -> Option<()> {
        while Instant::now() < self.until {
            sleep(LOOK_EVERY).await;
            match self.store.by_session(self.row.session_id).await {
                Ok(row) if (row.status, &row.current_step) != (self.row.status, &self.row.current_step) => {
                    self.row = row;
                    return Some(());
                }
                Err(StoreError::Absent) => {
                    self.row.status = Status::Cancelled;
                    self.row.error_message = Some("deleted".into());
                    return Some(());
                }
                // Unchanged, or a store that is away for a while.
                Ok(_) | Err(_) => {}
            }
        }
        None
    }
}
