//! Which of two candidates comes first. All orders are total, so no result hangs on input order.

use std::cmp::Ordering;

use uuid::Uuid;

use super::{Candidate, fit};
use crate::model::Mood;

/// Higher popularity first, unknown last; then the smaller id.
pub(super) fn tie(a: &Candidate, b: &Candidate) -> Ordering {
    b.track.popularity.cmp(&a.track.popularity).then(a.id().cmp(&b.id()))
}

/// A candidate's place among others, best first: a score, then how far it lies outside the mood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rank {
    score: f64,
    distance: f64,
    popularity: Option<u8>,
    id: Uuid,
}

/// Scores closer than this are equally good: the smallest step that any rule of the list takes.
const STEP: f64 = 0.05;

impl Rank {
    pub(super) fn new(candidate: &Candidate, score: f64, mood: &Mood) -> Self {
        Self {
            score,
            // Unknown is no evidence of fit: it comes after everything measured.
            distance: fit::distance(&candidate.features, mood).unwrap_or(f64::INFINITY),
            popularity: candidate.track.popularity,
            id: candidate.id(),
        }
    }

    /// By score in steps; inside a step by distance.
    pub(super) fn by_score(&self, other: &Self) -> Ordering {
        let step = |score: f64| (score / STEP).round();
        step(other.score).total_cmp(&step(self.score)).then_with(|| self.by_distance(other))
    }

    /// By distance, then by score: for places that no score has a claim to.
    pub(super) fn by_distance(&self, other: &Self) -> Ordering {
        self.distance
            .total_cmp(&other.distance)
            .then(other.score.total_cmp(&self.score))
            .then(other.popularity.cmp(&self.popularity))
            .then(self.id.cmp(&other.id))
    }
}
