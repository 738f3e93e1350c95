//! The target ranges of the ten moods, written down here a second time: a table that is read from
//! the service under trial would forgive it every slip.

use recobeat_sim::Track;

/// Feature, from, to.
pub(super) type Target = (&'static str, f64, f64);

const PARTY: [Target; 5] = [
    ("energy", 0.7, 1.0),
    ("danceability", 0.7, 1.0),
    ("valence", 0.6, 1.0),
    ("tempo", 110.0, 140.0),
    ("loudness", -10.0, -2.0),
];
const HAPPY: [Target; 5] = [PARTY[0], PARTY[1], ("valence", 0.7, 1.0), PARTY[3], PARTY[4]];
const CHILL: [Target; 5] = [
    ("energy", 0.0, 0.4),
    ("acousticness", 0.5, 1.0),
    ("valence", 0.4, 0.8),
    ("tempo", 60.0, 100.0),
    ("loudness", -25.0, -10.0),
];
const FOCUS: [Target; 5] = [
    ("instrumentalness", 0.7, 1.0),
    ("energy", 0.1, 0.4),
    ("acousticness", 0.4, 1.0),
    ("speechiness", 0.0, 0.2),
    ("tempo", 50.0, 90.0),
];
const WORKOUT: [Target; 4] =
    [("energy", 0.75, 1.0), ("valence", 0.5, 1.0), ("danceability", 0.6, 1.0), ("tempo", 120.0, 160.0)];
const EMOTIONAL: [Target; 5] = [
    ("valence", 0.0, 0.4),
    ("energy", 0.1, 0.5),
    ("mode", 0.0, 0.3),
    ("acousticness", 0.4, 1.0),
    ("tempo", 60.0, 110.0),
];
const ROMANTIC: [Target; 4] =
    [("energy", 0.2, 0.5), ("valence", 0.4, 0.7), ("acousticness", 0.4, 0.9), ("tempo", 60.0, 110.0)];
const MORNING: [Target; 3] = [("energy", 0.5, 0.8), ("valence", 0.6, 1.0), ("tempo", 95.0, 130.0)];
const NIGHT: [Target; 4] =
    [("energy", 0.2, 0.5), ("valence", 0.2, 0.6), ("danceability", 0.4, 0.7), ("tempo", 70.0, 115.0)];

pub(super) fn targets(mood: &str) -> &'static [Target] {
    match mood {
        "happy and energetic" => &HAPPY,
        "calm and relaxing" | "chill evening" => &CHILL,
        "focus and concentration" => &FOCUS,
        "workout motivation" => &WORKOUT,
        "sad and melancholy" => &EMOTIONAL,
        "romantic and intimate" => &ROMANTIC,
        "party vibes" => &PARTY,
        "morning energy" => &MORNING,
        "late night vibes" => &NIGHT,
        other => panic!("no preset is written down for {other}"),
    }
}

/// Mean over the targets of how far outside the range the track is, in parts of what the feature
/// can span; 0: inside all of them.
pub(super) fn distance(track: &Track, targets: &[Target]) -> f64 {
    let outside = targets.iter().map(|(feature, low, high)| {
        let value = value(track, feature);
        (low - value).max(value - high).max(0.0) / span(feature)
    });
    outside.sum::<f64>() / count(targets)
}

fn count(targets: &[Target]) -> f64 {
    u32::try_from(targets.len()).map_or(1.0, f64::from)
}

fn span(feature: &str) -> f64 {
    match feature {
        "tempo" => 250.0,
        "loudness" => 62.0,
        "popularity" => 100.0,
        _ => 1.0,
    }
}

/// What the track really sounds like, whether the upstream tells or not.
fn value(track: &Track, feature: &str) -> f64 {
    let features = &track.features;
    match feature {
        "acousticness" => features.acousticness,
        "danceability" => features.danceability,
        "energy" => features.energy,
        "instrumentalness" => features.instrumentalness,
        "loudness" => features.loudness,
        "mode" => f64::from(features.mode),
        "speechiness" => features.speechiness,
        "tempo" => features.tempo,
        "valence" => features.valence,
        other => panic!("no preset aims at {other}"),
    }
}
