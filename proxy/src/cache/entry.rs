use std::time::Duration;

use bytes::Bytes;

use crate::clock::Timestamp;

/// One fact: body bytes as received and how long they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub body: Bytes,
    /// HTTP status the body is served with: 200, a remembered 404 or a denied 400.
    pub status: u16,
    pub stored_at: Timestamp,
    /// Seconds from `stored_at` for which the entry is fresh.
    pub fresh_for: u32,
    /// Seconds after that for which it may be served stale.
    pub stale_for: u32,
}

/// What an entry is worth at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    Fresh,
    /// Expired, but inside its stale window.
    Stale,
    Gone,
}

impl Entry {
    pub fn freshness(&self, now: Timestamp) -> Freshness {
        let age = self.age(now);
        if age < u64::from(self.fresh_for) {
            Freshness::Fresh
        } else if age < u64::from(self.fresh_for) + u64::from(self.stale_for) {
            Freshness::Stale
        } else {
            Freshness::Gone
        }
    }

    /// Whole seconds since it was stored.
    pub fn age(&self, now: Timestamp) -> u64 {
        now.since(self.stored_at).as_secs()
    }

    /// Seconds of freshness left; negative once stale.
    pub fn ttl(&self, now: Timestamp) -> i64 {
        i64::from(self.fresh_for) - i64::try_from(self.age(now)).unwrap_or(i64::MAX)
    }
}

/// Seconds, saturating at 136 years.
pub(super) fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
