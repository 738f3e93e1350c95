use std::sync::Arc;

use super::Shared;
use super::file::{File, Snapshot, Trouble};
use crate::cache::entry::Entry;
use crate::cache::key::Key;
use crate::cache::queue::Write;

/// Looks again at most this often when writes keep coming in between.
const TRIES: usize = 4;

/// What the tier knows: the writes that wait, and behind them the file.
pub(in crate::cache) struct View {
    shared: Arc<Shared>,
    seen: Option<Seen>,
}

struct Seen {
    epoch: u64,
    file: Arc<File>,
    snapshot: Snapshot,
}

impl View {
    pub(super) fn of(shared: Arc<Shared>) -> Option<Self> {
        let up = shared.lock().file.is_some();
        up.then_some(Self { shared, seen: None })
    }

    /// The entry of a key. `promote` runs while no write can come in between: what it is given is
    /// the latest.
    pub(in crate::cache) fn get(&mut self, key: &Key, promote: impl Fn(&Entry)) -> Option<Entry> {
        for _ in 0..TRIES {
            let state = self.shared.lock();
            match state.pending(key) {
                Some(Write::Put(entry)) => {
                    promote(entry);
                    return Some(entry.clone());
                }
                Some(Write::Forget) => return None,
                None => {}
            }
            if self.seen.as_ref().is_none_or(|seen| seen.epoch != state.epoch) {
                let (epoch, file) = (state.epoch, Arc::clone(state.file.as_ref()?));
                // Within the lock: what is written from here on is either in the queue or changes
                // the epoch.
                match file.snapshot() {
                    Ok(snapshot) => self.seen = Some(Seen { epoch, file, snapshot }),
                    Err(trouble) => {
                        drop(state);
                        self.seen = None;
                        self.complain(trouble, &file);
                        return None;
                    }
                }
            }
            drop(state);
            let seen = self.seen.as_ref()?;
            let entry = match seen.snapshot.get(key) {
                Ok(entry) => entry?,
                Err(trouble) => {
                    let file = Arc::clone(&seen.file);
                    self.seen = None;
                    self.complain(trouble, &file);
                    return None;
                }
            };
            let state = self.shared.lock();
            if state.epoch == seen.epoch && state.pending(key).is_none() {
                promote(&entry);
                return Some(entry);
            }
        }
        None
    }

    /// All denials in the file, as waiting writes have changed them; those that are not there yet
    /// are in memory.
    pub(in crate::cache) fn denials(&self, mut found: impl FnMut(Key, Entry)) {
        let Some(file) = self.shared.lock().file.clone() else { return };
        let as_of_now = |key: Key, entry: Entry| {
            let pending = self.shared.lock().pending(&key).cloned();
            match pending {
                None => found(key, entry),
                Some(Write::Put(newer)) => found(key, newer),
                Some(Write::Forget) => {}
            }
        };
        if let Err(trouble) = file.snapshot().and_then(|snapshot| snapshot.denials(as_of_now)) {
            self.complain(trouble, &file);
        }
    }

    /// Tells the writer, who decides what becomes of the file.
    fn complain(&self, trouble: Trouble, about: &Arc<File>) {
        let mut state = self.shared.lock();
        if state.file.as_ref().is_some_and(|file| Arc::ptr_eq(file, about)) {
            state.complaint.get_or_insert(trouble);
            drop(state);
            self.shared.work.notify_one();
        }
    }
}
