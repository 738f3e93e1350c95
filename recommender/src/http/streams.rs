//! Streams that are open, counted per user: each holds a connection for as long as a run takes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Streams(Arc<Mutex<HashMap<String, u32>>>);

/// One stream of a user; it is closed when this is dropped.
#[derive(Debug)]
pub(super) struct Open {
    streams: Streams,
    user: String,
}

impl Streams {
    /// More than a few pages of one browser need.
    pub(super) const OF_ONE_USER: u32 = 10;

    pub(super) fn enter(&self, user: &str) -> Option<Open> {
        let mut open = self.open();
        let count = open.entry(user.to_owned()).or_default();
        if *count >= Self::OF_ONE_USER {
            return None;
        }
        *count += 1;
        Some(Open { streams: self.clone(), user: user.to_owned() })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.0.lock().expect("no panic while it is held")
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = self.streams.open();
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_follows_ten_at_once_and_leaves_nothing() {
        let streams = Streams::default();
        let mut ten: Vec<Open> = (0..20).filter_map(|_| streams.enter("ann")).collect();
        assert_eq!(ten.len(), 10);
        assert!(streams.enter("bob").is_some());
        ten.pop();
        assert!(streams.enter("ann").is_some());
        ten.clear();
        assert!(streams.open().is_empty());
    }
}
