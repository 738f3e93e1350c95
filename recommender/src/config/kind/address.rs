//! Where to listen, and whom to call.

use std::net::SocketAddr;

use super::{Fault, Parsed, parsed};

/// An address to listen on.
pub(in crate::config) fn address() -> Parsed<SocketAddr> {
    parsed("an address and port, such as 127.0.0.1:8000 or [::]:8000", |text| {
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
}

/// A base of HTTP addresses, without a slash at its end.
pub(in crate::config) fn base_url(wanted: &'static str) -> Parsed<String> {
    parsed(wanted, |text| {
        let Some(rest) = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) else {
            return Err(Fault::why("does not begin with http:// or https://"));
        };
        if rest.split('/').next().is_some_and(|authority| authority.contains('@')) {
            return Err(Fault::why("carries credentials").help("remove what stands before the `@`"));
        }
        if rest.contains(['?', '#']) {
            return Err(Fault::why("has a query or fragment").help("end it with the path"));
        }
        let uri: http::Uri = text.parse().map_err(|_| Fault::wrong())?;
        if uri.host().is_none_or(str::is_empty) {
            return Err(Fault::why("has no host"));
        }
        Ok(text.trim_end_matches('/').to_owned())
    })
}
