//! The address of the upstream, taken apart once.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Scheme, host, port and path prefix of an `http` or `https` URL without credentials, query and
/// fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    https: bool,
    host: String,
    port: u16,
    prefix: String,
}

impl BaseUrl {
    /// The public API.
    pub(super) fn recobeat() -> Self {
        Self { https: true, host: "api.reccobeats.com".to_owned(), port: 443, prefix: String::new() }
    }

    pub fn https(&self) -> bool {
        self.https
    }

    /// A name or an address, lower case; an IPv6 address is without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port given, or 443 for `https` and 80 for `http`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What goes before the path of a request: empty, or `/…` without a slash at its end.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The `Host` header (RFC 9112 §3.2): host and, unless it is the scheme's own, the port.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == default_port(self.https) { host } else { format!("{host}:{}", self.port) }
    }
}

/// Why a text is no base URL; completes "which …".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    #[error("does not begin with http:// or https://")]
    Scheme,
    #[error("carries credentials")]
    Credentials,
    #[error("has a query or fragment")]
    Query,
    #[error("is not a URL with a host and an optional port and path")]
    Malformed,
    #[error("has the port 0")]
    Port,
    #[error("has `404` in its path, a text that clients look for in error messages")]
    NotFoundText,
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(BaseUrlError::Scheme)?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(BaseUrlError::Scheme),
        };
        if rest.split('/').next().is_some_and(|authority| authority.contains('@')) {
            return Err(BaseUrlError::Credentials);
        }
        if rest.contains(['?', '#']) {
            return Err(BaseUrlError::Query);
        }
        let uri: http::Uri = text.parse().map_err(|_| BaseUrlError::Malformed)?;
        let authority = uri.authority().ok_or(BaseUrlError::Malformed)?;
        let host = host(authority.host()).ok_or(BaseUrlError::Malformed)?;
        let given = &authority.as_str()[authority.host().len()..];
        let port = match given.strip_prefix(':') {
            None => default_port(https),
            Some(port) => port.parse().map_err(|_| BaseUrlError::Malformed)?,
        };
        if port == 0 {
            return Err(BaseUrlError::Port);
        }
        let prefix = uri.path().trim_end_matches('/').to_owned();
        if prefix.contains("404") {
            return Err(BaseUrlError::NotFoundText);
        }
        Ok(Self { https, host, port, prefix })
    }
}

/// A host as DNS and TLS want it.
fn host(text: &str) -> Option<String> {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<std::net::Ipv6Addr>().ok().map(|address| address.to_string());
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let name = text.strip_suffix('.').unwrap_or(text);
    (name.len() <= 253 && name.split('.').all(label)).then(|| text.to_ascii_lowercase())
}

fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.prefix)
    }
}

impl Serialize for BaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (bool, String, u16, String, String) {
        let url: BaseUrl = text.parse().unwrap();
        (url.https(), url.host().to_owned(), url.port(), url.prefix().to_owned(), url.authority())
    }

    fn told(text: &str) -> BaseUrlError {
        text.parse::<BaseUrl>().unwrap_err()
    }

    #[test]
    fn a_port_that_is_not_given_is_the_scheme_s() {
        let wanted = (true, "api.example.org".into(), 443, String::new(), "api.example.org".into());
        assert_eq!(parts("https://api.example.org"), wanted);
        assert_eq!(parts("HTTPS://API.example.org:443/"), wanted);
        let wanted = (false, "localhost".into(), 80, String::new(), "localhost".into());
        assert_eq!(parts("http://localhost/"), wanted);
    }

    #[test]
    fn a_port_of_its_own_is_in_the_host_header() {
        let wanted = (false, "127.0.0.1".into(), 9000, "/api/v2".into(), "127.0.0.1:9000".into());
        assert_eq!(parts("http://127.0.0.1:9000/api/v2/"), wanted);
    }

    #[test]
    fn brackets_belong_to_the_header_only() {
        let wanted = (true, "::1".into(), 8443, String::new(), "[::1]:8443".into());
        assert_eq!(parts("https://[::1]:8443"), wanted);
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!(told("example.org"), BaseUrlError::Scheme);
        assert_eq!(told("redis://example.org"), BaseUrlError::Scheme);
        assert_eq!(told("https://a@example.org"), BaseUrlError::Credentials);
        assert_eq!(told("https://example.org?x"), BaseUrlError::Query);
        assert_eq!(told("https://example.org/#x"), BaseUrlError::Query);
        assert_eq!(told("https://"), BaseUrlError::Malformed);
        assert_eq!(told("https:///path"), BaseUrlError::Malformed);
        assert_eq!(told("https://a..b"), BaseUrlError::Malformed);
        assert_eq!(told("https://example.org:"), BaseUrlError::Malformed);
        assert_eq!(told("https://example.org:99999"), BaseUrlError::Malformed);
        assert_eq!(told("https://exämple.org"), BaseUrlError::Malformed);
        assert_eq!(told("https://[::g]"), BaseUrlError::Malformed);
        assert_eq!(told("https://example.org:0"), BaseUrlError::Port);
        assert_eq!(told("https://example.org/a404b"), BaseUrlError::NotFoundText);
    }

    #[test]
    fn it_is_shown_as_it_would_be_written() {
        assert_eq!(BaseUrl::recobeat().to_string(), "https://api.reccobeats.com");
        let url: BaseUrl = "http://[::1]:80/x/".parse().unwrap();
        assert_eq!(url.to_string(), "http://[::1]/x");
    }
}
