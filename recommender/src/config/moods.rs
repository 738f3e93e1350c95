//! Popular moods: which there are, how long they are fresh, when they are warmed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::model::{MoodRequest, TrackId};
use recobeat_ops::settings::kind::{
    self, DAY, Fault, HOUR, Kind, List, MINUTE, Parsed, duration, file, list, optional, parsed, switch, whole,
};
use recobeat_ops::settings::{Node, Value};
use recobeat_ops::settings::{Reader, defaults};

/// Popular moods.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moods {
    /// Beside the ten.
    pub own: Vec<String>,
    /// YAML with rule tables instead of the embedded ones.
    pub tables: Option<PathBuf>,
    /// Per profile or popular mood (lower case, single spaces): ids of tracks that come first as seeds.
    pub starter_seeds: BTreeMap<String, Vec<String>>,
    /// Answer popular moods from the cache.
    pub cache: bool,
    #[serde(serialize_with = "kind::serialize_duration")]
    pub fresh_for: Duration,
    /// Users after whose starts a prompt becomes a popular mood, which everybody sees; 0: never.
    pub promote_after: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Schedule {
    /// Warms the popular moods each day at this hour and minute; none: never.
    #[serde(serialize_with = "clock")]
    pub warm_at: Option<(u32, u32)>,
}

impl Moods {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self {
            own: r.key("own", Vec::new(), list(prompt())),
            tables: r.key("tables", None, optional(file("the path of a YAML file with rule tables"))),
            starter_seeds: r.key("starter_seeds", BTreeMap::new(), Seeds),
            cache: r.key("cache", true, switch()),
            fresh_for: r.key(
                "fresh_for",
                2 * HOUR,
                duration(MINUTE..=DAY).because("a list is kept for 26h and refreshed when it is not fresh"),
            ),
            promote_after: r.key("promote_after", 0, whole(0..=1_000_000).because("0 promotes none")),
        }
    }
}

impl Default for Moods {
    fn default() -> Self {
        defaults(Self::read)
    }
}

impl Schedule {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self { warm_at: r.key("warm_at", Some((3, 0)), optional(time_of_day())) }
    }

    /// Nothing is scheduled.
    pub(super) fn never() -> Self {
        Self { warm_at: None }
    }
}

/// A prompt, as a request may carry it.
fn prompt() -> Parsed<String> {
    parsed("a prompt of 1 to 500 characters", |text| {
        let length = text.trim().chars().count();
        if length > 500 {
            return Err(Fault::why(format!("has {length} characters")));
        }
        if text.chars().any(char::is_control) {
            return Err(Fault::why("has control characters"));
        }
        Ok(text.trim().to_owned())
    })
}

fn time_of_day() -> Parsed<(u32, u32)> {
    parsed("a time of day from 00:00 to 23:59", |text| {
        let two = |digits: &str, most: u32| {
            let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|number| plain && *number <= most)
        };
        let read = text.split_once(':').and_then(|(hour, minute)| Some((two(hour, 23)?, two(minute, 59)?)));
        read.ok_or_else(|| Fault::wrong().help("write hour and minute with two digits each: \"03:00\""))
    })
    .like("^([01][0-9]|2[0-3]):[0-5][0-9]$")
}

/// As in the file.
#[expect(clippy::ref_option, reason = "the signature serde asks for")]
fn clock<S: Serializer>(time: &Option<(u32, u32)>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|(hour, minute)| format!("{hour:02}:{minute:02}")).serialize(serializer)
}

fn ids() -> List<Parsed<String>> {
    list(parsed("the id of a track, of RecoBeat or of Spotify", |text| {
        text.parse::<TrackId>().map(|_| text.to_owned()).map_err(|_| Fault::wrong())
    }))
}

/// Names with lists of track ids.
struct Seeds;

impl Kind for Seeds {
    type Value = BTreeMap<String, Vec<String>>;

    fn wanted(&self) -> String {
        "names of profiles or popular moods, each with a list of track ids".to_owned()
    }

    fn read(&self, node: &Node) -> Result<Self::Value, Fault> {
        if !matches!(node.value, Value::Map(_) | Value::Null) {
            return Err(Fault::wrong());
        }
        let ids = ids();
        let mut seeds = BTreeMap::new();
        let mut parts = Vec::new();
        for entry in node.entries() {
            match ids.read(&entry.node) {
                Ok(list) => drop(seeds.insert(MoodRequest::of(&entry.key).normalised_prompt(), list)),
                Err(fault) if fault.parts.is_empty() => return Err(fault),
                Err(fault) => parts.extend(fault.parts),
            }
        }
        if parts.is_empty() { Ok(seeds) } else { Err(Fault { parts, ..Fault::default() }) }
    }

    fn schema(&self) -> Json {
        json!({ "type": ["object", "null"], "additionalProperties": ids().schema() })
    }

    fn remedy(&self) -> Option<String> {
        Some("write them as { calm and relaxing: [2ZyXwVuTsRqPoNmLkJiHgF] }".to_owned())
    }
}
