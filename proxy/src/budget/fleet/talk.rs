//! Reports from what the scheduler knows, and views into it.

use std::time::Duration;

use tokio::time::Instant;

use super::super::lane::Lane;
use super::super::ring::StartId;
use super::super::scheduler::Scheduler;
use super::QUIET;
use super::message::{Ask, Report, Rules, View, Whole};
use super::state::{Fleet, News};

/// A moment so and so many milliseconds before `now`; negative: after.
fn before(now: Instant, millis: f64) -> Instant {
    let length = Duration::try_from_secs_f64(millis.abs() / 1000.0).unwrap_or_default();
    if millis < 0.0 { now + length } else { now.checked_sub(length).unwrap_or(now) }
}

fn millis(length: Duration) -> f64 {
    length.as_secs_f64() * 1000.0
}

/// Milliseconds from `at` to `now`, negative when it lies ahead.
fn age(now: Instant, at: Instant) -> f64 {
    millis(now.saturating_duration_since(at)) - millis(at.saturating_duration_since(now))
}

impl Fleet {
    fn start_name(&self, number: StartId) -> String {
        format!("{}:{number}", self.name)
    }
}

impl Scheduler {
    /// What to tell the ledger now. Taken to be said: who gets no answer must [`Self::part`].
    pub(super) fn report(&mut self, now: Instant) -> Report {
        self.pace.relax(now);
        let ask = self.wish(now);
        let start = ask.map(|lane| (self.number(), lane));
        let fleet = self.fleet.as_mut().expect("only a fleet reports");
        fleet.seq += 1;
        fleet.talking = true;
        fleet.reported = now;
        fleet.asking = start;
        let news = std::mem::take(&mut fleet.news);
        let fleet = self.fleet.as_ref().expect("seen above");
        let (server, then) = fleet.server.unwrap_or((0.0, now));
        let starts: Vec<_> = if fleet.untold {
            self.pace.starts.all_own().collect()
        } else {
            news.moved.iter().filter_map(|&number| Some((number, self.pace.starts.own(number)?))).collect()
        };
        Report {
            replica: fleet.name.clone(),
            seq: fleet.seq,
            epoch: fleet.epoch.clone(),
            sent: server + age(now, then),
            turn: fleet.turn,
            seen: server,
            limits: Rules {
                rate: self.pace.ceiling,
                interval: millis(self.pace.min_interval),
                in_flight: self.max_in_flight,
                adaptive: self.pace.adaptive,
                replicas: fleet.least,
            },
            starts: starts.into_iter().map(|(number, at)| (fleet.start_name(number), age(now, at))).collect(),
            voids: news.taken_back.iter().map(|&number| fleet.start_name(number)).collect(),
            held: self.in_flight.iter().map(|&number| fleet.start_name(number)).collect(),
            queue: self.queued(Lane::Interactive),
            arrival: self.last_interactive.map(|at| age(now, at)),
            throttled: news.throttled,
            answered: news.answered,
            leaving: false,
            whole: fleet.untold.then(|| self.whole(now, fleet)),
            ask: start.map(|(number, lane)| Ask {
                start: fleet.start_name(number),
                background: lane != Lane::Interactive,
            }),
        }
    }

    /// The last report: peers need not keep a part of the budget for this replica.
    pub(super) fn farewell(&mut self, now: Instant) -> Option<Report> {
        self.fleet.as_ref().filter(|fleet| fleet.joined)?;
        Some(Report { ask: None, leaving: true, ..self.report(now) })
    }

