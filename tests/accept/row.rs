//! One promise: how it is tried and what was seen.

use std::pin::Pin;
use std::time::{Duration, Instant};

type Trial = Pin<Box<dyn Future<Output = Seen> + Send>>;

pub(crate) struct Row {
    pub(crate) case: &'static str,
    pub(crate) must: &'static str,
    trial: Box<dyn Fn() -> Trial>,
}

/// What a trial saw: facts that must hold, and figures for the reader.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    facts: Vec<String>,
    failed: bool,
    pub(crate) took: Duration,
}

pub(crate) fn row<F>(case: &'static str, must: &'static str, trial: fn() -> F) -> Row
where
    F: Future<Output = Seen> + Send + 'static,
{
    Row { case, must, trial: Box::new(move || Box::pin(trial())) }
}

impl Row {
    /// A panic in a trial is a failed row, not the end of the table.
    pub(crate) async fn run(&self) -> Seen {
        let begun = Instant::now();
        let mut seen = match tokio::spawn((self.trial)()).await {
            Ok(seen) => seen,
            Err(error) => Seen { facts: vec![format!("✗ {error}")], failed: true, took: Duration::ZERO },
        };
        seen.took = begun.elapsed();
        seen
    }
}

impl Seen {
    pub(crate) fn must(&mut self, holds: bool, fact: impl Into<String>) {
        let fact = fact.into();
        self.failed |= !holds;
        self.facts.push(if holds { fact } else { format!("✗ {fact}") });
    }

    pub(crate) fn note(&mut self, figure: impl Into<String>) {
        self.facts.push(figure.into());
    }

    /// Nothing is said when there is nothing to complain about.
    pub(crate) fn must_be_none(&mut self, wrong: &[String]) {
        const SHOWN: usize = 5;
        if wrong.is_empty() {
            return;
        }
        self.must(false, format!("{} wrong", wrong.len()));
        wrong.iter().take(SHOWN).for_each(|one| self.must(false, one.clone()));
    }

    pub(crate) fn ok(&self) -> bool {
        !self.failed
    }

    pub(crate) fn text(&self) -> String {
        self.facts.join("; ")
    }
}

/// Milliseconds with as many places as are worth reading.
pub(crate) fn ms(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1_000.0;
    if millis < 100.0 { format!("{millis:.2} ms") } else { format!("{millis:.0} ms") }
}
