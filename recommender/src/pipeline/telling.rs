//! Where the run stands, told to whoever listens.

use std::sync::Arc;

use super::Progress;
use crate::model::{Source, Status};

/// Tells a run's progress; steps are free text that begins with the status.
pub(super) struct Telling(pub(super) Arc<dyn Progress>);

impl Telling {
    pub(super) async fn status(&self, status: Status) {
        self.0.at(status, status.name()).await;
    }

    /// Part of a step, for example `gathering_seeds_anchors`.
    pub(super) async fn part(&self, status: Status, part: &str) {
        self.0.at(status, &format!("{}_{part}", status.name())).await;
    }

    /// So many of a strategy's requests have been answered.
    pub(super) async fn strategy(&self, source: Source, done: usize, count: usize) {
        let who = match source {
            Source::AnchorTrack => "anchors",
            Source::ArtistDiscovery => "artists",
            Source::Reccobeat => "seeds",
            Source::Fallback => "fallback",
        };
        self.part(Status::GeneratingRecommendations, &format!("{who}_{done}_{count}")).await;
    }
}
