//! The progress of a run as numbered events that can be read again.
//!
//! Events stay with the run, and each reader has nothing but a number: how far it has read. So a run
//! never waits for a reader, a slow reader costs nothing, and one that comes back with the number of
//! the last event it saw misses none.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::stream::{self, Stream};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

/// Kept per run; far more than a run has steps. The oldest go first.
const KEPT: usize = 512;

/// The name of an event on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// A step on the way.
    Status,
    /// The end, with a list.
    Complete,
    /// The end, without one.
    Error,
}

/// One change, numbered from 1 within its session.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    pub id: u64,
    pub kind: EventKind,
    /// `session_id`, `status`, `current_step`, and what the kind adds.
    pub data: Value,
}

impl EventKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Complete => "complete",
            Self::Error => "error",
        }
    }

    /// Nothing comes after it.
    pub const fn is_last(self) -> bool {
        !matches!(self, Self::Status)
    }
}

/// The events of one run.
#[derive(Debug)]
pub(super) struct Feed {
    events: Mutex<VecDeque<Event>>,
    /// Number of the newest event.
    newest: watch::Sender<u64>,
}

impl Feed {
    /// `before` is the number of the last event that an earlier life of the run may have told.
    pub(super) fn after(before: u64) -> Self {
        Self { events: Mutex::default(), newest: watch::Sender::new(before) }
    }

    /// Tells an event. Nothing is told after the last one.
    pub(super) fn tell(&self, kind: EventKind, data: Value) {
        let mut events = self.events();
        if events.back().is_some_and(|event| event.kind.is_last()) {
            return;
        }
        if events.len() == KEPT {
            events.pop_front();
        }
        let id = *self.newest.borrow() + 1;
        events.push_back(Event { id, kind, data });
        // Under the lock: numbers must not overtake each other.
        self.newest.send_replace(id);
    }

    /// All events after number `after`, then those to come, up to the last one. A reader who knows of
    /// more than was told has it from an earlier life of the run and hears all; one who has heard the
    /// end hears it again.
    pub(super) fn read(self: &Arc<Self>, after: Option<u64>) -> impl Stream<Item = Event> + Send + use<> {
        let reader = Reader {
            feed: self.clone(),
            newest: self.newest.subscribe(),
            read: self.begin(after),
            ended: false,
        };
        stream::unfold(reader, |mut reader| async move {
            let event = reader.next().await?;
            Some((event, reader))
        })
    }

    fn begin(&self, after: Option<u64>) -> u64 {
        let events = self.events();
        let (after, newest) = (after.unwrap_or(0), *self.newest.borrow());
        let ended = events.back().is_some_and(|event| event.kind.is_last());
        if ended {
            after.min(newest - 1)
        } else if after > newest {
            0
        } else {
            after
        }
    }

    fn next(&self, read: u64) -> Option<Event> {
        let events = self.events();
        let at = events.partition_point(|event| event.id <= read);
        events.get(at).cloned()
    }

    fn events(&self) -> MutexGuard<'_, VecDeque<Event>> {
        self.events.lock().expect("no panic while it is held")
    }
}

struct Reader {
    feed: Arc<Feed>,
    newest: watch::Receiver<u64>,
    /// Number of the last event that was given out.
    read: u64,
    ended: bool,
}

impl Reader {
    async fn next(&mut self) -> Option<Event> {
        while !self.ended {
            // Before looking: what is told from here on wakes us.
            self.newest.borrow_and_update();
            if let Some(event) = self.feed.next(self.read) {
                self.read = event.id;
                self.ended = event.kind.is_last();
                return Some(event);
            }
            self.newest.changed().await.ok()?;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, StreamExt};
    use serde_json::json;

    fn feed(count: u64) -> Arc<Feed> {
        let feed = Arc::new(Feed::after(0));
        (1..=count).for_each(|n| feed.tell(EventKind::Status, json!(n)));
        feed
    }

    async fn ids(feed: &Arc<Feed>, after: Option<u64>) -> Vec<u64> {
        feed.read(after).map(|event| event.id).collect().await
    }

    #[tokio::test]
    async fn a_reader_who_comes_late_or_again_misses_nothing() {
        let feed = feed(3);
        feed.tell(EventKind::Complete, json!({}));
        assert_eq!(ids(&feed, None).await, [1, 2, 3, 4]);
        assert_eq!(ids(&feed, Some(2)).await, [3, 4]);
    }

    #[tokio::test]
    async fn who_has_heard_the_end_hears_it_again() {
        let feed = feed(2);
        feed.tell(EventKind::Error, json!({}));
        assert_eq!(ids(&feed, Some(3)).await, [3]);
        assert_eq!(ids(&feed, Some(99)).await, [3]);
    }

    #[tokio::test]
    async fn nothing_is_told_after_the_end() {
        let feed = feed(1);
        feed.tell(EventKind::Complete, json!({}));
        feed.tell(EventKind::Error, json!({}));
        feed.tell(EventKind::Status, json!({}));
        assert_eq!(ids(&feed, None).await, [1, 2]);
    }

    #[tokio::test]
    async fn a_reader_waits_for_what_comes() {
        let feed = feed(1);
        let mut reader = Box::pin(feed.read(None));
        assert_eq!(reader.next().await.unwrap().id, 1);
        assert!(reader.next().now_or_never().is_none());
        feed.tell(EventKind::Status, json!({}));
        assert_eq!(reader.next().await.unwrap().id, 2);
    }

    #[tokio::test]
    async fn the_numbers_of_an_earlier_life_are_not_used_again() {
        let feed = Arc::new(Feed::after(1_000));
        feed.tell(EventKind::Complete, json!({}));
        assert_eq!(ids(&feed, Some(17)).await, [1_001]);
    }

    #[tokio::test]
    async fn a_reader_from_a_life_that_told_more_hears_all() {
        let feed = feed(2);
        let heard: Vec<u64> = feed.read(Some(17)).take(2).map(|event| event.id).collect().await;
        assert_eq!(heard, [1, 2]);
    }

    #[tokio::test]
    async fn the_oldest_events_go_first_and_the_last_one_stays() {
        let feed = feed(2 * KEPT as u64);
        feed.tell(EventKind::Complete, json!({}));
        let ids = ids(&feed, None).await;
        assert_eq!(ids.len(), KEPT);
        assert_eq!(ids.last(), Some(&(2 * KEPT as u64 + 1)));
    }
}
