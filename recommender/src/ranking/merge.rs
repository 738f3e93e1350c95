//! From all candidates of all strategies to one list of the right size.
//!
//! Filters first, then places: each source fills its share with its best, gaps are filled from what
//! is over, and if that is not enough, from what the mood filter left out but is not far off. Caps
//! count what is in the list, so they hold whatever comes in, and a place that an artist does not
//! take is not lost.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use uuid::Uuid;

use super::cohesion::{self, Tolerance};
use super::filter::{self, Verdict};
use super::rank::Rank;
use super::shares::{SOURCES, Shares};
use super::{Candidate, Wanted, diversity, duplicates, picks, quality};
use crate::model::Source;

/// Tracks of one artist.
const ARTIST_CAP: usize = 2;
/// Anchors that the user did not name.
const ANCHOR_CAP: usize = 5;

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

/// Makes the list. Confidences stay as they are: merging again gives the same.
pub fn merge(candidates: Vec<Candidate>, wanted: &Wanted<'_>) -> Merged {
    choose(candidates, wanted, &|_| false)
}

/// Like [`merge`], for the end of a run: what does not fit in waits until nothing else is left.
pub fn finish(candidates: Vec<Candidate>, wanted: &Wanted<'_>) -> Merged {
    choose(candidates, wanted, &|candidate| quality::is_outlier(candidate, wanted.mood))
}

fn choose(candidates: Vec<Candidate>, wanted: &Wanted<'_>, is_last: &dyn Fn(&Candidate) -> bool) -> Merged {
    let mut counts = Counts { candidates: candidates.len(), ..Counts::default() };
    let Sifted { passed, off_mood } = sift(candidates, wanted, &mut counts);

    let mut filling = Filling::new(wanted);
    let ranked = rank(passed, wanted);
    let (safe, ranked): (Vec<Ranked>, Vec<Ranked>) =
        ranked.into_iter().partition(|one| one.candidate.is_safe());
    safe.into_iter().for_each(|one| filling.add(one.candidate));
    let (last, mut ranked): (Vec<Ranked>, Vec<Ranked>) =
        ranked.into_iter().partition(|one| is_last(&one.candidate));

    let shares = Shares::new(wanted.size.target, wanted.with_mentions);
    ranked.sort_by(|a, b| a.rank.by_score(&b.rank));
    for source in SOURCES {
        ranked = filling
            .fill(ranked, |one, list| one.candidate.source == source && list.of(source) < shares.of(source));
    }
    let mut overflow = Vec::new();
    ranked.sort_by(|a, b| a.rank.by_distance(&b.rank));
    for source in SOURCES {
        ranked = filling.fill(ranked, |one, _| one.candidate.source == source);
    }
    overflow.append(&mut ranked);
    let mut last = last;
    last.sort_by(|a, b| a.rank.by_distance(&b.rank));
    overflow.extend(filling.fill(last, |_, _| true));

    let mut relaxable = rank(off_mood, wanted);
    relaxable.sort_by(|a, b| a.rank.by_distance(&b.rank));
    let before = filling.list.len();
    filling.fill(relaxable, |one, _| {
        cohesion::of_candidate(&one.candidate, wanted.mood, Tolerance::Relaxed) >= picks::MINIMUM_COHESION
    });
    counts.relaxed = filling.list.len() - before;
    counts.missing = wanted.size.target.saturating_sub(filling.list.len());
    let overflow = overflow.into_iter().map(|one| one.candidate).collect();
    Merged { list: filling.list, overflow, counts }
}

struct Sifted {
    passed: Vec<Candidate>,
    /// Left out by the mood filter alone.
    off_mood: Vec<Candidate>,
}

