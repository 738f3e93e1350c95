//! What is still to be written to the tier behind memory.
//!
//! One write per key: a newer one replaces the older, so the order between keys does not matter.
//! Bounded by weight. When that tier cannot keep up, the oldest writes go first, but not without a
//! trace: what was to be put is turned into "forget this key", which weighs next to nothing. A
//! dropped write then costs a miss; an older value that it should have replaced never comes back.
//! A tier that compares ages itself, and is written by others too, takes no such traces.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::cache::entry::Entry;
use crate::cache::key::Key;

/// What becomes of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Write {
    Put(Entry),
    Forget,
}

/// What a waiting write costs beside key text and body, in bytes.
const OVERHEAD: usize = 200;

#[derive(Debug)]
pub(super) struct Queue {
    /// What is dropped is to be forgotten.
    traces: bool,
    waiting: HashMap<Key, (u64, Write)>,
    /// Oldest first; numbers that `waiting` does not confirm are outdated.
    puts: VecDeque<(u64, Key)>,
    forgets: VecDeque<(u64, Key)>,
    weight: usize,
    most: usize,
    next: u64,
    dropped: u64,
}

/// Writes taken out together.
pub(super) type Batch = Arc<HashMap<Key, (u64, Write)>>;

impl Queue {
    /// Holds at most `most` bytes.
    pub(super) fn new(most: usize) -> Self {
        let (waiting, puts, forgets) = (HashMap::new(), VecDeque::new(), VecDeque::new());
        Self { traces: true, waiting, puts, forgets, weight: 0, most, next: 0, dropped: 0 }
    }

