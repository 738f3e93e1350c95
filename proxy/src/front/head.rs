//! Is this the header section of one unambiguous request?
//!
//! Pingora's parser is tolerant where two parsers could disagree: it drops `Content-Length` beside
//! `Transfer-Encoding`, takes an HTTP/1.1 request without `Host`, escapes odd bytes in the target
//! and answers the rest with an empty 400. A proxy should not be the tolerant one, so the raw
//! bytes are looked at first, by a pure function, and refused with a reason. The price: what passes
//! here is parsed again by Pingora.

use http::StatusCode;

use super::refusal::Refusal;
use super::settings::Limits;

/// More header fields than any client sends.
const MAX_FIELDS: usize = 100;
/// Room in a request line for the method, two spaces and the version.
const AROUND_TARGET: usize = 64;

/// What the connection has to know of a request before it hands it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Framing {
    /// Bytes after the header section belong to this request, not to the next.
    pub has_body: bool,
}

/// Where the header section ends (after its empty line), looking only at what follows `from`.
pub(super) fn end(bytes: &[u8], from: usize) -> Option<usize> {
    // The empty line may have begun with bytes that were looked at before.
    let start = from.saturating_sub(3);
    (start..bytes.len()).filter(|&at| bytes[at] == b'\n').find_map(|at| match &bytes[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

/// Refuses a header section, or the beginning of one, that is too long.
pub(super) fn fits(bytes: &[u8], limits: &Limits) -> Result<(), Refusal> {
    let longest_line = limits.uri + AROUND_TARGET;
    let line = bytes.iter().take(longest_line + 1).position(|&byte| byte == b'\n');
    match line {
        None if bytes.len() > longest_line => Err(too_long(limits)),
        Some(end) if bytes.len() - end > limits.headers => Err(Refusal::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!(
                "the request's headers are larger than {} bytes; send fewer or shorter ones",
                limits.headers
            ),
        )),
        _ => Ok(()),
    }
}

/// Checks a complete header section.
pub(super) fn inspect(bytes: &[u8], limits: &Limits) -> Result<Framing, Refusal> {
    fits(bytes, limits)?;
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => {
            return Err(Refusal::bad_request("the request's header section is incomplete"));
        }
        Err(error) => return Err(malformed(error, bytes)),
    }
    let method = request.method.unwrap_or_default();
    let target = request.path.unwrap_or_default();
    self::target(target.as_bytes(), limits)?;
    allowed(method)?;
    authority(target, host(&request)?)?;
    let framing = framing(&request)?;
    if framing.has_body && matches!(method, "GET" | "HEAD") {
        return Err(Refusal::bad_request(format!(
            "a {method} request must not have a body; put everything into the URL"
        )));
    }
    Ok(framing)
}

/// Checks a request target, of either protocol version.
pub(super) fn target(raw: &[u8], limits: &Limits) -> Result<(), Refusal> {
    if raw.len() > limits.uri {
        return Err(too_long(limits));
    }
    // What no URI may contain and no URI parser takes.
    let refused = |byte: u8| !byte.is_ascii_graphic() || matches!(byte, b'"' | b'#' | b'<' | b'>' | b'`');
    if let Some(byte) = raw.iter().copied().find(|&byte| refused(byte)) {
        return Err(Refusal::bad_request(format!(
            "the request target contains the byte 0x{byte:02x}; write it as %{byte:02X}"
        )));
    }
    Ok(())
}

/// Refuses methods that are no request for a resource of ours.
pub(super) fn allowed(method: &str) -> Result<(), Refusal> {
    match method {
        "CONNECT" | "TRACE" => Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("{method} is not supported; this is a proxy for one API, not a forward proxy"),
        )),
        _ => Ok(()),
    }
}

fn too_long(limits: &Limits) -> Refusal {
    Refusal::new(
        StatusCode::URI_TOO_LONG,
        format!("the request target is longer than {} bytes; split the list of ids", limits.uri),
    )
}

fn malformed(error: httparse::Error, bytes: &[u8]) -> Refusal {
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let words = line.split(|&byte| byte == b' ').count();
    match error {
        httparse::Error::Version if words > 3 => {
            Refusal::bad_request("the request target contains a space; write it as %20")
        }
        httparse::Error::TooManyHeaders => Refusal::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("the request has more than {MAX_FIELDS} header fields"),
        ),
        httparse::Error::Version => Refusal::new(
            StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            "only HTTP/1.0, HTTP/1.1 and, over TLS, HTTP/2 are spoken here",
        ),
        other => Refusal::bad_request(format!("the request is not well-formed HTTP: {other}")),
    }
}

/// Exactly one `Host` in HTTP/1.1, at most one in 1.0 (RFC 9112 §3.2).
fn host<'a>(request: &'a httparse::Request<'_, '_>) -> Result<Option<&'a [u8]>, Refusal> {
    let mut hosts = values(request, "host");
    match (hosts.next(), hosts.next(), request.version) {
        (_, Some(_), _) => Err(Refusal::bad_request("the request has more than one Host header")),
        (Some(host), None, _) if host.contains(&b'@') => {
            Err(Refusal::bad_request("the Host header names a user"))
        }
        (None, None, Some(0)) => Ok(None),
        (None, None, _) => Err(Refusal::bad_request("the request has no Host header")),
        (host, None, _) => Ok(host),
    }
}

