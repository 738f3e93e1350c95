//! One sliding window, exact.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::Allowance;

/// Times of the requests let in, oldest first; more than the limit only after it was lowered.
#[derive(Debug, Default)]
pub(super) struct Window(VecDeque<Instant>);

impl Window {
    /// Lets a request in at `now`, or says how long until one would be; `now` never goes back.
    pub(super) fn admit(&mut self, allowance: Allowance, now: Instant) -> Result<(), Duration> {
        while self.0.front().is_some_and(|&start| start + allowance.window <= now) {
            self.0.pop_front();
        }
        if self.0.len() < allowance.limit as usize {
            self.0.push_back(now);
            return Ok(());
        }
        match self.0.get(self.0.len() - allowance.limit as usize) {
            Some(&oldest) => Err(oldest + allowance.window - now),
            None => Err(allowance.window),
        }
    }

    /// Of the last request let in.
    pub(super) fn last(&self) -> Option<Instant> {
        self.0.back().copied()
    }
}
