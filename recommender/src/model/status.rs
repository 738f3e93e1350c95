//! Where a run stands; its order number never falls.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Pending,
    AnalyzingMood,
    GatheringSeeds,
    GeneratingRecommendations,
    EvaluatingQuality,
    OptimizingRecommendations,
    AwaitingUserInput,
    ProcessingEdits,
    CreatingPlaylist,
    Completed,
    Failed,
    Cancelled,
}

/// A step backwards, or one after the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a run that is {} cannot become {}", from.name(), to.name())]
pub struct OutOfOrder {
    pub from: Status,
    pub to: Status,
}

impl Status {
    pub const ALL: [Self; 12] = [
        Self::Pending,
        Self::AnalyzingMood,
        Self::GatheringSeeds,
        Self::GeneratingRecommendations,
        Self::EvaluatingQuality,
        Self::OptimizingRecommendations,
        Self::AwaitingUserInput,
        Self::ProcessingEdits,
        Self::CreatingPlaylist,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// As in JSON and in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::AnalyzingMood => "analyzing_mood",
            Self::GatheringSeeds => "gathering_seeds",
            Self::GeneratingRecommendations => "generating_recommendations",
            Self::EvaluatingQuality => "evaluating_quality",
            Self::OptimizingRecommendations => "optimizing_recommendations",
            Self::AwaitingUserInput => "awaiting_user_input",
            Self::ProcessingEdits => "processing_edits",
            Self::CreatingPlaylist => "creating_playlist",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// 0 to 6.
    pub const fn order(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::AnalyzingMood => 1,
            Self::GatheringSeeds => 2,
            Self::GeneratingRecommendations => 3,
            Self::EvaluatingQuality => 4,
            Self::OptimizingRecommendations
            | Self::AwaitingUserInput
            | Self::ProcessingEdits
            | Self::CreatingPlaylist => 5,
            Self::Completed | Self::Failed | Self::Cancelled => 6,
        }
    }

    pub const fn is_end(self) -> bool {
        self.order() == 6
    }

    /// `next`, if a run in this state may become that.
    pub fn then(self, next: Self) -> Result<Self, OutOfOrder> {
        if self.is_end() || next.order() < self.order() {
            return Err(OutOfOrder { from: self, to: next });
        }
        Ok(next)
    }
}
