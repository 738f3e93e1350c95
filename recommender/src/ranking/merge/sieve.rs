//! The filters, in their order.

use super::Counts;
use crate::model::TemporalContext;
use crate::ranking::filter::{self, Verdict};
use crate::ranking::{Candidate, Wanted, duplicates};

pub(super) struct Sifted {
    /// No two of one recording.
    pub(super) passed: Vec<Candidate>,
    /// Left out by the mood filter alone.
    pub(super) off_mood: Vec<Candidate>,
    pub(super) counts: Counts,
}

/// Negatives out, one candidate per recording, then what is of another mood, subject or time.
pub(super) fn sift(mut candidates: Vec<Candidate>, wanted: &Wanted<'_>) -> Sifted {
    let mut counts = Counts { candidates: candidates.len(), ..Counts::default() };
    let era: Option<&TemporalContext> = wanted.mood.temporal_context.as_ref();
    counts.negatives = drop_unless(&mut candidates, |candidate| !wanted.is_negative(candidate));
    let before = candidates.len();
    let mut candidates = duplicates::remove(candidates);
    counts.duplicates = before - candidates.len();
    counts.relevance =
        drop_unless(&mut candidates, |one| filter::relevance::judge(one, wanted) != Verdict::Drop);
    counts.era = drop_unless(&mut candidates, |candidate| filter::era::keeps(candidate, era));
    let (passed, off_mood): (Vec<Candidate>, Vec<Candidate>) =
        candidates.into_iter().partition(|candidate| filter::mood::keeps(candidate, wanted.mood));
    counts.mood = off_mood.len();
    Sifted { passed, off_mood, counts }
}

/// How many were dropped.
fn drop_unless(candidates: &mut Vec<Candidate>, keeps: impl Fn(&Candidate) -> bool) -> usize {
    let before = candidates.len();
    candidates.retain(keeps);
    before - candidates.len()
}
