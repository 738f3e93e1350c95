//! Places for runs, given out in order of arrival.
//!
//! A user has a few of them at most. Who has those already waits for an own one first and stands in
//! nobody's way meanwhile. The line has an end: who comes when it is full is turned away.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, Weak};

use futures_util::FutureExt;
use futures_util::future::{MaybeDone, maybe_done};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Runs of one user at once.
pub(super) const OF_ONE_USER: usize = 4;

/// Runs that wait.
const WAITING: usize = 1_000;

/// Where runs wait for their places.
#[derive(Debug)]
pub(super) struct Lobby {
    places: Arc<Semaphore>,
    /// Those of each user who has or wants one.
    users: Mutex<HashMap<String, Weak<Semaphore>>>,
    waiting: Arc<AtomicUsize>,
}

/// The user's and everybody's, given back when dropped.
pub(super) type Place = (OwnedSemaphorePermit, OwnedSemaphorePermit);

type Acquire = Pin<Box<dyn Future<Output = Place> + Send>>;

/// A place in the line, taken when it was made. Dropping it leaves the line.
pub(super) struct Turn(MaybeDone<Acquire>);

/// Counts one who waits.
struct Waits(Arc<AtomicUsize>);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Lobby {
    pub(super) fn with(places: usize) -> Self {
        let places = Arc::new(Semaphore::new(places.max(1)));
        Self { places, users: Mutex::default(), waiting: Arc::default() }
    }

    /// Stands in line, unless it is full.
    pub(super) fn enter(&self, user: &str) -> Option<Turn> {
        (self.waiting.load(SeqCst) < WAITING).then(|| self.queue(user))
    }

    /// Stands in line. The semaphores are fair to those who have asked, and a future asks when it is
    /// first polled: so it is polled here, not whenever its task happens to run.
    pub(super) fn queue(&self, user: &str) -> Turn {
        let (of_user, of_all) = (self.of(user), self.places.clone());
        self.waiting.fetch_add(1, SeqCst);
        let waits = Waits(self.waiting.clone());
        let acquire = async move {
            let _waits = waits;
            let open = "the semaphore is never closed";
            let users = of_user.acquire_owned().await.expect(open);
            (users, of_all.acquire_owned().await.expect(open))
        };
        let mut turn = maybe_done(acquire.boxed() as Acquire);
        let _ = (&mut turn).now_or_never();
        Turn(turn)
    }

    /// A permit keeps its semaphore alive, and a turn that waits does too.
    fn of(&self, user: &str) -> Arc<Semaphore> {
        let mut users = self.users.lock().expect("no panic while it is held");
        if let Some(held) = users.get(user).and_then(Weak::upgrade) {
            return held;
        }
        users.retain(|_, held| held.strong_count() > 0);
        let made = Arc::new(Semaphore::new(OF_ONE_USER));
        users.insert(user.to_owned(), Arc::downgrade(&made));
        made
    }

    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.places.available_permits()
    }
}

impl Turn {
    /// Returns when it is this one's turn.
    pub(super) async fn come(mut self) -> Place {
        (&mut self.0).await;
        Pin::new(&mut self.0).take_output().expect("it is done, and is taken once")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_come_in_the_order_they_were_made_in_not_polled_in() {
        let lobby = Lobby::with(1);
        let first = lobby.queue("ann");
        let second = lobby.queue("bob");
        let third = lobby.queue("ann");
        let mut third = Box::pin(third.come());
        assert!((&mut third).now_or_never().is_none());
        let place = first.come().await;
        let mut second = Box::pin(second.come());
        assert!((&mut second).now_or_never().is_none());
        drop(place);
        assert!((&mut third).now_or_never().is_none());
        drop(second.await);
        drop(third.await);
    }

    #[tokio::test]
    async fn who_leaves_the_queue_is_passed_over() {
        let lobby = Lobby::with(1);
        let place = lobby.queue("ann").come().await;
        let second = lobby.queue("ann");
        let third = lobby.queue("ann");
        drop(second);
        drop(place);
        drop(third.come().await);
        assert_eq!((lobby.free(), lobby.waiting.load(SeqCst)), (1, 0));
    }

    #[tokio::test]
    async fn a_user_with_many_runs_stands_in_nobodys_way() {
        let lobby = Lobby::with(OF_ONE_USER + 1);
        let mut anns = Vec::new();
        for _ in 0..OF_ONE_USER {
            anns.push(lobby.queue("ann").come().await);
        }
        let mut more = Box::pin(lobby.queue("ann").come());
        assert!((&mut more).now_or_never().is_none());
        let bobs = lobby.queue("bob").come().await;
        drop(bobs);
        assert!((&mut more).now_or_never().is_none());
        anns.pop();
        drop(more.await);
    }

    #[tokio::test]
    async fn a_full_line_takes_nobody_until_somebody_leaves() {
        let lobby = Lobby::with(1);
        let _place = lobby.queue("ann").come().await;
        let mut line: Vec<Turn> = (0..WAITING).filter_map(|n| lobby.enter(&n.to_string())).collect();
        assert_eq!(line.len(), WAITING);
        assert!(lobby.enter("late").is_none());
        line.pop();
        assert!(lobby.enter("late").is_some());
    }
}
