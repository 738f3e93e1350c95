//! Where to listen, whom to call, and who may call.

use std::net::SocketAddr;

use super::{Fault, Parsed, parsed};

/// An address to listen on: an IP address and a port.
pub fn address(wanted: &'static str) -> Parsed<SocketAddr> {
    parsed(wanted, |text| {
        text.parse().map_err(|_| {
            let port = text.rsplit(':').next().unwrap_or_default();
            let fault = Fault::wrong();
            if text.starts_with("localhost:") {
                fault.help(format!("names are not looked up: write 127.0.0.1:{port}"))
            } else if port.parse::<u16>().is_ok() && text.trim_start_matches(':') == port {
                fault.help(format!(
                    "write 127.0.0.1:{port} for this machine only, 0.0.0.0:{port} for all networks"
                ))
            } else {
                fault.help("write an IP address, a colon and a port up to 65535")
            }
        })
    })
    .like("^.+:[0-9]+$")
}

/// A base of HTTP addresses, without a slash at its end.
pub fn base_url(wanted: &'static str) -> Parsed<String> {
    parsed(wanted, |text| {
        let Some(rest) = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) else {
            return Err(Fault::why("does not begin with http:// or https://")
                .help("write the whole URL, scheme first"));
        };
        if rest.split('/').next().is_some_and(|authority| authority.contains('@')) {
            return Err(Fault::why("carries credentials").help("remove what stands before the `@`"));
        }
        if rest.contains(['?', '#']) {
            return Err(Fault::why("has a query or fragment").help("end it with the path"));
        }
        let uri: http::Uri = text
            .parse()
            .map_err(|_| Fault::wrong().help("write scheme://host, then :port and /path if needed"))?;
        if uri.host().is_none_or(str::is_empty) {
            return Err(Fault::why("has no host").help("write scheme://host, then :port and /path if needed"));
        }
        Ok(text.trim_end_matches('/').to_owned())
    })
    .like("^https?://[^/@?#]+(/[^?#]*)?$")
}

/// `*`, or the origin of a web page (RFC 6454 §6.2) in lower case: scheme, host and port.
pub fn origin() -> Parsed<String> {
    parsed("`*` or an origin such as https://app.example.org", |text| {
        if text == "*" {
            return Ok(text.to_owned());
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(Fault::why("has no scheme").help(format!("write https://{text}")));
        };
        if let Some(bare) = rest.strip_suffix('/')
            && !bare.contains('/')
        {
            let help = format!("write {scheme}://{bare}, as browsers send it");
            return Err(Fault::why("ends with a slash").help(help));
        }
        if rest.contains(['/', '?', '#', '@', '*']) {
            return Err(Fault::why("is more than scheme, host and port")
                .help("write scheme://host or scheme://host:port; no path, no wildcard inside"));
        }
        let malformed = || Fault::wrong().help("write scheme://host or scheme://host:port");
        let uri: http::Uri = text.parse().map_err(|_| malformed())?;
        let port_is_number = match uri.authority().map(|authority| authority.as_str().rsplit_once(':')) {
            Some(Some((_, port))) if !port.ends_with(']') => port.parse::<u16>().is_ok(),
            Some(_) => true,
            None => false,
        };
        if uri.host().is_none_or(str::is_empty) || !port_is_number {
            return Err(malformed());
        }
        Ok(text.to_ascii_lowercase())
    })
    .like("^(\\*|[^/?#@*]+://[^/?#@*]+)$")
}
