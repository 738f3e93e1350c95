//! Everything one simulator knows, and its verdict on each call.
//!
//! The order matters and copies the real thing: the edge looks at the User-Agent, then the rate
//! limit counts, and only calls that passed both reach the service, where faults happen. So a
//! refused call never uses a fault up, and a failing call does count against the limit.

use crate::call::{Ledger, Open};
use crate::catalogue::Catalogue;
use crate::contract::{self, Ask, Endpoint, Refusal, Reply, Tricks};
use crate::dice::Dice;
use crate::fault::{Board, Fault, RetryStyle, Shape};
use crate::limit::{self, Limiter, RateLimit};
use crate::lock::held;
use crate::settings::Behaviour;
use crate::wire::{Delivery, Head};
use bytes::Bytes;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) ledger: Ledger,
    pub(crate) behaviour: Mutex<Behaviour>,
    pub(crate) board: Mutex<Board>,
    limiter: Mutex<Limiter>,
}

/// What is sent, when, and how.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) reply: Reply,
    pub(crate) after: Duration,
    pub(crate) delivery: Delivery,
}

impl World {
    pub(crate) fn new(catalogue: Arc<Catalogue>, behaviour: Behaviour) -> Self {
        Self {
            catalogue,
            ledger: Ledger::new(),
            behaviour: Mutex::new(behaviour),
            board: Mutex::default(),
            limiter: Mutex::default(),
        }
    }

    /// Changes the behaviour; a new rate limit starts with empty windows.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        let mut behaviour = held(&self.behaviour);
        let before = behaviour.rate_limit.clone();
        change(&mut behaviour);
        if behaviour.rate_limit != before {
            held(&self.limiter).forget();
        }
    }

    /// Counts an arrived call against the rate limit. To be asked at arrival, before the body.
    pub(crate) fn admit(&self, head: &Head, open: &Open) -> Result<(), Verdict> {
        let (check, limit) = {
            let behaviour = held(&self.behaviour);
            (behaviour.user_agent_check, behaviour.rate_limit.clone())
        };
        if check && !proper_user_agent(head.header("user-agent")) {
            return Err(Verdict::at_once(edge_refusal("text/plain; charset=UTF-8")));
        }
        let Some(limit) = limit else { return Ok(()) };
        let asked = held(&self.limiter).ask(&limit, Instant::now(), open.in_flight);
        asked.map_err(|wait| Verdict::at_once(limited(head, &limit, wait)))
    }

    /// The answer to an admitted call.
    pub(crate) fn judge(&self, head: &Head, body: &[u8], open: &Open) -> Verdict {
        let (endpoint, _) = Endpoint::of(&head.path);
        let mut dice = Dice::salted(self.catalogue.seed(), open.seq);
        let after = held(&self.behaviour).latency_of(endpoint).draw(&mut dice);
        let faults = held(&self.board).strike(endpoint, &head.path, &head.query);
        if !faults.is_empty() {
            open.struck_by(faults.iter().map(|fault| fault.name().to_owned()).collect());
        }
        let ask = Ask {
            method: &head.method,
            path: &head.path,
            query: &head.query,
            content_type: head.header("content-type"),
            body,
        };
        let reply = contract::answer(&self.catalogue, &ask, &tricks(&faults), &mut dice);
        let mut verdict = Verdict { reply, after, delivery: Delivery::Whole };
        for fault in faults.iter().filter(|fault| !matches!(fault, Fault::Gzip)) {
            verdict.suffer(fault, head);
        }
        if faults.contains(&Fault::Gzip) {
            verdict.compress(head);
        }
        verdict
    }
}

impl Verdict {
    fn at_once(reply: Reply) -> Self {
        Self { reply, after: Duration::ZERO, delivery: Delivery::Whole }
    }

