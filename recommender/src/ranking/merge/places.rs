//! The places of a list, and the caps on who may take them.
//!
//! Caps count what is in the list rather than cutting the candidates beforehand: so they hold
//! whatever comes in, and a place that a better track of the same artist leaves to others is not
//! lost.

use std::collections::HashMap;

use uuid::Uuid;

use super::Ranked;
use crate::model::Source;
use crate::ranking::{Candidate, Wanted, diversity};

/// Tracks of one artist, unless the user named the artist.
const ARTIST_CAP: usize = 2;
/// Anchors that the user did not name.
const ANCHOR_CAP: usize = 5;

pub(super) struct Places<'a> {
    wanted: &'a Wanted<'a>,
    pub(super) list: Vec<Candidate>,
    by_artist: HashMap<Uuid, usize>,
    /// Tracks by artists that the user named.
    by_mentioned: usize,
    /// Anchors that are not safe.
    anchors: usize,
}

impl<'a> Places<'a> {
    pub(super) fn new(wanted: &'a Wanted<'a>) -> Self {
        Self { wanted, list: Vec::new(), by_artist: HashMap::new(), by_mentioned: 0, anchors: 0 }
    }

    /// Tracks of a source.
    pub(super) fn of(&self, source: Source) -> usize {
        self.list.iter().filter(|candidate| candidate.source == source).count()
    }

    /// Takes what is `wanted` and what room and caps allow, in order; gives back the rest.
    pub(super) fn offer(
        &mut self,
        candidates: Vec<Ranked>,
        wanted: impl Fn(&Candidate, &Self) -> bool,
    ) -> Vec<Ranked> {
        let mut rest = Vec::new();
        for one in candidates {
            let room = self.list.len() < self.wanted.size.target;
            if room && wanted(&one.candidate, self) && self.caps_allow(&one.candidate) {
                self.put(one.candidate);
            } else {
                rest.push(one);
            }
        }
        rest
    }

    /// Takes a track whatever the caps say; it counts for those that come after it.
    pub(super) fn put(&mut self, candidate: Candidate) {
        diversity::artists(&candidate).for_each(|artist| *self.by_artist.entry(artist).or_default() += 1);
        self.by_mentioned += usize::from(self.wanted.is_by_mentioned_artist(&candidate));
        self.anchors += usize::from(candidate.source == Source::AnchorTrack && !candidate.is_safe());
        self.list.push(candidate);
    }

    pub(super) fn caps_allow(&self, candidate: &Candidate) -> bool {
        let wanted = self.wanted;
        let mentioned_cap = (wanted.size.target / 2).max(ARTIST_CAP);
        let artist_allows = |artist: Uuid| {
            wanted.mentioned_artists.contains(&artist)
                || self.by_artist.get(&artist).is_none_or(|count| *count < ARTIST_CAP)
        };
        diversity::artists(candidate).all(artist_allows)
            && (self.by_mentioned < mentioned_cap || !wanted.is_by_mentioned_artist(candidate))
            && (self.anchors < ANCHOR_CAP || candidate.source != Source::AnchorTrack)
    }
}
