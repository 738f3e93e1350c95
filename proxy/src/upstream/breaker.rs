//! Stops calling an upstream that keeps failing.
//!
//! Two signals, either of which opens it: failures in a row (the upstream is down) and the share
//! of failures in a window (it is sick). What counts is a *fetch with its retries*, not each
//! attempt: one unlucky request must not speak for the upstream three times. The share needs
//! [`LEAST_SAMPLES`] fetches, so that two failures in a quiet minute prove nothing, and must be
//! exceeded, not met. Open, every fetch fails at once; after `open_for` one probe is let through:
//! its success closes the breaker and forgets the window, its failure opens it again.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Fetches in the window below which their failure share says nothing.
const LEAST_SAMPLES: usize = 20;

#[derive(Debug, Clone)]
pub struct BreakerSettings {
    /// Failed fetches in a row that open it.
    pub consecutive_failures: u32,
    /// Failure share, 0..=1, above which it opens.
    pub ratio: f64,
    pub window: Duration,
    pub open_for: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        let (window, open_for) = (Duration::from_secs(60), Duration::from_secs(30));
        Self { consecutive_failures: 5, ratio: 0.5, window, open_for }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open {
        until: Instant,
    },
    /// One probe is under way; should it vanish, another may go at `until`.
    HalfOpen {
        until: Instant,
    },
}

#[derive(Debug)]
pub struct Breaker {
    settings: BreakerSettings,
    state: State,
    consecutive: u32,
    /// Recent fetches: when, and whether they failed.
    window: VecDeque<(Instant, bool)>,
}

impl Breaker {
    pub fn new(settings: BreakerSettings) -> Self {
        Self { settings, state: State::Closed, consecutive: 0, window: VecDeque::new() }
    }

    /// Other settings from now on, for what is in the window too. Calls that are suspended stay so for
    /// as long as was said.
    pub fn apply(&mut self, settings: BreakerSettings) {
        self.settings = settings;
    }

    #[cfg(test)]
    pub(crate) fn settings(&self) -> &BreakerSettings {
        &self.settings
    }

    /// How long calls stay suspended; `None` when one may be tried.
    pub fn suspended(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Closed => None,
            State::Open { until } | State::HalfOpen { until } => {
                Some(until.saturating_duration_since(now)).filter(|left| !left.is_zero())
            }
        }
    }

    /// Lets a fetch through, or says how long to stay away. After `open_for` the first asker is
    /// the probe.
    pub fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        if let Some(left) = self.suspended(now) {
            return Err(left);
        }
        if self.state != State::Closed {
            self.state = State::HalfOpen { until: now + self.settings.open_for };
        }
        Ok(())
    }

    pub fn succeeded(&mut self, now: Instant) {
        self.consecutive = 0;
        if self.state == State::Closed {
            self.sample(now, false);
        } else {
            tracing::info!("upstream answers again: calls resume");
            self.state = State::Closed;
            self.window.clear();
        }
    }

    pub fn failed(&mut self, now: Instant) {
        self.consecutive = self.consecutive.saturating_add(1);
        self.sample(now, true);
        let probe_failed = matches!(self.state, State::HalfOpen { .. });
        if self.state == State::Closed && self.trips() {
            tracing::warn!(
                consecutive = self.consecutive,
                open_seconds = self.settings.open_for.as_secs(),
                "upstream keeps failing: calls are suspended"
            );
        } else if !probe_failed {
            return;
        }
        self.state = State::Open { until: now + self.settings.open_for };
    }

    pub fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    fn trips(&self) -> bool {
        let failures = self.window.iter().filter(|(_, failed)| *failed).count();
        #[allow(clippy::cast_precision_loss)] // far below 2^52 samples a minute
        let share = failures as f64 / self.window.len().max(1) as f64;
        self.consecutive >= self.settings.consecutive_failures
            || (self.window.len() >= LEAST_SAMPLES && share > self.settings.ratio)
    }

    fn sample(&mut self, now: Instant, failed: bool) {
        self.window.push_back((now, failed));
        let old = |(at, _): &(Instant, bool)| now.duration_since(*at) > self.settings.window;
        while self.window.front().is_some_and(old) {
            self.window.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> (Breaker, Instant) {
        (Breaker::new(BreakerSettings::default()), Instant::now())
    }

    const OPEN: Duration = Duration::from_secs(30);

    #[test]
    fn five_failures_in_a_row_open_it_four_do_not() {
        let (mut breaker, now) = breaker();
        for _ in 0..4 {
            breaker.failed(now);
        }
        assert_eq!(breaker.admit(now), Ok(()));
        breaker.failed(now);
        assert_eq!(breaker.admit(now), Err(OPEN));
    }

    #[test]
    fn a_success_starts_the_row_again() {
        let (mut breaker, now) = breaker();
        for _ in 0..4 {
            breaker.failed(now);
        }
        breaker.succeeded(now);
        breaker.failed(now);
        assert_eq!(breaker.admit(now), Ok(()));
    }

    #[test]
    fn more_than_half_failing_opens_it_half_does_not() {
        let (mut breaker, now) = breaker();
        for _ in 0..20 {
            breaker.succeeded(now);
            breaker.failed(now);
        }
        assert_eq!(breaker.admit(now), Ok(()));
        breaker.failed(now);
        assert_eq!(breaker.admit(now), Err(OPEN));
    }

    #[test]
    fn failures_outside_the_window_are_forgotten() {
        let (mut breaker, now) = breaker();
        for _ in 0..21 {
            breaker.failed(now);
            breaker.consecutive = 0;
            breaker.state = State::Closed;
        }
        let later = now + Duration::from_secs(61);
        breaker.failed(later);
        assert_eq!(breaker.admit(later), Ok(()));
    }

    #[test]
    fn other_settings_count_the_failures_so_far_and_leave_a_suspension_as_it_is() {
        let (mut breaker, now) = breaker();
        breaker.failed(now);
        breaker.apply(BreakerSettings { consecutive_failures: 2, ..BreakerSettings::default() });
        breaker.failed(now);
        assert_eq!(breaker.admit(now), Err(OPEN));
        breaker.apply(BreakerSettings { open_for: Duration::from_secs(1), ..BreakerSettings::default() });
        assert_eq!(breaker.admit(now), Err(OPEN));
    }

    #[test]
    fn one_probe_decides() {
        let (mut breaker, now) = breaker();
        for _ in 0..5 {
            breaker.failed(now);
        }
        let later = now + OPEN;
        assert_eq!(breaker.admit(later), Ok(()));
        assert_eq!(breaker.admit(later), Err(OPEN), "the others wait for the probe");
        breaker.failed(later);
        assert_eq!(breaker.admit(later), Err(OPEN));
        let again = later + OPEN;
        assert_eq!(breaker.admit(again), Ok(()));
        breaker.succeeded(again);
        assert_eq!(breaker.admit(again), Ok(()));
        assert!(!breaker.is_open());
    }
}
