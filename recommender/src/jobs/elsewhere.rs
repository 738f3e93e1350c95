//! The events of a run that is not in this memory: it ended long ago, before this process began, or
//! another replica runs it. Its row is looked at until it has its end.

use std::sync::Arc;

use futures_util::stream::{self, Stream};
use serde_json::json;
use tokio::time::sleep;

use super::Event;
use super::events::EventKind;
use super::live::{End, last_event};
use super::runs::LOOK_EVERY;
use crate::model::{Playlist, Status};
use crate::store::{Store, StoreError};

struct Look {
    store: Arc<dyn Store>,
    row: Playlist,
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
/// go on from `after`.
pub(super) fn follow(store: Arc<dyn Store>, row: Playlist, after: u64) -> impl Stream<Item = Event> + Send {
    stream::unfold(Look { store, row, id: after, told: Told::Nothing }, |mut look| async move {
        match look.told {
            Told::End => return None,
            Told::Something => look.change().await,
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

    /// Returns when the row tells something else.
    async fn change(&mut self) {
        loop {
            sleep(LOOK_EVERY).await;
            match self.store.by_session(self.row.session_id).await {
                Ok(row) if (row.status, &row.current_step) != (self.row.status, &self.row.current_step) => {
                    self.row = row;
                    return;
                }
                Err(StoreError::Absent) => {
                    self.row.status = Status::Cancelled;
                    self.row.error_message = Some("deleted".into());
                    return;
                }
                // Unchanged, or a store that is away for a while.
                Ok(_) | Err(_) => {}
            }
        }
    }
}
