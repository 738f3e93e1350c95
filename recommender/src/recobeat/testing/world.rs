//! The songs of the made-up catalogue: 40 artists of 15 tracks each, in eight clusters of features.

use uuid::Uuid;

use super::super::FeatureRow;
use crate::model::{Artist, ArtistName, Feature, Features, SpotifyId, Track};

const ARTISTS: usize = 40;
pub(crate) const TRACKS_EACH: usize = 15;

/// What the tracks of one kind have in common.
struct Cluster {
    /// First words of titles: each of them is in ten titles at least.
    moods: [&'static str; 5],
    /// Acousticness, danceability, energy, instrumentalness, liveness, loudness, mode, speechiness,
    /// tempo, valence.
    centre: [f64; 10],
}

#[rustfmt::skip]
const CLUSTERS: [Cluster; 8] = [
    Cluster { moods: ["Happy", "Energetic", "Party", "Workout", "Bright"],
        centre: [0.10, 0.78, 0.85, 0.02, 0.25, -5.0, 1.0, 0.07, 126.0, 0.82] },
    Cluster { moods: ["Calm", "Relaxing", "Peaceful", "Gentle", "Soft"],
        centre: [0.80, 0.40, 0.22, 0.35, 0.10, -15.0, 1.0, 0.04, 80.0, 0.50] },
    Cluster { moods: ["Focus", "Ambient", "Study", "Concentration", "Deep"],
        centre: [0.70, 0.35, 0.25, 0.85, 0.10, -18.0, 1.0, 0.04, 72.0, 0.40] },
    Cluster { moods: ["Sad", "Melancholy", "Lonely", "Blue", "Bittersweet"],
        centre: [0.70, 0.38, 0.30, 0.10, 0.12, -12.0, 0.0, 0.04, 85.0, 0.20] },
    Cluster { moods: ["Dance", "Club", "Motivation", "Power", "Hype"],
        centre: [0.05, 0.82, 0.90, 0.10, 0.30, -4.0, 0.0, 0.09, 135.0, 0.60] },
    Cluster { moods: ["Romantic", "Intimate", "Tender", "Sweet", "Dear"],
        centre: [0.65, 0.50, 0.38, 0.03, 0.12, -10.0, 1.0, 0.04, 88.0, 0.55] },
    Cluster { moods: ["Morning", "Energy", "Sunny", "Golden", "Rising"],
        centre: [0.35, 0.62, 0.65, 0.05, 0.15, -7.0, 1.0, 0.05, 112.0, 0.75] },
    Cluster { moods: ["Late", "Chill", "Evening", "Vibes", "Indie"],
        centre: [0.55, 0.58, 0.36, 0.25, 0.12, -11.0, 0.0, 0.05, 92.0, 0.42] },
];

/// Features that [`Cluster::centre`] and the spread below are about.
const MOVING: [Feature; 10] = [
    Feature::Acousticness,
    Feature::Danceability,
    Feature::Energy,
    Feature::Instrumentalness,
    Feature::Liveness,
    Feature::Loudness,
    Feature::Mode,
    Feature::Speechiness,
    Feature::Tempo,
    Feature::Valence,
];
const SPREAD: [f64; 10] = [0.12, 0.1, 0.1, 0.1, 0.08, 2.5, 0.0, 0.03, 9.0, 0.12];

const NOUNS: [&str; 15] = [
    "Night",
    "Love",
    "Day",
    "You",
    "Lanterns",
    "Harbour",
    "Rivers",
    "Windows",
    "The Hour",
    "Gardens",
    "Letters",
    "Mountains",
    "Shadows",
    "Signals",
    "Oceans",
];
const GIVEN: [&str; 8] = ["Nova", "Silver", "Northern", "Little", "Paper", "Velvet", "Distant", "Copper"];
const FAMILY: [&str; 5] = ["Ferry", "Orchard", "Parade", "Lights", "Choir"];

/// All there is, in a fixed order: track `n` is by artist `n / TRACKS_EACH`.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) artists: Vec<Artist>,
    pub(super) tracks: Vec<Track>,
    /// Of the tracks that have any: all but each twelfth.
    pub(super) features: Vec<Option<FeatureRow>>,
}

impl World {
    pub(super) fn new() -> Self {
        let artists: Vec<Artist> = (0..ARTISTS).map(artist).collect();
        let numbers = 0..ARTISTS * TRACKS_EACH;
        let tracks: Vec<Track> = numbers.map(|n| track(n, &artists[n / TRACKS_EACH])).collect();
        let features = tracks.iter().enumerate().map(|(n, track)| {
            (n % 12 != 5).then(|| FeatureRow {
                id: track.id,
                spotify: track.spotify.clone(),
                features: features(n),
            })
        });
        let features = features.collect();
        Self { artists, tracks, features }
    }
}

fn artist(n: usize) -> Artist {
    Artist {
        id: uuid("artist", n),
        spotify: Some(spotify("artist", n)),
        name: format!("{} {}", GIVEN[n % GIVEN.len()], FAMILY[n / GIVEN.len()]),
        genres: Vec::new(),
        popularity: None,
    }
}

/// The last track of each tenth artist is the first one again: another row, the same recording.
fn track(n: usize, artist: &Artist) -> Track {
    let within = n % TRACKS_EACH;
    let again = within == TRACKS_EACH - 1 && (n / TRACKS_EACH).is_multiple_of(10);
    let recording = if again { n - within } else { n };
    let mood = cluster(n).moods[recording % 5];
    let noun = NOUNS[recording % NOUNS.len()];
    Track {
        id: uuid("track", n),
        // Some rows are not on Spotify.
        spotify: (n % 97 != 50).then(|| spotify("track", n)),
        title: format!("{mood} {noun}{}", if again { " - Remastered 2011" } else { "" }),
        artists: vec![ArtistName { id: artist.id, name: artist.name.clone() }],
        duration_ms: 150_000 + mixed("duration", n) % 120_000,
        isrc: Some(format!("XXABC25{recording:05}")),
        popularity: Some(u8::try_from(mixed("popularity", n) % 90).expect("below 90") + 5),
    }
}

fn features(n: usize) -> Features {
    let mut features = Features::default();
    for (at, feature) in MOVING.into_iter().enumerate() {
        let away = unit(feature.name(), n).mul_add(2.0, -1.0) * SPREAD[at];
        let limits = feature.limits();
        features[feature] = Some((cluster(n).centre[at] + away).clamp(limits.low, limits.high));
    }
    features[Feature::Key] = Some((unit("key", n) * 12.0).floor());
    features
}

fn cluster(n: usize) -> &'static Cluster {
    &CLUSTERS[n / TRACKS_EACH % CLUSTERS.len()]
}

fn uuid(sort: &str, n: usize) -> Uuid {
    Uuid::from_u64_pair(mixed(sort, n), mixed(sort, n + 1_000_000))
}

fn spotify(sort: &str, n: usize) -> SpotifyId {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let digit = |at: usize| DIGITS[usize::try_from(mixed(sort, n + 1_000 * at) % 62).expect("below 62")];
    let text: String = (2_000..2_022).map(|at| char::from(digit(at))).collect();
    text.parse().expect("22 letters and digits")
}

/// 0 to 1, the same for equal arguments.
#[allow(clippy::cast_precision_loss)] // below 2^20
fn unit(about: &str, n: usize) -> f64 {
    (mixed(about, n) % 1_000_000) as f64 / 1_000_000.0
}

fn mixed(about: &str, n: usize) -> u64 {
    xxhash_rust::xxh3::xxh3_64(format!("{about} {n}").as_bytes())
}
