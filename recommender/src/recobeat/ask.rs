//! One request as a value, so that plans can count, cut and keep it before anybody is asked.

use uuid::Uuid;

use super::{CallError, Catalogue, Draw, FeatureRow};
use crate::model::{Artist, Track, TrackId};

/// Ids that fit into one request.
pub const BATCH: usize = 40;

/// Exactly one request: lists hold at most [`BATCH`] ids.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a run has two dozen of them")]
pub enum Ask {
    Tracks(Vec<TrackId>),
    Features(Vec<TrackId>),
    Artists(Vec<TrackId>),
    SearchTracks { text: String, page: u32 },
    SearchArtists { text: String, page: u32 },
    ArtistTracks { artist: Uuid, page: u32 },
    Recommend(Draw),
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// `total_pages` is 1 where there are no pages.
    Tracks {
        rows: Vec<Track>,
        total_pages: u32,
    },
    Artists {
        rows: Vec<Artist>,
        total_pages: u32,
    },
    Features(Vec<FeatureRow>),
}

impl Ask {
    /// As many requests as the ids need.
    pub fn tracks(ids: &[TrackId]) -> Vec<Self> {
        ids.chunks(BATCH).map(|ids| Self::Tracks(ids.to_vec())).collect()
    }

    /// As many requests as the ids need.
    pub fn features(ids: impl IntoIterator<Item = Uuid>) -> Vec<Self> {
        let ids: Vec<TrackId> = ids.into_iter().map(TrackId::Uuid).collect();
        ids.chunks(BATCH).map(|ids| Self::Features(ids.to_vec())).collect()
    }

    /// As many requests as the ids need.
    pub fn artists(ids: &[TrackId]) -> Vec<Self> {
        ids.chunks(BATCH).map(|ids| Self::Artists(ids.to_vec())).collect()
    }

    /// For people: what could not be had.
    pub fn what(&self) -> &'static str {
        match self {
            Self::Tracks(_) => "track rows",
            Self::Features(_) => "audio features",
            Self::Artists(_) => "artist rows",
            Self::SearchTracks { .. } => "track search",
            Self::SearchArtists { .. } => "artist search",
            Self::ArtistTracks { .. } => "an artist's tracks",
            Self::Recommend(_) => "recommendations",
        }
    }

    pub async fn send(&self, catalogue: &dyn Catalogue) -> Result<Answer, CallError> {
        let whole = |rows| Answer::Tracks { rows, total_pages: 1 };
        Ok(match self {
            Self::Tracks(ids) => whole(catalogue.tracks(ids).await?),
            Self::Features(ids) => Answer::Features(catalogue.features(ids).await?),
            Self::Artists(ids) => Answer::Artists { rows: catalogue.artists(ids).await?, total_pages: 1 },
            Self::SearchTracks { text, page } => paged(catalogue.search_tracks(text, *page).await?),
            Self::SearchArtists { text, page } => {
                let page = catalogue.search_artists(text, *page).await?;
                Answer::Artists { rows: page.rows, total_pages: page.total_pages }
            }
            Self::ArtistTracks { artist, page } => paged(catalogue.artist_tracks(*artist, *page).await?),
            Self::Recommend(draw) => whole(catalogue.recommend(draw).await?),
        })
    }
}

fn paged(page: super::Page<Track>) -> Answer {
    Answer::Tracks { rows: page.rows, total_pages: page.total_pages }
}

impl Answer {
    /// The track rows; none if it has others.
    pub fn into_tracks(self) -> Vec<Track> {
        if let Self::Tracks { rows, .. } = self { rows } else { Vec::new() }
    }

    /// The artist rows; none if it has others.
    pub fn into_artists(self) -> Vec<Artist> {
        if let Self::Artists { rows, .. } = self { rows } else { Vec::new() }
    }

    /// The feature rows; none if it has others.
    pub fn into_features(self) -> Vec<FeatureRow> {
        if let Self::Features(rows) = self { rows } else { Vec::new() }
    }
}
