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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Feature;
    use crate::ranking::testing::{SIZE, candidate, mood};

    fn about(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-12, "{got} is not {expected}");
    }

    /// Cohesion of 1 at energy 0.2, less 0.04 per hundredth.
    fn quiet() -> Mood {
        mood(&[(Feature::Energy, 0.0, 0.4)])
    }

    fn at(number: u128, energy: f64, source: Source) -> Candidate {
        candidate(number, source).sounding(&[(Feature::Energy, energy)]).trusted(0.8)
    }

    #[test]
    fn overall_is_the_weighted_sum_of_its_parts() {
        // Cohesion 1, 0.8, 0.6: mean 0.8. Two artists of three tracks: (2/3)/0.7 = 0.952381.
        let mut list = [
            at(1, 0.2, Source::Reccobeat),
            at(2, 0.25, Source::Reccobeat).by(&[1]),
            at(3, 0.3, Source::Fallback),
        ];
        list[0] = list[0].clone().by(&[1]);
        let quality = evaluate(&mut list, &quiet(), &Size { target: 4, ..SIZE });
        about(quality.cohesion, 0.8);
        about(quality.coverage, 0.75);
        about(quality.confidence, 0.8);
        about(quality.diversity, 2.0 / 3.0 / 0.7);
        about(quality.overall, 0.35 * 0.8 + 0.25 * 0.75 + 0.20 * 0.8 + 0.20 * (2.0 / 2.1));
        about(list[1].cohesion, 0.8);
    }

    #[test]
    fn diversity_leaves_out_what_no_data_speaks_of() {
        let mut list = vec![candidate(1, Source::Reccobeat), candidate(2, Source::Reccobeat).by(&[1])];
        // Artists: (1/2)/0.7
        about(diversity(&list), 0.5 / 0.7);
        list[0].genres = vec!["Jazz".into(), "soul".into()];
        list[1].genres = vec!["jazz".into()];
        // (0.5 × 0.714286 + 0.3 × 2/8) / 0.8
        about(diversity(&list), (0.5 * (0.5 / 0.7) + 0.3 * 0.25) / 0.8);
        list[0].released = Some(1999);
        list[1].released = Some(2000);
        // and 0.2 × (0.6 × 2/3 + 0.4 × 2/20)
        about(diversity(&list), 0.5 * (0.5 / 0.7) + 0.3 * 0.25 + 0.2 * (0.4 + 0.04));
        about(diversity(&[]), 0.0);
    }

    #[test]
    fn an_empty_list_is_worth_nothing() {
        let quality = evaluate(&mut [], &quiet(), &SIZE);
        about(quality.overall, 0.0);
        assert!(!quality.is_good(&SIZE));
    }

    #[test]
    fn outliers_depend_on_the_source_and_come_worst_first() {
        // Cohesions: 0.56, 0.64, 0.28, 0.32.
        let mut list = [
            at(1, 0.31, Source::Reccobeat),
            at(2, 0.29, Source::Reccobeat),
            at(3, 0.38, Source::ArtistDiscovery),
            at(4, 0.37, Source::ArtistDiscovery),
        ];
        let quality = evaluate(&mut list, &quiet(), &SIZE);
        assert_eq!(quality.outliers, [Uuid::from_u128(3), Uuid::from_u128(1)]);
    }

    #[test]
    fn neither_the_protected_nor_the_unknown_is_an_outlier() {
        assert!(!is_outlier(&at(1, 1.0, Source::Reccobeat).mentioned(), &quiet()));
        // Its cohesion by constant would be 0.65 and above, but that is no reason to count on.
        let mut silent = candidate(2, Source::Reccobeat);
        silent.cohesion = 0.1;
        assert!(!is_outlier(&silent, &quiet()));
    }

    #[test]
    fn good_is_a_goal_a_minimum_and_few_outliers() {
        let good = Quality {
            overall: 0.75,
            cohesion: 0.7,
            coverage: 1.0,
            confidence: 0.7,
            diversity: 0.7,
            count: 18,
            outliers: (0..6).map(Uuid::from_u128).collect(),
        };
        assert!(good.is_good(&SIZE));
        assert!(!Quality { overall: 0.749, ..good.clone() }.is_good(&SIZE));
        assert!(!Quality { count: 15, outliers: Vec::new(), ..good.clone() }.is_good(&SIZE));
        assert!(!Quality { outliers: (0..7).map(Uuid::from_u128).collect(), ..good }.is_good(&SIZE));
    }
}
