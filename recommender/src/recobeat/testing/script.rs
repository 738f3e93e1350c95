//! What was asked of the made-up catalogue, and how it is told to misbehave.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use uuid::Uuid;

use super::super::{CallError, Draw};
use crate::model::TrackId;

/// The methods of [`Catalogue`](super::super::Catalogue).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Method {
    Tracks,
    Features,
    Artists,
    SearchTracks,
    SearchArtists,
    ArtistTracks,
    Recommend,
}

impl Method {
    pub(crate) const ALL: [Self; 7] = [
        Self::Tracks,
        Self::Features,
        Self::Artists,
        Self::SearchTracks,
        Self::SearchArtists,
        Self::ArtistTracks,
        Self::Recommend,
    ];
}

/// One call with its arguments, as it was asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    Tracks(Vec<TrackId>),
    Features(Vec<TrackId>),
    Artists(Vec<TrackId>),
    SearchTracks { text: String, page: u32 },
    SearchArtists { text: String, page: u32 },
    ArtistTracks { artist: Uuid, page: u32 },
    Recommend(Box<Draw>),
}

impl Call {
    pub(crate) fn method(&self) -> Method {
        match self {
            Self::Tracks(_) => Method::Tracks,
            Self::Features(_) => Method::Features,
            Self::Artists(_) => Method::Artists,
            Self::SearchTracks { .. } => Method::SearchTracks,
            Self::SearchArtists { .. } => Method::SearchArtists,
            Self::ArtistTracks { .. } => Method::ArtistTracks,
            Self::Recommend(_) => Method::Recommend,
        }
    }

    /// What the real client would send for it: lists go in batches of 40.
    pub(crate) fn requests(&self) -> usize {
        match self {
            Self::Tracks(ids) | Self::Features(ids) | Self::Artists(ids) => ids.len().div_ceil(40),
            _ => 1,
        }
    }
}

/// Log and instructions.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) calls: Vec<Call>,
    pub(super) at_once: usize,
    pub(super) most_at_once: usize,
    pub(super) fresh_draws: usize,
    failing: HashMap<Method, CallError>,
    next: HashMap<Method, VecDeque<Option<CallError>>>,
    delays: HashMap<Method, Duration>,
}

impl Script {
    /// Notes the call, and tells how long it takes and what becomes of it.
    pub(super) fn begin(&mut self, call: Call) -> (Duration, Result<(), CallError>) {
        let method = call.method();
        self.calls.push(call);
        self.at_once += 1;
        self.most_at_once = self.most_at_once.max(self.at_once);
        let scripted = self.next.get_mut(&method).and_then(VecDeque::pop_front);
        let failure = scripted.unwrap_or_else(|| self.failing.get(&method).cloned());
        (self.delays.get(&method).copied().unwrap_or_default(), failure.map_or(Ok(()), Err))
    }

    pub(super) fn fail(&mut self, method: Method, error: CallError) {
        self.failing.insert(method, error);
    }

    pub(super) fn next(&mut self, method: Method, outcome: Option<CallError>) {
        self.next.entry(method).or_default().push_back(outcome);
    }

    pub(super) fn delay(&mut self, method: Method, by: Duration) {
        self.delays.insert(method, by);
    }

    pub(super) fn heal(&mut self) {
        self.failing.clear();
        self.next.clear();
        self.delays.clear();
    }
}
