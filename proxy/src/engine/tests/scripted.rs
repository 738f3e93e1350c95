//! A small faithful upstream on tokio's clock, with behaviours to be switched per call.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;
use tokio::time::{Instant, sleep, timeout};

use super::catalogue;
use crate::api::{Endpoint, ErrorBody, ErrorCode, RowKind, Shape};
use crate::budget::Permit;
use crate::upstream::{CallError, Reply, Request, Upstream};

/// How one call goes.
#[derive(Debug, Clone)]
pub(super) enum Act {
    Well,
    /// An error of the service with this HTTP status.
    Status(u16),
    /// 429, with `Retry-After` in seconds or without.
    Throttle(Option<u64>),
    /// No answer before the call's own limit.
    Hang,
    Fail(CallError),
    /// Status, media type, body.
    Say(u16, &'static str, &'static str),
    /// The right answer, but late.
    Slow(Duration),
}

/// One call as the upstream saw it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) at: Instant,
    pub(super) target: String,
    /// Elements of `ids`, as sent.
    pub(super) ids: Vec<String>,
    /// Calls in flight, this one included.
    pub(super) in_flight: usize,
    /// It was answered well, and in time.
    pub(super) well: bool,
}

#[derive(Debug)]
struct Rule {
    needle: String,
    left: usize,
    act: Act,
}

#[derive(Debug, Default)]
struct State {
    seen: Vec<Seen>,
    in_flight: usize,
    rules: Vec<Rule>,
    answered: HashMap<String, Vec<u32>>,
    revision: u32,
    draws: u32,
}

#[derive(Debug)]
pub(super) struct Scripted {
    latency: Duration,
    state: Mutex<State>,
}

impl Scripted {
    pub(super) fn new(latency: Duration) -> Self {
        Self { latency, state: Mutex::default() }
    }

    /// The next `times` calls whose target holds `needle` go this way; rules made first go first.
    pub(super) fn script(&self, needle: &str, times: usize, act: Act) {
        self.lock().rules.push(Rule { needle: needle.to_owned(), left: times, act });
    }

    /// All calls go well again.
    pub(super) fn recover(&self) {
        self.lock().rules.clear();
    }

    /// In lists, `id` is answered by these rows from now on: none, another one, several.
    pub(super) fn answer(&self, id: &str, rows: &[u32]) {
        self.lock().answered.insert(id.to_owned(), rows.to_vec());
    }

    /// Every row changes.
    pub(super) fn revise(&self) {
        self.lock().revision += 1;
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.lock().seen.clone()
    }

    /// How many calls were made.
    pub(super) fn calls(&self) -> usize {
        self.lock().seen.len()
    }

