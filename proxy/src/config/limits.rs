//! What a client may take: bytes, time, connections.

use std::time::Duration;

use serde::Serialize;

use recobeat_ops::settings::Reader;
use recobeat_ops::settings::kind::{
    self, DAY, GIB, HOUR, KIB, MIB, MILLISECOND, SECOND, duration, size, whole,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Longest request target; beyond it 414.
    #[serde(serialize_with = "kind::serialize_size")]
    pub uri: u64,
    /// For the whole request header to arrive.
    #[serde(serialize_with = "kind::serialize_duration")]
    pub header_deadline: Duration,
    /// A connection without traffic is closed after this.
    #[serde(serialize_with = "kind::serialize_duration")]
    pub idle: Duration,
    /// Largest request body.
    #[serde(serialize_with = "kind::serialize_size")]
    pub upload: u64,
    /// Open connections of clients, at least 1.
    pub connections: usize,
}

impl Limits {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self {
            uri: r.key("uri", 32 * KIB, size(256..=MIB)),
            header_deadline: r.key("header_deadline", 10 * SECOND, duration(MILLISECOND..=HOUR)),
            idle: r.key("idle", 60 * SECOND, duration(MILLISECOND..=DAY)),
            upload: r.key("upload", 6 * MIB, size(1..=GIB)),
            connections: r.key("connections", 20_000, whole(1..=10_000_000)),
        }
    }
}
