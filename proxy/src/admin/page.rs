//! `/`: the page for people who run the proxy. Embedded files, nothing from elsewhere, no build step.
//!
//! It is open, because it says nothing; what it shows comes from endpoints that ask for the token.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, StatusCode};
use xxhash_rust::xxh3::xxh3_128;

/// Scripts, styles and data from here only, none inline; no markup from strings at all.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const ICON: &str = "image/svg+xml";

struct File {
    path: &'static str,
    media: &'static str,
    text: &'static str,
}

macro_rules! files {
    ($($path:literal $media:ident $file:literal,)*) => {
        &[$(File { path: $path, media: $media, text: include_str!(concat!("page/", $file)) },)*]
    };
}

static FILES: &[File] = files! {
    "/" HTML "index.html",
    "/page/icon.svg" ICON "icon.svg",
    "/page/look.css" STYLE "look.css",
    "/page/page.css" STYLE "page.css",
    "/page/strips.css" STYLE "strips.css",
    "/page/ask.js" SCRIPT "ask.js",
    "/page/confirm.js" SCRIPT "confirm.js",
    "/page/configuration.js" SCRIPT "configuration.js",
    "/page/denials.js" SCRIPT "denials.js",
    "/page/element.js" SCRIPT "element.js",
    "/page/events.js" SCRIPT "events.js",
    "/page/explain.js" SCRIPT "explain.js",
    "/page/figures.js" SCRIPT "figures.js",
    "/page/ids.js" SCRIPT "ids.js",
    "/page/main.js" SCRIPT "main.js",
    "/page/pulse.js" SCRIPT "pulse.js",
    "/page/purge.js" SCRIPT "purge.js",
    "/page/readings.js" SCRIPT "readings.js",
    "/page/scale.js" SCRIPT "scale.js",
    "/page/strip.js" SCRIPT "strip.js",
    "/page/strips.js" SCRIPT "strips.js",
    "/page/theme.js" SCRIPT "theme.js",
    "/page/tiers.js" SCRIPT "tiers.js",
    "/page/verdict.js" SCRIPT "verdict.js",
    "/page/warm.js" SCRIPT "warm.js",
};

pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    FILES.iter().fold(Router::new(), |router, file| {
        let tag = format!("\"{:032x}\"", xxh3_128(file.text.as_bytes()));
        router.route(file.path, get(move |headers: HeaderMap| async move { answer(file, &tag, &headers) }))
    })
}

fn answer(file: &'static File, tag: &str, headers: &HeaderMap) -> Response {
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known =
        known.flat_map(|value| value.split(',')).any(|one| one.trim().trim_start_matches("W/") == tag);
    let head = [
        (CONTENT_TYPE, file.media),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-cache"),
        (ETAG, tag),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    if known { (StatusCode::NOT_MODIFIED, head).into_response() } else { (head, file.text).into_response() }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use rstest::rstest;
    use tower::ServiceExt;

    use super::*;
    use crate::api::ENDPOINTS;
    use crate::cache::Category;

    async fn get(path: &str, tag: Option<&str>) -> Response {
        let mut request = Request::get(path);
        if let Some(tag) = tag {
            request = request.header(IF_NONE_MATCH, tag);
        }
        router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn a_file_that_the_browser_has_is_not_sent_again() {
        let first = get("/", None).await;
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers()[CACHE_CONTROL], "no-cache");
        let tag = first.headers()[ETAG].to_str().unwrap();
        assert_eq!(get("/", Some(&format!("\"other\", W/{tag}"))).await.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(get("/", Some("\"other\"")).await.status(), StatusCode::OK);
    }

    #[test]
    fn every_module_that_is_imported_is_served() {
        for file in FILES {
            let imports = file.text.lines().filter_map(|line| line.split_once(" from \"./"));
            for module in imports.filter_map(|(_, rest)| rest.split('"').next()) {
                let path = format!("/page/{module}");
                assert!(FILES.iter().any(|file| file.path == path), "{} imports {path}", file.path);
            }
        }
    }

    #[test]
    fn nothing_is_fetched_from_elsewhere() {
        for file in FILES {
            let names = file.text.replace("http://www.w3.org/2000/svg", "");
            assert!(!names.contains("http://") && !names.contains("https://"), "{}", file.path);
        }
    }

    /// What can be purged is written into the page: choosing must not wait for an answer.
    #[rstest]
    #[case::endpoints(ENDPOINTS.iter().map(|endpoint| endpoint.path).collect())]
    #[case::categories(Category::ALL.map(Category::name).to_vec())]
    fn every_choice_of_a_purge_is_offered(#[case] names: Vec<&str>) {
        let page = FILES.iter().find(|file| file.path == "/").expect("the page").text;
        for name in names {
            assert!(page.contains(&format!("<option>{name}</option>")), "{name}");
        }
    }
}
