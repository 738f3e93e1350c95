//! The progress of a job as numbered events that can be read again.
//!
//! A reader has nothing but the number of the last event it read, so a slow one costs nothing and one
//! that comes back misses nothing that still matters: of the progress only the newest is kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream::{self, Stream};
use serde_json::Value;
use tokio::sync::watch;

/// The name of an event on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    Plan,
    Progress,
    Failed,
    /// Nothing comes after it.
    Done,
}

impl EventKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Progress => "progress",
            Self::Failed => "failed",
            Self::Done => "done",
        }
    }
}

/// One event, numbered from 1 within its job.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: u64,
    pub kind: EventKind,
    pub data: Value,
}

#[derive(Debug)]
pub(super) struct Feed {
    events: Mutex<Vec<Event>>,
    /// Number of the newest event.
    newest: watch::Sender<u64>,
}

impl Feed {
    pub(super) fn new() -> Self {
        Self { events: Mutex::default(), newest: watch::Sender::new(0) }
    }

    pub(super) fn tell(&self, kind: EventKind, data: Value) {
        let mut events = self.events();
        if kind == EventKind::Progress {
            events.retain(|event| event.kind != EventKind::Progress);
        }
        let id = *self.newest.borrow() + 1;
        events.push(Event { id, kind, data });
        // Under the lock: numbers must not overtake each other.
        self.newest.send_replace(id);
    }

    /// The events after number `after`, then those to come, up to the last.
    pub(super) fn read(self: &Arc<Self>, after: u64) -> impl Stream<Item = Event> + Send + use<> {
        let reader = (Arc::clone(self), self.newest.subscribe(), after, false);
        stream::unfold(reader, |(feed, mut newest, read, ended)| async move {
            if ended {
                return None;
            }
            loop {
                newest.borrow_and_update();
                if let Some(event) = feed.next(read) {
                    let last = event.kind == EventKind::Done;
                    let id = event.id;
                    return Some((event, (feed, newest, id, last)));
                }
                // The feed outlives its readers: they hold it.
                newest.changed().await.ok()?;
            }
        })
    }

    fn next(&self, read: u64) -> Option<Event> {
        let events = self.events();
        let at = events.partition_point(|event| event.id <= read);
        // Whoever has read the end reads it again.
        let ended = || events.last().filter(|event| event.kind == EventKind::Done);
        events.get(at).or_else(ended).cloned()
    }

    fn events(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;

    async fn read(feed: &Arc<Feed>, after: u64) -> Vec<(u64, EventKind)> {
        feed.read(after).map(|event| (event.id, event.kind)).collect().await
    }

    #[tokio::test]
    async fn a_reader_goes_on_where_it_ended_and_hears_the_newest_progress_only() {
        let feed = Arc::new(Feed::new());
        let live = {
            let feed = Arc::clone(&feed);
            tokio::spawn(async move { read(&feed, 0).await })
        };
        for kind in [EventKind::Plan, EventKind::Progress, EventKind::Failed, EventKind::Progress] {
            feed.tell(kind, Value::Null);
        }
        feed.tell(EventKind::Done, Value::Null);
        let all =
            [(1, EventKind::Plan), (3, EventKind::Failed), (4, EventKind::Progress), (5, EventKind::Done)];
        assert_eq!(read(&feed, 0).await, all);
        assert_eq!(read(&feed, 3).await, all[2..]);
        assert_eq!(read(&feed, 5).await, all[3..]);
        assert_eq!(live.await.expect("no panic").last(), all.last());
    }
}