    /// All ids asked so far in lists, repetitions included.
    pub(super) fn asked(&self) -> Vec<String> {
        self.lock().seen.iter().flat_map(|seen| seen.ids.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while holding it")
    }

    fn arrive(&self, target: &str) -> (Arrived<'_>, Option<Act>) {
        let mut state = self.lock();
        state.in_flight += 1;
        let in_flight = state.in_flight;
        let (path, query) = split(target);
        let multi_get = Endpoint::find(path).is_some_and(|(e, _)| matches!(e.shape, Shape::MultiGet(_)));
        let ids = if multi_get { list(query, "ids") } else { Vec::new() };
        let rule = state.rules.iter_mut().find(|rule| rule.left > 0 && target.contains(&rule.needle));
        let act = rule.map(|rule| {
            rule.left -= 1;
            rule.act.clone()
        });
        state.seen.push(Seen { at: Instant::now(), target: target.to_owned(), ids, in_flight, well: false });
        (Arrived { upstream: self, index: state.seen.len() - 1 }, act)
    }

    fn reply(&self, target: &str) -> Reply {
        let (path, query) = split(target);
        let Some((endpoint, segment)) = Endpoint::find(path) else {
            return refuse(404, ErrorCode::NO_PATH, path);
        };
        let segment = segment.unwrap_or_default();
        match endpoint.shape {
            Shape::MultiGet(kind) => self.list(kind, endpoint, &list(query, "ids")),
            Shape::Single(kind) => self.single(kind, path, segment),
            Shape::Recommendation => self.draw(endpoint, query),
            Shape::Search(kind) => {
                let text = parameter(query, "searchText").unwrap_or_default();
                if kind == RowKind::Track && text.len() < 3 {
                    return out_of_range(endpoint, "searchText");
                }
                self.page(kind, query, if text.contains("nothing") { 0 } else { 60 })
            }
            Shape::SubList(kind) => {
                let owner =
                    if endpoint.path.starts_with("/v1/album") { RowKind::Album } else { RowKind::Artist };
                match catalogue::number(owner, segment).filter(|n| catalogue::exists(owner, *n)) {
                    Some(_) if segment.len() == 36 => self.page(kind, query, 60),
                    _ => refuse(404, ErrorCode::NO_ENTITY, path),
                }
            }
        }
    }

    fn list(&self, kind: RowKind, endpoint: &Endpoint, ids: &[String]) -> Reply {
        if ids.is_empty() || ids.len() > 40 || ids.iter().any(String::is_empty) {
            return out_of_range(endpoint, "ids");
        }
        let state = self.lock();
        let own = |id: &String| catalogue::number(kind, id).filter(|n| catalogue::exists(kind, *n));
        let mut numbers: Vec<u32> = Vec::new();
        for id in ids {
            match state.answered.get(id) {
                Some(rows) => numbers.extend(rows),
                None => numbers.extend(own(id).filter(|n| !numbers.contains(n))),
            }
        }
        // Arbitrary, but never the order asked.
        numbers.reverse();
        let middle = numbers.len() / 3;
        numbers.rotate_left(middle);
        let row = |n| catalogue::row(kind, n, state.revision);
        let rows: Vec<String> = numbers.into_iter().map(row).collect();
        ok(catalogue::content(&rows))
    }

    fn single(&self, kind: RowKind, path: &str, id: &str) -> Reply {
        match catalogue::number(kind, id) {
            _ if id.len() != 36 => refuse(400, ErrorCode::INVALID, path),
            Some(n) if catalogue::exists(kind, n) => ok(catalogue::row(kind, n, self.lock().revision)),
            _ => refuse(404, ErrorCode::NO_ENTITY, path),
        }
    }

    /// Other rows at every call.
    fn draw(&self, endpoint: &Endpoint, query: &str) -> Reply {
        let size: u32 = parameter(query, "size").and_then(|size| size.parse().ok()).unwrap_or(20);
        if !(1..=100).contains(&size) {
            return out_of_range(endpoint, "size");
        }
        let known = |id: &String| {
            catalogue::number(RowKind::Track, id).is_some_and(|n| catalogue::exists(RowKind::Track, n))
        };
        if !list(query, "seeds").iter().any(known) {
            return refuse(400, ErrorCode::INVALID, endpoint.path);
        }
        let mut state = self.lock();
        state.draws += 1;
        let first = state.draws * 100;
        let revision = state.revision;
        let row = |n| catalogue::row(RowKind::Track, n % catalogue::TRACKS, revision);
        let rows: Vec<String> = (first..first + size).map(row).collect();
        ok(catalogue::content(&rows))
    }

    fn page(&self, kind: RowKind, query: &str, total: u32) -> Reply {
        let number =
            |name, default| parameter(query, name).and_then(|text| text.parse().ok()).unwrap_or(default);
        let (page, size): (u32, u32) = (number("page", 0), number("size", 25));
        let revision = self.lock().revision;
        let rows: Vec<String> = (page * size..total.min((page + 1) * size))
            .map(|n| catalogue::row(kind, n % catalogue::ARTISTS, revision))
            .collect();
        let content = rows.join(",");
        let pages = total.div_ceil(size);
        ok(format!(
            r#"{{"content":[{content}],"page":{page},"size":{size},"totalElements":{total},"totalPages":{pages}}}"#
        ))
    }
}

#[async_trait]
impl Upstream for Scripted {
    async fn call(&self, permit: Permit, request: Request) -> Result<Reply, CallError> {
        let target = &request.path_and_query;
        let (arrived, act) = self.arrive(target);
        let goes_well = matches!(act, None | Some(Act::Well | Act::Slow(_)));
        let answer = async {
            sleep(if let Some(Act::Slow(late)) = act { late } else { self.latency }).await;
            match act {
                None | Some(Act::Well | Act::Slow(_)) => Ok(self.reply(target)),
                Some(Act::Status(status)) => Ok(refuse(status, ErrorCode::INTERNAL, target)),
                Some(Act::Throttle(seconds)) => Ok(Reply {
                    retry_after: seconds.map(Duration::from_secs),
                    ..refuse(429, ErrorCode::RATE_LIMIT, target)
                }),
                Some(Act::Hang) => std::future::pending().await,
                Some(Act::Fail(error)) => Err(error),
                Some(Act::Say(status, media, body)) => Ok(reply(status, Some(media), body.into())),
            }
        };
        let outcome = timeout(request.timeout, answer).await;
        self.lock().seen[arrived.index].well = goes_well && outcome.is_ok();
        drop(permit);
        outcome.unwrap_or(Err(CallError::Timeout(request.timeout)))
    }
}

/// A call under way; over when dropped, however it ends.
struct Arrived<'u> {
    upstream: &'u Scripted,
    index: usize,
}

impl Drop for Arrived<'_> {
    fn drop(&mut self) {
        self.upstream.lock().in_flight -= 1;
    }
}

fn split(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(given, _)| *given == name).map(|(_, value)| value.replace('+', " "))
}

/// A list as Spring reads it: commas split a value that stands alone.
fn list(query: &str, name: &str) -> Vec<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let values: Vec<&str> = pairs.filter(|(given, _)| *given == name).map(|(_, value)| value).collect();
    match values.as_slice() {
        [one] => one.replace("%2C", ",").split(',').map(str::to_owned).collect(),
        several => several.iter().map(|value| (*value).to_owned()).collect(),
    }
}

fn reply(status: u16, media: Option<&str>, body: Bytes) -> Reply {
    Reply {
        status: StatusCode::from_u16(status).expect("a status"),
        media_type: media.map(str::to_owned),
        retry_after: None,
        body,
    }
}

fn ok(body: String) -> Reply {
    reply(200, Some("application/json"), body.into())
}

fn refuse(status: u16, code: ErrorCode, target: &str) -> Reply {
    let body = ErrorBody::plain(code, target, "refused");
    reply(status, Some("application/json"), body.to_bytes(std::time::UNIX_EPOCH))
}

fn out_of_range(endpoint: &Endpoint, parameter: &str) -> Reply {
    let body = ErrorBody::range(endpoint.handler, parameter, "size must be between 1 and 40");
    reply(400, Some("application/json"), body.to_bytes(std::time::UNIX_EPOCH))
}
