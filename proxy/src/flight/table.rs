//! One fetch per key: equal requests in flight share it, success and failure alike.
//!
//! The first to [`Flights::join`] a key gets the [`Landing`] and must bring it down; everyone,
//! the first included, gets a [`Waiter`]. A flight is detached from those who wait: nobody leaving
//! can end it, and a landing dropped without a result (a panicked task) tells its waiters so
//! instead of leaving them behind.
//!
//! Why it is right: the key leaves the table before the result is sent, both by the landing's
//! owner. Who joins before that sees the result; who joins after opens a new flight, and since
//! results are stored before they are landed, its look-up under the permit finds them. So no key
//! is ever fetched twice for one need, and no waiter can miss its result: `watch` keeps the last
//! value for those who look late.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::budget::Lane;

/// Who was admitted for the very moment of its deadline must see the permit that comes then.
const BLINK: Duration = Duration::from_millis(20);

/// How far a flight is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Waiting for a permit: the waiters' deadlines count.
    Queued,
    /// Calling, or between two attempts: its own time limits count.
    Calling,
}

#[derive(Debug, Clone)]
enum Progress<V> {
    At(Stage),
    Landed(V),
}

/// A flight as its waiters see it.
#[derive(Debug, Clone)]
struct Course<V> {
    progress: Progress<V>,
    /// Since when it is at its present stage.
    since: Instant,
    /// How long it was queued before.
    queued: Duration,
}

impl<V> Course<V> {
    fn new(progress: Progress<V>) -> Self {
        Self { progress, since: Instant::now(), queued: Duration::ZERO }
    }

    /// How long it was queued until now.
    fn queued(&self) -> Duration {
        let queues = matches!(self.progress, Progress::At(Stage::Queued));
        self.queued + if queues { self.since.elapsed() } else { Duration::ZERO }
    }

    fn advance(&mut self, to: Progress<V>) {
        *self = Self { progress: to, since: Instant::now(), queued: self.queued() };
    }
}

/// Flights in the air. `P` is what a promotion needs to find the fetch behind a flight.
#[derive(Debug)]
pub(super) struct Flights<K, V, P> {
    table: Table<K, V, P>,
}

type Table<K, V, P> = Arc<Mutex<HashMap<K, Flight<V, P>>>>;

#[derive(Debug)]
struct Flight<V, P> {
    lane: Lane,
    course: watch::Receiver<Course<V>>,
    fetch: P,
}

/// What joining a flight gives.
#[derive(Debug)]
pub(super) struct Joined<K: Hash + Eq, V, P> {
    pub waiter: Waiter<V>,
    /// For the first: the duty to fetch.
    pub landing: Option<Landing<K, V, P>>,
    /// The flight was in a lower lane and must now be moved up.
    pub promote: bool,
    pub fetch: P,
}

#[derive(Debug)]
pub struct Waiter<V> {
    course: watch::Receiver<Course<V>>,
    /// How long the flight was queued before this one joined it.
    before: Duration,
}

/// The duty to bring a flight down.
#[derive(Debug)]
pub(super) struct Landing<K: Hash + Eq, V, P> {
    key: K,
    table: Table<K, V, P>,
    course: watch::Sender<Course<V>>,
    fetch: P,
}

/// Why waiting ended without a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlanded {
    /// The deadline passed in the queue, or a hold reaches beyond it.
    Overdue,
    /// The fetch died.
    Lost,
}

impl<K, V, P> Default for Flights<K, V, P> {
    fn default() -> Self {
        Self { table: Arc::default() }
    }
}

