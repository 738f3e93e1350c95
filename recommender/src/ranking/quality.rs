//! How good a list is.

use std::collections::HashSet;

use uuid::Uuid;

use super::fit::{mean, weighted_mean};
use super::{Candidate, cohesion, diversity, rank, title};
use crate::model::{Mood, Size, Source};
use crate::ranking::cohesion::Tolerance;

/// The parts are 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Quality {
    pub overall: f64,
    /// Mean over the tracks.
    pub cohesion: f64,
    /// Of the target size.
    pub coverage: f64,
    /// Mean over the tracks.
    pub confidence: f64,
    pub diversity: f64,
    /// Tracks.
    pub count: usize,
    /// What does not fit in, worst first; nothing safe, nothing without real features.
    pub outliers: Vec<Uuid>,
}

impl Quality {
    /// The list meets its goal as it is.
    pub fn is_good(&self, size: &Size) -> bool {
        self.overall >= size.quality_goal
            && self.count >= size.minimum
            && 3 * self.outliers.len() <= self.count
    }
}

/// Measures a list and notes the cohesion of each track in it.
pub fn evaluate(list: &mut [Candidate], mood: &Mood, size: &Size) -> Quality {
    for candidate in list.iter_mut() {
        candidate.cohesion = cohesion::in_list(candidate, mood);
    }
    let cohesion = mean(list.iter().map(|candidate| candidate.cohesion)).unwrap_or(0.0);
    let confidence = mean(list.iter().map(|candidate| candidate.confidence)).unwrap_or(0.0);
    let coverage = part(list.len(), size.target);
    let diversity = diversity(list);
    let overall = 0.35 * cohesion + 0.25 * coverage + 0.20 * confidence + 0.20 * diversity;
    Quality {
        overall,
        cohesion,
        coverage,
        confidence,
        diversity,
        count: list.len(),
        outliers: outliers(list, mood),
    }
}

/// 0 to 1: artists, genres, times. What no data speaks of is left out, and the rest counts more.
pub fn diversity(list: &[Candidate]) -> f64 {
    let artists: HashSet<Uuid> = list.iter().flat_map(diversity::artists).collect();
    let genres: HashSet<String> =
        list.iter().flat_map(|candidate| &candidate.genres).map(|genre| title::fold(genre)).collect();
    let years: HashSet<u16> = list.iter().filter_map(|candidate| candidate.released).collect();
    let decades: HashSet<u16> = years.iter().map(|year| year / 10).collect();
    let by_artists = (!list.is_empty()).then(|| (share(artists.len(), list.len()) / 0.7).min(1.0));
    let by_genres = (!genres.is_empty()).then(|| part(genres.len(), 8));
    let by_times = (!years.is_empty()).then(|| 0.6 * part(decades.len(), 3) + 0.4 * part(years.len(), 20));
    let parts = [(by_artists, 0.5), (by_genres, 0.3), (by_times, 0.2)];
    weighted_mean(parts.into_iter().filter_map(|(value, factor)| Some((value?, factor)))).unwrap_or(0.0)
}

/// Cohesion below which a track does not fit in.
fn threshold(source: Source) -> f64 {
    if source == Source::Reccobeat { 0.6 } else { 0.3 }
}

/// A track that does not fit in, judged on what is really known of it.
pub fn is_outlier(candidate: &Candidate, mood: &Mood) -> bool {
    !candidate.is_safe()
        && cohesion::of_features(&candidate.features, mood, Tolerance::Base)
            .is_some_and(|near| near < threshold(candidate.source))
}

fn outliers(list: &[Candidate], mood: &Mood) -> Vec<Uuid> {
    let mut found: Vec<&Candidate> = list.iter().filter(|candidate| is_outlier(candidate, mood)).collect();
    found.sort_by(|a, b| a.cohesion.total_cmp(&b.cohesion).then_with(|| rank::tie(b, a)));
    found.into_iter().map(Candidate::id).collect()
}

/// `min(1, have / want)`.
fn part(have: usize, want: usize) -> f64 {
    share(have, want).min(1.0)
}

#[allow(clippy::cast_precision_loss, reason = "lengths of lists")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}
