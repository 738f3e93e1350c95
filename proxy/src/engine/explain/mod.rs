//! Why a request is answered as it is, without answering it: no call is made, nothing is counted or
//! moved between tiers, and no flight is joined.
//!
//! What is known comes from the same plan that answering uses, at a glance; what would follow is told
//! from the state of the budget, the breaker and the flights at this moment. It is a forecast for
//! somebody who comes now and alone: other people's ids may make calls fuller, not more.

mod bodies;
mod forecast;
mod holdings;
mod model;
mod rows;
mod words;

use std::net::{IpAddr, Ipv4Addr};

pub use model::{
    Answered, Breaker, Budget, Correction, Denial, Explanation, Forecast, Holding, Item, Kind, Refused,
    State, Verdict,
};

use super::Engine;
use super::named::target_of;
use crate::api::{Call, ErrorBody, ErrorCode, Request, classify_target};
use crate::cache::Look;
use crate::guard::{self, Repair};

/// Longest text that is read, in bytes: as long as a request line may be.
const LONGEST: usize = 32 << 10;
/// No client has this address: the forecast is for a newcomer.
const NEWCOMER: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Why a text cannot be explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unexplained {
    #[error("is neither a URL nor a path that begins with /; write it as a client asks it, /v1/track?ids=…")]
    NoPath,
    #[error("has characters that no URL has; write them percent-encoded")]
    Characters,
    #[error("is longer than {LONGEST} bytes")]
    Long,
}

impl Engine {
    /// What would become of a GET of this URL, or path with query, if it came now.
    ///
    /// # Errors
    /// When the text is no request line at all.
    pub async fn explain(&self, url: &str) -> Result<Explanation, Unexplained> {
        let target = target_of(url);
        if target.len() > LONGEST {
            return Err(Unexplained::Long);
        }
        if !target.starts_with('/') {
            return Err(Unexplained::NoPath);
        }
        if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Unexplained::Characters);
        }
        Ok(match classify_target(target) {
            Ok(Call::Cacheable(request)) => self.explain_request(request).await,
            Ok(Call::PassThrough) => self.explain_pass(target),
            Err(malformed) => {
                let path = target.split('?').next().unwrap_or(target);
                let body = ErrorBody::plain(ErrorCode::INVALID, path, malformed.to_string());
                let refused = Some(Refused::new("the request line is broken", &body, self.now()));
                let (request, kind) = (target.to_owned(), Kind::Malformed);
                words::finish(Explanation { request, kind, refused, ..self.told(Answered::Malformed) })
            }
        })
    }

    async fn explain_request(&self, request: Request) -> Explanation {
        let (request, repairs) = self.repaired(Look::Glance, request, false).await;
        let request = self.as_served(request);
        let told = match guard::refusal(&self.terms().rules, &request) {
            Some(body) => self.explain_refusal(&request, &body),
            None => match &request {
                Request::Rows(rows) => self.explain_rows(rows.kind, &rows.ids).await,
                Request::Row(row) => self.explain_rows(row.kind, std::slice::from_ref(&row.id)).await,
                Request::Body(body) => self.explain_body(body).await,
            },
        };
        words::finish(Explanation {
            request: understood(&request),
            kind: Kind::of(&request),
            endpoint: Some(request.endpoint().path.to_owned()),
            key: Some(explained_key(&request)),
            repairs: repairs.into_iter().map(correction).collect(),
            ..told
        })
    }

    fn explain_refusal(&self, request: &Request, body: &ErrorBody) -> Explanation {
        let rule = match request {
            Request::Rows(_) => "the list has more ids than a request may have",
            Request::Row(_) | Request::Body(_) => "the upstream refuses such a request for certain",
        };
        let refused = Some(Refused::new(rule, body, self.now()));
        Explanation { refused, ..self.told(Answered::Rule) }
    }

    fn explain_pass(&self, target: &str) -> Explanation {
        let upstream = self.forecast(vec![target.to_owned()], 0, 0);
        let answer = upstream.or_refusal(Answered::Pass);
        let (request, kind) = (target.to_owned(), Kind::PassThrough);
        words::finish(Explanation { request, kind, upstream, ..self.told(answer) })
    }

    /// An explanation of nothing yet.
    fn told(&self, answer: Answered) -> Explanation {
        Explanation {
            request: String::new(),
            endpoint: None,
            kind: Kind::Opaque,
            key: None,
            repairs: Vec::new(),
            refused: None,
            denial: None,
            items: Vec::new(),
            upstream: self.forecast(Vec::new(), 0, 0),
            answer,
            why: Vec::new(),
        }
    }
}

/// As `GET /cache?key=` takes it.
fn explained_key(request: &Request) -> String {
    match request {
        Request::Rows(_) | Request::Row(_) => understood(request),
        Request::Body(body) => body.key.clone(),
    }
}

/// The request in one spelling for all that mean it.
fn understood(request: &Request) -> String {
    match request {
        Request::Rows(rows) => {
            let ids: Vec<String> = rows.ids.iter().map(ToString::to_string).collect();
            format!("{}?ids={}", rows.endpoint.path, ids.join(","))
        }
        Request::Row(row) => row.target.clone(),
        Request::Body(body) => body.target.clone(),
    }
}

fn correction(repair: Repair) -> Correction {
    Correction { kind: repair.name().to_owned(), what: repair.what().to_owned() }
}
