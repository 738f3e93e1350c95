//! How often a caller, and an address, may ask.
//!
//! Exact sliding windows: of any 60 s that end now, at most n requests were let in. Refused
//! requests count nothing, so that asking again early does not make the wait longer. With Redis all
//! processes share one count; while it is away each counts alone, which lets in more, never less.

mod memory;
mod shared;
mod window;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use crate::config;
use memory::Memory;
use shared::Shared;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What is counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    Start,
    StartOfDay,
    Remix,
    Status,
    Prefetch,
    Warm,
    /// Everything from one address.
    Address,
}

/// At most `limit` in any `window`; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Allowance {
    limit: u32,
    window: Duration,
}

/// Come back later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Of its window.
    pub limit: u32,
    /// Until the next would be let in.
    pub retry_after: Duration,
}

impl Class {
    pub const ALL: [Self; 7] =
        [Self::Start, Self::StartOfDay, Self::Remix, Self::Status, Self::Prefetch, Self::Warm, Self::Address];

    /// As in metrics and in keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::StartOfDay => "start_of_day",
            Self::Remix => "remix",
            Self::Status => "status",
            Self::Prefetch => "prefetch",
            Self::Warm => "warm",
            Self::Address => "address",
        }
    }

    const fn window(self) -> Duration {
        match self {
            Self::StartOfDay => DAY,
            _ => MINUTE,
        }
    }

    const fn allowance(self, limits: &config::Limits) -> Allowance {
        let limit = match self {
            Self::Start => limits.start_per_minute,
            Self::StartOfDay => limits.start_per_day,
            Self::Remix => limits.remix_per_minute,
            Self::Status => limits.status_per_minute,
            Self::Prefetch => limits.prefetch_per_minute,
            Self::Warm => limits.warm_per_minute,
            Self::Address => limits.address_per_minute,
        };
        Allowance { limit, window: self.window() }
    }
}

/// Counts requests and refuses those that are too many.
#[derive(Debug)]
pub struct Limiter {
    limits: RwLock<config::Limits>,
    memory: Memory,
    shared: Option<Shared>,
    refused: [AtomicU64; Class::ALL.len()],
}

impl Limiter {
    /// Counts in this process alone.
    pub fn in_memory(limits: config::Limits) -> Self {
        let limits = RwLock::new(limits);
        Self { limits, memory: Memory::default(), shared: None, refused: Default::default() }
    }

    /// Counts in Redis; it need not be there yet.
    pub fn in_redis(limits: config::Limits, url: &str) -> Result<Self, redis::RedisError> {
        Ok(Self { shared: Some(Shared::new(url)?), ..Self::in_memory(limits) })
    }

    /// Goes by other limits from now on; what was let in counts against them.
    pub fn apply(&self, limits: config::Limits) {
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = limits;
    }

    fn allowance(&self, class: Class) -> Allowance {
        class.allowance(&self.limits.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets one more request of `who` in, or not.
    pub async fn admit(&self, class: Class, who: &str) -> Result<(), Refused> {
        let allowance = self.allowance(class);
        if allowance.limit == 0 {
            return Ok(());
        }
        let wait = match &self.shared {
            Some(shared) => shared.admit(class, who, allowance).await,
            None => None,
        };
        let wait = wait.unwrap_or_else(|| self.memory.admit(class, who, allowance, Instant::now()));
        wait.map_err(|retry_after| {
            self.refused[class as usize].fetch_add(1, Ordering::Relaxed);
            Refused { limit: allowance.limit, retry_after }
        })
    }

    /// How many were refused since the start, by class.
    pub fn refusals(&self) -> Vec<(Class, u64)> {
        let refused = |class| (class, self.refused[class as usize].load(Ordering::Relaxed));
        Class::ALL.into_iter().map(refused).collect()
    }
}
