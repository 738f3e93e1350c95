//! What every answer goes through: a request id, one line of the log, headers for browsers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Method};
use recobeat_ops::trace::{self, Context, Kind, Span};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};
use uuid::Uuid;

use crate::config;
use crate::profile::Profiler;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// One line per request at debug; the query is left out, it may hold a token. What the handler does belongs
/// to the span of its request.
pub(super) async fn observed(
    State(profiler): State<Arc<Profiler>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request.headers().get(&REQUEST_ID).filter(|id| is_plain(id)).cloned();
    let id = id.unwrap_or_else(|| {
        let fresh = Uuid::new_v4().simple().to_string();
        HeaderValue::try_from(fresh).unwrap_or_else(|_| HeaderValue::from_static("none"))
    });
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let mut span = Span::begin(Kind::Server, route.clone(), Context::of(request.headers()));
    span.set("http.request.method", method.to_string());
    let begun = Instant::now();
    let mut response = trace::within(span.context(), next.run(request)).await;
    let (status, took) = (response.status(), begun.elapsed());
    profiler.metrics().request(&route, status.as_u16(), took);
    span.set("http.response.status_code", status.as_u16());
    tracing::debug!(
        request_id = id.to_str().unwrap_or_default(),
        trace_id = span.context().as_ref().map(Context::trace_id),
        %method,
        path,
        status = status.as_u16(),
        seconds = took.as_secs_f64(),
        "answered"
    );
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Others' ids end up in logs, so they are short and of plain letters.
fn is_plain(id: &HeaderValue) -> bool {
    let letters = id.as_bytes();
    (1..=128).contains(&letters.len())
        && letters.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:+/=".contains(byte))
}

/// For pages of other origins; `None` when there are none.
pub(super) fn cors(cors: &config::Cors) -> Option<CorsLayer> {
    let origins = &cors.allowed_origins;
    if origins.is_empty() {
        return None;
    }
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            ACCEPT,
            AUTHORIZATION,
            CACHE_CONTROL,
            CONTENT_TYPE,
            REQUEST_ID,
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("x-user-id"),
            HeaderName::from_static("x-spotify-token"),
        ])
        .expose_headers([REQUEST_ID, RETRY_AFTER])
        .max_age(Duration::from_secs(3600));
    Some(if origins.iter().any(|origin| origin == "*") {
        layer.allow_origin(Any)
    } else {
        let known = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
        layer.allow_origin(AllowOrigin::list(known))
    })
}
