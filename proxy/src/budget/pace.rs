//! When the next call may start: three rules and a hold, as pure functions of time.
//!
//! 1. *Window*: start n is at least 60.25 s after start n − rate. A ring of start times keeps
//!    this for every window, not only for clock minutes; the quarter second absorbs jitter
//!    between a start here and its arrival there.
//! 2. *Gap*: at least max(`min_interval`, 60 s ÷ rate) between starts, so calls spread evenly.
//! 3. *Hold*: a 429 stops all starts for its whole `Retry-After`.
//!
//! With `adaptive` the rate is cut by 0.7 once per hold (not once per 429: calls that were
//! already under way say nothing new) and regains 1 a minute after each clean minute. The third
//! rule of the budget, calls in flight, needs no clock and lives in the scheduler.
//!
//! Of n replicas that cannot ask each other, each keeps n times the gap and presumes that the
//! others start whenever it does itself. So together they keep the window, whatever part of it was
//! used when they lost each other.

use std::time::Duration;

use tokio::time::Instant;

use super::ring::{Ring, StartId};

/// Width of the sliding window, jitter included.
const WINDOW: Duration = Duration::from_millis(60_250);
const MINUTE: Duration = Duration::from_secs(60);
/// Sanity limit of a hold.
pub(super) const LONGEST_HOLD: Duration = Duration::from_secs(3600);
const CUT: f64 = 0.7;
const FLOOR: f64 = 10.0;

#[derive(Debug)]
pub(super) struct Pace {
    /// Starts per minute as configured; 0 allows none.
    pub(super) ceiling: u32,
    pub(super) min_interval: Duration,
    pub(super) adaptive: bool,
    /// Starts per minute now, between the floor and the ceiling.
    rate: f64,
    /// When the rate last changed; in the future during a hold, which is no clean time.
    rate_since: Instant,
    /// The last starts; as many as the highest ceiling are enough for the window.
    pub(super) starts: Ring,
    /// The highest ceiling so far: what was started under it still counts.
    highest: u32,
    /// How many replicas share the pace without asking each other; 1 when it is kept for all in one
    /// place, here or elsewhere.
    share: u32,
    /// Nothing starts before, for a reason other than a 429.
    not_before: Option<Instant>,
    hold_until: Option<Instant>,
    /// 429s without `Retry-After` in a row.
    unexplained: u32,
}

impl Pace {
    pub(super) fn new(rate_per_minute: u32, min_interval: Duration, adaptive: bool, now: Instant) -> Self {
        Self {
            ceiling: rate_per_minute,
            min_interval,
            adaptive,
            rate: f64::from(rate_per_minute),
            rate_since: now,
            starts: Ring::default(),
            highest: rate_per_minute,
            share: 1,
            not_before: None,
            hold_until: None,
            unexplained: 0,
        }
    }

    /// Other limits from now on; what was started counts against them. A rate that a 429 has lowered
    /// stays, as far as the new ceiling allows and as long as anything is learned at all.
    pub(super) fn apply(
        &mut self,
        now: Instant,
        rate_per_minute: u32,
        min_interval: Duration,
        adaptive: bool,
    ) {
        self.relax(now);
        let ceiling = f64::from(rate_per_minute);
        let lowered = adaptive && self.rate < f64::from(self.ceiling);
        self.rate = if lowered { self.rate.min(ceiling) } else { ceiling };
        self.ceiling = rate_per_minute;
        self.highest = self.highest.max(rate_per_minute);
        self.min_interval = min_interval;
        self.adaptive = adaptive;
    }

