//! Where tracks come from: three strategies that run at the same time, and a fallback.
//!
//! A strategy decides and never asks. It says what to ask, takes the rows, says which of them are
//! promising, and scores what is then known. Deadlines, allowances, features and failures are the
//! same for all and stand in one place of the pipeline; a strategy that got no answers gives what
//! it has without them.

mod artist_discovery;
mod brief;
mod fallback;
mod rows;
mod seed_based;
mod user_anchor;

use std::time::Duration;

pub use artist_discovery::ArtistDiscovery;
pub use brief::{Brief, Mentions, TrackPage};
pub use fallback::Fallback;
pub use rows::spread;
pub use seed_based::{SeedBased, draw};
pub use user_anchor::UserAnchor;

use crate::model::{Source, Track};
use crate::ranking::Candidate;
use crate::recobeat::{Answer, Ask};

/// One source of tracks.
pub trait Strategy: Send + Sync {
    /// As in the metadata of a run.
    fn name(&self) -> &'static str;

    fn source(&self) -> Source;

    /// Requests that bring tracks, the most important first.
    fn asks(&self, brief: &Brief) -> Vec<Ask>;

    /// Between the starts of two requests.
    fn stagger(&self) -> Duration {
        Duration::ZERO
    }

    /// Tracks in the order in which their features are worth asking; `share` places of the list are
    /// theirs. Rows that stand in the brief already may be among them. Of failed requests there is
    /// no answer.
    fn tracks(&self, brief: &Brief, share: usize, answers: &[(Ask, Answer)]) -> Vec<Track>;

    /// What is fit to be in the list, scored: at most three times the share, the surplus fills gaps
    /// of others. Features are those of the brief; tracks without any are scored by constants.
    fn candidates(&self, brief: &Brief, share: usize, tracks: Vec<Track>) -> Vec<Candidate>;
}
