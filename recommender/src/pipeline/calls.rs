//! Requests are sent here, and only here.
//!
//! The limit in time is that of each call, not of the strategy around it: a strategy that is late
//! keeps the tracks it has found and goes on without what is missing. Time that calls wait in the
//! proxy's queue is not theirs, so a limit moves on by it, but never past the end of the run.
//! Answers come back in the order of the requests, whatever order they arrived in.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{FutureExt, StreamExt};
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};

use super::artifacts::Shelf;
use crate::recobeat::{Answer, Ask, CallError, Catalogue};

/// Requests of one run at the same time.
const AT_ONCE: usize = 8;
/// So many failures before the first success, and nobody is there.
const GIVEN_UP_AFTER: u32 = 3;

/// All requests of one run.
pub(super) struct Calls {
    catalogue: Arc<dyn Catalogue>,
    shelf: Shelf,
    gate: Semaphore,
    /// Of the whole run.
    end: Instant,
    health: Mutex<Health>,
}

/// What became of one request.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) ask: Ask,
    pub(super) result: Result<Answer, CallError>,
}

/// Hears how far a step has come.
#[async_trait]
pub(super) trait Watch: Send + Sync {
    /// So many of so many requests have been answered, or failed.
    async fn answered(&self, done: usize, count: usize);
}

/// Nobody listens.
struct Unwatched;

#[async_trait]
impl Watch for Unwatched {
    async fn answered(&self, _done: usize, _count: usize) {}
}

/// When a step is over: some time after it began, not counting the proxy's queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    begun: Instant,
    queued_before: Duration,
    time: Duration,
}

#[derive(Debug, Default)]
struct Health {
    answered: bool,
    failures: u32,
    last: Option<CallError>,
}

impl Calls {
    pub(super) fn new(catalogue: Arc<dyn Catalogue>, shelf: Shelf, time: Duration) -> Self {
        let gate = Semaphore::new(AT_ONCE);
        Self { catalogue, shelf, gate, end: Instant::now() + time, health: Mutex::default() }
    }

    /// A step that begins now.
    pub(super) fn limit(&self, time: Duration) -> Limit {
        Limit { begun: Instant::now(), queued_before: self.catalogue.queued(), time }
    }

    pub(super) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Asks everything, up to eight at once.
    pub(super) async fn all(&self, asks: Vec<Ask>, limit: Limit) -> Vec<Reply> {
        self.watched(asks, limit, Duration::ZERO, &Unwatched).await
    }

    /// Like [`Calls::all`], each start `stagger` after the one before; `watch` hears of every answer.
    pub(super) async fn watched(
        &self,
        asks: Vec<Ask>,
        limit: Limit,
        stagger: Duration,
        watch: &dyn Watch,
    ) -> Vec<Reply> {
        let count = asks.len();
        let mut under_way = FuturesUnordered::new();
        for (at, ask) in (0u32..).zip(asks) {
            under_way.push(self.placed(at, ask, limit, stagger * at).boxed());
        }
        let mut replies = Vec::with_capacity(count);
        while let Some(reply) = under_way.next().await {
            replies.push(reply);
            watch.answered(replies.len(), count).await;
        }
        replies.sort_by_key(|(at, _)| *at);
        replies.into_iter().map(|(_, reply)| reply).collect()
    }

    async fn placed(&self, at: u32, ask: Ask, limit: Limit, after: Duration) -> (u32, Reply) {
        let result = self.one(&ask, limit, after).await;
        (at, Reply { ask, result })
    }

    async fn one(&self, ask: &Ask, limit: Limit, after: Duration) -> Result<Answer, CallError> {
        let call = async {
            if !after.is_zero() {
                sleep(after).await;
            }
            let _place = self.gate.acquire().await.expect("the gate is never closed");
            if let Some(error) = self.given_up() {
                return Err(error);
            }
            self.shelf.answer(ask, &*self.catalogue).await
        };
        let result = tokio::select! {
            biased;
            // First, so that a step that is over sends nothing any more.
            () = self.over(limit) => Err(CallError::TimedOut(limit.begun.elapsed())),
            result = call => result,
        };
        self.note(&result);
        result
    }

    /// Returns when the step is over.
    async fn over(&self, limit: Limit) {
        loop {
            let queued = self.catalogue.queued().saturating_sub(limit.queued_before);
            let end = (limit.begun + limit.time + queued).min(self.end);
            if Instant::now() >= end {
                return;
            }
            sleep_until(end).await;
        }
    }

    fn note(&self, result: &Result<Answer, CallError>) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            // A refusal is an answer: somebody is there.
            Ok(_) | Err(CallError::Refused { .. } | CallError::Shape(_)) => health.answered = true,
            Err(error) => {
                health.failures += 1;
                health.last = Some(error.clone());
            }
        }
    }

    /// Nothing has been answered yet, and enough was tried: further calls would only take time.
    fn given_up(&self) -> Option<CallError> {
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let away = !health.answered && health.failures >= GIVEN_UP_AFTER;
        health.last.clone().filter(|_| away)
    }

    /// The run has no time left for calls.
    pub(super) fn ended(&self) -> bool {
        Instant::now() >= self.end
    }
}

