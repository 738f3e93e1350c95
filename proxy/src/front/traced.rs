//! The span of a client's request, from its head to the last byte of its answer.

use http::StatusCode;
use recobeat_ops::trace::{Kind, Span};

use super::asked::Asked;
use crate::api::Endpoint;
use crate::engine::Answer;

/// Begins under the trace that the client sent; what the request causes belongs to it from now on.
pub(super) fn begin(asked: &mut Asked) -> Span {
    let mut span = Span::begin(Kind::Server, "request", asked.caller.trace.take());
    asked.caller.trace = span.context();
    if span.is_recorded() {
        let route = Endpoint::find(&asked.path).map_or("pass", |(endpoint, _)| endpoint.path);
        span.rename(route);
        span.set("http.route", route);
        span.set("http.request.method", asked.method.to_string());
        span.set("recobeat.request_id", asked.caller.request_id.clone());
    }
    span
}

pub(super) fn answered(span: &mut Span, answer: &Answer) {
    if span.is_recorded() {
        span.set("recobeat.outcome", answer.outcome.name());
        span.set("recobeat.cache_status", answer.cache_status.clone());
        ended(span, answer.status);
    }
}

pub(super) fn ended(span: &mut Span, status: StatusCode) {
    span.set("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.fail(status.canonical_reason().unwrap_or("error"));
    }
}