    /// Starts per minute at present.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    pub(super) fn gap(&self) -> Duration {
        if self.rate < 1.0 {
            return self.min_interval;
        }
        self.min_interval.max(MINUTE.div_f64(self.rate))
    }

    /// Least time between two starts here while the pace is split between replicas.
    pub(super) fn spacing(&self) -> Duration {
        self.gap() * self.share
    }

    /// When the hold ends; `None` without one.
    pub(super) fn hold_until(&self, now: Instant) -> Option<Instant> {
        self.hold_until.filter(|until| *until > now)
    }

    /// Starts within the last minute.
    pub(super) fn recent(&self, now: Instant) -> usize {
        self.starts.recent(now, MINUTE)
    }

    /// When a start could take place with `ahead` others before it; `None` when never.
    pub(super) fn slot(&self, now: Instant, ahead: usize) -> Option<Instant> {
        let share = self.share as usize;
        let window = self.window()?.max(share);
        let gap = self.spacing();
        let open = [self.hold_until, self.not_before].into_iter().flatten().fold(now, Instant::max);
        // Future starts, each as early as the rules allow given those before it.
        let mut future: Vec<Instant> = Vec::with_capacity(ahead + 1);
        let mut last = self.starts.last();
        for index in 0..=ahead {
            let spaced = last.map_or(open, |last| open.max(last + gap));
            // The start, and those of peers that go with it, take the places of as many before.
            let nth_before = (self.starts.len() + (index + 1) * share).checked_sub(window + 1).map(|at| {
                at.checked_sub(self.starts.len())
                    .map_or_else(|| self.starts.at(at), |beyond| future[beyond / share])
            });
            let start = nth_before.map_or(spaced, |before| spaced.max(before + WINDOW));
            future.push(start);
            last = Some(start);
        }
        last
    }

    /// Records a start at `now`.
    pub(super) fn start(&mut self, now: Instant, number: StartId) {
        self.starts.start(now, number, self.share - 1);
        self.trim(now);
    }

    /// Moves a start to the moment its request was really sent; never to an earlier one.
    pub(super) fn depart(&mut self, number: StartId, sent: Instant) {
        self.starts.postpone(number, sent);
    }

    /// Takes a start back: nothing went upstream.
    pub(super) fn refund(&mut self, number: StartId) {
        self.starts.remove(number);
    }

    /// From now on `share` replicas keep the pace without asking each other, after a quiet time.
    pub(super) fn split(&mut self, now: Instant, share: u32, quiet: Duration) {
        self.share = share.max(1);
        self.not_before = Some(now + quiet);
    }

    /// Others may have made so many starts that are not known.
    pub(super) fn guess(&mut self, now: Instant, starts: f64) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped
        let starts = starts.clamp(0.0, f64::from(self.highest)) as usize;
        (0..starts).for_each(|_| self.starts.unseen(now));
        self.trim(now);
    }

    /// From now on somebody else keeps the pace for all, and this is a copy.
    pub(super) fn join(&mut self) {
        self.share = 1;
        self.not_before = None;
    }

    /// The rate and the hold that are kept for all.
    pub(super) fn adopt(&mut self, rate: f64, rate_since: Instant, hold_until: Option<Instant>) {
        self.rate = rate.min(f64::from(self.ceiling));
        self.rate_since = rate_since;
        self.hold_until = hold_until;
    }

    /// Forgets starts that no rule looks back to, of which `highest` would do. There is room for as
    /// many of our own, of peers, and guesses: those of one time alone.
    pub(super) fn trim(&mut self, now: Instant) {
        let width = WINDOW.max(self.spacing());
        self.starts.trim(now, width, 3 * self.highest.max(self.share) as usize);
    }

    /// When the rate last changed.
    pub(super) fn rate_since(&self) -> Instant {
        self.rate_since
    }

    /// Obeys a 429. Without `Retry-After` the hold is 4 s, then 8 s. True when a hold begins,
    /// false when one was on already and is at most prolonged.
    pub(super) fn hold(&mut self, now: Instant, retry_after: Option<Duration>) -> bool {
        let length = retry_after.unwrap_or_else(|| {
            self.unexplained += 1;
            Duration::from_secs(if self.unexplained == 1 { 4 } else { 8 })
        });
        let until = now + length.clamp(Duration::from_secs(1), LONGEST_HOLD);
        let begins = self.hold_until(now).is_none();
        self.hold_until = Some(self.hold_until.map_or(until, |already| already.max(until)));
        if begins && self.adaptive && self.rate > FLOOR {
            self.rate = (self.rate * CUT).max(FLOOR);
        }
        self.rate_since = self.rate_since.max(until);
        begins
    }

    /// The upstream answered something other than 429.
    pub(super) fn answered(&mut self) {
        self.unexplained = 0;
    }

    /// Regains the rate of the clean minutes since it last changed.
    pub(super) fn relax(&mut self, now: Instant) {
        while self.rate < f64::from(self.ceiling) && now >= self.rate_since + MINUTE {
            self.rate = (self.rate + 1.0).min(f64::from(self.ceiling));
            self.rate_since += MINUTE;
        }
    }

    /// Starts allowed per window, or `None` when the rate is 0.
    fn window(&self) -> Option<usize> {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 1 ≤ rate ≤ u32::MAX
        let whole = self.rate.floor() as usize;
        (whole > 0).then_some(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    fn pace(rate: u32, gap_ms: u64, now: Instant) -> Pace {
        Pace::new(rate, Duration::from_millis(gap_ms), true, now)
    }

    #[test]
    fn a_rate_of_zero_never_starts() {
        let now = Instant::now();
        assert_eq!(pace(0, 0, now).slot(now, 0), None);
    }

    #[test]
    fn the_window_bounds_a_burst_that_the_gap_allows() {
        let now = Instant::now();
        let mut pace = pace(3, 0, now);
        // A gap of 60 s ÷ 3 spreads them; starts made earlier in a burst still count.
        for _ in 0..3 {
            pace.start(now, 0);
        }
        assert_eq!(pace.slot(now, 0), Some(at(now, 60_250)));
    }

    #[test]
    fn the_gap_counts_from_when_a_request_was_sent() {
        let now = Instant::now();
        let mut pace = pace(80, 750, now);
        pace.start(now, 7);
        pace.depart(7, at(now, 300));
        assert_eq!(pace.slot(at(now, 300), 0), Some(at(now, 1_050)));
        assert_eq!(pace.recent(at(now, 300)), 1);
    }

    #[test]
    fn a_hold_stops_all_starts_and_cuts_the_rate_once() {
        let now = Instant::now();
        let mut pace = pace(80, 750, now);
        assert!(pace.hold(now, Some(Duration::from_secs(12))));
        assert!(!pace.hold(at(now, 10), Some(Duration::from_secs(5))));
        assert_eq!(pace.slot(at(now, 10), 0), Some(at(now, 12_000)));
        assert!((pace.rate() - 56.0).abs() < 1e-9);
    }

    #[test]
    fn without_retry_after_the_hold_is_four_then_eight_seconds() {
        let now = Instant::now();
        let mut pace = pace(80, 750, now);
        pace.hold(now, None);
        assert_eq!(pace.hold_until(now), Some(at(now, 4_000)));
        let later = at(now, 5_000);
        pace.hold(later, None);
        assert_eq!(pace.hold_until(later), Some(at(later, 8_000)));
        pace.answered();
        let again = at(later, 20_000);
        pace.hold(again, None);
        assert_eq!(pace.hold_until(again), Some(at(again, 4_000)));
    }

    #[test]
    fn the_rate_comes_back_by_one_for_each_clean_minute_after_the_hold() {
        let now = Instant::now();
        let mut pace = pace(80, 750, now);
        pace.hold(now, Some(Duration::from_secs(30)));
        pace.relax(at(now, 89_000));
        assert!((pace.rate() - 56.0).abs() < 1e-9);
        pace.relax(at(now, 30_000 + 3 * 60_000));
        assert!((pace.rate() - 59.0).abs() < 1e-9);
        pace.relax(at(now, 100 * 60_000));
        assert!((pace.rate() - 80.0).abs() < 1e-9);
    }

    #[test]
    fn the_rate_never_falls_below_the_floor_nor_rises_to_it() {
        let now = Instant::now();
        let mut fast = pace(12, 0, now);
        fast.hold(now, None);
        assert!((fast.rate() - 10.0).abs() < 1e-9);
        let mut slow = pace(5, 0, now);
        slow.hold(now, None);
        assert!((slow.rate() - 5.0).abs() < 1e-9);
    }

    proptest! {
        /// Whoever starts at the slot named keeps every rule, whatever happened before.
        #[test]
        fn starts_at_the_slots_named_keep_window_and_gap(
            rate in 1..20_u32, gap_ms in 0..4_000_u64, pauses in prop::collection::vec(0..20_000_u64, 1..120),
        ) {
            let mut now = Instant::now();
            let mut pace = pace(rate, gap_ms, now);
            let mut starts = Vec::new();
            for pause in pauses {
                now = pace.slot(now + Duration::from_millis(pause), 0).expect("a rate above 0");
                pace.start(now, 0);
                starts.push(now);
            }
            for pair in starts.windows(2) {
                prop_assert!(pair[1] - pair[0] >= Duration::from_millis(gap_ms));
            }
            for window in starts.windows(rate as usize + 1) {
                prop_assert!(window[rate as usize] - window[0] >= MINUTE);
            }
        }

        /// Who split a pace keep its window together, whatever of it they had used before.
        #[test]
        fn parts_of_a_pace_keep_its_window(
            rate in 4..20_u32, share in 2..4_u32, before in 0..20_usize, rounds in 1..60_usize, after in 0..60_000_u64,
        ) {
            let mut now = Instant::now();
            let mut parts: Vec<Pace> = (0..share).map(|_| pace(rate, 750, now)).collect();
            let mut starts = Vec::new();
            for _ in 0..before {
                now = parts[0].slot(now, 0).expect("a rate above 0");
                parts[0].start(now, 0);
                parts[1..].iter_mut().for_each(|part| part.starts.peer(format!("{now:?}"), now));
                starts.push(now);
            }
            now = at(now, after);
            for part in &mut parts {
                part.split(now, share, Duration::ZERO);
                let mut now = now;
                for number in 0..rounds {
                    now = part.slot(now, 0).expect("a rate above 0");
                    part.start(now, number as StartId);
                    starts.push(now);
                }
            }
            starts.sort();
            for window in starts.windows(rate as usize + 1) {
                prop_assert!(window[rate as usize] - window[0] >= MINUTE);
            }
        }

        /// The projection for the n-th in line is exactly when it would start.
        #[test]
        fn a_projection_is_what_then_happens(
            rate in 1..20_u32, before in 0..30_usize, ahead in 0..50_usize,
        ) {
            let mut now = Instant::now();
            let mut pace = pace(rate, 750, now);
            for _ in 0..before {
                now = pace.slot(now, 0).expect("a rate above 0");
                pace.start(now, 0);
            }
            let projected = pace.slot(now, ahead);
            for _ in 0..ahead {
                now = pace.slot(now, 0).expect("a rate above 0");
                pace.start(now, 0);
            }
            prop_assert_eq!(pace.slot(now, 0), projected);
        }
    }
}
