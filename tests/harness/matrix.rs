//! Every fault of the simulator on every endpoint: an error to the client, nothing wrong stored,
//! the next request fine.
//!
//! Each endpoint has a proxy of its own with the breaker as shipped. Every pair of fault and
//! endpoint asks for something that was never asked before, once with the fault and once without;
//! the second answer must be what the upstream says when asked directly.

use super::line::Lost;
use super::{Answer, Ask, Line, Setup, Stage, audio, ids, stage::catalogue};
use recobeat_sim::{Fault, RetryStyle, Rule, Shape};
use std::time::Duration;

/// A request of one kind that no earlier `turn` of the kind has asked.
struct Kind {
    name: &'static str,
    ask: fn(turn: usize) -> Ask,
    /// Streamed through: the proxy cannot know what a right answer looks like.
    streamed: bool,
}

/// What the client must get while the fault lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Must {
    /// 5xx of ours; for streamed answers what the upstream said.
    Fail,
    /// A 4xx that is passed on.
    Relay(u16),
    /// A right answer in spite of it.
    Succeed,
}

/// The outcome of the whole matrix.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) pairs: usize,
    pub(crate) endpoints: usize,
    pub(crate) faults: usize,
    /// What should not have happened.
    pub(crate) wrong: Vec<String>,
}

const KINDS: [Kind; 17] = [
    kind("/v1/track?ids=", |turn| three("/v1/track", turn)),
    kind("/v1/audio-features?ids=", |turn| three("/v1/audio-features", turn)),
    kind("/v1/artist?ids=", |turn| Ask::get(format!("/v1/artist?ids={}", artist(turn)))),
    kind("/v1/album?ids=", |turn| Ask::get(format!("/v1/album?ids={}", album(turn)))),
    kind("/v1/track/{id}", |turn| Ask::get(format!("/v1/track/{}", track(turn)))),
    kind("/v1/track/{id}/audio-features", |turn| {
        Ask::get(format!("/v1/track/{}/audio-features", track(turn)))
    }),
    kind("/v1/artist/{id}", |turn| Ask::get(format!("/v1/artist/{}", artist(turn)))),
    kind("/v1/album/{id}", |turn| Ask::get(format!("/v1/album/{}", album(turn)))),
    kind("/v1/track/recommendation", |turn| {
        Ask::get(format!("/v1/track/recommendation?size=5&seeds={}", track(turn)))
    }),
    kind("/v1/track/search", |turn| Ask::get(format!("/v1/track/search?searchText=love&size={}", turn + 1))),
    kind("/v1/artist/search", |turn| Ask::get(format!("/v1/artist/search?searchText=a&size={}", turn + 1))),
    kind("/v1/album/search", |turn| Ask::get(format!("/v1/album/search?searchText=a&size={}", turn + 1))),
    kind("/v1/artist/{id}/track", |turn| Ask::get(format!("/v1/artist/{}/track", artist(turn)))),
    kind("/v1/artist/{id}/album", |turn| Ask::get(format!("/v1/artist/{}/album", artist(turn)))),
    kind("an opaque list", |turn| Ask::get(format!("/v1/track?ids={}&x={turn}", track(turn)))),
    Kind { name: "an upload", ask: |turn| audio::upload(1_000 + turn), streamed: true },
    Kind { name: "an unknown route", ask: |turn| Ask::get(format!("/v2/new/{turn}")), streamed: true },
];

const fn kind(name: &'static str, ask: fn(usize) -> Ask) -> Kind {
    Kind { name, ask, streamed: false }
}

fn three(path: &str, turn: usize) -> Ask {
    Ask::get(ids::list(path, &ids::spotify(&ids::tracks(500 + 3 * turn, 3))))
}

fn track(turn: usize) -> &'static str {
    ids::tracks(700 + turn, 1)[0].id.as_str()
}

fn artist(turn: usize) -> &'static str {
    catalogue().artists()[10 + turn].id.as_str()
}

fn album(turn: usize) -> &'static str {
    catalogue().albums()[10 + turn].id.as_str()
}

fn faults() -> Vec<(Fault, Must)> {
    let shape = |shape| (Fault::WrongShape { shape }, Must::Fail);
    let refuse = |status, code| Fault::Refuse { status, code, message: "no".to_owned() };
    vec![
        (Fault::InternalError, Must::Fail),
        (Fault::Gzip, Must::Succeed),
        (Fault::Unavailable { retry_after: Some(120) }, Must::Fail),
        (Fault::Hang, Must::Fail),
        (Fault::NoStore, Must::Succeed),
        (Fault::Close, Must::Fail),
        (Fault::Reset { after_bytes: 0 }, Must::Fail),
        (Fault::Garbage, Must::Fail),
        (Fault::Reset { after_bytes: 120 }, Must::Fail),
        (Fault::Truncated, Must::Fail),
        shape(Shape::Data),
        shape(Shape::List),
        shape(Shape::NoIds),
        shape(Shape::NullRows),
        shape(Shape::Error),
        (Fault::Html403, Must::Fail),
        (refuse(401, 4011), Must::Relay(401)),
        (refuse(403, 4031), Must::Relay(403)),
        (Fault::SlowBody { chunk: 2_000, every_ms: 2 }, Must::Succeed),
        (Fault::SlowBody { chunk: 1, every_ms: 200 }, Must::Fail),
        (Fault::TooMany { retry_after: 1, style: RetryStyle::Seconds }, Must::Succeed),
    ]
}

