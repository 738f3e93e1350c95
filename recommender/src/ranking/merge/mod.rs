//! From all candidates of all strategies to one list of the right size.
//!
//! Filters first, then places: each source fills its share with its best, gaps are filled from what
//! is over, and if that is not enough, from what the mood filter left out but is not far off. Scores
//! decide who has a claim to a share; a gap nobody has a claim to goes to what lies nearest to the
//! mood.

mod places;
mod sieve;
#[cfg(test)]
mod tests;

use serde::Serialize;

use places::Places;
use sieve::Sifted;

use super::cohesion::{self, Tolerance};
use super::filter::{Verdict, relevance};
use super::picks::MINIMUM_COHESION;
use super::rank::Rank;
use super::shares::{SOURCES, Shares};
use super::{Candidate, Wanted, diversity, quality};

/// The list, and what became of the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// Safe tracks first, then by source, best first.
    pub list: Vec<Candidate>,
    /// Passed all filters, but there was no place; best first.
    pub overflow: Vec<Candidate>,
    pub counts: Counts,
}

/// For the metadata of a run: how many candidates each rule took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    pub candidates: usize,
    pub negatives: usize,
    pub duplicates: usize,
    pub mood: usize,
    pub relevance: usize,
    pub era: usize,
    /// In the list although the mood filter had left them out.
    pub relaxed: usize,
    /// Places that nothing was found for.
    pub missing: usize,
}

/// Makes the list. Confidences stay as they are, so merging again gives the same.
pub fn merge(candidates: Vec<Candidate>, wanted: &Wanted<'_>) -> Merged {
    choose(candidates, wanted, |_| false)
}

/// Like [`merge`], for the end of a run: outliers wait until nothing better is left.
pub fn finish(candidates: Vec<Candidate>, wanted: &Wanted<'_>) -> Merged {
    choose(candidates, wanted, |candidate| quality::is_outlier(candidate, wanted.mood))
}

fn choose(candidates: Vec<Candidate>, wanted: &Wanted<'_>, waits: impl Fn(&Candidate) -> bool) -> Merged {
    let Sifted { passed, off_mood, mut counts } = sieve::sift(candidates, wanted);
    let mut places = Places::new(wanted);

    let (safe, others): (Vec<Ranked>, Vec<Ranked>) =
        rank(passed, wanted).into_iter().partition(|one| one.candidate.is_safe());
    safe.into_iter().for_each(|one| places.put(one.candidate));
    let (mut waiting, mut rest): (Vec<Ranked>, Vec<Ranked>) =
        others.into_iter().partition(|one| waits(&one.candidate));

    let shares = Shares::new(wanted.size.target, wanted.with_mentions);
    for source in SOURCES {
        let share = shares.of(source);
        rest = places.offer(rest, |one, places| one.source == source && places.of(source) < share);
    }
    nearest_first(&mut rest);
    for source in SOURCES {
        rest = places.offer(rest, |one, _| one.source == source);
    }
    nearest_first(&mut waiting);
    rest.extend(places.offer(waiting, |_, _| true));

    let before = places.list.len();
    let mut relaxable = rank(off_mood, wanted);
    nearest_first(&mut relaxable);
    places.offer(relaxable, |one, _| {
        cohesion::of_candidate(one, wanted.mood, Tolerance::Relaxed) >= MINIMUM_COHESION
    });

    counts.relaxed = places.list.len() - before;
    counts.missing = wanted.size.target.saturating_sub(places.list.len());
    let overflow = rest.into_iter().map(|one| one.candidate).collect();
    Merged { list: places.list, overflow, counts }
}

struct Ranked {
    candidate: Candidate,
    rank: Rank,
}

/// Best score first: confidence, less for artists that come often, half for a clash of genres.
fn rank(candidates: Vec<Candidate>, wanted: &Wanted<'_>) -> Vec<Ranked> {
    let confidences = diversity::confidences(&candidates);
    let score = |candidate: &Candidate, confidence: f64| match relevance::judge(candidate, wanted) {
        Verdict::Doubt => confidence / 2.0,
        Verdict::Keep | Verdict::Drop => confidence,
    };
    let mut ranked: Vec<Ranked> = candidates
        .into_iter()
        .zip(confidences)
        .map(|(candidate, confidence)| {
            let rank = Rank::new(&candidate, score(&candidate, confidence), wanted.mood);
            Ranked { candidate, rank }
        })
        .collect();
    ranked.sort_by(|a, b| a.rank.by_score(&b.rank));
    ranked
}

fn nearest_first(ranked: &mut [Ranked]) {
    ranked.sort_by(|a, b| a.rank.by_distance(&b.rank));
}