/// A path, `*`, or a whole URL of the same host (RFC 9112 §3.2).
fn authority(target: &str, host: Option<&[u8]>) -> Result<(), Refusal> {
    if target.starts_with('/') || target == "*" {
        return Ok(());
    }
    let authority = target
        .strip_prefix("http://")
        .or_else(|| target.strip_prefix("https://"))
        .map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match authority {
        None | Some("") => Err(Refusal::bad_request("the request target is neither a path nor a URL")),
        Some(authority) if host.is_some_and(|host| !host.eq_ignore_ascii_case(authority.as_bytes())) => {
            Err(Refusal::bad_request("the request target and the Host header name different hosts"))
        }
        Some(_) => Ok(()),
    }
}

/// One way to tell where the request ends (RFC 9112 §6.3), or none for no body.
fn framing(request: &httparse::Request<'_, '_>) -> Result<Framing, Refusal> {
    let mut lengths = values(request, "content-length");
    let mut codings = values(request, "transfer-encoding");
    match (lengths.next(), codings.next()) {
        (None, None) => Ok(Framing { has_body: false }),
        (Some(_), Some(_)) => Err(Refusal::bad_request(
            "the request has both Content-Length and Transfer-Encoding; send one of them",
        )),
        (Some(length), None) => {
            let digits = !length.is_empty() && length.iter().all(u8::is_ascii_digit);
            if !digits || lengths.next().is_some() {
                return Err(Refusal::bad_request("the request's Content-Length is not one decimal number"));
            }
            Ok(Framing { has_body: length.iter().any(|&digit| digit != b'0') })
        }
        (None, Some(_)) if request.version == Some(0) => {
            Err(Refusal::bad_request("HTTP/1.0 has no Transfer-Encoding; send Content-Length"))
        }
        (None, Some(coding)) => {
            if !coding.eq_ignore_ascii_case(b"chunked") || codings.next().is_some() {
                return Err(Refusal::new(
                    StatusCode::NOT_IMPLEMENTED,
                    "the only Transfer-Encoding understood here is chunked, once",
                ));
            }
            Ok(Framing { has_body: true })
        }
    }
}

fn values<'a>(request: &'a httparse::Request<'_, '_>, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    request.headers.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn status(text: &str) -> u16 {
        inspect(text.as_bytes(), &Limits::default()).map_or_else(|no| no.status.as_u16(), |_| 0)
    }

    #[rstest]
    #[case::plain("GET /v1/track?ids=a HTTP/1.1\r\nHost: a\r\n\r\n", 0)]
    #[case::bare_line_feeds("GET / HTTP/1.1\nHost: a\n\n", 0)]
    #[case::absolute_form("GET http://a/v1 HTTP/1.1\r\nHost: a\r\n\r\n", 0)]
    #[case::old_version_without_host("GET / HTTP/1.0\r\n\r\n", 0)]
    #[case::no_host("GET / HTTP/1.1\r\n\r\n", 400)]
    #[case::two_hosts("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400)]
    #[case::body_on_get("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", 400)]
    #[case::chunks_on_head("HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400)]
    #[case::empty_body_on_get("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 0)]
    #[case::length_and_chunks(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        400
    )]
    #[case::two_lengths("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400)]
    #[case::listed_lengths("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400)]
    #[case::signed_length("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400)]
    #[case::obscured_chunks("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 501)]
    #[case::chunks_twice(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        501
    )]
    #[case::space_before_colon("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400)]
    #[case::folded_field("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400)]
    #[case::nul_in_field("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400)]
    #[case::nul_in_target("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    #[case::raw_umlaut("GET /ü HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    #[case::space_in_target("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    #[case::other_host_in_target("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    #[case::user_in_host("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400)]
    #[case::relative_target("GET v1 HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    #[case::whole_server("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0)]
    #[case::connect("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 405)]
    #[case::other_version("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505)]
    fn a_header_section_is_taken_or_refused(#[case] text: &str, #[case] expected: u16) {
        assert_eq!(status(text), expected);
    }

    #[test]
    fn every_target_that_passes_is_a_uri() {
        for byte in 0..=u8::MAX {
            let target = [b"/a", [byte].as_slice(), b"?b=", &[byte]].concat();
            let uri = http::Uri::try_from(target.clone());
            if self::target(&target, &Limits::default()).is_ok() {
                assert_eq!(uri.unwrap().to_string().as_bytes(), target);
            }
        }
    }

    #[test]
    fn the_end_is_found_across_reads() {
        let text = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
        let whole = end(text, 0);
        assert_eq!(whole, Some(text.len() - 4));
        for seen in 0..text.len() - 4 {
            assert_eq!(end(text, seen), whole, "after {seen} bytes");
        }
        assert_eq!(end(&text[..text.len() - 5], 0), None);
    }

    #[rstest]
    #[case::longest_line(&[b'a'; 164], None)]
    #[case::longer_line(&[b'a'; 165], Some(414))]
    fn a_beginning_may_already_be_too_long(#[case] bytes: &[u8], #[case] expected: Option<u16>) {
        let limits = Limits { uri: 100, headers: 50, ..Limits::default() };
        assert_eq!(fits(bytes, &limits).err().map(|no| no.status.as_u16()), expected);
    }

    #[rstest]
    #[case::longest(50, None)]
    #[case::longer(51, Some(431))]
    fn headers_are_counted_from_the_end_of_the_line(#[case] length: usize, #[case] expected: Option<u16>) {
        let limits = Limits { uri: 100, headers: 50, ..Limits::default() };
        let bytes = [b"GET / HTTP/1.1\r".as_slice(), b"\n", &vec![b'a'; length - 1]].concat();
        assert_eq!(fits(&bytes, &limits).err().map(|no| no.status.as_u16()), expected);
    }
}