/// Small time-outs and few retries, so that the whole matrix takes seconds.
fn setup() -> Setup {
    Setup::lifted()
        .set("upstream.timeouts.connect", "500ms")
        .set("upstream.timeouts.total", "900ms")
        .set("upstream.timeouts.search", "900ms")
        .set("upstream.retry.max_attempts", "2")
        .set("upstream.retry.backoff", "20ms")
        .set("budget.adaptive", "false")
}

/// Runs the endpoints whose name contains `selected`, several at a time.
pub(crate) async fn run(selected: &str) -> Report {
    let faults = faults();
    let mut report = Report { faults: faults.len(), ..Report::default() };
    let kinds: Vec<&'static Kind> = KINDS.iter().filter(|kind| kind.name.contains(selected)).collect();
    for group in kinds.chunks(6) {
        let running: Vec<_> = group.iter().map(|kind| tokio::spawn(endpoint(kind))).collect();
        for wrong in running {
            report.wrong.extend(wrong.await.expect("no panic"));
            report.endpoints += 1;
            report.pairs += faults.len();
        }
    }
    report
}

async fn endpoint(kind: &'static Kind) -> Vec<String> {
    let stage = Stage::with(&setup()).await;
    let mut wrong = Vec::new();
    for (turn, (fault, must)) in faults().into_iter().enumerate() {
        let fault_name = format!("{fault:?}");
        let times = matches!(fault, Fault::TooMany { .. }).then_some(1);
        stage.sim.add_fault(Rule { times, ..Rule::any(fault) });
        let broken = match stage.line().await.try_ask((kind.ask)(turn)).await {
            Ok(answer) => answer,
            // The head was on its way when the body broke off: an end of connection is the error.
            Err(Lost::Gone(_)) if kind.streamed => {
                stage.sim.clear_faults();
                continue;
            }
            Err(lost) => {
                stage.sim.clear_faults();
                wrong.push(format!("{} × {fault_name}: {lost}", kind.name));
                continue;
            }
        };
        let mut complain = |what: &str, answer: &Answer| {
            wrong.push(format!("{} × {fault_name}: {what}: {}", kind.name, answer.brief()));
        };
        if stage.sim.log().last().is_none_or(|call| call.faults.is_empty()) && times.is_none() {
            complain("the fault struck no call", &broken);
        }
        stage.sim.clear_faults();
        if !is_as_it_must_be(kind, must, &broken) {
            complain("unexpected answer", &broken);
        }
        if matches!(broken.code(), 429 | 503) && broken.retry_after().is_none() {
            complain("no usable Retry-After", &broken);
        }
        if broken.took > Duration::from_secs(8) {
            complain("took too long", &broken);
        }

        let next = stage.ask((kind.ask)(turn)).await;
        let mut upstream = Line::to(stage.sim.addr()).await;
        let direct = upstream.ask((kind.ask)(turn)).await;
        if !same(kind, &next, &direct) {
            complain("the next request is not fine", &next);
        }
    }
    wrong
}

fn is_as_it_must_be(kind: &Kind, must: Must, answer: &Answer) -> bool {
    let status = answer.code();
    // Bytes that pass through are the upstream's; what counts is that there is an answer at all.
    if kind.streamed {
        return status >= 200;
    }
    match must {
        Must::Fail => status >= 500 && answer.error_code().is_some(),
        Must::Relay(relayed) => status == relayed,
        Must::Succeed => status == 200,
    }
}

/// Equal up to what the upstream itself varies: the order of rows, the draw, the timestamp.
fn same(kind: &Kind, ours: &Answer, direct: &Answer) -> bool {
    if ours.status != direct.status {
        return false;
    }
    if kind.name == "/v1/track/recommendation" {
        return ours.row_ids().len() == direct.row_ids().len();
    }
    match (ours.rows(), direct.rows()) {
        (Some(mut ours), Some(mut direct)) => {
            let key = |row: &serde_json::Value| row["id"].to_string();
            ours.sort_by_key(key);
            direct.sort_by_key(key);
            ours == direct
        }
        (None, None) if direct.is_ok() => ours.body == direct.body,
        (None, None) => ours.error_code() == direct.error_code(),
        _ => false,
    }
}
