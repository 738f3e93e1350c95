//! What all our calls over HTTP have in common.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};
use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, Response};
use rustls::crypto::{CryptoProvider, ring};

const USER_AGENT: &str = concat!("recobeat-recommender/", env!("CARGO_PKG_VERSION"));

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("{key} is {url:?}: give an http or https URL without a query, for example http://127.0.0.1:8080")]
    Url { key: &'static str, url: String },
    #[error("no HTTP client: {0}; are the root certificates installed (ca-certificates)?")]
    Http(#[source] reqwest::Error),
}

/// An answer that is no whole body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the body broke off: {0}")]
    Off(String),
}

/// HTTP/1.1 under our own name, through no redirects: none of those we ask has reason to send us
/// elsewhere, and a token must not go there.
pub(crate) fn agent() -> ClientBuilder {
    if CryptoProvider::get_default().is_none() {
        // Whoever was faster has installed one too.
        let _ = ring::default_provider().install_default();
    }
    let builder = reqwest::Client::builder().user_agent(USER_AGENT).redirect(Policy::none());
    builder.http1_only().connect_timeout(Duration::from_secs(5)).pool_idle_timeout(Duration::from_secs(30))
}

/// The URL of a service as it is configured, without a slash at its end.
pub(crate) fn base(key: &'static str, url: &str) -> Result<String, ClientError> {
    let wrong = || ClientError::Url { key, url: url.to_owned() };
    let parsed = reqwest::Url::parse(url).map_err(|_| wrong())?;
    let fits = matches!(parsed.scheme(), "http" | "https")
        && parsed.has_host()
        && parsed.query().is_none()
        && parsed.fragment().is_none();
    fits.then(|| url.trim_end_matches('/').to_owned()).ok_or_else(wrong)
}

/// The whole body, if it has no more than `most` bytes.
pub(crate) async fn body(mut response: Response, most: usize) -> Result<Vec<u8>, Broken> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Broken::Off(reason(&error)))? {
        if body.len() + chunk.len() > most {
            return Err(Broken::TooLarge(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// When to come back: seconds or a date (RFC 9110).
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    Some(at.duration_since(SystemTime::now()).unwrap_or_default())
}

/// `application/json` or a relative of it.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"))
}

/// The innermost cause, which says most; without the URL, which may be long or secret.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if cause.is::<reqwest::Error>() { "the exchange failed".into() } else { cause.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::HeaderName::from_static(name), value.parse().expect("a value"))])
    }

    #[rstest]
    #[case("12", Some(12))]
    #[case(" 0 ", Some(0))]
    #[case("Thu, 01 Jan 1970 00:00:00 GMT", Some(0))]
    #[case("soon", None)]
    #[case("-1", None)]
    fn when_to_come_back_is_given_in_two_ways(#[case] value: &str, #[case] seconds: Option<u64>) {
        assert_eq!(retry_after(&headers("retry-after", value)), seconds.map(Duration::from_secs));
    }

    #[rstest]
    #[case::plain("http://127.0.0.1:8080", Some("http://127.0.0.1:8080"))]
    #[case::slash("http://proxy/", Some("http://proxy"))]
    #[case::path("https://proxy.example/recobeat/", Some("https://proxy.example/recobeat"))]
    #[case::no_scheme("127.0.0.1:8080", None)]
    #[case::other_scheme("ftp://proxy", None)]
    #[case::query("http://proxy?a=b", None)]
    #[case::empty("", None)]
    fn a_base_is_a_url(#[case] url: &str, #[case] expected: Option<&str>) {
        assert_eq!(base("proxy.url", url).ok().as_deref(), expected);
    }

    #[test]
    fn a_date_ahead_is_waited_for() {
        let at = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
        let wait = retry_after(&headers("retry-after", &at)).expect("a wait");
        assert!((Duration::from_secs(90)..=Duration::from_secs(100)).contains(&wait), "{wait:?}");
    }

    #[rstest]
    #[case("application/json", true)]
    #[case("Application/JSON; charset=utf-8", true)]
    #[case("application/problem+json", true)]
    #[case("text/html", false)]
    #[case("text/json-ish", false)]
    fn only_json_is_json(#[case] value: &str, #[case] expected: bool) {
        assert_eq!(is_json(&headers("content-type", value)), expected);
    }
}