/// The answers of the requests that had one.
pub(super) fn answers(replies: Vec<Reply>) -> (Vec<(Ask, Answer)>, Vec<String>) {
    let mut failed = Vec::new();
    let mut answered = Vec::new();
    for Reply { ask, result } in replies {
        match result {
            Ok(answer) => answered.push((ask, answer)),
            Err(error) => failed.push(format!("{}: {error}", ask.what())),
        }
    }
    (answered, failed)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::{Artist, Track, TrackId};
    use crate::recobeat::testing::{Fake, Method};
    use crate::recobeat::{Draw, FeatureRow, Page};

    const MINUTE: Duration = Duration::from_secs(60);

    /// A catalogue whose calls have waited in a queue.
    struct Queued(Fake, Duration);

    #[async_trait]
    impl Catalogue for Queued {
        async fn tracks(&self, ids: &[TrackId]) -> Result<Vec<Track>, CallError> {
            self.0.tracks(ids).await
        }
        async fn features(&self, ids: &[TrackId]) -> Result<Vec<FeatureRow>, CallError> {
            self.0.features(ids).await
        }
        async fn artists(&self, ids: &[TrackId]) -> Result<Vec<Artist>, CallError> {
            self.0.artists(ids).await
        }
        async fn search_tracks(&self, text: &str, page: u32) -> Result<Page<Track>, CallError> {
            self.0.search_tracks(text, page).await
        }
        async fn search_artists(&self, text: &str, page: u32) -> Result<Page<Artist>, CallError> {
            self.0.search_artists(text, page).await
        }
        async fn artist_tracks(&self, artist: Uuid, page: u32) -> Result<Page<Track>, CallError> {
            self.0.artist_tracks(artist, page).await
        }
        async fn recommend(&self, draw: &Draw) -> Result<Vec<Track>, CallError> {
            self.0.recommend(draw).await
        }
        fn queued(&self) -> Duration {
            if self.0.calls().is_empty() { Duration::ZERO } else { self.1 }
        }
    }

    struct Heard {
        began: Instant,
        seen: Mutex<Vec<(usize, usize, u128)>>,
    }

    #[async_trait]
    impl Watch for Heard {
        async fn answered(&self, done: usize, count: usize) {
            self.seen.lock().unwrap().push((done, count, self.began.elapsed().as_millis()));
        }
    }

    fn search() -> Vec<Ask> {
        vec![Ask::SearchTracks { text: "night".into(), page: 0 }]
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_the_queue_is_not_the_steps_but_the_runs() {
        for (queued, took) in [(0, 60), (30, 90), (900, 120)] {
            let fake = Fake::new();
            fake.delay(Method::SearchTracks, 100 * MINUTE);
            let catalogue = Arc::new(Queued(fake, Duration::from_secs(queued)));
            let calls = Calls::new(catalogue, Shelf::none(), 2 * MINUTE);
            let began = Instant::now();
            let replies = calls.all(search(), calls.limit(MINUTE)).await;
            assert_eq!(began.elapsed().as_secs(), took);
            assert!(matches!(replies[0].result, Err(CallError::TimedOut(_))));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn starts_are_staggered_and_answers_come_in_the_order_of_requests() {
        let fake = Arc::new(Fake::new());
        fake.delay(Method::SearchTracks, Duration::from_secs(5));
        let calls = Calls::new(fake.clone(), Shelf::none(), MINUTE);
        let asks = [search(), vec![Ask::Artists(Vec::new()), Ask::Artists(Vec::new())]].concat();
        let heard = Heard { began: Instant::now(), seen: Mutex::default() };
        let stagger = Duration::from_millis(200);
        let replies = calls.watched(asks.clone(), calls.limit(MINUTE), stagger, &heard).await;
        assert!(replies.into_iter().map(|reply| reply.ask).eq(asks));
        assert_eq!(*heard.seen.lock().unwrap(), [(1, 3, 200), (2, 3, 400), (3, 3, 5_000)]);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_asked_for_long_where_nobody_answers() {
        let fake = Arc::new(Fake::new());
        fake.fail_all(&CallError::Unreachable("refused".into()));
        let calls = Calls::new(fake.clone(), Shelf::none(), MINUTE);
        for _ in 0..5 {
            let replies = calls.all(search(), calls.limit(MINUTE)).await;
            assert_eq!(replies[0].result, Err(CallError::Unreachable("refused".into())));
        }
        assert_eq!(fake.calls().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_after_an_answer_are_no_reason_to_give_up() {
        let fake = Arc::new(Fake::new());
        let calls = Calls::new(fake.clone(), Shelf::none(), MINUTE);
        calls.all(search(), calls.limit(MINUTE)).await;
        fake.fail_all(&CallError::Failed { status: 502 });
        for _ in 0..5 {
            calls.all(search(), calls.limit(MINUTE)).await;
        }
        assert_eq!(fake.calls().len(), 6);
    }
}
