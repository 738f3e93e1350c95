//! What a caller may take.

use serde::Serialize;

use recobeat_ops::settings::kind::{self, KIB, Kind, MIB, list, origin, size, whole};
use recobeat_ops::settings::{Reader, defaults};

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
    pub body: u64,
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
            body: r.key("body", 256 * KIB, size(KIB..=16 * MIB)),
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
