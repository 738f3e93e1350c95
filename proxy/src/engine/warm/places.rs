use tokio::sync::watch;

/// The calls of all jobs that are under way. How many may be is asked each time: it can change.
#[derive(Debug)]
pub(super) struct Places {
    taken: watch::Sender<usize>,
}

/// The right to one of them; free again when dropped.
#[derive(Debug)]
pub(super) struct Place<'p>(&'p Places);

impl Places {
    pub(super) fn new() -> Self {
        Self { taken: watch::Sender::new(0) }
    }

    /// Waits until fewer than `most` are taken.
    pub(super) async fn take(&self, most: impl Fn() -> usize) -> Place<'_> {
        let mut changes = self.taken.subscribe();
        let enter = |taken: &mut usize| {
            let free = *taken < most();
            *taken += usize::from(free);
            free
        };
        while !self.taken.send_if_modified(enter) {
            // An error would mean that the sender is gone, which we hold.
            let _ = changes.changed().await;
        }
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.taken.send_modify(|taken| *taken -= 1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn no_more_are_taken_than_may_be_at_that_moment() {
        let (places, most) = (Places::new(), AtomicUsize::new(2));
        let take = || places.take(|| most.load(Ordering::Relaxed));
        let (first, second) = (take().await, take().await);
        assert!(take().now_or_never().is_none());
        drop(first);
        let third = take().now_or_never().expect("one is free");
        most.store(1, Ordering::Relaxed);
        drop(third);
        assert!(take().now_or_never().is_none(), "one is as many as may be now");
        let waiting = take();
        drop(second);
        assert!(waiting.now_or_never().is_some());
    }
}
