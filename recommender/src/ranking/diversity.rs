//! Many artists rather than a few.

use std::collections::HashMap;

use uuid::Uuid;

use super::Candidate;

/// Confidence lost per further track of the same artist.
const STEP: f64 = 0.05;
/// As far down as it goes.
const FLOOR: f64 = 0.1;

/// Confidence of each candidate for the choice among them: less for each further candidate of the
/// same artist (the most frequent, if it has several). What is safe loses nothing.
///
/// The candidates keep their own: choosing twice must not cost twice.
pub fn confidences(candidates: &[Candidate]) -> Vec<f64> {
    let mut counts: HashMap<Uuid, usize> = HashMap::new();
    for artist in candidates.iter().flat_map(artists) {
        *counts.entry(artist).or_default() += 1;
    }
    let lowered = |candidate: &Candidate| {
        let count = artists(candidate).map(|artist| counts[&artist]).max().unwrap_or(1);
        #[allow(clippy::cast_precision_loss, reason = "a few hundred candidates")]
        let loss = STEP * (count - 1) as f64;
        (candidate.confidence - loss).max(FLOOR).min(candidate.confidence)
    };
    candidates
        .iter()
        .map(|candidate| if candidate.is_safe() { candidate.confidence } else { lowered(candidate) })
        .collect()
}

/// Each artist of a track once.
pub(super) fn artists(candidate: &Candidate) -> impl Iterator<Item = Uuid> {
    let all = &candidate.track.artists;
    all.iter()
        .enumerate()
        .filter(|(at, artist)| !all[..*at].iter().any(|other| other.id == artist.id))
        .map(|(_, artist)| artist.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Source;
    use crate::ranking::testing::candidate;

    fn by(number: u128, artists: &[u128], confidence: f64) -> Candidate {
        candidate(number, Source::Reccobeat).by(artists).trusted(confidence)
    }

    fn about(got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        assert!(got.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-12), "{got:?}");
    }

    #[test]
    fn each_further_track_of_an_artist_costs_all_of_them() {
        let all =
            [by(1, &[1], 0.8), by(2, &[1], 0.7), by(3, &[1, 2], 0.6), by(4, &[2], 0.5), by(5, &[3], 0.4)];
        // Artist 1 has three (− 0.05 × 2), artist 2 two (− 0.05), artist 3 one; the third track has the worse of two.
        about(&confidences(&all), &[0.7, 0.6, 0.5, 0.45, 0.4]);
    }

    #[test]
    fn the_loss_ends_at_a_tenth_and_never_adds() {
        let many: Vec<Candidate> =
            (0..20).map(|number| by(number, &[1], if number == 0 { 0.05 } else { 0.3 })).collect();
        let lowered = confidences(&many);
        about(&lowered[..2], &[0.05, 0.1]);
    }

    #[test]
    fn what_is_safe_counts_but_loses_nothing() {
        about(&confidences(&[by(1, &[1], 0.8).mentioned(), by(2, &[1], 0.8)]), &[0.8, 0.75]);
    }

    #[test]
    fn an_artist_named_twice_on_a_track_is_one() {
        about(&confidences(&[by(1, &[1, 1], 0.8)]), &[0.8]);
    }
}
