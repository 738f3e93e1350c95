//! The table of caches: one row per category, with its lifetime.

use std::time::Duration;

/// One row of the table of caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    TopTracks,
    TopArtists,
    AnchorTracks,
    WorkflowArtifacts,
    ArtistEnrichment,
    ValidatedSeeds,
    PopularMoodCache,
    MoodAnalysis,
    UserPlaylistStats,
    PublicPlaylistStats,
    Profiling,
}

impl Category {
    pub const ALL: [Self; 11] = [
        Self::TopTracks,
        Self::TopArtists,
        Self::AnchorTracks,
        Self::WorkflowArtifacts,
        Self::ArtistEnrichment,
        Self::ValidatedSeeds,
        Self::PopularMoodCache,
        Self::MoodAnalysis,
        Self::UserPlaylistStats,
        Self::PublicPlaylistStats,
        Self::Profiling,
    ];

    /// The category of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }

    /// As in the API and in the metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TopTracks => "top_tracks",
            Self::TopArtists => "top_artists",
            Self::AnchorTracks => "anchor_tracks",
            Self::WorkflowArtifacts => "workflow_artifacts",
            Self::ArtistEnrichment => "artist_enrichment",
            Self::ValidatedSeeds => "validated_seeds",
            Self::PopularMoodCache => "popular_mood_cache",
            Self::MoodAnalysis => "mood_analysis",
            Self::UserPlaylistStats => "user_playlist_stats",
            Self::PublicPlaylistStats => "public_playlist_stats",
            Self::Profiling => "profiling",
        }
    }

    /// How long an entry is kept. Popular moods are fresh for 2 h of it.
    pub const fn ttl(self) -> Duration {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        Duration::from_secs(match self {
            Self::TopTracks | Self::TopArtists | Self::WorkflowArtifacts => 30 * MINUTE,
            Self::AnchorTracks => 15 * MINUTE,
            Self::ArtistEnrichment | Self::MoodAnalysis | Self::Profiling => HOUR,
            Self::ValidatedSeeds => 2 * HOUR,
            Self::PopularMoodCache => 26 * HOUR,
            Self::UserPlaylistStats | Self::PublicPlaylistStats => 5 * MINUTE,
        })
    }
}
