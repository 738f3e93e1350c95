use crate::config::Config;

/// A key, or a section with all its keys, that keeps its value until a restart.
#[derive(Debug, Clone, Copy)]
pub struct Fixed {
    pub key: &'static str,
    /// Why it cannot change while the proxy runs.
    pub why: &'static str,
}

macro_rules! fixed {
    ($($first:ident $(. $part:ident)*: $why:literal,)*) => {
        /// Every key that needs a restart; all others are live.
        pub static FIXED: &[Fixed] = &[
            $(Fixed { key: concat!(stringify!($first) $(, ".", stringify!($part))*), why: $why },)*
        ];

        /// `next` with the values of `running` where they are fixed.
        pub(super) fn kept(mut next: Config, running: &Config) -> Config {
            $(next.$first$(.$part)*.clone_from(&running.$first$(.$part)*);)*
            next
        }
    };
}

fixed! {
    listen: "the address is bound at the start",
    tls: "certificate and key are read at the start",
    admin.listen: "the address is bound at the start",
    upstream.base_url: "names are looked up and connections kept for one upstream",
    upstream.ca_file: "the authorities are read at the start",
    upstream.pool.max: "the pool is made at the start",
    upstream.pool.idle: "the pool is made at the start",
    cache.memory: "the size decides how entries are weighed and spread",
    cache.disk.enabled: "tiers are opened at the start",
    cache.disk.path: "tiers are opened at the start",
    cache.redis: "tiers are opened at the start",
    limits.connections: "the room for connections is counted out at the start",
    telemetry.format: "the log is begun at the start",
    telemetry.otlp_endpoint: "traces are set up at the start",
}

/// The line about a key, if it is fixed.
pub(super) fn fixed(key: &str) -> Option<&'static Fixed> {
    let inside = |section: &str| key.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'));
    FIXED.iter().find(|fixed| fixed.key == key || inside(fixed.key))
}

/// What would be refused at a start but comes about here: of two keys that depend on one another, one
/// has changed and the other cannot.
pub(super) fn contradiction(next: &Config) -> Option<String> {
    if next.admin.token.is_none() && !next.admin.listen.ip().is_loopback() {
        return Some(format!(
            "`admin.token` is gone, but until a restart the admin side listens at {}, which others can \
             reach\nkeep a token until then",
            next.admin.listen
        ));
    }
    let (calls, connections) = (next.budget.max_in_flight, next.upstream.pool.max);
    if calls > connections {
        return Some(format!(
            "`budget.max_in_flight` is {calls}, but until a restart there are `upstream.pool.max`, \
             {connections}, connections\nlower the former, or restart"
        ));
    }
    None
}
