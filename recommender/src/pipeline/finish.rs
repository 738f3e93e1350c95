//! From candidates to the finished list. Nobody is asked any more.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value, json};

use super::Finished;
use super::generate::summary;
use super::run::Run;
use super::timing::{Part, seconds};
use crate::model::{ArtistName, Features, FeaturesSource, Recommendation, Source, Track, TrackId};
use crate::mood::Rules;
use crate::ranking::merge::{Counts, Merged, finish as last_pass, merge};
use crate::ranking::quality::{Quality, evaluate};
use crate::ranking::{Candidate, Wanted, order, title, to_recommendations};
use crate::strategy::Fallback;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

/// A list on its way, with its measure and all that it was chosen from.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) merged: Merged,
    pub(super) quality: Quality,
    /// What it was chosen without.
    pub(super) negatives: Vec<TrackId>,
}

/// What decides beside the candidates.
pub(super) fn wanted<'a>(run: &'a Run, rules: &Rules) -> Wanted<'a> {
    let brief = &run.brief;
    let themes = brief.mood.excluded_themes.iter();
    Wanted {
        with_mentions: brief.has_mentions(),
        mentioned_artists: brief.mentions.artists.iter().map(|artist| artist.id).collect(),
        negatives: brief.negatives.iter().cloned().collect(),
        languages: &brief.request.language_preferences,
        excluded_words: themes.flat_map(|theme| rules.theme_words(*theme)).cloned().collect(),
        ..Wanted::new(&brief.request.mood_prompt, &brief.intent, &brief.mood, brief.size)
    }
}

/// Chooses a list from all candidates.
pub(super) fn draft(run: &Run, rules: &Rules) -> Draft {
    measured(run, merge(run.candidates(), &wanted(run, rules)))
}

fn measured(run: &Run, mut merged: Merged) -> Draft {
    let quality = evaluate(&mut merged.list, &run.brief.mood, &run.brief.size);
    Draft { merged, quality, negatives: run.brief.negatives.clone() }
}

/// The same list once more by all rules: what does not fit in goes to the end of the queue.
pub(super) fn settle(run: &Run, rules: &Rules, draft: Draft) -> Draft {
    let Merged { list, overflow, counts } = draft.merged;
    let mut settled = last_pass(list.into_iter().chain(overflow).collect(), &wanted(run, rules));
    settled.counts = Counts { missing: settled.counts.missing, ..counts };
    measured(run, settled)
}

/// Candidates from a held list of another mood: only for a run in which something failed and which
/// would else be too short, because what is held is not the same at all times.
pub(super) fn from_held(run: &Run, held: Vec<Recommendation>) -> Vec<Candidate> {
    let known: HashSet<Uuid> = run.candidates().iter().map(Candidate::id).collect();
    let others = held.into_iter().filter(|one| !known.contains(&one.reccobeat_id));
    let candidates = others.map(candidate_of_held).map(|candidate| Candidate {
        confidence: Fallback::confidence(&candidate, &run.brief.mood),
        ..candidate
    });
    candidates.filter(|candidate| !run.brief.refused(&candidate.track)).collect()
}

fn candidate_of_held(held: Recommendation) -> Candidate {
    let features = match held.features_source {
        FeaturesSource::Api => {
            let all = &held.audio_features;
            let values = [
                all.acousticness,
                all.danceability,
                all.energy,
                all.instrumentalness,
                all.key,
                all.liveness,
                all.loudness,
                all.mode,
                all.speechiness,
                all.tempo,
                all.valence,
            ];
            let mut values = values.into_iter();
            Features::from_fn(|_| values.next())
        }
        FeaturesSource::Partial | FeaturesSource::Default => Features::default(),
    };
    let artist = |name: String| ArtistName { id: stand_in(&name), name };
    let track = Track {
        id: held.reccobeat_id,
        spotify: held.track_id,
        title: held.track_name,
        artists: held.artists.into_iter().map(artist).collect(),
        duration_ms: held.duration_ms,
        isrc: held.isrc,
        popularity: held.popularity,
    };
    Candidate {
        reasoning: "from a popular mood that is near".into(),
        ..Candidate::new(track, features, Source::Fallback)
    }
}

/// Held lists name artists without their ids; one name is one artist there.
fn stand_in(name: &str) -> Uuid {
    Uuid::from_u128(xxh3_128(title::fold(name).as_bytes()))
}

/// Puts the list in order and tells how it came about.
pub(super) fn finished(mut run: Run, draft: Draft, took: impl Fn() -> Duration) -> Finished {
    let mood_analysis = run.brief.mood.to_json();
    let Draft { merged, quality, .. } = draft;
    note_failures(&mut run);
    let began = Instant::now();
    let curve = order::Curve::of(&merged.list).name();
    let mut metadata = metadata(&run, &merged, &quality);
    let recommendations = to_recommendations(order::order(merged.list));
    run.timings.part(Part::PlaylistOrdering, began.elapsed());
    metadata.insert("ordering_strategy".into(), json!(curve));
    add_timings(&mut metadata, &run, took());
    Finished { recommendations, mood_analysis, metadata: Value::Object(metadata) }
}

