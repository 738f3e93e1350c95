//! The page to try a mood: four embedded files, nothing from elsewhere.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use super::App;
use super::caller::Anyone;

/// Scripts and styles from here only, none inline; no frames, no forms, no other origin.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) const ROUTES: [&str; 4] = ["/", "/page.css", "/page.js", "/icon.svg"];

pub(super) fn router() -> Router<App> {
    let [page, style, script, icon] = ROUTES;
    Router::new()
        .route(page, get(async |_: Anyone| file("text/html; charset=utf-8", include_str!("page/index.html"))))
        .route(style, get(async |_: Anyone| file("text/css; charset=utf-8", include_str!("page/page.css"))))
        .route(
            script,
            get(async |_: Anyone| file("text/javascript; charset=utf-8", include_str!("page/page.js"))),
        )
        .route(icon, get(async |_: Anyone| file("image/svg+xml", include_str!("page/icon.svg"))))
}

fn file(media: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, media), (CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, "no-cache")], text)
        .into_response()
}
