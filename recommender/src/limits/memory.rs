//! The windows of one process, bounded: names and addresses are the sender's to choose.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use xxhash_rust::xxh3::xxh3_128;

use super::window::Window;
use super::{Allowance, Class};

/// Some 10 MiB in all at the default limits.
const MOST: usize = 50_000;

/// Who, as a hash of fixed size.
type Key = (Class, u128);

#[derive(Debug)]
pub(super) struct Memory {
    windows: Mutex<HashMap<Key, Window>>,
    most: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self::holding(MOST)
    }
}

impl Memory {
    pub(super) fn holding(most: usize) -> Self {
        Self { windows: Mutex::default(), most }
    }

    pub(super) fn admit(
        &self,
        class: Class,
        who: &str,
        allowance: Allowance,
        now: Instant,
    ) -> Result<(), Duration> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (class, xxh3_128(who.as_bytes()));
        if windows.len() >= self.most && !windows.contains_key(&key) {
            make_room(&mut windows, self.most, now);
        }
        windows.entry(key).or_default().admit(allowance, now)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Drops what no window reaches any more, then the tenth that was idle longest: one sweep per many
/// new names, whoever sends them.
fn make_room(windows: &mut HashMap<Key, Window>, most: usize, now: Instant) {
    windows.retain(|(class, _), window| window.last().is_some_and(|last| last + class.window() > now));
    if windows.len() < most {
        return;
    }
    let mut lasts: Vec<Option<Instant>> = windows.values().map(Window::last).collect();
    let place = (most / 10).min(lasts.len() - 1);
    let (_, &mut border, _) = lasts.select_nth_unstable(place);
    windows.retain(|_, window| window.last() > border);
}
