//! The rules of `budget.lua` once more, in memory: the ledger of tests on paused time. That both
//! answer the same is tested against a real server.

use std::collections::BTreeMap;

use super::super::message::{Ask, Peer, Report, Rules, View};

const WINDOW: f64 = 60_250.0;
const MINUTE: f64 = 60_000.0;
const LEASE: f64 = 15_000.0;
const LATE: f64 = 500.0;
const SILENT: f64 = 1_500.0;
const MEMORY: f64 = 60_000.0;
const CROWDED: f64 = 100.0;
const TURN: f64 = 50.0;
const LONGEST_HOLD: f64 = 3_600_000.0;

#[derive(Debug, Clone, Default)]
struct Replica {
    seq: u64,
    heard: f64,
    remembered: f64,
    queue: usize,
    granted: f64,
    asks: u8,
    limits: Option<Rules>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    epoch: Option<String>,
    ring: BTreeMap<String, f64>,
    slots: BTreeMap<String, f64>,
    replicas: BTreeMap<String, Replica>,
    turn: u64,
    rate: Option<(f64, f64)>,
    hold: f64,
    unexplained: u32,
    arrival: f64,
    gathering: f64,
    full: f64,
}

fn owner(start: &str) -> &str {
    start.split(':').next().unwrap_or_default()
}

impl Book {
    /// What the script answers at `now`.
    pub(super) fn exchange(&mut self, now: f64, report: &Report) -> View {
        let epoch = self.epoch.get_or_insert_with(|| now.to_string()).clone();
        self.set_back(now);
        let name = &report.replica;
        self.replicas.retain(|other, replica| other == name || replica.remembered > now);
        let me = self.replicas.get(name);
        let late = (now - report.sent).abs() > LATE;
        let overtaken = me.is_some_and(|me| report.seq <= me.seq);
        if report.epoch != epoch || late || overtaken || (me.is_none() && report.whole.is_none()) {
            return View { again: true, now, epoch, ..View::default() };
        }
        let new = me.is_none();
        let mut me = me.cloned().unwrap_or(Replica { heard: now, ..Replica::default() });
        let told = report.limits.clone();
        let report = &Report { limits: self.strictest(now, report), ..report.clone() };
        let ceiling = f64::from(report.limits.rate);
        let (learned, since) = self.rate.unwrap_or((ceiling, now));
        let rate = if report.limits.adaptive { learned } else { ceiling };
        let (mut rate, mut since) = (rate.min(ceiling), since.min(now.max(self.hold)));

        if let Some(whole) = &report.whole {
            self.turn += 1;
            if new {
                self.gathering = now + MEMORY;
            }
            self.ring.retain(|start, _| owner(start) != name);
            for (start, ago) in &whole.starts {
                if !self.present(now, name, owner(start)) && *ago < WINDOW {
                    self.ring.entry(start.clone()).or_insert(now - ago);
                }
            }
            for (slot, left) in &whole.slots {
                if !self.present(now, name, owner(slot)) && *left > 0.0 {
                    self.slots.entry(slot.clone()).or_insert(now + left);
                }
            }
            for peer in &whole.peers {
                let known = self.replicas.contains_key(peer);
                let peer = self.replicas.entry(peer.clone()).or_default();
                if !known || peer.heard > me.heard - SILENT {
                    peer.remembered = now + MEMORY;
                }
            }
            if report.limits.adaptive && whole.rate < rate {
                (rate, since) = (whole.rate, now - whole.since);
            }
            self.hold = self.hold.max(now + whole.hold.min(LONGEST_HOLD));
        }
        for (start, ago) in &report.starts {
            if *ago < WINDOW {
                self.ring.insert(start.clone(), now - ago);
            }
        }
        for start in &report.voids {
            self.ring.remove(start);
        }
        self.slots.retain(|slot, until| *until > now && (owner(slot) != name || report.held.contains(slot)));
        self.slots.extend(report.held.iter().map(|slot| (slot.clone(), now + LEASE)));
        if let Some(ago) = report.arrival {
            self.arrival = self.arrival.max(now - ago);
        }

        (rate, since) = self.keep_pace(now, report, rate, since);
        let gap =
            if rate >= 1.0 { report.limits.interval.max(MINUTE / rate) } else { report.limits.interval };
        self.ring.retain(|_, at| *at > now - gap.max(WINDOW));
        self.ring.values_mut().for_each(|at| *at = at.min(now));

        let mut view = View { epoch, turn: self.turn, now, ..View::default() };
        (view.granted, view.retry) = self.answer(now, report, &mut me, rate, gap);
        me = Replica { seq: report.seq, heard: now, remembered: now + MEMORY, queue: report.queue, ..me };
        me.limits = Some(told);
        if report.leaving {
            self.replicas.remove(name);
        } else {
            self.replicas.insert(name.clone(), me);
        }
        self.rate = (rate < ceiling).then_some((rate, since));

        (view.rate, view.since, view.hold) = (rate, now - since, (self.hold - now).max(0.0));
        view.whole = report.whole.is_some() || report.turn != self.turn;
        let from = if view.whole { f64::MIN } else { report.seen - 2_000.0 };
        let of_others = |(start, _): &(&String, &f64)| owner(start) != name;
        let latest = self.ring.iter().filter(of_others).filter(|(_, at)| **at >= from);
        view.starts = latest.map(|(start, at)| (start.clone(), now - at)).collect();
        view.slots = self.slots.iter().filter(of_others).map(|(slot, at)| (slot.clone(), at - now)).collect();
        let others = self.replicas.iter().filter(|(other, _)| *other != name);
        view.peers = others
            .map(|(other, replica)| Peer {
                name: other.clone(),
                queue: replica.queue,
                present: replica.heard > now - SILENT,
            })
            .collect();
        view
    }

