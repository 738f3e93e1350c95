//! Places for runs, given out in order of arrival.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{MaybeDone, maybe_done};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

type Acquire = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// A place in the queue, taken when it was made. Dropping it leaves the queue.
pub(super) struct Turn(MaybeDone<Acquire>);

impl Turn {
    /// The semaphore is fair to those who have asked, and a future asks when it is first polled: so it
    /// is polled here, not whenever its task happens to run.
    pub(super) fn queue(places: &Arc<Semaphore>) -> Self {
        let mut turn = maybe_done(places.clone().acquire_owned().boxed() as Acquire);
        let _ = (&mut turn).now_or_never();
        Self(turn)
    }

    /// Returns when it is this one's turn.
    pub(super) async fn come(mut self) -> OwnedSemaphorePermit {
        (&mut self.0).await;
        let place = Pin::new(&mut self.0).take_output().expect("it is done, and is taken once");
        place.expect("the semaphore is never closed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_come_in_the_order_they_were_made_in_not_polled_in() {
        let places = Arc::new(Semaphore::new(1));
        let first = Turn::queue(&places);
        let second = Turn::queue(&places);
        let third = Turn::queue(&places);
        let mut third = Box::pin(third.come());
        assert!((&mut third).now_or_never().is_none());
        let place = first.come().await;
        let mut second = Box::pin(second.come());
        assert!((&mut second).now_or_never().is_none());
        drop(place);
        assert!((&mut third).now_or_never().is_none());
        drop(second.await);
        third.await;
    }

    #[tokio::test]
    async fn who_leaves_the_queue_is_passed_over() {
        let places = Arc::new(Semaphore::new(1));
        let place = Turn::queue(&places).come().await;
        let second = Turn::queue(&places);
        let third = Turn::queue(&places);
        drop(second);
        drop(place);
        third.come().await;
        assert_eq!(places.available_permits(), 1);
    }
}
