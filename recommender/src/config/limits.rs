//! What a caller may take.

use serde::Serialize;

use super::kind::{self, Fault, KIB, Kind, MIB, Parsed, list, parsed, size, whole};
use super::reader::{Reader, defaults};

/// Requests a minute, per caller; and per address, whoever calls from there. 0 is no limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Limits {
    pub start_per_minute: u32,
    pub start_per_day: u32,
    pub remix_per_minute: u32,
    pub status_per_minute: u32,
    pub prefetch_per_minute: u32,
    pub warm_per_minute: u32,
    /// All endpoints but those of health, from one address; in `service` mode only requests that show
    /// no good token.
    pub address_per_minute: u32,
    /// Largest body of a request, in bytes.
    #[serde(serialize_with = "kind::serialize_size")]
    pub body: usize,
    /// Runs under way at once, four of them of one user; more wait, oldest first.
    pub concurrent_runs: usize,
}

/// Which web pages may call from a browser.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cors {
    /// Either `*` alone or origins (RFC 6454 §6.2): scheme, host and port in lower case. Empty allows
    /// none.
    pub allowed_origins: Vec<String>,
}

impl Limits {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let mut rate = |name, default| r.key(name, default, whole(0..=1_000_000).because("0 sets no limit"));
        Self {
            start_per_minute: rate("start_per_minute", 10),
            remix_per_minute: rate("remix_per_minute", 5),
            status_per_minute: rate("status_per_minute", 60),
            prefetch_per_minute: rate("prefetch_per_minute", 5),
            warm_per_minute: rate("warm_per_minute", 1),
            start_per_day: rate("start_per_day", 0),
            address_per_minute: rate("address_per_minute", 600),
            body: r.key("body", 256 * 1024, size(KIB..=16 * MIB)),
            concurrent_runs: r.key("concurrent_runs", 32, whole(1..=10_000)),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        defaults(Self::read)
    }
}

impl Cors {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let cors = Self { allowed_origins: r.key("allowed_origins", Vec::new(), list(origin())) };
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
            let help = format!("write {scheme}://{bare}, as browsers send it");
            return Err(Fault::why("ends with a slash").help(help));
        }
        if rest.contains(['/', '?', '#', '@', '*']) {
            return Err(Fault::why("is more than scheme, host and port")
                .help("write scheme://host or scheme://host:port; no path, no wildcard inside"));
        }
        let uri: http::Uri = text.parse().map_err(|_| Fault::wrong())?;
        if uri.host().is_none_or(str::is_empty) {
            return Err(Fault::wrong());
        }
        Ok(text.to_ascii_lowercase())
    })
}
