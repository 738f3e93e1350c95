//! The pool's rule, and what leaves with a carrier.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;

use super::pool::{Carrier, Need, Pool, Rider};
use crate::api::Id;
use crate::budget::Lane;

fn client(n: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, n])
}

fn id(n: usize) -> Id {
    Id::Malformed(n.to_string().into())
}

fn rider(n: usize) -> Rider<usize> {
    Rider { id: id(n), origin: None, lease: None, landing: n }
}

fn known_to_nobody(_: &Id) -> Option<()> {
    None
}

/// A pool with its carriers at hand, kept to its rule after each change.
struct Kept {
    pool: Pool<usize>,
    max_ids: usize,
    carriers: Vec<Arc<Carrier>>,
}

impl Kept {
    fn new(max_ids: usize) -> Self {
        Self { pool: Pool::new(max_ids), max_ids, carriers: Vec::new() }
    }

    fn board(&mut self, lane: Lane, who: u8, n: usize) {
        self.pool.board(lane, client(who), rider(n));
        self.provide(who);
    }

    fn promote(&mut self, lane: Lane, who: u8, n: usize) -> bool {
        let waits = self.pool.promote(&id(n), client(who), lane);
        self.provide(who);
        waits
    }

    /// The carrier at `index` leaves; what it took, and what had been filled meanwhile.
    fn leave(&mut self, index: usize, filled: &BTreeSet<usize>) -> (Vec<usize>, Vec<usize>) {
        let carrier = self.carriers.remove(index);
        let look_up = |id: &Id| filled.iter().find(|n| id.to_string() == n.to_string()).copied();
        let taken = self.pool.leave(&carrier, look_up);
        self.provide(0);
        let needed = taken.needed.into_iter().map(|rider| rider.landing).collect();
        (needed, taken.filled.into_iter().map(|(rider, _)| rider.landing).collect())
    }

    fn provide(&mut self, who: u8) {
        loop {
            match self.pool.need(client(who)) {
                Need::Nothing => return,
                Need::Promoted => {}
                Need::Spawn(carrier) => self.carriers.push(carrier),
            }
        }
    }

    fn carriers_of(&self, lane: Lane) -> usize {
        self.carriers.iter().filter(|carrier| carrier.urgency.lane() >= lane).count()
    }

    fn keeps_its_rule(&self) -> bool {
        Lane::ALL.into_iter().all(|lane| self.carriers_of(lane) * self.max_ids >= self.pool.riders(lane))
    }
}

#[test]
fn as_many_carriers_are_provided_as_full_batches_are_needed() {
    let mut kept = Kept::new(3);
    for n in 0..7 {
        kept.board(Lane::Interactive, 1, n);
        assert_eq!(kept.carriers.len(), n / 3 + 1);
    }
}

#[test]
fn a_carrier_takes_turns_between_clients() {
    let mut kept = Kept::new(4);
    for (n, who) in [1, 1, 1, 1, 2, 3].into_iter().enumerate() {
        kept.board(Lane::Interactive, who, n);
    }
    assert_eq!(kept.leave(0, &BTreeSet::new()).0, [0, 4, 5, 1]);
    assert_eq!(kept.leave(0, &BTreeSet::new()).0, [2, 3]);
}

#[test]
fn less_urgent_ids_take_only_the_places_left() {
    let mut kept = Kept::new(3);
    kept.board(Lane::Warm, 1, 0);
    kept.board(Lane::Refresh, 1, 1);
    kept.board(Lane::Interactive, 1, 2);
    kept.board(Lane::Interactive, 1, 3);
    let person = kept.carriers.iter().position(|carrier| carrier.urgency.lane() == Lane::Interactive);
    assert_eq!(kept.leave(person.expect("provided"), &BTreeSet::new()).0, [2, 3, 1]);
    assert_eq!(kept.leave(0, &BTreeSet::new()).0, [0]);
}

#[test]
fn an_idle_carrier_is_moved_up_before_another_is_sent() {
    let mut kept = Kept::new(40);
    kept.board(Lane::Warm, 1, 0);
    kept.board(Lane::Interactive, 2, 1);
    assert_eq!((kept.carriers.len(), kept.carriers_of(Lane::Interactive)), (1, 1));
}

#[test]
fn a_promoted_id_leaves_among_people() {
    let mut kept = Kept::new(2);
    for n in 0..4 {
        kept.board(Lane::Warm, 1, n);
    }
    assert!(kept.promote(Lane::Interactive, 2, 3));
    assert_eq!(kept.carriers_of(Lane::Interactive), 1);
    let person = kept.carriers.iter().position(|carrier| carrier.urgency.lane() == Lane::Interactive);
    assert_eq!(kept.leave(person.expect("moved up"), &BTreeSet::new()).0, [3, 0]);
    assert!(!kept.promote(Lane::Interactive, 2, 3), "it has left");
    assert!(!kept.promote(Lane::Warm, 2, 1), "never down");
}