/// Something failed or was late. A list that is short and had all answers is no part of another one.
fn note_failures(run: &mut Run) {
    let pools = run.pools.iter().filter_map(|pool| Some((pool.name, pool.error.as_ref()?)));
    let told: Vec<String> = pools.map(|(name, error)| format!("{name}: {error}")).collect();
    run.notes.partial.extend(told);
    if !run.notes.failed_calls.is_empty() {
        run.notes.partial.push(format!("seeds: {}", summary(&run.notes.failed_calls)));
    }
}

/// What is known of a run that has a list.
fn metadata(run: &Run, merged: &Merged, quality: &Quality) -> Map<String, Value> {
    let list = &merged.list;
    let asked = &run.notes.features_asked;
    let found = asked.iter().filter(|id| run.brief.features.contains_key(id)).count();
    let anchors: Vec<Value> = run.brief.anchors.iter().map(anchor).collect();
    let value = json!({
        "target_count": run.brief.size.target,
        "shortfall": run.brief.size.target.saturating_sub(list.len()),
        "iteration": run.notes.improvements.len() + 1,
        "improvements": run.notes.improvements,
        "cohesion_score": hundredths(quality.cohesion),
        "quality": {
            "overall": hundredths(quality.overall),
            "cohesion": hundredths(quality.cohesion),
            "coverage": hundredths(quality.coverage),
            "confidence": hundredths(quality.confidence),
            "diversity": hundredths(quality.diversity),
            "outliers": quality.outliers.len(),
        },
        "unresolved_mentions": run.brief.mentions.unresolved,
        "features": {
            "asked": asked.len(),
            "found": found,
            "defaults": asked.len() - found,
        },
        "filtered": merged.counts,
        "strategies": strategies(run, list),
        "notes": notes(run, list),
        "partial": !run.notes.partial.is_empty(),
        "partial_reasons": run.notes.partial,
        "anchor_tracks": anchors,
        "seed_track_count": run.brief.seeds.len(),
        "requests_planned": run.plan.spent(),
    });
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// What of the request could not be heeded, and why.
fn notes(run: &Run, list: &[Candidate]) -> Vec<&'static str> {
    let dated = list.iter().any(|candidate| candidate.released.is_some());
    let era =
        run.brief.request.temporal_context.as_ref().is_some_and(|wanted| {
            wanted.decade.is_some() || wanted.era.is_some() || wanted.year_range.is_some()
        });
    let undated = "no release dates are known, so the era that was asked for could not be heeded";
    (era && !dated).then_some(undated).into_iter().collect()
}

/// Of a run that ends without a list.
pub(super) fn metadata_of_failure(run: &Run, took: Duration) -> Value {
    let mut metadata = Map::new();
    metadata.insert("target_count".into(), json!(run.brief.size.target));
    metadata.insert("unresolved_mentions".into(), json!(run.brief.mentions.unresolved));
    metadata.insert("strategies".into(), strategies(run, &[]));
    metadata.insert("partial".into(), json!(true));
    metadata.insert("partial_reasons".into(), json!(reasons(run)));
    add_timings(&mut metadata, run, took);
    Value::Object(metadata)
}

/// Which calls failed, and how.
pub(super) fn reasons(run: &Run) -> Vec<String> {
    let pools = run.pools.iter().filter_map(|pool| Some(format!("{}: {}", pool.name, pool.error.as_ref()?)));
    let gathering = (!run.notes.failed_calls.is_empty()).then(|| summary(&run.notes.failed_calls));
    gathering.into_iter().chain(pools).collect()
}

fn add_timings(metadata: &mut Map<String, Value>, run: &Run, took: Duration) {
    metadata.insert("seed_gathering_timing".into(), run.timings.gathering_json());
    metadata.insert("orchestration_timings".into(), run.timings.orchestration_json());
    metadata.insert("step_timings".into(), run.timings.steps_json());
    metadata.insert("total_duration".into(), seconds(took));
}

/// Per strategy: candidates that were found, tracks of the list, and what failed.
fn strategies(run: &Run, list: &[Candidate]) -> Value {
    let names: BTreeSet<&str> = run.pools.iter().map(|pool| pool.name).collect();
    let told = names.into_iter().map(|name| {
        let pools = || run.pools.iter().filter(|pool| pool.name == name);
        let found: usize = pools().map(|pool| pool.candidates.len()).sum();
        let kept = list.iter().filter(|candidate| strategy_of(candidate.source) == name).count();
        let mut told = json!({ "found": found, "kept": kept });
        let errors: Vec<&str> = pools().filter_map(|pool| pool.error.as_deref()).collect();
        if !errors.is_empty() {
            told["error"] = json!(errors.join("; "));
        }
        (name.to_owned(), told)
    });
    Value::Object(told.collect())
}

const fn strategy_of(source: Source) -> &'static str {
    match source {
        Source::AnchorTrack => "user_anchor",
        Source::ArtistDiscovery => "artist_discovery",
        Source::Reccobeat => "seed_based",
        Source::Fallback => "fallback",
    }
}

fn anchor(anchor: &Candidate) -> Value {
    let artists: Vec<&str> = anchor.track.artists.iter().map(|artist| artist.name.as_str()).collect();
    json!({
        "id": anchor.track.spotify.as_ref().map(ToString::to_string),
        "reccobeat_id": anchor.track.id,
        "name": anchor.track.title,
        "artists": artists,
        "popularity": anchor.track.popularity,
        "confidence": anchor.confidence,
        "user_mentioned": anchor.user_mentioned,
    })
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