    fn suffer(&mut self, fault: &Fault, head: &Head) {
        let refuse = |http, code, text: &str| Refusal::plain(http, code, text).reply(&head.path);
        match fault {
            Fault::InternalError => self.reply = refuse(500, 5001, "Internal server error"),
            Fault::Unavailable { retry_after } => {
                self.reply = refuse(503, 5001, "Service unavailable");
                if let Some(seconds) = retry_after {
                    self.reply.headers.push(("Retry-After", seconds.to_string()));
                }
            }
            Fault::TooMany { retry_after, style } => {
                *self = Self::at_once(too_many(head, *style, Duration::from_secs(*retry_after)));
            }
            Fault::Refuse { status, code, message } => self.reply = refuse(*status, *code, message),
            Fault::Hang => self.delivery = Delivery::Hang,
            Fault::Close => self.delivery = Delivery::Close,
            Fault::Reset { after_bytes } => self.delivery = Delivery::Reset { after: *after_bytes },
            Fault::Truncated => self.delivery = Delivery::Truncated,
            Fault::Garbage => self.reply = Reply::json(200, r#"{"content":[{"id":"7c1f0a52-3f0"#),
            Fault::WrongShape { shape } => {
                self.reply = Reply::json(200, misshapen(*shape, &self.reply, head));
            }
            Fault::Html403 => *self = Self::at_once(edge_refusal("text/html")),
            Fault::SlowBody { chunk, every_ms } => {
                let every = Duration::from_millis(*every_ms);
                self.delivery = Delivery::Slow { chunk: *chunk, every };
            }
            Fault::NoStore => self.reply.headers.push(("Cache-Control", "no-store".to_owned())),
            Fault::Padded { bytes } => self.reply.body = padded(&self.reply.body, *bytes),
            // The first is done last, the others while the rows were put together.
            Fault::Gzip | Fault::Relink { .. } | Fault::DropRows { .. } | Fault::Endless => {}
        }
    }

    fn compress(&mut self, head: &Head) {
        self.reply.headers.push(("Vary", "Accept-Encoding".to_owned()));
        if !head.header("accept-encoding").is_some_and(|value| value.contains("gzip")) {
            return;
        }
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let packed = encoder.write_all(&self.reply.body).and_then(|()| encoder.finish());
        self.reply.body = packed.expect("writing to a Vec cannot fail").into();
        self.reply.headers.push(("Content-Encoding", "gzip".to_owned()));
    }
}

fn tricks(faults: &[Fault]) -> Tricks {
    let mut tricks = Tricks::default();
    for fault in faults {
        match fault {
            Fault::Relink { asked, answers_as } => {
                tricks.relinks.insert(asked.clone(), answers_as.clone());
            }
            Fault::DropRows { ids } => tricks.dropped.extend(ids.iter().cloned()),
            Fault::Endless => tricks.endless = true,
            _ => {}
        }
    }
    tricks
}

/// The edge turns away clients that do not say who they are.
fn proper_user_agent(value: Option<&str>) -> bool {
    value.is_some_and(|value| !value.trim().is_empty() && !value.starts_with("Python-urllib"))
}

fn edge_refusal(media_type: &str) -> Reply {
    Reply::typed(403, media_type, "error code: 1010")
}

fn limited(head: &Head, limit: &RateLimit, wait: Duration) -> Reply {
    too_many(head, limit.retry_after, wait)
}

fn too_many(head: &Head, style: RetryStyle, wait: Duration) -> Reply {
    let mut reply = Refusal::plain(429, 4291, "Too many requests").reply(&head.path);
    if let Some(value) = limit::retry_after(style, wait) {
        reply.headers.push(("Retry-After", value));
    }
    reply
}

/// An object with one member more; anything else stays as it is.
fn padded(body: &Bytes, bytes: usize) -> Bytes {
    let Some(open) = body.strip_suffix(b"}") else { return body.clone() };
    let padding = "x".repeat(bytes);
    Bytes::from([open, b",\"padding\":\"", padding.as_bytes(), b"\"}"].concat())
}

/// Valid JSON that is not what was asked for, made from what would have been.
fn misshapen(shape: Shape, reply: &Reply, head: &Head) -> String {
    let right: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
    let rows = match right.get("content") {
        Some(Value::Array(rows)) => rows.clone(),
        _ => vec![right.clone()],
    };
    match shape {
        Shape::Data => json!({"data": []}).to_string(),
        Shape::List => Value::Array(rows).to_string(),
        Shape::NoIds => {
            let without = rows.into_iter().map(|mut row| {
                if let Some(row) = row.as_object_mut() {
                    row.shift_remove("id");
                }
                row
            });
            let mut without: Vec<Value> = without.collect();
            if right.get("content").is_some() {
                json!({"content": without}).to_string()
            } else {
                without.pop().unwrap_or(Value::Null).to_string()
            }
        }
        Shape::NullRows => json!({"content": [null]}).to_string(),
        Shape::Error => {
            let body = Refusal::plain(200, 5001, "Internal server error").reply(&head.path).body;
            String::from_utf8_lossy(&body).into_owned()
        }
    }
}
