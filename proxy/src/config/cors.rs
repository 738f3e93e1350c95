//! Which web pages may call the proxy from a browser.

use serde::Serialize;

use super::kind::{Fault, Parsed, list, parsed};
use super::reader::Reader;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cors {
    /// Either `*` alone or origins (RFC 6454 §6.2): scheme, host and port in lower case. Empty
    /// allows none.
    pub allowed_origins: Vec<String>,
}

impl Cors {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let cors = Self { allowed_origins: r.key("allowed_origins", vec!["*".to_owned()], list(origin())) };
        if cors.allowed_origins.len() > 1 && cors.allowed_origins.iter().any(|origin| origin == "*") {
            r.refuse(
                &["allowed_origins"],
                "`cors.allowed_origins` has `*` beside other origins",
                "`*` allows every origin: keep it alone, or remove it",
            );
        }
        cors
    }
}

fn origin() -> Parsed<String> {
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
            return Err(
                Fault::why("ends with a slash").help(format!("write {scheme}://{bare}, as browsers send it"))
            );
        }
        if rest.contains(['/', '?', '#', '@', '*']) {
            return Err(Fault::why("is more than scheme, host and port")
                .help("write scheme://host or scheme://host:port; no path, no wildcard inside"));
        }
        let uri: http::Uri = text.parse().map_err(|_| Fault::wrong())?;
        let port_is_number = match uri.authority().map(|authority| authority.as_str().rsplit_once(':')) {
            Some(Some((_, port))) if !port.ends_with(']') => port.parse::<u16>().is_ok(),
            Some(_) => true,
            None => false,
        };
        if uri.host().is_none_or(str::is_empty) || !port_is_number {
            return Err(Fault::wrong());
        }
        Ok(text.to_ascii_lowercase())
    })
}