    fn strictest(&self, now: f64, report: &Report) -> Rules {
        let others = self.replicas.iter().filter(|(name, _)| **name != report.replica);
        let present = others.filter(|(_, replica)| replica.heard > now - SILENT);
        present.filter_map(|(_, replica)| replica.limits.as_ref()).fold(
            report.limits.clone(),
            |one, other| Rules {
                rate: one.rate.min(other.rate),
                interval: one.interval.max(other.interval),
                in_flight: one.in_flight.min(other.in_flight),
                adaptive: one.adaptive || other.adaptive,
                replicas: one.replicas.max(other.replicas),
            },
        )
    }

    /// A clock that was set back stretches nothing.
    fn set_back(&mut self, now: f64) {
        self.hold = self.hold.min(now + LONGEST_HOLD);
        self.arrival = self.arrival.min(now);
        self.gathering = self.gathering.min(now + MEMORY);
        self.full = self.full.min(now);
        for replica in self.replicas.values_mut() {
            replica.heard = replica.heard.min(now);
            replica.remembered = replica.remembered.min(now + MEMORY);
        }
    }

    fn present(&self, now: f64, me: &str, name: &str) -> bool {
        name == me || self.replicas.get(name).is_some_and(|replica| replica.heard > now - SILENT)
    }

    fn keep_pace(&mut self, now: f64, report: &Report, mut rate: f64, mut since: f64) -> (f64, f64) {
        if report.answered {
            self.unexplained = 0;
        }
        if let Some(throttled) = &report.throttled {
            let length = throttled.retry_after.unwrap_or_else(|| {
                self.unexplained += 1;
                if self.unexplained == 1 { 4_000.0 } else { 8_000.0 }
            });
            let until = now + length.clamp(1_000.0, LONGEST_HOLD);
            if self.hold <= now && report.limits.adaptive && rate > 10.0 {
                rate = (rate * 0.7).max(10.0);
            }
            self.hold = self.hold.max(until);
            since = since.max(until);
        }
        let ceiling = f64::from(report.limits.rate);
        if rate < ceiling && now >= since + MINUTE {
            let minutes = ((now - since) / MINUTE).floor();
            rate = (rate + minutes).min(ceiling);
            since += minutes * MINUTE;
        }
        (rate, since)
    }

