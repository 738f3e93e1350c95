//! Several budgets over one book, on paused time, with everything that can go wrong between them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::super::super::{Budget, Limits};
use super::super::{Ledger, Report, View};
use super::book::Book;

/// What the link allows an answer to take.
const LOOK_UP: Duration = Duration::from_millis(50);

/// A server in memory: it can lose its data, die, freeze and come back.
#[derive(Debug)]
pub(super) struct Server {
    book: Mutex<Book>,
    born: Instant,
    state: watch::Sender<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Up,
    /// Reports are carried out once it goes on, if anybody still cares or not.
    Frozen,
    Dead,
}

impl Server {
    pub(super) fn new(state: State) -> Arc<Self> {
        Arc::new(Self { book: Mutex::default(), born: Instant::now(), state: watch::Sender::new(state) })
    }

    pub(super) fn becomes(&self, state: State) {
        self.state.send_replace(state);
    }

    pub(super) fn loses_its_data(&self) {
        *self.book.lock().unwrap_or_else(PoisonError::into_inner) = Book::default();
    }

    fn answer(&self, report: &Report) -> View {
        let now = 1_700_000_000_000.0 + self.born.elapsed().as_secs_f64() * 1000.0;
        self.book.lock().unwrap_or_else(PoisonError::into_inner).exchange(now, report)
    }
}

/// One replica's way to the server, up or away as a whole like the real one.
#[derive(Debug)]
pub(super) struct Line {
    server: Arc<Server>,
    /// There and back.
    latency: Duration,
    up: watch::Sender<bool>,
}

impl Line {
    pub(super) fn new(server: &Arc<Server>, latency: Duration) -> Arc<Self> {
        Arc::new(Self { server: Arc::clone(server), latency, up: watch::Sender::new(true) })
    }

    /// Cuts or mends this replica's connection alone.
    pub(super) fn is_up(&self, up: bool) {
        self.up.send_replace(up);
    }
}

#[async_trait]
impl Ledger for Line {
    async fn exchange(&self, report: &Report) -> Option<View> {
        if !*self.up.borrow() {
            return None;
        }
        sleep(self.latency / 2).await;
        let state = *self.server.state.borrow();
        if state == State::Up && *self.up.borrow() {
            let view = self.server.answer(report);
            sleep(self.latency / 2).await;
            if *self.up.borrow() {
                return Some(view);
            }
            return None;
        }
        if state == State::Frozen {
            let (server, late) = (Arc::clone(&self.server), report.clone());
            tokio::spawn(async move {
                let mut states = server.state.subscribe();
                if states.wait_for(|state| *state != State::Frozen).await.is_ok_and(|now| *now == State::Up) {
                    server.answer(&late);
                }
            });
        }
        sleep(LOOK_UP).await;
        None
    }

    async fn reachable(&self) {
        let mut up = self.up.subscribe();
        let mut state = self.server.state.subscribe();
        up.wait_for(|up| *up).await.expect("borrowed");
        state.wait_for(|state| *state == State::Up).await.expect("borrowed");
    }
}

/// What the upstream saw.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// When, and by which replica.
    pub(super) starts: Vec<(Duration, usize)>,
    in_flight: usize,
    pub(super) most: usize,
}

#[derive(Debug)]
pub(super) struct Upstream {
    born: Instant,
    seen: Mutex<Seen>,
}

impl Upstream {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { born: Instant::now(), seen: Mutex::default() })
    }

    /// A call that is received now and takes `length`.
    pub(super) async fn call(&self, by: usize, length: Duration) {
        self.look(|seen| {
            seen.starts.push((self.born.elapsed(), by));
            seen.in_flight += 1;
            seen.most = seen.most.max(seen.in_flight);
        });
        sleep(length).await;
        self.look(|seen| seen.in_flight -= 1);
    }

    pub(super) fn seen(&self) -> Seen {
        self.look(|seen| seen.clone())
    }

    fn look<R>(&self, act: impl FnOnce(&mut Seen) -> R) -> R {
        act(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Seen {
    /// The most starts in any 60 s.
    pub(super) fn busiest_minute(&self) -> usize {
        let within = |from: usize| {
            let begun = self.starts[from].0;
            self.starts[from..].iter().take_while(|(at, _)| *at - begun < Duration::from_secs(60)).count()
        };
        (0..self.starts.len()).map(within).max().unwrap_or_default()
    }

    pub(super) fn least_gap(&self) -> Duration {
        let gaps = self.starts.windows(2).map(|pair| pair[1].0 - pair[0].0);
        gaps.min().unwrap_or(Duration::MAX)
    }

    pub(super) fn by_replica(&self) -> BTreeMap<usize, usize> {
        let mut counts = BTreeMap::new();
        for (_, by) in &self.starts {
            *counts.entry(*by).or_default() += 1;
        }
        counts
    }
}

pub(super) fn limits(rate: u32, gap_ms: u64, in_flight: usize) -> Limits {
    Limits {
        rate_per_minute: rate,
        min_interval: Duration::from_millis(gap_ms),
        max_in_flight: in_flight,
        adaptive: true,
    }
}

pub(super) fn budget(limits: &Limits, replicas: u32, line: &Arc<Line>) -> Arc<Budget> {
    Arc::new(Budget::shared(limits, replicas, Arc::clone(line) as Arc<dyn Ledger>, &Handle::current()))
}
