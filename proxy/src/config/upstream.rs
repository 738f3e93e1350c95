//! How the RecoBeat API is called.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::base_url::{BaseUrl, BaseUrlError};
use recobeat_ops::settings::Reader;
use recobeat_ops::settings::kind::{
    self, DAY, Fault, HOUR, Kind, MILLISECOND, MINUTE, Parsed, SECOND, duration, file, in_words, optional,
    parsed, share, whole,
};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Upstream {
    pub base_url: BaseUrl,
    /// Sent with every call instead of the client's.
    pub user_agent: String,
    /// PEM certificates trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    pub timeouts: Timeouts,
    pub pool: Pool,
    pub retry: Retry,
    pub breaker: Breaker,
}

/// `connect` is never longer than the other two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timeouts {
    #[serde(serialize_with = "kind::serialize_duration")]
    pub connect: Duration,
    /// One whole call, connecting included.
    #[serde(serialize_with = "kind::serialize_duration")]
    pub total: Duration,
    /// The same for searches and artist pages.
    #[serde(serialize_with = "kind::serialize_duration")]
    pub search: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pool {
    /// Connections at most, at least 1.
    pub max: usize,
    /// Kept open while unused, at most `max`.
    pub idle: usize,
    #[serde(serialize_with = "kind::serialize_duration")]
    pub idle_timeout: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retry {
    /// Counts the first call, so 1 means no retry.
    pub max_attempts: u32,
    /// Before the second attempt; doubles for each further one.
    #[serde(serialize_with = "kind::serialize_duration")]
    pub backoff: Duration,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Breaker {
    pub consecutive_failures: u32,
    /// Failed calls per call in the window, 0.01 to 1.
    pub ratio: f64,
    #[serde(serialize_with = "kind::serialize_duration")]
    pub window: Duration,
    #[serde(serialize_with = "kind::serialize_duration")]
    pub open_for: Duration,
}

impl Upstream {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self {
            base_url: r.key("base_url", BaseUrl::recobeat(), base_url()),
            user_agent: r
                .key("user_agent", None, optional(user_agent()))
                .unwrap_or_else(|| concat!("recobeat-proxy/", env!("CARGO_PKG_VERSION")).to_owned()),
            ca_file: r.key(
                "ca_file",
                None,
                optional(file("a PEM file with certificates").holding("BEGIN CERTIFICATE")),
            ),
            timeouts: r.section("timeouts", Timeouts::read),
            pool: r.section("pool", Pool::read),
            retry: r.section("retry", Retry::read),
            breaker: r.section("breaker", Breaker::read),
        }
    }
}

impl Timeouts {
    fn read(r: &mut Reader<'_>) -> Self {
        let timeouts = Self {
            connect: r.key("connect", 10 * SECOND, duration(MILLISECOND..=10 * MINUTE)),
            total: r.key("total", 180 * SECOND, duration(MILLISECOND..=HOUR)),
            search: r.key("search", 60 * SECOND, duration(MILLISECOND..=HOUR)),
        };
        let (name, shortest) = if timeouts.search < timeouts.total {
            ("search", timeouts.search)
        } else {
            ("total", timeouts.total)
        };
        if timeouts.connect > shortest {
            let (connect, whole) = (in_words(timeouts.connect), in_words(shortest));
            r.refuse(
                &["connect", name],
                format!(
                    "`upstream.timeouts.connect` is {connect}, longer than a whole call may take: \
                     `upstream.timeouts.{name}` is {whole}"
                ),
                format!("lower `connect` to {whole} or less, or raise `{name}`"),
            );
        }
        timeouts
    }
}

impl Pool {
    fn read(r: &mut Reader<'_>) -> Self {
        let pool = Self {
            max: r.key("max", 200, whole(1..=100_000)),
            idle: r.key("idle", 50, whole(0..=100_000)),
            idle_timeout: r.key("idle_timeout", 30 * SECOND, duration(MILLISECOND..=DAY)),
        };
        if pool.idle > pool.max {
            r.refuse(
                &["idle", "max"],
                format!("`upstream.pool.idle` is {}, more than `upstream.pool.max`, {}", pool.idle, pool.max),
                "lower `idle` or raise `max`: no more connections can be kept than there are",
            );
        }
        pool
    }
}

impl Retry {
    fn read(r: &mut Reader<'_>) -> Self {
        Self {
            max_attempts: r.key(
                "max_attempts",
                3,
                whole(1..=10).because("the first call counts: 1 means no retry"),
            ),
            backoff: r.key("backoff", SECOND, duration(Duration::ZERO..=10 * MINUTE)),
        }
    }
}

impl Breaker {
    fn read(r: &mut Reader<'_>) -> Self {
        Self {
            consecutive_failures: r.key(
                "consecutive_failures",
                5,
                whole(1..=1_000_000).because("with 0 it would never close; a large number never opens it"),
            ),
            ratio: r.key(
                "ratio",
                0.5,
                share(0.01..=1.0)
                    .because("the part of calls in the window that failed; 0.5 opens above one half"),
            ),
            window: r.key("window", 60 * SECOND, duration(MILLISECOND..=DAY)),
            open_for: r.key("open_for", 30 * SECOND, duration(MILLISECOND..=DAY)),
        }
    }
}

fn base_url() -> Parsed<BaseUrl> {
    parsed("an http or https URL such as https://api.reccobeats.com", |text| {
        text.parse().map_err(|error: BaseUrlError| {
            Fault::why(error.to_string()).help(match error {
                BaseUrlError::Scheme => "write the whole URL, scheme first",
                BaseUrlError::Credentials => {
                    "remove what stands before the `@`: credentials are never sent upstream"
                }
                BaseUrlError::Query => "end the URL with the host, the port or a path",
                BaseUrlError::NotFoundText => "serve the upstream under another path",
                BaseUrlError::Malformed | BaseUrlError::Port => {
                    "write scheme://host, then :port and /path if needed"
                }
            })
        })
    })
    .like("^[Hh][Tt][Tt][Pp][Ss]?://[^/@?#]+(/[^?#]*)?$")
}

fn user_agent() -> Parsed<String> {
    parsed("visible ASCII characters and spaces", |text| {
        if text.trim() == text && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
            Ok(text.to_owned())
        } else {
            Err(Fault::why("cannot stand in a header")
                .help("write one line of ASCII, as in my-service/1.0 (ops@example.org)"))
        }
    })
}
