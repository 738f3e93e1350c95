//! The rule of `open` mode: this machine only, and really this machine.
//!
//! A loopback peer is not enough. A proxy on the same machine speaks for the whole world, and says
//! so by a forwarding header. A page of any site in the user's own browser also comes from
//! loopback: it is known by an `Origin` that is neither local nor allowed, or, when its name was
//! rebound to 127.0.0.1, by a `Host` that is not this machine.

use std::net::IpAddr;

use http::header::{FORWARDED, HOST, ORIGIN, VIA};
use http::{HeaderMap, Uri};

use super::{Denied, Evidence};

#[derive(Debug)]
pub(super) struct Neighbourhood {
    /// Origins of the app, beside those of this machine. `*` is none: any page could be anybody here.
    origins: Vec<String>,
}

impl Neighbourhood {
    pub(super) fn new(origins: &[String]) -> Self {
        Self { origins: origins.to_vec() }
    }

    pub(super) fn check(&self, evidence: Evidence<'_>) -> Result<(), Denied> {
        let Evidence { peer, headers, .. } = evidence;
        if !peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback()) {
            return Err(Denied::Forbidden(
                "auth.mode is open, which serves this machine only; set jwt or service",
            ));
        }
        if is_forwarded(headers) {
            return Err(Denied::Forbidden(
                "auth.mode is open, which does not serve behind a forwarding proxy; set jwt or service",
            ));
        }
        if headers.get(HOST).is_some_and(|host| !host.to_str().is_ok_and(names_this_machine)) {
            return Err(Denied::Forbidden("auth.mode is open: ask for 127.0.0.1, [::1] or localhost"));
        }
        if headers.get(ORIGIN).is_some_and(|origin| !origin.to_str().is_ok_and(|origin| self.trusts(origin)))
        {
            return Err(Denied::Forbidden("auth.mode is open: this origin is not in cors.allowed_origins"));
        }
        Ok(())
    }

    fn trusts(&self, origin: &str) -> bool {
        let authority = origin.parse::<Uri>().ok().and_then(|uri| uri.authority().cloned());
        self.origins.iter().any(|known| known == origin && known != "*")
            || authority.is_some_and(|authority| names_this_machine(authority.as_str()))
    }
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.contains_key(FORWARDED)
        || headers.contains_key(VIA)
        || headers.contains_key("x-real-ip")
        || headers.keys().any(|name| name.as_str().starts_with("x-forwarded-"))
}

/// `localhost`, `127.0.0.1:8000`, `[::1]:8000`, …
fn names_this_machine(authority: &str) -> bool {
    let Ok(authority) = authority.parse::<http::uri::Authority>() else { return false };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}