#[test]
fn what_was_filled_meanwhile_takes_no_place() {
    let mut kept = Kept::new(2);
    for n in 0..4 {
        kept.board(Lane::Interactive, 1, n);
    }
    let (taken, filled) = kept.leave(0, &BTreeSet::from([0, 2]));
    assert_eq!((taken, filled), (vec![1, 3], vec![0, 2]));
    assert_eq!(kept.leave(0, &BTreeSet::new()).0, Vec::<usize>::new(), "its permit comes back unused");
}

#[tokio::test(start_paused = true)]
async fn a_carrier_stops_lingering_once_it_can_leave_full() {
    let mut kept = Kept::new(2);
    kept.board(Lane::Interactive, 1, 0);
    let carrier = Arc::clone(&kept.carriers[0]);
    let linger = std::time::Duration::from_millis(10);
    assert!(tokio::time::timeout(linger, carrier.full.notified()).await.is_err());
    kept.board(Lane::Warm, 2, 1);
    let begun = tokio::time::Instant::now();
    assert!(tokio::time::timeout(linger, carrier.full.notified()).await.is_ok());
    assert_eq!(begun.elapsed(), std::time::Duration::ZERO);
    assert_eq!(kept.pool.leave(&carrier, known_to_nobody).needed.len(), 2);
}

#[derive(Debug, Clone)]
enum Change {
    Board(Lane, u8),
    Promote(Lane, u8, Index),
    Leave(Index),
    /// Somebody else stores this row.
    Fill(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let lane = || prop::sample::select(Lane::ALL.to_vec());
    prop_oneof![
        6 => (lane(), 0..4_u8).prop_map(|(lane, who)| Change::Board(lane, who)),
        2 => (lane(), 0..4_u8, any::<Index>()).prop_map(|(lane, who, n)| Change::Promote(lane, who, n)),
        1 => any::<Index>().prop_map(Change::Leave),
        1 => any::<Index>().prop_map(Change::Fill),
    ]
}

proptest! {
    #[test]
    fn the_rule_survives_every_change_and_no_id_is_lost(
        changes in prop::collection::vec(change(), 1..120), max_ids in 1..7_usize,
    ) {
        let mut kept = Kept::new(max_ids);
        let mut lanes: Vec<Lane> = Vec::new();
        let mut waiting = BTreeSet::new();
        let mut filled = BTreeSet::new();
        let (mut out, mut most) = (Vec::new(), 0);
        for change in changes {
            match change {
                Change::Board(lane, who) => {
                    kept.board(lane, who, lanes.len());
                    waiting.insert(lanes.len());
                    lanes.push(lane);
                }
                Change::Promote(lane, who, n) if !lanes.is_empty() => {
                    let n = n.index(lanes.len());
                    let lower = waiting.contains(&n) && lanes[n] < lane;
                    prop_assert_eq!(kept.promote(lane, who, n), lower);
                    if lower {
                        lanes[n] = lane;
                    }
                }
                Change::Leave(at) if !kept.carriers.is_empty() => {
                    let (taken, found) = kept.leave(at.index(kept.carriers.len()), &filled);
                    prop_assert!(taken.len() <= max_ids);
                    prop_assert!(taken.iter().all(|n| !filled.contains(n)));
                    for n in taken.iter().chain(&found) {
                        prop_assert!(waiting.remove(n), "{} left twice", n);
                    }
                    let least = taken.iter().map(|n| lanes[*n]).min();
                    let left = waiting.iter().map(|n| lanes[*n]).max();
                    prop_assert!(left <= least || left.is_none(), "a more urgent id was left behind");
                    prop_assert!(taken.len() == max_ids || waiting.is_empty(), "free places");
                    out.extend(taken);
                    out.extend(found);
                }
                Change::Fill(n) if !lanes.is_empty() => {
                    filled.insert(n.index(lanes.len()));
                }
                Change::Promote(..) | Change::Leave(_) | Change::Fill(_) => {}
            }
            prop_assert_eq!(kept.pool.riders(Lane::Warm), waiting.len());
            prop_assert!(kept.keeps_its_rule());
            most = most.max(waiting.len());
            prop_assert!(kept.carriers.len() <= most.div_ceil(max_ids), "no more carriers than ever needed");
        }
        while !kept.carriers.is_empty() {
            out.extend(kept.leave(0, &BTreeSet::new()).0);
        }
        out.sort_unstable();
        prop_assert_eq!(out, (0..lanes.len()).collect::<Vec<_>>(), "everybody left, once");
    }
}
