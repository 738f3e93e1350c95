//! Wall time as a value, so that ninety days pass in a test within a millisecond.

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

/// Where wall time comes from.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The system's.
    System,
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
            Self::Tokio { origin, started } => Timestamp(origin.0 + millis(started.elapsed())),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
