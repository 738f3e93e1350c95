//! A model with a section or a key of every kind.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::settings::kind::{
    self, DAY, KIB, Kind, MIB, SECOND, address, base_url, choice, duration, file, list, log_filter, optional,
    origin, share, size, switch, token, whole, words,
};
use crate::settings::{Alias, Reader, Service, Settings, defaults, secret};

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Sample {
    pub(super) listen: SocketAddr,
    pub(super) tls: Option<Tls>,
    pub(super) url: String,
    #[serde(serialize_with = "secret::hidden")]
    pub(super) token: Option<String>,
    pub(super) name: String,
    pub(super) colour: &'static str,
    pub(super) log: String,
    pub(super) allowed_origins: Vec<String>,
    pub(super) numbers: Numbers,
    pub(super) long: Ages,
    pub(super) short: Ages,
}

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Tls {
    pub(super) cert: PathBuf,
    pub(super) key: PathBuf,
}

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Numbers {
    pub(super) count: u32,
    pub(super) part: f64,
    pub(super) on: bool,
    #[serde(serialize_with = "kind::serialize_size")]
    pub(super) bytes: u64,
}

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Ages {
    #[serde(serialize_with = "kind::serialize_duration")]
    pub(super) ttl: Duration,
    #[serde(serialize_with = "kind::serialize_duration")]
    pub(super) stale: Duration,
}

impl Settings for Sample {
    const SERVICE: Service = Service {
        name: "sample",
        prefix: "SAMPLE_",
        file: "config/sample.yaml",
        shipped: "# About samples.\n\nlisten: 127.0.0.1:80  # where\nname: \"# not this\"\n\n# Numbers\n# of all kinds.\nnumbers:\n  count: 1\n  # half\n  part: 0.5\nlong: { ttl: 9d, stale: 0 }  # old\n",
        aliases: &[
            Alias { variable: "WEAK", key: "name", yields: true },
            Alias { variable: "STRONG", key: "name", yields: false },
        ],
        example: "numbers.count=3",
    };

    fn read(r: &mut Reader<'_>) -> Self {
        Self {
            listen: r.key("listen", SocketAddr::from(([127, 0, 0, 1], 80)), address("an address and port")),
            tls: r.section("tls", Tls::read),
            url: r.key("url", "http://a".to_owned(), base_url("an http or https URL")),
            token: r.key("token", None, optional(token()).veiled()),
            name: r.key("name", "nobody".to_owned(), words("a name").because("names are for people")),
            colour: r.key("colour", "red", choice(&[("red", "red"), ("blue", "blue")])),
            log: r.key("log", "info".to_owned(), log_filter("log directives")),
            allowed_origins: r.key("allowed_origins", Vec::new(), list(origin())),
            numbers: r.section("numbers", Numbers::read),
            long: r.section("long", |r| Ages::read(r, 9 * DAY)),
            short: r.section("short", |r| Ages::read(r, SECOND)),
        }
    }
}

impl Tls {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let cert = r.required("cert", file("a certificate").holding("BEGIN CERTIFICATE"));
        let key = r.required("key", file("a private key").holding("PRIVATE KEY"));
        Some(Self { cert: cert?, key: key? })
    }
}

impl Numbers {
    fn read(r: &mut Reader<'_>) -> Self {
        Self {
            count: r.key("count", 1, whole(1..=1000)),
            part: r.key("part", 0.5, share(0.0..=1.0)),
            on: r.key("on", true, switch()),
            bytes: r.key("bytes", MIB, size(KIB..=1024 * MIB)),
        }
    }
}

impl Ages {
    fn read(r: &mut Reader<'_>, ttl: Duration) -> Self {
        Self {
            ttl: r.key("ttl", ttl, duration(SECOND..=90 * DAY)),
            stale: r.key("stale", Duration::ZERO, duration(Duration::ZERO..=90 * DAY)),
        }
    }
}

impl Default for Sample {
    fn default() -> Self {
        defaults(Self::read)
    }
}
