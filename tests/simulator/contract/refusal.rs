//! The two error bodies of contract §9.

use super::{Endpoint, Reply};
use crate::calendar;
use serde_json::json;
use std::time::SystemTime;

/// Why a call is not answered with rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// First form: one text, the path of the call, a service code.
    Plain { http: u16, code: u32, text: String },
    /// Second form, code 4004 only: which parameter of which handler.
    Range { path: String, message: String },
}

impl Refusal {
    pub(crate) fn plain(http: u16, code: u32, text: impl Into<String>) -> Self {
        Self::Plain { http, code, text: text.into() }
    }

    pub(crate) fn absent(name: &str) -> Self {
        Self::plain(400, 4001, format!("Required request parameter '{name}' is not present"))
    }

    pub(crate) fn invalid(name: &str, value: &str) -> Self {
        Self::plain(400, 4002, format!("Invalid value '{value}' for parameter '{name}'"))
    }

    pub(crate) fn range(endpoint: Endpoint, name: &str, message: impl Into<String>) -> Self {
        Self::Range { path: format!("{}.{name}", endpoint.handler()), message: message.into() }
    }

    pub(crate) fn missing(what: &str) -> Self {
        Self::plain(404, 4041, format!("Cannot find {what} with given id"))
    }

    /// The answer for a call to `path` (without the query).
    pub(crate) fn reply(&self, path: &str) -> Reply {
        match self {
            Self::Plain { http, code, text } => Reply::json(
                *http,
                json!({
                    "timestamp": calendar::iso(SystemTime::now()),
                    "error": text,
                    "path": format!("uri={path}"),
                    "status": code,
                })
                .to_string(),
            ),
            Self::Range { path, message } => Reply::json(
                400,
                json!({"status": 4004, "errors": [{"path": path, "message": message}]}).to_string(),
            ),
        }
    }
}
