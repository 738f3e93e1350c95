//! How long the parts of a run took. For people and for the profiler; nothing is decided by it.

use std::time::Duration;

use serde_json::{Map, Value, json};

/// Seconds by name, in the order they were noted.
#[derive(Debug, Clone, Default)]
pub struct Timings {
    gathering: Vec<(&'static str, Duration)>,
    initial_generation: Duration,
    quality_evaluation: Duration,
    improvement_strategies: Duration,
    final_processing: Duration,
    intent_analysis: Duration,
    mood_analysis: Duration,
    playlist_ordering: Duration,
}

/// A part of the run that is timed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    IntentAnalysis,
    MoodAnalysis,
    InitialGeneration,
    QualityEvaluation,
    ImprovementStrategies,
    FinalProcessing,
    PlaylistOrdering,
}

/// A part of seed gathering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gathering {
    SearchUserTracks,
    SelectAnchors,
    DiscoverArtists,
    FetchTopTracks,
    FetchTopArtists,
    BuildSeedPool,
    Total,
}

impl Gathering {
    const ALL: [Self; 7] = [
        Self::Total,
        Self::SearchUserTracks,
        Self::SelectAnchors,
        Self::DiscoverArtists,
        Self::FetchTopTracks,
        Self::FetchTopArtists,
        Self::BuildSeedPool,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Total => "total_time_seconds",
            Self::SearchUserTracks => "search_user_tracks_seconds",
            Self::SelectAnchors => "select_anchors_seconds",
            Self::DiscoverArtists => "discover_artists_seconds",
            Self::FetchTopTracks => "fetch_top_tracks_seconds",
            Self::FetchTopArtists => "fetch_top_artists_seconds",
            Self::BuildSeedPool => "build_seed_pool_seconds",
        }
    }
}

impl Timings {
    pub fn part(&mut self, part: Part, took: Duration) {
        *match part {
            Part::IntentAnalysis => &mut self.intent_analysis,
            Part::MoodAnalysis => &mut self.mood_analysis,
            Part::InitialGeneration => &mut self.initial_generation,
            Part::QualityEvaluation => &mut self.quality_evaluation,
            Part::ImprovementStrategies => &mut self.improvement_strategies,
            Part::FinalProcessing => &mut self.final_processing,
            Part::PlaylistOrdering => &mut self.playlist_ordering,
        } += took;
    }

    pub fn gathering(&mut self, part: Gathering, took: Duration) {
        self.gathering.push((part.name(), took));
    }

    /// `seed_gathering_timing`: always all seven names.
    pub fn gathering_json(&self) -> Value {
        let spent = |part: Gathering| -> Duration {
            self.gathering.iter().filter(|(name, _)| *name == part.name()).map(|(_, took)| *took).sum()
        };
        Value::Object(
            Gathering::ALL.iter().map(|part| (part.name().to_owned(), seconds(spent(*part)))).collect(),
        )
    }

    pub fn orchestration_json(&self) -> Value {
        json!({
            "initial_generation": seconds(self.initial_generation),
            "iterative_improvement": {
                "quality_evaluation": seconds(self.quality_evaluation),
                "improvement_strategies": seconds(self.improvement_strategies),
            },
            "final_processing": seconds(self.final_processing),
        })
    }

    pub fn steps_json(&self) -> Value {
        let orchestration = self.initial_generation
            + self.quality_evaluation
            + self.improvement_strategies
            + self.final_processing;
        let mut steps = Map::new();
        for (name, took) in [
            ("intent_analysis", self.intent_analysis),
            ("mood_analysis", self.mood_analysis),
            ("orchestration", orchestration),
            ("playlist_ordering", self.playlist_ordering),
        ] {
            steps.insert(name.to_owned(), seconds(took));
        }
        Value::Object(steps)
    }
}

/// With milliseconds.
pub(super) fn seconds(took: Duration) -> Value {
    #[allow(clippy::cast_precision_loss, reason = "runs are shorter than millions of years")]
    let value = took.as_millis() as f64 / 1000.0;
    json!(value)
}