    /// Takes over what the ledger tells, and hands out what it grants.
    pub(super) fn heard(&mut self, now: Instant, view: View) {
        let fleet = self.fleet.as_mut().expect("only a fleet hears");
        let asked = fleet.asking.take();
        fleet.server = Some((view.now, now));
        if view.again {
            fleet.epoch = view.epoch;
            fleet.untold = true;
            return;
        }
        fleet.joined = true;
        fleet.untold = false;
        fleet.turn = view.turn;
        fleet.seen = Some(now);
        fleet.slots = view.slots.into_iter().map(|(slot, left)| (slot, before(now, -left))).collect();
        fleet.peers = view.peers;
        fleet.refused = asked.and_then(|(_, lane)| Some((lane, before(now, -view.retry?))));

        self.pace.join();
        if view.whole {
            self.pace.starts.forget_peers();
        }
        for (start, ago) in view.starts {
            self.pace.starts.peer(start, before(now, ago));
        }
        // The ledger keeps what silent peers may do apart, and who goes alone again guesses again.
        self.pace.starts.forget_guesses();
        self.pace.trim(now);
        // A 429 that the ledger has not heard of is newer than what it tells.
        let unheard = fleet.news.throttled.is_some();
        if !unheard {
            let hold = (view.hold > 0.0).then(|| before(now, -view.hold));
            self.pace.adopt(view.rate, before(now, view.since), hold);
        }
        if let Some((number, lane)) = asked.filter(|_| view.granted) {
            self.hand_out(now, number, lane);
        }
    }

    /// The ledger does not answer.
    pub(super) fn part(&mut self, now: Instant) {
        let fleet = self.fleet.as_mut().expect("only a fleet parts");
        fleet.talking = false;
        fleet.untold = true;
        // The next report says it all, as a whole.
        fleet.news = News::default();
        fleet.asking = None;
        fleet.refused = None;
        if std::mem::take(&mut fleet.joined) {
            self.go_alone(now);
        }
    }

    /// Keeps to a part of the budget from now on, unless there is nobody else.
    pub(in crate::budget) fn go_alone(&mut self, now: Instant) {
        let fleet = self.fleet.as_ref().expect("only a fleet splits its budget");
        let size = fleet.size();
        let Some(seen) = fleet.seen else { return self.pace.split(now, size, QUIET) };
        if size == 1 {
            return self.pace.join();
        }
        // What happened since is unknown: somebody may have started whenever the gap allowed it.
        let since = (now - seen).div_duration_f64(self.pace.gap().max(Duration::from_millis(1)));
        // Those who were apart even then may have used all of their parts.
        let apart = f64::from(fleet.apart()) * (self.pace.rate() / f64::from(size)).max(1.0);
        self.pace.guess(now, since + apart + 1.0);
        self.pace.split(now, size, QUIET);
    }

    pub(super) fn report_due(&self, now: Instant) -> Instant {
        let fleet = self.fleet.as_ref().expect("only a fleet reports");
        let due = fleet.due(now, self.wish(now));
        self.pace.hold_until(now).map_or(due, |until| due.min(until))
    }

    /// The lane of the call to ask for: that of the first waiter, when nothing here forbids it.
    fn wish(&self, now: Instant) -> Option<Lane> {
        let room = self.in_flight.len() < self.max_in_flight;
        let held = self.pace.hold_until(now).is_some();
        self.most_urgent().filter(|_| room && !held && self.pace.rate() >= 1.0)
    }

    /// Passes a start on to the first waiter, or takes it back when nobody is left whom it was
    /// granted for.
    fn hand_out(&mut self, now: Instant, number: StartId, asked: Lane) {
        while let Some(lane) = self.wish(now).filter(|lane| *lane >= asked) {
            if self.grant(now, lane, number) {
                return;
            }
        }
        self.fleet.as_mut().expect("only a fleet is granted something").taken_back(number);
    }

    fn whole(&self, now: Instant, fleet: &Fleet) -> Whole {
        Whole {
            starts: self.pace.starts.all_peers().map(|(name, at)| (name.to_owned(), age(now, at))).collect(),
            slots: fleet.slots.iter().map(|(slot, until)| (slot.clone(), -age(now, *until))).collect(),
            peers: fleet.peers.iter().map(|peer| peer.name.clone()).collect(),
            rate: self.pace.rate(),
            since: age(now, self.pace.rate_since()),
            hold: self.pace.hold_until(now).map_or(0.0, |until| -age(now, until)),
        }
    }
}
