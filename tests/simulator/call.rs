//! The log of API calls, and the figures drawn from it.
//!
//! A call is written down when its head has arrived and completed when its answer has gone, so a
//! hanging call is visible while it hangs. Figures are computed from the log when asked for: there
//! is one truth, and a test that doubts a figure can look at the calls.

use crate::calendar;
use crate::contract::{Endpoint, Params};
use crate::lock::held;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Older calls are forgotten beyond this number.
const LONGEST_LOG: usize = 200_000;

/// One call as the upstream saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Counts from 1, never starts again, not even when the log is cleared.
    pub seq: u64,
    /// Arrival of the request head in milliseconds since the simulator was created.
    pub at: f64,
    /// The same moment on the wall clock.
    pub wall: String,
    pub method: String,
    pub path: String,
    /// As sent, without the question mark.
    pub query: String,
    pub endpoint: Endpoint,
    /// Ids asked for: those of a multi-get as sent, 1 for a single-get, else 0.
    pub ids: usize,
    /// Calls being answered at arrival, this one included.
    pub in_flight: usize,
    /// `None` while unanswered, and for ever if the connection ended without a status.
    pub status: Option<u16>,
    pub took_ms: Option<f64>,
    /// Names of the faults that struck this call.
    pub faults: Vec<String>,
    /// Names in lower case; repeated headers are joined with a comma.
    pub headers: BTreeMap<String, String>,
}

/// Figures over the log.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    pub calls: usize,
    pub by_endpoint: BTreeMap<Endpoint, usize>,
    /// Answered calls by status.
    pub by_status: BTreeMap<u16, usize>,
    /// Calls without a status: still open, or ended without one.
    pub unanswered: usize,
    pub max_in_flight: usize,
    /// The shortest time between two arrivals; `None` with fewer than two calls.
    pub min_gap_ms: Option<f64>,
    /// The most arrivals in any 60 s.
    pub max_in_60s: usize,
    pub ids_asked: usize,
    /// Ids asked for again, of one kind (track, features, artist, album), over all calls,
    /// whatever was answered.
    pub duplicate_ids_asked: usize,
}

/// The parts of a request that are written down.
pub(crate) struct Arrival<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) endpoint: Endpoint,
    pub(crate) headers: &'a [(String, String)],
}

#[derive(Debug)]
pub(crate) struct Ledger {
    started: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    seq: u64,
    in_flight: usize,
    calls: VecDeque<Call>,
}

/// A call being answered. Dropping it ends the call, however that came about.
#[derive(Debug)]
pub(crate) struct Open<'a> {
    ledger: &'a Ledger,
    pub(crate) seq: u64,
    pub(crate) in_flight: usize,
    arrived: Instant,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), inner: Mutex::default() }
    }

    /// Writes an arrival down. The clock is read under the lock: sequence and time agree.
    pub(crate) fn arrive(&self, arrival: &Arrival) -> Open<'_> {
        let ids = ids(arrival.endpoint, arrival.path, arrival.query).len();
        let mut headers = BTreeMap::<String, String>::new();
        for (name, value) in arrival.headers {
            let joined = headers.entry(name.clone()).or_default();
            if !joined.is_empty() {
                joined.push_str(", ");
            }
            joined.push_str(value);
        }
        let mut inner = held(&self.inner);
        let now = Instant::now();
        inner.seq += 1;
        inner.in_flight += 1;
        let call = Call {
            seq: inner.seq,
            at: millis(now - self.started),
            wall: calendar::iso(SystemTime::now()),
            method: arrival.method.to_owned(),
            path: arrival.path.to_owned(),
            query: arrival.query.to_owned(),
            endpoint: arrival.endpoint,
            ids,
            in_flight: inner.in_flight,
            status: None,
            took_ms: None,
            faults: Vec::new(),
            headers,
        };
        let open = Open { ledger: self, seq: call.seq, in_flight: call.in_flight, arrived: now };
        if inner.calls.len() == LONGEST_LOG {
            inner.calls.pop_front();
        }
        inner.calls.push_back(call);
        open
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        held(&self.inner).calls.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        held(&self.inner).calls.clear();
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats::of(&self.calls())
    }
}

impl Inner {
    fn call(&mut self, seq: u64) -> Option<&mut Call> {
        let first = self.calls.front()?.seq;
        let at = usize::try_from(seq.checked_sub(first)?).ok()?;
        self.calls.get_mut(at)
    }
}

impl Open<'_> {
    pub(crate) fn struck_by(&self, faults: Vec<String>) {
        if let Some(call) = held(&self.ledger.inner).call(self.seq) {
            call.faults = faults;
        }
    }

    /// The status line has been decided and is about to go out.
    pub(crate) fn status(&self, status: u16) {
        if let Some(call) = held(&self.ledger.inner).call(self.seq) {
            call.status = Some(status);
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let took = millis(self.arrived.elapsed());
        let mut inner = held(&self.ledger.inner);
        inner.in_flight -= 1;
        if let Some(call) = inner.call(self.seq) {
            call.took_ms = Some(took);
        }
    }
}

