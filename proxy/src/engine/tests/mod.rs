//! The engine as a client sees it, on paused time against a scripted upstream.

mod bodies;
mod budget;
mod catalogue;
mod changes;
mod explaining;
mod failures;
mod fallbacks;
mod freshness;
mod priority;
mod properties;
mod purges;
mod queueing;
mod reading_ahead;
mod relinks;
mod repairs;
mod replicas;
mod restart;
mod rows;
mod scripted;
mod sharing;
mod stale_if_error;
mod warming;
mod workload;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::{Answer, Caller, Engine, Settings, Spare};
use crate::api::ErrorCode;
use crate::budget::{Lane, Limits};
use crate::clock::{Clock, Timestamp};
use scripted::Scripted;

/// How long the scripted upstream takes unless told otherwise.
const LATENCY: Duration = Duration::from_millis(500);
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// An engine and its upstream.
#[derive(Clone)]
struct World {
    engine: Arc<Engine>,
    upstream: Arc<Scripted>,
}

impl World {
    fn new() -> Self {
        Self::with(&Settings::default())
    }

    fn with(settings: &Settings) -> Self {
        let upstream = Arc::new(Scripted::new(LATENCY));
        let clock = Clock::Tokio { origin: Timestamp(1_767_323_045_000), started: Instant::now() };
        let engine = Engine::new(settings, Arc::clone(&upstream) as _, clock, &Handle::current());
        Self { engine, upstream }
    }

    /// With a budget that never binds: 1,000 starts a second.
    fn lifted() -> Self {
        Self::with(&Settings { budget: lifted(), ..Settings::default() })
    }

    async fn ask(&self, target: &str, caller: &Caller) -> Answer {
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let answer = self.engine.answer(&Method::GET, path, query, caller).await;
        answer.expect("a cacheable request")
    }

    async fn get(&self, target: &str) -> Answer {
        self.ask(target, &caller()).await
    }

    /// Asks in a task of its own.
    fn spawn(&self, target: &str, caller: Caller) -> JoinHandle<Answer> {
        let (world, target) = (self.clone(), target.to_owned());
        tokio::spawn(async move { world.ask(&target, &caller).await })
    }

    /// Asks everything at once, each from a client of its own; answers in the order asked.
    async fn all(&self, targets: impl IntoIterator<Item = String>) -> Vec<Answer> {
        let asked: Vec<_> =
            targets.into_iter().zip(0_u32..).map(|(target, n)| self.spawn(&target, client(n))).collect();
        let mut answers = Vec::with_capacity(asked.len());
        for answer in asked {
            answers.push(answer.await.expect("no panic"));
        }
        answers
    }

    fn in_the_air(&self) -> usize {
        self.engine.batches.in_the_air() + self.engine.bodies.in_the_air()
    }

    /// Flights, tickets and slots.
    fn unfinished(&self) -> (usize, usize, usize) {
        let budget = self.engine.budget.snapshot();
        let queued = budget.queued.iter().map(|(_, queued)| queued).sum();
        (self.in_the_air(), queued, budget.in_flight)
    }

    /// Lets the paused clock run until nothing is fetched any more; fails if that never happens.
    async fn settled(&self) {
        let quiet = async {
            while self.unfinished() != (0, 0, 0) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let settled = tokio::time::timeout(3 * 3_600 * SECOND, quiet).await;
        assert!(settled.is_ok(), "left behind: {:?}", self.unfinished());
    }

    /// Neither flights nor tickets nor slots are left.
    fn assert_quiet(&self) {
        assert_eq!(self.unfinished(), (0, 0, 0));
    }
}

fn lifted() -> Limits {
    Limits { rate_per_minute: 60_000, min_interval: Duration::ZERO, max_in_flight: 64, adaptive: true }
}

fn caller() -> Caller {
    client(0)
}

fn client(n: u32) -> Caller {
    Caller {
        client: IpAddr::from((0x0a00_0000 + n).to_be_bytes()),
        lane: Lane::Interactive,
        no_cache: false,
        request_id: format!("r{n}"),
        trace: None,
    }
}

fn in_lane(lane: Lane) -> Caller {
    Caller { lane, ..client(900) }
}

fn request(target: &str) -> crate::api::Request {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    match crate::api::classify(&Method::GET, path, query) {
        Ok(crate::api::Call::Cacheable(request)) => request,
        other => panic!("{target} is {other:?}"),
    }
}

fn tracks(ids: impl IntoIterator<Item = String>) -> String {
    format!("/v1/track?ids={}", joined(ids))
}

fn features(ids: impl IntoIterator<Item = String>) -> String {
    format!("/v1/audio-features?ids={}", joined(ids))
}

fn joined(ids: impl IntoIterator<Item = String>) -> String {
    ids.into_iter().collect::<Vec<_>>().join(",")
}

fn text(answer: &Answer) -> &str {
    std::str::from_utf8(&answer.body).expect("JSON is UTF-8")
}

fn code(answer: &Answer) -> Option<u16> {
    ErrorCode::of(&answer.body).map(|code| code.0)
}

/// What an error body says, without its timestamp.
fn said(answer: &Answer) -> &str {
    text(answer).split_once("\"error\"").expect("an error body of the first form").1
}
