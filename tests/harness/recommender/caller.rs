//! Somebody who asks the recommender for playlists.

use crate::harness::line::Lost;
use crate::harness::{Answer, Ask, Line};
use http::Method;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Beyond a run's own deadline.
const LONGEST_RUN: Duration = Duration::from_secs(150);

/// What identifies a caller goes with each request; each request has a connection of its own.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    to: SocketAddr,
    from: IpAddr,
    headers: Vec<(String, String)>,
    /// Between two looks at a run.
    every: Duration,
}

impl Caller {
    pub(super) fn to(to: SocketAddr) -> Self {
        let every = Duration::from_millis(50);
        Self { to, from: Ipv4Addr::LOCALHOST.into(), headers: Vec::new(), every }
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// From another loopback address.
    #[must_use]
    pub(crate) fn from(self, last: u8) -> Self {
        Self { from: Ipv4Addr::new(127, 0, 0, last).into(), ..self }
    }

    /// Looks at its runs less often.
    #[must_use]
    pub(crate) fn looking_every(self, every: Duration) -> Self {
        Self { every, ..self }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.to
    }

    pub(crate) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    pub(crate) async fn try_ask(&self, ask: Ask) -> Result<Answer, Lost> {
        let ask = self.headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value.as_str()));
        Line::try_between(self.from, self.to).await?.try_ask(ask).await
    }

    pub(crate) async fn ask(&self, ask: Ask) -> Answer {
        self.try_ask(ask).await.unwrap_or_else(|lost| panic!("{lost}"))
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.ask(Ask::get(target)).await
    }

    pub(crate) async fn delete(&self, target: &str) -> Answer {
        self.ask(Ask::new(Method::DELETE, target)).await
    }

    pub(crate) async fn post(&self, target: &str, body: &Value) -> Answer {
        self.ask(post(target, body.to_string())).await
    }

    /// Asks for a playlist; the answer may be a refusal.
    pub(crate) async fn ask_start(&self, body: &Value) -> Answer {
        self.post("/api/agents/recommendations/start", body).await
    }

    /// Starts a run; its session.
    pub(crate) async fn start(&self, body: &Value) -> String {
        let answer = self.ask_start(body).await;
        assert!(answer.status.is_success(), "not started: {}", answer.brief());
        let session = answer.json()["session_id"].as_str().map(str::to_owned);
        session.unwrap_or_else(|| panic!("no session: {}", answer.brief()))
    }

    pub(crate) async fn start_mood(&self, prompt: &str) -> String {
        self.start(&json!({ "mood_prompt": prompt })).await
    }

    pub(crate) async fn status(&self, session: &str) -> Answer {
        self.get(&format!("/api/agents/recommendations/{session}/status")).await
    }

    pub(crate) async fn results(&self, session: &str) -> Answer {
        self.get(&format!("/api/agents/recommendations/{session}/results")).await
    }

    /// Waits for the end of a run; its last status.
    pub(crate) async fn ended(&self, session: &str) -> Value {
        let begun = Instant::now();
        while begun.elapsed() < LONGEST_RUN {
            let answer = self.status(session).await;
            assert!(answer.is_ok(), "status of {session}: {}", answer.brief());
            let status = answer.json();
            if is_end(&status) {
                return status;
            }
            sleep(self.every).await;
        }
        panic!("{session} does not end");
    }

    /// A run from start to results, completed.
    pub(crate) async fn make(&self, body: &Value) -> Value {
        let session = self.start(body).await;
        let status = self.ended(&session).await;
        assert_eq!(status["status"], "completed", "{body}: {}", status["error"]);
        let results = self.results(&session).await;
        assert!(results.is_ok(), "results of {session}: {}", results.brief());
        results.json()
    }

    pub(crate) async fn make_mood(&self, prompt: &str) -> Value {
        self.make(&json!({ "mood_prompt": prompt })).await
    }
}

/// A run in this state does not change any more.
pub(crate) fn is_end(status: &Value) -> bool {
    matches!(status["status"].as_str(), Some("completed" | "failed" | "cancelled"))
}

/// A member that is a list; empty if it is none.
pub(crate) fn list<'a>(of: &'a Value, member: &str) -> &'a [Value] {
    of[member].as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(crate) fn post(target: &str, body: String) -> Ask {
    Ask::new(Method::POST, target).header("content-type", "application/json").body(body)
}

/// Every byte percent-encoded, for a path or a query.
pub(crate) fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |escaped, byte| escaped + &format!("%{byte:02X}"))
}
