//! Where entries are kept: memory, and a file on disk or a Redis behind it.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use recobeat_ops::settings::Reader;
use recobeat_ops::settings::kind::{
    self, Fault, GIB, Kind, MIB, MILLISECOND, MINUTE, Parsed, SECOND, TIB, duration, optional, parsed, size,
    switch, whole,
};
use recobeat_ops::settings::secret::{bare_url_if_any, debug_as_shown};

/// Whichever bound is reached first evicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    #[serde(serialize_with = "kind::serialize_size")]
    pub max_bytes: u64,
    /// At least 5,000.
    pub max_entries: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disk {
    pub enabled: bool,
    /// A file; its folder is made if it is missing.
    pub path: PathBuf,
    #[serde(serialize_with = "kind::serialize_size")]
    pub max_bytes: u64,
}

/// A Redis or Valkey that replaces the disk and is shared by all replicas.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Redis {
    /// One server, or the nodes of a cluster separated by commas. May hold a password, so it is
    /// shown without credentials.
    #[serde(serialize_with = "bare_url_if_any")]
    pub url: Option<String>,
    /// Begins every key; visible ASCII without braces, which mark hash tags.
    pub prefix: String,
    /// The longest a request waits for a look-up.
    #[serde(serialize_with = "kind::serialize_duration")]
    pub lookup_timeout: Duration,
    #[serde(serialize_with = "kind::serialize_duration")]
    pub connect_timeout: Duration,
    /// Connections at most.
    pub pool: usize,
}

debug_as_shown!(Redis);

impl Memory {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self {
            max_bytes: r.key("max_bytes", 256 * MIB, size(MIB..=TIB)),
            max_entries: r.key(
                "max_entries",
                1_000_000,
                whole(5000..=1_000_000_000).because(
                    "fewer than 5000 entries lose more than they save; bound the memory with `max_bytes`",
                ),
            ),
        }
    }
}

impl Disk {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self {
            enabled: r.key("enabled", true, switch()),
            path: r.key("path", PathBuf::from("data/cache.redb"), path()),
            max_bytes: r.key("max_bytes", 4 * GIB, size(MIB..=1024 * TIB)),
        }
    }
}

impl Redis {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self {
            url: r.key("url", None, optional(url()).veiled()),
            prefix: r.key("prefix", "recobeat".to_owned(), prefix()),
            lookup_timeout: r.key(
                "lookup_timeout",
                Duration::from_millis(50),
                duration(MILLISECOND..=10 * SECOND),
            ),
            connect_timeout: r.key("connect_timeout", 5 * SECOND, duration(MILLISECOND..=10 * MINUTE)),
            pool: r.key("pool", 50, whole(1..=10_000)),
        }
    }
}

fn path() -> Parsed<PathBuf> {
    parsed("the path of a file", |text| {
        let path = PathBuf::from(text);
        if path.is_dir() {
            return Err(Fault::why("is a folder").help("name a file in it, such as data/cache.redb"));
        }
        Ok(path)
    })
}

fn url() -> Parsed<String> {
    parsed("a Redis URL such as redis://:password@host:6379/0", |text| {
        let known = |scheme: &str| matches!(scheme, "redis" | "rediss" | "valkey" | "valkeys");
        match text.split_once("://") {
            Some((scheme, rest)) if known(scheme) => {
                let host = rest.rsplit('@').next().unwrap_or_default();
                if host.is_empty() || host.starts_with([':', '/', ',']) || text.contains(char::is_whitespace)
                {
                    Err(Fault::why("has no host").help(
                        "write redis://host:port, nodes of a cluster separated by commas without spaces",
                    ))
                } else {
                    Ok(text.to_owned())
                }
            }
            _ => Err(Fault::why("does not begin with redis://, rediss://, valkey:// or valkeys://")
                .help("write the scheme first; the ones that end in `s` speak TLS")),
        }
    })
    .like("^(redis|valkey)s?://.")
}

fn prefix() -> Parsed<String> {
    parsed("visible ASCII characters without braces and spaces", |text| {
        if text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}')) {
            Ok(text.to_owned())
        } else {
            Err(Fault::wrong().help("braces mark the part of a key that chooses the node of a cluster"))
        }
    })
}