    /// Whether the replica may start what it asks for, and when to ask again.
    fn answer(
        &mut self,
        now: f64,
        report: &Report,
        me: &mut Replica,
        rate: f64,
        gap: f64,
    ) -> (bool, Option<f64>) {
        let free_slots = self.free_slots(now, report);
        if free_slots == 0 {
            self.full = now;
        }
        me.asks = report.ask.as_ref().map_or(0, |ask| if ask.background { 1 } else { 2 });
        let Some(ask) = report.ask.as_ref().filter(|_| rate >= 1.0) else { return (false, None) };
        let mut at = self.free_at(now, report, ask, rate, gap);
        let before = self.turns_before(now, &report.replica, me);
        if before > 0.0 {
            at = at.max(self.full + CROWDED) + before * TURN;
        }
        if at > now {
            return (false, Some(at - now));
        }
        self.ring.insert(ask.start.clone(), now);
        self.slots.insert(ask.start.clone(), now + LEASE);
        me.granted = now;
        if free_slots == 1 {
            self.full = now;
        }
        (true, None)
    }

    /// Replicas that are known or configured, the silent ones that are known, and how many more.
    fn roll(&self, now: f64, report: &Report) -> (usize, Vec<&String>, usize) {
        let others = || self.replicas.keys().filter(|name| **name != report.replica);
        let silent = others().filter(|name| !self.present(now, &report.replica, name)).collect();
        let (known, configured) = (others().count() + 1, report.limits.replicas as usize);
        let count = known.max(configured);
        (count, silent, if self.gathering > now { count - known } else { 0 })
    }

    fn free_slots(&self, now: f64, report: &Report) -> usize {
        let (count, silent, missing) = self.roll(now, report);
        let apart = silent.len() + missing;
        let all = report.limits.in_flight;
        let share = (all / count).max(1);
        let room = if apart > 0 { (share * (count - apart)).min(all) } else { all };
        let in_flight = |name: &str| self.slots.keys().filter(|slot| owner(slot) == name).count();
        let here = self.slots.len() - silent.iter().map(|name| in_flight(name)).sum::<usize>();
        let beside = missing * share + silent.iter().map(|name| in_flight(name).max(share)).sum::<usize>();
        room.min(all.saturating_sub(beside)).max(1).saturating_sub(here)
    }

    /// The first moment that the rules allow, which may be long ago.
    fn free_at(&self, now: f64, report: &Report, ask: &Ask, rate: f64, gap: f64) -> f64 {
        let (count, silent, missing) = self.roll(now, report);
        let apart = silent.len() + missing;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a rate of tests
        let window = rate.floor() as usize;
        let places = if apart > 0 { (window / count).max(1) * (count - apart) } else { window };

        let mut starts: Vec<f64> = self.ring.values().copied().collect();
        starts.sort_by(f64::total_cmp);
        let mut at = self.hold;
        if let Some(last) = starts.last() {
            at = at.max(last + gap);
        }
        if let Some(oldest) = starts.len().checked_sub(places) {
            at = at.max(starts[oldest] + WINDOW);
        }
        if self.free_slots(now, report) == 0 {
            at = at.max(now + CROWDED);
        }
        if ask.background {
            at = at.max(self.arrival + 2.0 * gap);
            if self.others(now, &report.replica).any(|(_, replica)| replica.queue > 0) {
                at = at.max(now + 2.0 * gap);
            }
        }
        at
    }

    /// The others who are present.
    fn others<'a>(&'a self, now: f64, me: &'a str) -> impl Iterator<Item = (&'a String, &'a Replica)> {
        self.replicas.iter().filter(move |(name, _)| *name != me && self.present(now, me, name))
    }

    /// Those of them that ask as urgently and had their last start before.
    #[allow(clippy::cast_precision_loss)] // a handful
    fn turns_before(&self, now: f64, me: &str, own: &Replica) -> f64 {
        let earlier =
            |(name, replica): &(&String, &Replica)| (replica.granted, name.as_str()) < (own.granted, me);
        self.others(now, me).filter(|(_, other)| other.asks >= own.asks).filter(earlier).count() as f64
    }
}

/// For comparing it with one that names its epochs otherwise.
impl Book {
    pub(super) fn rename(&mut self, epoch: &str) {
        self.epoch = Some(epoch.to_owned());
    }

    pub(super) fn epoch(&self) -> String {
        self.epoch.clone().unwrap_or_default()
    }
}
