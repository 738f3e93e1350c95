//! Requests are sent here, and only here.
//!
//! The limit in time is that of each call, not of the strategy around it: a strategy that is late
//! keeps the tracks it has found and goes on without what is missing. Time that calls wait in the
//! proxy's queue is not theirs, so a limit moves on by it, but never past the end of the run, nor
//! past its middle while nothing but seeds is gathered. A call that the proxy has no room for is
//! repeated once, if the time to come back is within the limit.
//! Answers come back in the order of the requests, whatever order they arrived in.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
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
    /// Half of the time is over.
    middle: Instant,
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
    /// However long calls were queued.
    latest: Instant,
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
        let now = Instant::now();
        Self { catalogue, shelf, gate, middle: now + time / 2, end: now + time, health: Mutex::default() }
    }

    /// A step that begins now.
    pub(super) fn limit(&self, time: Duration) -> Limit {
        let (begun, queued_before) = (Instant::now(), self.catalogue.queued());
        Limit { begun, queued_before, time, latest: self.end }
    }

    /// The same for a step that others come after: it leaves them half of the run.
    pub(super) fn early_limit(&self, time: Duration) -> Limit {
        Limit { latest: self.middle, ..self.limit(time) }
    }

    pub(super) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Asks everything, up to eight at once.
    pub(super) async fn all(&self, asks: Vec<Ask>, limit: Limit) -> Vec<Reply> {
        self.watched(asks, limit, Duration::ZERO, &Unwatched).await
    }

    /// Like [`Calls::all`], each start `stagger` after the one before, or as soon as all before it are
    /// answered: what the proxy knows need not be spread. `watch` hears of every answer.
    pub(super) async fn watched(
        &self,
        asks: Vec<Ask>,
        limit: Limit,
        stagger: Duration,
        watch: &dyn Watch,
    ) -> Vec<Reply> {
        let count = asks.len();
        let mut asks = asks.into_iter().enumerate();
        let mut under_way = FuturesUnordered::new();
        let mut next_start = Instant::now();
        let mut replies = Vec::with_capacity(count);
        while replies.len() < count {
            let idle = under_way.is_empty();
            let start = async {
                if !idle {
                    sleep_until(next_start).await;
                }
            };
            tokio::select! {
                biased;
                () = start, if asks.len() > 0 => {
                    under_way.extend(asks.next().map(|(at, ask)| self.placed(at, ask, limit).boxed()));
                    next_start = Instant::now() + stagger;
                }
                Some(reply) = under_way.next() => {
                    replies.push(reply);
                    watch.answered(replies.len(), count).await;
                }
            }
        }
        replies.sort_by_key(|(at, _)| *at);
        replies.into_iter().map(|(_, reply)| reply).collect()
    }

    async fn placed(&self, at: usize, ask: Ask, limit: Limit) -> (usize, Reply) {
        let result = self.one(&ask, limit).await;
        (at, Reply { ask, result })
    }

    async fn one(&self, ask: &Ask, limit: Limit) -> Result<Answer, CallError> {
        let call = async {
            match self.attempt(ask).await {
                Err(CallError::Busy { retry_after }) if self.left(limit) > retry_after => {
                    sleep(retry_after).await;
                    self.attempt(ask).await
                }
                outcome => outcome,
            }
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

    async fn attempt(&self, ask: &Ask) -> Result<Answer, CallError> {
        let _place = self.gate.acquire().await.expect("the gate is never closed");
        match self.given_up() {
            Some(error) => Err(error),
            None => self.shelf.answer(ask, &*self.catalogue).await,
        }
    }

    /// Returns when the step is over.
    async fn over(&self, limit: Limit) {
        loop {
            let left = self.left(limit);
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }

    /// Of the step's time.
    fn left(&self, limit: Limit) -> Duration {
        let queued = self.catalogue.queued().saturating_sub(limit.queued_before);
        let time = limit.time.saturating_add(queued).saturating_sub(limit.begun.elapsed());
        time.min(limit.latest.saturating_duration_since(Instant::now()))
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
    use crate::cache::Cache;
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
    async fn an_early_step_leaves_half_of_the_run_however_long_it_was_queued() {
        let fake = Fake::new();
        fake.delay(Method::SearchTracks, 100 * MINUTE);
        let catalogue = Arc::new(Queued(fake, 10 * MINUTE));
        let calls = Calls::new(catalogue, Shelf::none(), 3 * MINUTE);
        let began = Instant::now();
        calls.all(search(), calls.early_limit(MINUTE)).await;
        assert_eq!(began.elapsed().as_secs(), 90);
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_proxy_is_waited_for_once_if_the_step_has_time() {
        let busy = |seconds| CallError::Busy { retry_after: Duration::from_secs(seconds) };
        for (times, seconds, expected, took) in [
            (1, 15, None, 15),
            (2, 15, Some(busy(15)), 15),
            (1, 60, Some(busy(60)), 0),
            (1, u64::MAX, Some(busy(u64::MAX)), 0),
        ] {
            let fake = Arc::new(Fake::new());
            (0..times).for_each(|_| fake.next(Method::SearchTracks, Some(busy(seconds))));
            let calls = Calls::new(fake, Shelf::none(), 2 * MINUTE);
            let began = Instant::now();
            let replies = calls.all(search(), calls.limit(MINUTE)).await;
            assert_eq!((replies[0].result.clone().err(), began.elapsed().as_secs()), (expected, took));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rows_on_the_shelf_are_known_and_a_failure_is_told() {
        let fake = Arc::new(Fake::new());
        let shelf = Shelf::open(Arc::new(Cache::memory(100)), "ann", "", "").await;
        let calls = Calls::new(fake.clone(), shelf, MINUTE);
        let ids: Vec<Uuid> = fake.all_tracks()[..2].iter().map(|track| track.id).collect();
        calls.all(Ask::features(vec![ids[0]]), calls.limit(MINUTE)).await;
        fake.fail(Method::Features, CallError::Failed { status: 500 });
        let replies = calls.all(Ask::features(ids.clone()), calls.limit(MINUTE)).await;
        assert_eq!(replies[0].result, Err(CallError::Failed { status: 500 }));
        let known: Vec<Uuid> = calls.shelf().known(&replies[0].ask).iter().map(|row| row.id).collect();
        assert_eq!(known, ids[..1]);
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
    async fn starts_after_answers_that_came_at_once_are_not_staggered() {
        let calls = Calls::new(Arc::new(Fake::new()), Shelf::none(), MINUTE);
        let heard = Heard { began: Instant::now(), seen: Mutex::default() };
        let asks = [search(), search(), search()].concat();
        calls.watched(asks, calls.limit(MINUTE), Duration::from_millis(200), &heard).await;
        assert_eq!(*heard.seen.lock().unwrap(), [(1, 3, 0), (2, 3, 0), (3, 3, 0)]);
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
