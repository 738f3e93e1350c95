//! Requests are sent here, and only here.
//!
//! The limit in time is that of each call, not of the strategy around it: a strategy that is late
//! keeps the tracks it has found and goes on without what is missing. Time that calls wait in the
//! proxy's queue is not theirs, so a limit moves on by it, but never past the end of the run.
//! Answers come back in the order of the requests, whatever order they arrived in.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};

use super::artifacts::Shelf;
use crate::recobeat::{Answer, Ask, CallError, Catalogue};

/// Requests of one run at the same time.
const AT_ONCE: usize = 8;
/// So many failures before the first success, and nobody is there.
const GIVEN_UP_AFTER: u32 = 3;

/// All requests of one run.
pub(super) struct Calls {
    catalogue: Arc<dyn Catalogue>,
    shelf: Shelf,
    gate: Semaphore,
    /// Of the whole run.
    end: Instant,
    health: Mutex<Health>,
}

/// What became of one request.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) ask: Ask,
    pub(super) result: Result<Answer, CallError>,
}

/// When a step is over: some time after it began, not counting the proxy's queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    begun: Instant,
    queued_before: Duration,
    time: Duration,
}

#[derive(Debug, Default)]
struct Health {
    answered: bool,
    failures: u32,
    last: Option<CallError>,
}

impl Calls {
    pub(super) fn new(catalogue: Arc<dyn Catalogue>, shelf: Shelf, time: Duration) -> Self {
        let gate = Semaphore::new(AT_ONCE);
        Self { catalogue, shelf, gate, end: Instant::now() + time, health: Mutex::default() }
    }

    /// A step that begins now.
    pub(super) fn limit(&self, time: Duration) -> Limit {
        Limit { begun: Instant::now(), queued_before: self.catalogue.queued(), time }
    }

    pub(super) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Asks everything, up to eight at once, each `stagger` after the one before.
    pub(super) async fn all(&self, asks: Vec<Ask>, limit: Limit) -> Vec<Reply> {
        self.watched(asks, limit, Duration::ZERO, async |_, _| {}).await
    }

    /// Like [`Calls::all`]; `seen` is told how many of how many have been answered.
    pub(super) async fn watched(
        &self,
        asks: Vec<Ask>,
        limit: Limit,
        stagger: Duration,
        mut seen: impl AsyncFnMut(usize, usize),
    ) -> Vec<Reply> {
        let count = asks.len();
        let mut under_way: FuturesUnordered<_> = (0u32..)
            .zip(asks)
            .map(|(at, ask)| async move {
                let result = self.one(&ask, limit, stagger * at).await;
                (at, Reply { ask, result })
            })
            .collect();
        let mut replies = Vec::with_capacity(count);
        while let Some(reply) = under_way.next().await {
            replies.push(reply);
            seen(replies.len(), count).await;
        }
        replies.sort_by_key(|(at, _)| *at);
        replies.into_iter().map(|(_, reply)| reply).collect()
    }

    async fn one(&self, ask: &Ask, limit: Limit, after: Duration) -> Result<Answer, CallError> {
        let call = async {
            if !after.is_zero() {
                sleep(after).await;
            }
            let _place = self.gate.acquire().await.expect("the gate is never closed");
            if let Some(error) = self.given_up() {
                return Err(error);
            }
            self.shelf.answer(ask, &*self.catalogue).await
        };
        let result = tokio::select! {
            biased;
            result = call => result,
            () = self.over(limit) => Err(CallError::TimedOut(limit.begun.elapsed())),
        };
        self.note(&result);
        result
    }

    /// Returns when the step is over.
    async fn over(&self, limit: Limit) {
        loop {
            let queued = self.catalogue.queued().saturating_sub(limit.queued_before);
            let end = (limit.begun + limit.time + queued).min(self.end);
            if Instant::now() >= end {
                return;
            }
            sleep_until(end).await;
        }
    }

    fn note(&self, result: &Result<Answer, CallError>) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            // A refusal is an answer: somebody is there.
            Ok(_) | Err(CallError::Refused { .. } | CallError::Shape(_)) => health.answered = true,
            Err(error) => {
                health.failures += 1;
                health.last = Some(error.clone());
            }
        }
    }

    /// Nothing has been answered yet, and enough was tried: further calls would only take time.
    fn given_up(&self) -> Option<CallError> {
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let away = !health.answered && health.failures >= GIVEN_UP_AFTER;
        health.last.clone().filter(|_| away)
    }

    /// The run has no time left for calls.
    pub(super) fn ended(&self) -> bool {
        Instant::now() >= self.end
    }
}

/// The answers of the requests that had one.
pub(super) fn answers(replies: Vec<Reply>) -> (Vec<(Ask, Answer)>, Vec<String>) {
    let mut failed = Vec::new();
    let mut answered = Vec::new();
    for Reply { ask, result } in replies {
        match result {
            Ok(answer) => answered.push((ask, answer)),
            Err(error) => failed.push(format!("{}: {error}", ask.what())),
        }
    }
    (answered, failed)
}