fn sift(candidates: Vec<Candidate>, wanted: &Wanted<'_>, counts: &mut Counts) -> Sifted {
    let mut keep = |candidates: Vec<Candidate>,
                    count: fn(&mut Counts) -> &mut usize,
                    rule: &dyn Fn(&Candidate) -> bool| {
        let before = candidates.len();
        let kept: Vec<Candidate> = candidates.into_iter().filter(|candidate| rule(candidate)).collect();
        *count(counts) = before - kept.len();
        kept
    };
    let wished =
        keep(candidates, |counts| &mut counts.negatives, &|candidate| !wanted.is_negative(candidate));
    let before = wished.len();
    let distinct = duplicates::remove(wished);
    let doubles = before - distinct.len();
    let relevant = keep(distinct, |counts| &mut counts.relevance, &|candidate| {
        filter::relevance::judge(candidate, wanted) != Verdict::Drop
    });
    let timely = keep(relevant, |counts| &mut counts.era, &|candidate| {
        filter::era::keeps(candidate, wanted.mood.temporal_context.as_ref())
    });
    let (passed, off_mood): (Vec<Candidate>, Vec<Candidate>) =
        timely.into_iter().partition(|candidate| filter::mood::keeps(candidate, wanted.mood));
    counts.duplicates = doubles;
    counts.mood = off_mood.len();
    Sifted { passed, off_mood }
}

struct Ranked {
    candidate: Candidate,
    rank: Rank,
}

fn rank(mut candidates: Vec<Candidate>, wanted: &Wanted<'_>) -> Vec<Ranked> {
    candidates.sort_by_key(Candidate::id);
    let confidences = diversity::confidences(&candidates);
    let doubt = |candidate: &Candidate| match filter::relevance::judge(candidate, wanted) {
        Verdict::Doubt => 0.5,
        Verdict::Keep | Verdict::Drop => 1.0,
    };
    let ranked = candidates.into_iter().zip(confidences).map(|(candidate, confidence)| Ranked {
        rank: Rank::new(&candidate, doubt(&candidate) * confidence, wanted.mood),
        candidate,
    });
    ranked.collect()
}

/// A list on its way, with what its caps count.
struct Filling<'a> {
    wanted: &'a Wanted<'a>,
    list: Vec<Candidate>,
    by_artist: HashMap<Uuid, usize>,
    /// Tracks by artists the user named.
    by_mentioned: usize,
    /// Anchors that are not safe.
    anchors: usize,
}

impl<'a> Filling<'a> {
    fn new(wanted: &'a Wanted<'a>) -> Self {
        Self { wanted, list: Vec::new(), by_artist: HashMap::new(), by_mentioned: 0, anchors: 0 }
    }

    fn of(&self, source: Source) -> usize {
        self.list.iter().filter(|candidate| candidate.source == source).count()
    }

    /// Takes what has a place and a cap allows, in order; gives back the rest.
    fn fill(&mut self, candidates: Vec<Ranked>, has_place: impl Fn(&Ranked, &Self) -> bool) -> Vec<Ranked> {
        let mut rest = Vec::new();
        for one in candidates {
            let full = self.list.len() >= self.wanted.size.target;
            if !full && has_place(&one, self) && self.allows(&one.candidate) {
                self.add(one.candidate);
            } else {
                rest.push(one);
            }
        }
        rest
    }

    fn allows(&self, candidate: &Candidate) -> bool {
        let mentioned = &self.wanted.mentioned_artists;
        let together = (self.wanted.size.target / 2).max(ARTIST_CAP);
        let artists_allow = diversity::artists(candidate).all(|artist| {
            mentioned.contains(&artist) || self.by_artist.get(&artist).is_none_or(|count| *count < ARTIST_CAP)
        });
        artists_allow
            && (!self.wanted.is_by_mentioned_artist(candidate) || self.by_mentioned < together)
            && (candidate.source != Source::AnchorTrack || self.anchors < ANCHOR_CAP)
    }

    fn add(&mut self, candidate: Candidate) {
        diversity::artists(&candidate).for_each(|artist| *self.by_artist.entry(artist).or_default() += 1);
        self.by_mentioned += usize::from(self.wanted.is_by_mentioned_artist(&candidate));
        self.anchors += usize::from(candidate.source == Source::AnchorTrack && !candidate.is_safe());
        self.list.push(candidate);
    }
}
