use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri, header};

use super::Admin;

/// Lets a request through when it carries the right token; without one set, when no other site's page
/// can have sent it.
pub(super) async fn bearer(State(admin): State<Arc<Admin>>, request: Request, next: Next) -> Response {
    let config = admin.running.config();
    let Some(token) = &config.admin.token else {
        if is_foreign(request.headers()) {
            let told = "without admin.token only this machine is served: ask by IP address or as localhost, \
                        not from another site\n";
            return (StatusCode::FORBIDDEN, told).into_response();
        }
        return next.run(request).await;
    };
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if equal(given.as_bytes(), token.as_bytes()) {
        return next.run(request).await;
    }
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
    (StatusCode::UNAUTHORIZED, challenge, "the admin token is missing or wrong\n").into_response()
}

/// Compares in a time that depends on the lengths alone.
fn equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |acc, (a, b)| acc | (a ^ b)) == 0
}

/// Every browser on this machine can reach a listener on loopback, whatever page it shows. A page of
/// another site tells its origin; one whose name was made to lead here tells that name as the host.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value: &http::HeaderValue| value.to_str().unwrap_or_default());
    // Browsers always tell the host.
    let Some(host) = text(header::HOST) else { return text(header::ORIGIN).is_some() };
    let is_here = |authority: http::uri::Authority| {
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok()
    };
    if !host.parse().is_ok_and(is_here) {
        return true;
    }
    let is_own = |origin: &str| {
        origin.parse::<Uri>().is_ok_and(|origin| origin.authority().is_some_and(|origin| origin == host))
    };
    text(header::ORIGIN).is_some_and(|origin| !is_own(origin))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::of_a_program("127.0.0.1:9090", None, false)]
    #[case::of_our_page("127.0.0.1:9090", Some("http://127.0.0.1:9090"), false)]
    #[case::by_name("localhost:9090", Some("http://localhost:9090"), false)]
    #[case::of_the_new_protocol("[::1]:9090", Some("http://[::1]:9090"), false)]
    #[case::of_another_site("127.0.0.1:9090", Some("https://evil.example"), true)]
    #[case::of_another_port("127.0.0.1:9090", Some("http://127.0.0.1:8000"), true)]
    #[case::of_a_sandbox("127.0.0.1:9090", Some("null"), true)]
    #[case::of_a_name_made_to_lead_here("evil.example:9090", None, true)]
    #[case::of_that_name_too("evil.example:9090", Some("http://evil.example:9090"), true)]
    #[case::of_nobody("", None, true)]
    fn pages_of_others_are_foreign(#[case] host: &str, #[case] origin: Option<&str>, #[case] foreign: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        assert_eq!(is_foreign(&headers), foreign);
    }
}