impl<K: Clone + Eq + Hash, V: Clone, P: Clone> Flights<K, V, P> {
    /// Joins the flight of `key`, or opens it with what `fetch` makes.
    ///
    /// A flight queued in a lower lane is moved up, unless `refusal` says that the turn would come
    /// too late even then: that is the result for this waiter, and the flight stays where it is.
    pub(super) fn join(
        &self,
        key: K,
        lane: Lane,
        fetch: impl FnOnce() -> P,
        refusal: impl FnOnce() -> Option<V>,
    ) -> Joined<K, V, P> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        match table.entry(key) {
            Entry::Occupied(mut flight) => {
                let flight = flight.get_mut();
                let (lower, fetch) = (flight.lane < lane, flight.fetch.clone());
                let queued = matches!(flight.course.borrow().progress, Progress::At(Stage::Queued));
                if lower
                    && queued
                    && let Some(refused) = refusal()
                {
                    let refused = Course::new(Progress::Landed(refused));
                    let waiter = Waiter::of(watch::channel(refused).1);
                    return Joined { waiter, landing: None, promote: false, fetch };
                }
                flight.lane = flight.lane.max(lane);
                let waiter = Waiter::of(flight.course.clone());
                Joined { waiter, landing: None, promote: lower, fetch }
            }
            Entry::Vacant(vacant) => {
                let (sender, receiver) = watch::channel(Course::new(Progress::At(Stage::Queued)));
                let (key, fetch) = (vacant.key().clone(), fetch());
                vacant.insert(Flight { lane, course: receiver.clone(), fetch: fetch.clone() });
                let table = Arc::clone(&self.table);
                let landing = Landing { key, table, course: sender, fetch: fetch.clone() };
                Joined { waiter: Waiter::of(receiver), landing: Some(landing), promote: false, fetch }
            }
        }
    }

    pub(super) fn contains(&self, key: &K) -> bool {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).contains_key(key)
    }

    /// Flights in the air.
    pub(super) fn len(&self) -> usize {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl<K: Hash + Eq, V, P> Landing<K, V, P> {
    pub(super) fn fetch(&self) -> &P {
        &self.fetch
    }

    /// Tells the waiters whether their deadlines count.
    pub(super) fn stage(&self, stage: Stage) {
        self.course.send_modify(|course| course.advance(Progress::At(stage)));
    }

    /// Ends the flight. What can be stored must have been stored before.
    pub(super) fn land(self, value: V) {
        self.leave_table();
        self.course.send_modify(|course| course.advance(Progress::Landed(value)));
    }

    /// Ends several flights with one value. All leave the table before the first waiter is told:
    /// whoever asks again for all of them at once must not meet the old end of another.
    pub(super) fn land_all(landings: Vec<Self>, value: &V)
    where
        V: Clone,
    {
        landings.iter().for_each(Self::leave_table);
        for landing in landings {
            landing.course.send_modify(|course| course.advance(Progress::Landed(value.clone())));
        }
    }

    fn leave_table(&self) {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl<K: Hash + Eq, V, P> Drop for Landing<K, V, P> {
    fn drop(&mut self) {
        // After `land` the key may already belong to the next flight, and is not ours to remove.
        if matches!(self.course.borrow().progress, Progress::At(_)) {
            self.leave_table();
        }
    }
}

impl<V: Clone> Waiter<V> {
    fn of(course: watch::Receiver<Course<V>>) -> Self {
        let before = course.borrow().queued();
        Self { course, before }
    }

    /// How long this one has waited in the queue so far.
    pub fn queued(&self) -> Duration {
        self.course.borrow().queued().saturating_sub(self.before)
    }

    /// The result, when the flight has landed already.
    pub fn result(&self) -> Option<V> {
        match &self.course.borrow().progress {
            Progress::Landed(value) => Some(value.clone()),
            Progress::At(_) => None,
        }
    }

    /// Waits for the result; in the queue no longer than `deadline`, and not at all once a hold
    /// reaches beyond it.
    pub async fn landed(
        &mut self,
        deadline: Instant,
        holds: &mut watch::Receiver<Option<Instant>>,
    ) -> Result<V, Unlanded> {
        loop {
            let queued = match &self.course.borrow_and_update().progress {
                Progress::Landed(value) => return Ok(value.clone()),
                Progress::At(stage) => *stage == Stage::Queued,
            };
            if queued && holds.borrow_and_update().is_some_and(|until| until > deadline) {
                return Err(Unlanded::Overdue);
            }
            tokio::select! {
                biased;
                changed = self.course.changed() => changed.map_err(|_| Unlanded::Lost)?,
                () = sleep_until(deadline + BLINK), if queued => return Err(Unlanded::Overdue),
                Ok(()) = holds.changed(), if queued => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_holds() -> watch::Receiver<Option<Instant>> {
        watch::channel(None).1
    }

    async fn landed(mut waiter: Waiter<u32>, seconds: u64) -> Result<u32, Unlanded> {
        waiter.landed(Instant::now() + Duration::from_secs(seconds), &mut no_holds()).await
    }

    #[tokio::test(start_paused = true)]
    async fn everyone_who_joins_shares_one_result() {
        let flights = Flights::default();
        let first = flights.join("key", Lane::Interactive, || (), || None);
        let second = flights.join("key", Lane::Interactive, || (), || None);
        assert!(second.landing.is_none());
        first.landing.expect("the first leads").land(7);
        assert_eq!((landed(first.waiter, 1).await, landed(second.waiter, 1).await), (Ok(7), Ok(7)));
        assert_eq!(flights.len(), 0);
        assert!(flights.join("key", Lane::Warm, || (), || None).landing.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_higher_lane_asks_for_promotion_once() {
        let flights = Flights::<_, u32, ()>::default();
        let _warm = flights.join("key", Lane::Warm, || (), || None);
        assert!(flights.join("key", Lane::Interactive, || (), || None).promote);
        assert!(!flights.join("key", Lane::Interactive, || (), || None).promote);
        assert!(!flights.join("key", Lane::Refresh, || (), || None).promote);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_fetch_is_told_and_frees_its_key() {
        let flights = Flights::default();
        let joined = flights.join("key", Lane::Interactive, || (), || None);
        drop(joined.landing);
        assert_eq!(landed(joined.waiter, 1).await, Err(Unlanded::Lost));
        assert!(flights.join("key", Lane::Interactive, || (), || None).landing.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn an_ended_flight_does_not_remove_its_successor() {
        let flights = Flights::default();
        let first = flights.join("key", Lane::Interactive, || (), || None);
        let landing = first.landing.expect("the first leads");
        landing.leave_table();
        let second = flights.join("key", Lane::Interactive, || (), || None);
        landing.course.send_modify(|course| course.advance(Progress::Landed(1)));
        drop(landing);
        assert!(second.landing.is_some());
        assert_eq!(flights.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn flights_that_end_together_are_all_gone_when_the_first_is_told() {
        let flights = Arc::new(Flights::default());
        let joined: Vec<_> = ["a", "b", "c"]
            .map(|key| flights.join(key, Lane::Interactive, || (), || None))
            .into_iter()
            .collect();
        let (waiters, landings): (Vec<_>, Vec<_>) =
            joined.into_iter().map(|one| (one.waiter, one.landing.expect("each leads"))).unzip();
        let told = waiters.into_iter().map(|waiter| {
            let flights = Arc::clone(&flights);
            tokio::spawn(async move { (landed(waiter, 1).await, flights.len()) })
        });
        let told: Vec<_> = told.collect();
        tokio::task::yield_now().await;
        Landing::land_all(landings, &4);
        for told in told {
            assert_eq!(told.await.expect("no panic"), (Ok(4), 0));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_counts_in_the_queue_only() {
        let flights = Flights::default();
        let joined = flights.join("key", Lane::Interactive, || (), || None);
        let landing = joined.landing.expect("the first leads");
        assert_eq!(landed(joined.waiter, 30).await, Err(Unlanded::Overdue));

        landing.stage(Stage::Calling);
        let late = tokio::spawn(landed(flights.join("key", Lane::Interactive, || (), || None).waiter, 30));
        tokio::time::sleep(Duration::from_secs(60)).await;
        landing.land(1);
        assert_eq!(late.await.expect("no panic"), Ok(1));
    }

    #[tokio::test(start_paused = true)]
    async fn each_waiter_knows_its_own_time_in_the_queue_and_calls_do_not_count() {
        let pause = |seconds| tokio::time::sleep(Duration::from_secs(seconds));
        let flights = Flights::default();
        let joined = flights.join("key", Lane::Interactive, || (), || None);
        let (first, landing) = (joined.waiter, joined.landing.expect("the first leads"));
        pause(3).await;
        let second = flights.join("key", Lane::Interactive, || (), || None).waiter;
        pause(2).await;
        landing.stage(Stage::Calling);
        pause(10).await;
        landing.stage(Stage::Calling);
        pause(10).await;
        let third = flights.join("key", Lane::Interactive, || (), || None).waiter;
        landing.stage(Stage::Queued);
        pause(7).await;
        landing.stage(Stage::Calling);
        pause(10).await;
        landing.land(1);
        pause(10).await;
        let queued = [&first, &second, &third].map(|waiter| waiter.queued().as_secs());
        assert_eq!(queued, [5 + 7, 2 + 7, 7]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hold_beyond_the_deadline_ends_the_wait_at_once() {
        let flights = Flights::<_, u32, ()>::default();
        let mut joined = flights.join("key", Lane::Interactive, || (), || None);
        let (hold, mut holds) = watch::channel(None);
        let begun = Instant::now();
        let deadline = begun + Duration::from_secs(30);
        let waiting = tokio::spawn(async move { joined.waiter.landed(deadline, &mut holds).await });
        tokio::task::yield_now().await;
        hold.send_replace(Some(begun + Duration::from_secs(20)));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        hold.send_replace(Some(begun + Duration::from_secs(31)));
        assert_eq!(waiting.await.expect("no panic"), Err(Unlanded::Overdue));
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
