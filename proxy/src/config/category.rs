//! How long each category of facts lives.

use std::time::Duration;

use serde::Serialize;

use recobeat_ops::settings::Reader;
use recobeat_ops::settings::kind::{self, DAY, YEAR, duration};

/// One entry for each category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Categories {
    pub track: CategoryTtl,
    pub features: CategoryTtl,
    pub artist: CategoryTtl,
    pub album: CategoryTtl,
    /// Spotify id to RecoBeat id and back.
    pub mapping: CategoryTtl,
    /// Ids the upstream does not know.
    pub missing: CategoryTtl,
    /// Requests the upstream refuses.
    pub denied: CategoryTtl,
    pub recommendation: CategoryTtl,
    pub search: CategoryTtl,
    pub page: CategoryTtl,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CategoryTtl {
    /// How long an entry is fresh.
    #[serde(serialize_with = "kind::serialize_duration")]
    pub ttl: Duration,
    /// How long after that it may still be served while it is refreshed or cannot be.
    #[serde(serialize_with = "kind::serialize_duration")]
    pub stale: Duration,
}

impl Categories {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let mut category =
            |name, ttl, stale| r.section(name, |r| CategoryTtl::read(r, CategoryTtl { ttl, stale }));
        Self {
            track: category("track", 30 * DAY, 30 * DAY),
            features: category("features", 90 * DAY, 90 * DAY),
            artist: category("artist", 30 * DAY, 30 * DAY),
            album: category("album", 30 * DAY, 30 * DAY),
            mapping: category("mapping", 180 * DAY, 180 * DAY),
            missing: category("missing", 14 * DAY, Duration::ZERO),
            denied: category("denied", DAY, Duration::ZERO),
            recommendation: category("recommendation", 7 * DAY, DAY),
            search: category("search", DAY, DAY),
            page: category("page", DAY, DAY),
        }
    }
}

impl CategoryTtl {
    fn read(r: &mut Reader<'_>, default: Self) -> Self {
        Self {
            ttl: r.key("ttl", default.ttl, duration(Duration::ZERO..=10 * YEAR)),
            stale: r.key("stale", default.stale, duration(Duration::ZERO..=10 * YEAR)),
        }
    }
}
