//! What is kept, and how its age is treated.

use serde::Serialize;

use super::category::Categories;
use super::store::{Disk, Memory, Redis};
use recobeat_ops::settings::Reader;
use recobeat_ops::settings::kind::{Kind, choice, share, switch};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cache {
    /// Time to live is shortened at random by up to this part, 0 to 0.5.
    pub jitter: f64,
    /// Whether the features of newly seen tracks are fetched before they are asked for.
    pub read_ahead: bool,
    /// Whether popular pages and searches are refreshed before they expire.
    pub early_refresh: bool,
    /// Whether `/v1/track/{id}` takes a Spotify id, which the upstream does not.
    pub serve_spotify_ids_in_paths: bool,
    /// What `Cache-Control: no-cache` means for a recommendation.
    pub recommendation_no_cache: NoCache,
    pub memory: Memory,
    /// The second tier, unless there is a Redis.
    pub disk: Disk,
    pub redis: Redis,
    pub categories: Categories,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoCache {
    /// Ask the upstream for a new draw.
    Honour,
    /// Answer from the cache all the same.
    Ignore,
}

impl Cache {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self {
            jitter: r.key(
                "jitter",
                0.05,
                share(0.0..=0.5).because("0.05 shortens each time to live by 0 to 5 % at random"),
            ),
            read_ahead: r.key("read_ahead", true, switch()),
            early_refresh: r.key("early_refresh", true, switch()),
            serve_spotify_ids_in_paths: r.key("serve_spotify_ids_in_paths", true, switch()),
            recommendation_no_cache: r.key(
                "recommendation_no_cache",
                NoCache::Honour,
                choice(&[("honour", NoCache::Honour), ("ignore", NoCache::Ignore)]),
            ),
            memory: r.section("memory", Memory::read),
            disk: r.section("disk", Disk::read),
            redis: r.section("redis", Redis::read),
            categories: r.section("categories", Categories::read),
        }
    }
}
