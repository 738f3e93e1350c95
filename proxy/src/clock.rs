//! Wall time as a value, so that ninety days pass in a test within a millisecond.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Time since `earlier`; zero when that lies ahead, as it may after a clock was set back.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    pub fn to_system_time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0)
    }
}

/// What to add to local time to get another clock's; follows as that is compared.
#[derive(Debug, Clone, Default)]
pub struct Offset(Arc<AtomicI64>);

impl Offset {
    /// The other clock showed `theirs` when the local one showed `ours`; milliseconds.
    pub fn set(&self, theirs: u64, ours: u64) {
        let behind = i64::try_from(theirs).unwrap_or(i64::MAX) - i64::try_from(ours).unwrap_or(i64::MAX);
        self.0.store(behind, Ordering::Relaxed);
    }

    pub fn millis(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Where wall time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The system's.
    System,
    /// That of the server which replicas share: their clocks may differ, what they store is compared.
    Shared(Offset),
    /// Starts at the given time and advances with tokio's clock, paused time included.
    Tokio { origin: Timestamp, started: Instant },
}

impl Clock {
    /// A clock that follows tokio's, from now.
    pub fn tokio() -> Self {
        Self::Tokio { origin: Self::System.now(), started: Instant::now() }
    }

    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(millis(since_epoch))
            }
            Self::Shared(offset) => Timestamp(Self::System.now().0.saturating_add_signed(offset.millis())),
            Self::Tokio { origin, started } => Timestamp(origin.0 + millis(started.elapsed())),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