impl Stats {
    pub(crate) fn of(calls: &[Call]) -> Self {
        let mut stats = Self { calls: calls.len(), ..Self::default() };
        let mut asked = HashSet::new();
        let mut first = 0;
        for (last, call) in calls.iter().enumerate() {
            *stats.by_endpoint.entry(call.endpoint).or_default() += 1;
            match call.status {
                Some(code) => *stats.by_status.entry(code).or_default() += 1,
                None => stats.unanswered += 1,
            }
            stats.max_in_flight = stats.max_in_flight.max(call.in_flight);
            if last > 0 {
                let gap = ((call.at - calls[last - 1].at) * 1000.0).round() / 1000.0;
                stats.min_gap_ms = Some(stats.min_gap_ms.map_or(gap, |least| least.min(gap)));
            }
            while call.at - calls[first].at >= 60_000.0 {
                first += 1;
            }
            stats.max_in_60s = stats.max_in_60s.max(last - first + 1);
            for id in ids(call.endpoint, &call.path, &call.query) {
                stats.ids_asked += 1;
                if !asked.insert((kind(call.endpoint), id)) {
                    stats.duplicate_ids_asked += 1;
                }
            }
        }
        stats
    }
}

/// Endpoints that answer rows of one kind count as one, for ids asked twice.
fn kind(endpoint: Endpoint) -> Endpoint {
    match endpoint {
        Endpoint::Track => Endpoint::Tracks,
        Endpoint::TrackFeatures => Endpoint::Features,
        Endpoint::Artist => Endpoint::Artists,
        Endpoint::Album => Endpoint::Albums,
        other => other,
    }
}

fn ids(endpoint: Endpoint, path: &str, query: &str) -> Vec<String> {
    match endpoint {
        Endpoint::Tracks | Endpoint::Features | Endpoint::Artists | Endpoint::Albums => {
            let params = Params::of(query);
            params.list("ids").unwrap_or_default().into_iter().map(str::to_owned).collect()
        }
        Endpoint::Track | Endpoint::TrackFeatures | Endpoint::Artist | Endpoint::Album => {
            Endpoint::of(path).1.map(str::to_owned).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Milliseconds to the microsecond: short enough to survive being written and read.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival<'a>(path: &'a str, query: &'a str) -> Arrival<'a> {
        Arrival { method: "GET", path, query, endpoint: Endpoint::of(path).0, headers: &[] }
    }

    #[test]
    fn a_call_is_visible_while_it_is_open() {
        let ledger = Ledger::new();
        let open = ledger.arrive(&arrival("/v1/track", "ids=a,b"));
        let second = ledger.arrive(&arrival("/v1/track", "ids=a"));
        assert_eq!(ledger.calls()[0].took_ms, None);
        assert_eq!(second.in_flight, 2);
        open.status(200);
        drop(open);
        assert_eq!(ledger.calls()[0].status, Some(200));
        assert!(ledger.calls()[0].took_ms.is_some());
        drop(second);
        assert_eq!(ledger.arrive(&arrival("/v1/track", "")).in_flight, 1);
    }

    #[test]
    fn a_call_that_ends_after_the_log_was_cleared_does_no_harm() {
        let ledger = Ledger::new();
        let open = ledger.arrive(&arrival("/v1/track", "ids=a"));
        ledger.clear();
        let next = ledger.arrive(&arrival("/v1/track", "ids=b"));
        open.status(500);
        drop(open);
        assert_eq!(next.seq, 2);
        assert_eq!(ledger.calls().len(), 1);
        assert_eq!(ledger.calls()[0].status, None);
    }

    #[test]
    fn figures_count_what_the_log_shows() {
        let ledger = Ledger::new();
        ledger.arrive(&arrival("/v1/track", "ids=a,b,a")).status(200);
        ledger.arrive(&arrival("/v1/track/a", "")).status(400);
        ledger.arrive(&arrival("/v1/audio-features", "ids=a"));
        let mut calls = ledger.calls();
        calls[0].at = 0.0;
        calls[1].at = 59_999.0;
        calls[2].at = 60_000.0;
        let stats = Stats::of(&calls);
        assert_eq!((stats.calls, stats.max_in_60s, stats.max_in_flight), (3, 2, 1));
        assert_eq!(stats.min_gap_ms, Some(1.0));
        assert_eq!((stats.ids_asked, stats.duplicate_ids_asked), (5, 2));
        assert_eq!(stats.by_status, BTreeMap::from([(200, 1), (400, 1)]));
        assert_eq!(stats.unanswered, 1);
        assert_eq!(stats.by_endpoint[&Endpoint::Tracks], 1);
    }
}
