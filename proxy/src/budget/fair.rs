//! Round robin between clients, first come first served within one.
//!
//! One client with a thousand requests waits behind itself, not in front of everyone: each client
//! with something queued gets one item per turn.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

#[derive(Debug)]
pub(crate) struct FairQueue<C, T> {
    /// Clients with something queued, in the order of their next turn.
    turns: VecDeque<C>,
    queued: HashMap<C, VecDeque<T>>,
    len: usize,
}

impl<C, T> Default for FairQueue<C, T> {
    fn default() -> Self {
        Self { turns: VecDeque::new(), queued: HashMap::new(), len: 0 }
    }
}

impl<C: Copy + Eq + Hash, T> FairQueue<C, T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The client whose turn is next.
    pub(crate) fn first(&self) -> Option<C> {
        self.turns.front().copied()
    }

    pub(crate) fn push(&mut self, client: C, item: T) {
        let queue = self.queued.entry(client).or_default();
        if queue.is_empty() {
            self.turns.push_back(client);
        }
        queue.push_back(item);
        self.len += 1;
    }

    pub(crate) fn pop(&mut self) -> Option<(C, T)> {
        self.pop_first(|_| true)
    }

    /// The next item that `wanted` picks. Clients without one keep their turn.
    pub(crate) fn pop_first(&mut self, wanted: impl Fn(&T) -> bool) -> Option<(C, T)> {
        let has_one = |client: &C| self.queued[client].iter().any(&wanted);
        let turn = self.turns.iter().position(has_one)?;
        let client = self.turns.remove(turn)?;
        let queue = self.queued.get_mut(&client)?;
        let item = queue.remove(queue.iter().position(wanted)?)?;
        if queue.is_empty() {
            self.queued.remove(&client);
        } else {
            self.turns.push_back(client);
        }
        self.len -= 1;
        Some((client, item))
    }

    pub(crate) fn any(&self, wanted: impl Fn(&T) -> bool) -> bool {
        self.turns.iter().any(|client| self.queued[client].iter().any(&wanted))
    }

    /// How many items would leave before one that `client` pushed now: its own, and of every
    /// other client at most one more than that. An upper bound by at most one item a client.
    pub(crate) fn ahead_of(&self, client: C) -> usize {
        let own = self.queued.get(&client).map_or(0, VecDeque::len);
        let others = self.queued.iter().filter(|(other, _)| **other != client);
        own + others.map(|(_, queue)| queue.len().min(own + 1)).sum::<usize>()
    }

    /// Takes out the first item of `client` that `wanted` picks.
    pub(crate) fn remove(&mut self, client: C, wanted: impl Fn(&T) -> bool) -> Option<T> {
        let queue = self.queued.get_mut(&client)?;
        let item = queue.remove(queue.iter().position(wanted)?)?;
        if queue.is_empty() {
            self.queued.remove(&client);
            self.turns.retain(|turn| *turn != client);
        }
        self.len -= 1;
        Some(item)
    }

    /// Takes out the first item that `wanted` picks, whoever queued it.
    pub(crate) fn remove_any(&mut self, wanted: impl Fn(&T) -> bool) -> Option<(C, T)> {
        let client = *self.queued.iter().find(|(_, queue)| queue.iter().any(&wanted))?.0;
        Some((client, self.remove(client, wanted)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn clients_take_turns() {
        let mut queue = FairQueue::default();
        for (client, item) in [('a', 1), ('a', 2), ('a', 3), ('b', 4), ('c', 5), ('b', 6)] {
            queue.push(client, item);
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(_, item)| item).collect();
        assert_eq!(order, [1, 4, 5, 2, 6, 3]);
    }

    #[test]
    fn who_has_nothing_to_pick_keeps_its_turn() {
        let mut queue = FairQueue::default();
        for (client, item) in [('a', 1), ('b', 2), ('a', 3), ('b', 4)] {
            queue.push(client, item);
        }
        assert_eq!(queue.pop_first(|item| item % 2 == 0), Some(('b', 2)));
        assert_eq!(queue.pop_first(|item| *item > 4), None);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(_, item)| item).collect();
        assert_eq!(order, [1, 4, 3]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_a_new_item_leaves_no_later_than_said(
            pushes in prop::collection::vec(0..5_u8, 0..40), client in 0..5_u8, removed in 0..40_usize,
        ) {
            let mut queue = FairQueue::default();
            for (item, client) in pushes.iter().enumerate() {
                queue.push(*client, item);
            }
            if let Some(owner) = pushes.get(removed) {
                prop_assert_eq!(queue.remove(*owner, |item| *item == removed), Some(removed));
            }
            let ahead = queue.ahead_of(client);
            queue.push(client, usize::MAX);
            let total = queue.len();
            let order: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(_, item)| item).collect();
            prop_assert_eq!(order.len(), total);
            prop_assert!(order.iter().position(|item| *item == usize::MAX).is_some_and(|at| at <= ahead));
            prop_assert_eq!(queue.len(), 0);
        }
    }
}
