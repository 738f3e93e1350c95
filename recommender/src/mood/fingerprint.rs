//! Moods that need the same steps.

use std::fmt::Write as _;

use xxhash_rust::xxh3::xxh3_128;

use crate::model::{Feature, Mood, MoodRequest, Range};

/// Equal for requests whose seeds and artists are the same, though the words may differ: ranges are
/// rounded, and only what the steps read is looked at. The words themselves are part of it only if the
/// request brings no tracks or artists, because then the seeds are searched for by them.
pub fn fingerprint(request: &MoodRequest, mood: &Mood) -> String {
    let mut text = String::new();
    for (feature, range) in mood.targets.known() {
        let Range { low, high } = range;
        part(&mut text, feature.name(), [step(feature, low), step(feature, high)]);
    }
    part(&mut text, "genres", &mood.genre_keywords);
    part(&mut text, "themes", &mood.excluded_themes);
    part(&mut text, "regions", (&mood.preferred_regions, &mood.excluded_regions));
    part(&mut text, "obscure", request.allow_obscure_artists);
    part(&mut text, "mentions", (&request.mentioned_tracks, &request.mentioned_artists));
    part(&mut text, "negatives", &request.negative_tracks);
    part(&mut text, "artists", &mood.artist_recommendations);
    let tracks = request.top_tracks.iter().map(|track| &track.id).collect::<Vec<_>>();
    let remix = request.remix_tracks.iter().map(|track| &track.id).collect::<Vec<_>>();
    let artists = request.top_artists.iter().map(|artist| (&artist.id, &artist.name)).collect::<Vec<_>>();
    let brings_nothing = tracks.is_empty()
        && remix.is_empty()
        && artists.is_empty()
        && !request.has_mentions()
        && mood.artist_recommendations.is_empty();
    part(&mut text, "user", (tracks, remix, artists));
    if brings_nothing {
        part(&mut text, "keywords", &mood.search_keywords);
    }
    format!("{:032x}", xxh3_128(text.as_bytes()))
}

/// Texts are written with quotes and escapes, so that two lists are never one text.
fn part(text: &mut String, name: &str, value: impl std::fmt::Debug) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{name}={value:?}");
}

/// Which step of the feature's scale a value is nearest to.
#[expect(clippy::cast_possible_truncation, reason = "values lie within a feature's limits")]
fn step(feature: Feature, value: f64) -> i32 {
    let width = match feature {
        Feature::Tempo | Feature::Popularity => 5.0,
        Feature::Loudness | Feature::Key => 1.0,
        _ => 0.05,
    };
    (value / width).round() as i32
}
