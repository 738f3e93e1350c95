use std::sync::atomic::{AtomicU64, Ordering};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::entry::Entry;

/// Requests since an entry was stored that make it worth renewing before it expires.
const HOT: u64 = 3;
/// 64 KiB in all; pages that are hot at the same time are far fewer.
const SLOTS: usize = 1 << 13;
/// The bits of a slot that count; the others tell entries apart.
const COUNT: u64 = 0xff;

/// How often bodies were asked for since they were stored, about.
///
/// Every hit passes here, so it is one slot of a fixed table, read and written without waiting.
/// Two entries that share a slot take it from each other, two requests at the same time may count
/// as one: then a page is renewed when it is stale instead of shortly before.
#[derive(Debug)]
pub struct Heat(Box<[AtomicU64]>);

impl Default for Heat {
    fn default() -> Self {
        Self((0..SLOTS).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Heat {
    /// Counts a request. True when the entry is hot and `due`; then counting begins anew, so that
    /// a renewal that fails is not tried at every request.
    pub fn ask(&self, text: &str, entry: &Entry, due: bool) -> bool {
        let hash = xxh3_64_with_seed(text.as_bytes(), entry.stored_at.0);
        let slot = &self.0[usize::try_from(hash >> 32).unwrap_or_default() % SLOTS];
        let tag = hash & !COUNT;
        let seen = slot.load(Ordering::Relaxed);
        let count = if seen & !COUNT == tag { (seen & COUNT).saturating_add(1).min(COUNT) } else { 1 };
        let renew = due && count >= HOT;
        slot.store(tag | if renew { 0 } else { count }, Ordering::Relaxed);
        renew
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use bytes::Bytes;

    fn entry(stored_at: u64) -> Entry {
        let stored_at = Timestamp(stored_at);
        Entry { body: Bytes::new(), status: 200, stored_at, fresh_for: 10, stale_for: 0 }
    }

    #[test]
    fn the_third_request_makes_an_entry_hot_once() {
        let heat = Heat::default();
        let asked: Vec<bool> = (0..6).map(|_| heat.ask("a", &entry(1), true)).collect();
        assert_eq!(asked, [false, false, true, false, false, true]);
    }

    #[test]
    fn requests_before_it_is_due_count_and_change_nothing() {
        let heat = Heat::default();
        assert!((0..1_000).all(|_| !heat.ask("a", &entry(1), false)));
        assert!(heat.ask("a", &entry(1), true));
    }

    #[test]
    fn each_entry_has_its_own_heat() {
        let heat = Heat::default();
        assert!(!heat.ask("a", &entry(1), false) && !heat.ask("a", &entry(1), false));
        assert!(!heat.ask("b", &entry(1), true), "another text");
        assert!(!heat.ask("a", &entry(2), true), "stored anew");
    }
}
