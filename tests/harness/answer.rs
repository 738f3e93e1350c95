//! One answer as a client sees it.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use std::time::Duration;

/// Status, headers, body, and how long they took from the sending of the request.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) took: Duration,
}

impl Answer {
    pub(crate) fn code(&self) -> u16 {
        self.status.as_u16()
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.status == StatusCode::OK
    }

    /// `""` when absent; repeated lines are joined.
    pub(crate) fn header(&self, name: &str) -> String {
        let lines: Vec<&str> =
            self.headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?")).collect();
        lines.join(", ")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// `Null` when the body is no JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Rows of a list, or `None` when the body has no `content`.
    pub(crate) fn rows(&self) -> Option<Vec<Value>> {
        self.json().get("content")?.as_array().cloned()
    }

    /// `id` of each row, in order; empty when there are no rows.
    pub(crate) fn row_ids(&self) -> Vec<String> {
        let rows = self.rows().unwrap_or_default();
        rows.iter().map(|row| row["id"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The number of a `Retry-After` that clients in the wild understand: whole seconds, 1..=300.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        let text = self.header("retry-after");
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|seconds| digits && (1..=300).contains(seconds))
    }

    /// Answered from the cache as a whole, fresh or stale.
    pub(crate) fn is_hit(&self) -> bool {
        self.header("cache-status").starts_with("recobeat; hit")
    }

    /// From the cache and not beyond its time.
    pub(crate) fn is_fresh(&self) -> bool {
        self.is_hit() && self.ttl().is_some_and(|ttl| ttl > 0)
    }

    /// From the cache, beyond its time.
    pub(crate) fn is_stale(&self) -> bool {
        self.is_hit() && self.ttl().is_some_and(|ttl| ttl <= 0)
    }

    /// Seconds until what was answered from the cache expires, as `Cache-Status` says.
    fn ttl(&self) -> Option<i64> {
        let status = self.header("cache-status");
        status.split(';').find_map(|part| part.trim().strip_prefix("ttl=")?.parse().ok())
    }

    /// The code of an error body in either form of the contract (§9).
    pub(crate) fn error_code(&self) -> Option<u64> {
        self.json()["status"].as_u64()
    }

    /// The body without the moment that errors carry.
    pub(crate) fn untimed(&self) -> String {
        let text = self.text();
        match text.strip_prefix("{\"timestamp\":\"").and_then(|rest| rest.split_once("\",")) {
            Some((_, rest)) => rest.to_owned(),
            None => text,
        }
    }

    /// For messages: status, how it came about, and the beginning of the body.
    pub(crate) fn brief(&self) -> String {
        let body: String = self.text().chars().take(160).collect();
        format!("{} [{}] {body}", self.status, self.header("cache-status"))
    }
}
