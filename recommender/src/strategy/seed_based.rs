//! What RecoBeat recommends for the seeds.

use std::time::Duration;

use super::rows::{few_of_each, in_turn, spread};
use super::{Brief, Strategy};
use crate::model::{Feature, PerFeature, Source, Track, TrackId};
use crate::ranking::picks::nearest;
use crate::ranking::{Candidate, score, shares};
use crate::recobeat::{Answer, Ask, Draw};

/// Draws by three seeds each, so that every draw has a taste of its own.
#[derive(Debug, Clone, Copy)]
pub struct SeedBased;

const SEEDS_PER_DRAW: usize = 3;
/// So many draws; they are all that is at once.
const DRAWS: usize = 3;
/// Twenty rows would do for the places, but not for a choice: the upstream follows tempo and
/// popularity and little else, so fit comes from choosing. A call costs the same for a hundred rows;
/// forty are what one request for features can look at.
const DRAW_SIZE: u8 = 40;
const STAGGER: Duration = Duration::from_millis(200);
/// Named targets are rounded to it, so that moods which are nearly alike share their draws.
const GRAIN: f64 = 5.0;

impl Strategy for SeedBased {
    fn name(&self) -> &'static str {
        "seed_based"
    }

    fn source(&self) -> Source {
        Source::Reccobeat
    }

    fn asks(&self, brief: &Brief) -> Vec<Ask> {
        let chunks = brief.seeds.chunks(SEEDS_PER_DRAW).take(DRAWS);
        chunks.map(|seeds| Ask::Recommend(draw(brief, seeds))).collect()
    }

    fn stagger(&self) -> Duration {
        STAGGER
    }

    fn tracks(&self, brief: &Brief, _share: usize, answers: &[(Ask, Answer)]) -> Vec<Track> {
        let draws = answers.iter().filter_map(|(_, answer)| match answer {
            Answer::Tracks { rows, .. } => Some(rows.clone()),
            _ => None,
        });
        spread(in_turn(brief, draws.collect()))
    }

    fn candidates(&self, brief: &Brief, share: usize, tracks: Vec<Track>) -> Vec<Candidate> {
        let scored = tracks.into_iter().map(|track| {
            let candidate = brief.candidate(track, Source::Reccobeat);
            let confidence = score::confidence(&candidate.features, &brief.mood);
            Candidate { confidence, reasoning: "close to the seed tracks".into(), ..candidate }
        });
        nearest(few_of_each(brief, scored.collect()), &brief.mood, share * shares::SURPLUS)
    }
}

/// A draw by these seeds: with the two targets that the upstream follows, and with as many negatives
/// as are allowed.
pub fn draw(brief: &Brief, seeds: &[Track]) -> Draw {
    let targets = PerFeature::from_fn(|feature| match feature {
        Feature::Tempo | Feature::Popularity => {
            brief.mood.targets[feature].map(|range| (range.middle() / GRAIN).round() * GRAIN)
        }
        _ => None,
    });
    let is_seed = |id: &TrackId| match id {
        TrackId::Uuid(id) => seeds.iter().any(|seed| seed.id == *id),
        TrackId::Spotify(id) => seeds.iter().any(|seed| seed.spotify.as_ref() == Some(id)),
    };
    let negatives = brief.negatives.iter().filter(|id| !is_seed(id)).take(seeds.len().saturating_sub(1));
    Draw {
        seeds: seeds.iter().map(|seed| seed.id.into()).collect(),
        negatives: negatives.cloned().collect(),
        size: DRAW_SIZE,
        targets,
        feature_weight: None,
        fresh: brief.request.fresh,
    }
}
