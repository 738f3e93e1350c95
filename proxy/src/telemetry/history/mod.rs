//! What the figures were: so that the operators' page has plots when it is opened.
//!
//! Metrics say what is; a graph needs what was, and not everybody keeps a Prometheus. Every 5 s the
//! totals are noted as they are, and differences are made only when somebody asks: a sample that
//! comes late makes a step longer, never wrong. One ring keeps an hour of them, a second one every
//! twelfth for a day. Of levels (queue, calls in flight) the second keeps the highest between.
//!
//! The memory is fixed: 2,162 frames of about half a kilobyte, 1.1 MB. It ends with the process.

mod columns;
mod frame;
mod percentile;
mod ring;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Handle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::clock::{Clock, Timestamp};
pub use columns::Window;
pub use frame::Frame;
use ring::Ring;

/// Between two samples.
const EVERY: Duration = Duration::from_secs(5);
/// Samples that make one of the day's.
const COARSE: u64 = 12;
/// An hour, and a day; a step needs the frame before it as well.
const FINE_FRAMES: usize = 721;
const COARSE_FRAMES: usize = 1_441;

/// The last day of one proxy.
#[derive(Debug)]
pub struct History {
    rings: Mutex<Rings>,
}

#[derive(Debug)]
struct Rings {
    fine: Ring,
    coarse: Ring,
    /// Milliseconds since the Unix epoch.
    since: u64,
}

impl History {
    /// One that begins with this sample.
    fn new(first: Frame) -> Self {
        let since = first.at;
        let fine = Ring::new(1, FINE_FRAMES, first.clone());
        let coarse = Ring::new(COARSE, COARSE_FRAMES, first);
        Self { rings: Mutex::new(Rings { fine, coarse, since }) }
    }

    /// Samples every 5 s on `runtime`, until nobody holds it or there is nothing left to read.
    ///
    /// `read` is given the time of its frame: that of the first one and what has passed since, so that
    /// a system clock that is set, back or forth, changes no step.
    pub fn keep(
        first: Frame,
        read: impl Fn(Timestamp) -> Option<Frame> + Send + 'static,
        runtime: &Handle,
    ) -> Arc<Self> {
        let clock = Clock::Tokio { origin: Timestamp(first.at), started: Instant::now() };
        let history = Arc::new(Self::new(first));
        let kept = Arc::downgrade(&history);
        runtime.spawn(async move {
            let mut ticks = interval(EVERY);
            // After a suspension one sample is enough: totals lose nothing.
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                let Some(history) = kept.upgrade() else { return };
                let Some(frame) = read(clock.now()) else { return };
                history.sample(frame);
            }
        });
        history
    }

    fn sample(&self, frame: Frame) {
        let mut rings = self.rings();
        rings.coarse.push(frame.clone());
        rings.fine.push(frame);
    }

    /// The steps of a window as columns; see [`Window`].
    pub fn columns(&self, window: Window) -> Value {
        let rings = self.rings();
        let ring = if window == Window::Day { &rings.coarse } else { &rings.fine };
        columns::columns(ring, window, rings.since)
    }

    /// A sampler that panicked leaves whole frames behind.
    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