    /// Drops without a trace.
    pub(super) fn without_traces(self) -> Self {
        Self { traces: false, ..self }
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Write> {
        self.waiting.get(key).map(|(_, write)| write)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Writes that wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Bytes that wait.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// Writes lost so far because too many waited.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn push(&mut self, key: &Key, write: Write) {
        let number = self.next;
        self.next += 1;
        self.insert(key, number, write);
        self.shed();
        self.tidy();
    }

    pub(super) fn take(&mut self) -> Batch {
        self.puts.clear();
        self.forgets.clear();
        self.weight = 0;
        Arc::new(std::mem::take(&mut self.waiting))
    }

    /// Takes back what could not be written, unless something newer came since.
    pub(super) fn put_back(&mut self, batch: &Batch) {
        let newer = self.take();
        for writes in [batch, &newer] {
            let mut writes: Vec<_> = writes.iter().collect();
            writes.sort_unstable_by_key(|(_, (number, _))| *number);
            writes.into_iter().for_each(|(key, (number, write))| {
                self.insert(key, *number, write.clone());
            });
        }
        self.shed();
    }

    fn insert(&mut self, key: &Key, number: u64, write: Write) {
        self.weight += weigh(key, &write);
        let order = if write == Write::Forget { &mut self.forgets } else { &mut self.puts };
        order.push_back((number, key.clone()));
        let replaced = self.waiting.insert(key.clone(), (number, write));
        self.weight -= replaced.map_or(0, |(_, replaced)| weigh(key, &replaced));
    }

    /// Puts first; when nothing but forgetting is left, that too: better a fact that was believed
    /// forgotten than a process without memory.
    fn shed(&mut self) {
        while self.weight > self.most {
            let put = self.puts.pop_front();
            let was_put = put.is_some();
            let Some((number, key)) = put.or_else(|| self.forgets.pop_front()) else { return };
            let Some((_, write)) = self.waiting.get(&key).filter(|(current, _)| *current == number) else {
                continue;
            };
            self.weight -= weigh(&key, write);
            self.waiting.remove(&key);
            self.dropped += 1;
            if was_put && self.traces {
                self.insert(&key, number, Write::Forget);
            }
        }
    }

    /// Keys written again and again leave outdated numbers behind.
    fn tidy(&mut self) {
        if self.puts.len() + self.forgets.len() > 2 * self.waiting.len() + 64 {
            let waiting = &self.waiting;
            let confirmed =
                |(number, key): &(u64, Key)| waiting.get(key).is_some_and(|(current, _)| current == number);
            self.puts.retain(confirmed);
            self.forgets.retain(confirmed);
        }
    }
}

fn weigh(key: &Key, write: &Write) -> usize {
    let body = match write {
        Write::Put(entry) => entry.body.len(),
        Write::Forget => 0,
    };
    OVERHEAD + key.heap() + body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use bytes::Bytes;
    use proptest::prelude::*;

    fn key(n: usize) -> Key {
        Key::Body(n.to_string().into())
    }

    fn put(length: usize) -> Write {
        let body = Bytes::from(vec![b'x'; length]);
        Write::Put(Entry { body, status: 200, stored_at: Timestamp(0), fresh_for: 1, stale_for: 0 })
    }

    #[test]
    fn the_newest_write_of_a_key_counts() {
        let mut queue = Queue::new(1 << 20);
        queue.push(&key(1), put(10));
        queue.push(&key(1), Write::Forget);
        assert_eq!(queue.get(&key(1)), Some(&Write::Forget));
        assert_eq!(queue.take().len(), 1);
        assert_eq!(queue.weight(), 0);
    }

    #[test]
    fn too_many_writes_turn_the_oldest_into_forgetting() {
        let mut queue = Queue::new(10_000);
        (0..12).for_each(|n| queue.push(&key(n), put(1_000)));
        assert!(queue.weight() <= 10_000);
        assert_eq!(queue.get(&key(0)), Some(&Write::Forget));
        assert_eq!(queue.get(&key(11)), Some(&put(1_000)));
        assert_eq!(queue.take().len(), 12);
        assert!(queue.dropped() > 0);
    }

    #[test]
    fn without_traces_what_is_dropped_is_nobodys_business() {
        let mut queue = Queue::new(10_000).without_traces();
        (0..12).for_each(|n| queue.push(&key(n), put(1_000)));
        assert_eq!((queue.get(&key(0)), queue.get(&key(11))), (None, Some(&put(1_000))));
        assert_eq!(queue.dropped(), 12 - queue.len() as u64);
    }

    #[test]
    fn forgetting_is_bounded_too() {
        let mut queue = Queue::new(10_000);
        (0..1_000).for_each(|n| queue.push(&key(n), Write::Forget));
        assert!(queue.weight() <= 10_000);
        assert_eq!(queue.get(&key(999)), Some(&Write::Forget));
        assert_eq!(queue.get(&key(0)), None);
    }

    #[test]
    fn what_comes_back_does_not_replace_what_is_newer() {
        let mut queue = Queue::new(1 << 20);
        queue.push(&key(1), put(1));
        queue.push(&key(2), put(2));
        let batch = queue.take();
        queue.push(&key(1), Write::Forget);
        queue.put_back(&batch);
        assert_eq!(queue.get(&key(1)), Some(&Write::Forget));
        assert_eq!(queue.get(&key(2)), Some(&put(2)));
    }

    proptest! {
        #[test]
        fn the_weight_is_that_of_what_waits(steps in prop::collection::vec((0_usize..40, 0_usize..3_000, 0..8), 0..300)) {
            let mut queue = Queue::new(20_000);
            let mut out: Option<Batch> = None;
            for (n, length, step) in steps {
                match step {
                    0 => out = Some(queue.take()),
                    1 => if let Some(batch) = out.take() { queue.put_back(&batch); },
                    2 | 3 => queue.push(&key(n), Write::Forget),
                    _ => queue.push(&key(n), put(length)),
                }
                let sum: usize = queue.waiting.iter().map(|(key, (_, write))| weigh(key, write)).sum();
                prop_assert_eq!(queue.weight(), sum);
                prop_assert!(sum <= 20_000);
                prop_assert!(queue.puts.len() + queue.forgets.len() <= 2 * queue.waiting.len() + 66);
            }
        }
    }
}
