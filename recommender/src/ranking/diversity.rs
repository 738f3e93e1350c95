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
