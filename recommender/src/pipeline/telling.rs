//! Where the run stands, told to whoever listens.

use std::sync::Arc;

use async_trait::async_trait;

use super::Progress;
use super::calls::Watch;
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
}

/// Tells of the requests of one strategy.
pub(super) struct StrategyWatch<'a> {
    pub(super) telling: &'a Telling,
    pub(super) source: Source,
}

#[async_trait]
impl Watch for StrategyWatch<'_> {
    async fn answered(&self, done: usize, count: usize) {
        let who = match self.source {
            Source::AnchorTrack => "anchors",
            Source::ArtistDiscovery => "artists",
            Source::Reccobeat => "seeds",
            Source::Fallback => "fallback",
        };
        self.telling.part(Status::GeneratingRecommendations, &format!("{who}_{done}_{count}")).await;
    }
}
