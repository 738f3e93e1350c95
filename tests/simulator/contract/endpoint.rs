//! The sixteen endpoints of contract §2 and how a path names one.

use serde::{Deserialize, Serialize};

/// What a path asks for. The names are those of logs, statistics, rules and settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// 1: `/v1/track?ids=`
    Tracks,
    /// 2: `/v1/track/{id}`
    Track,
    /// 3: `/v1/track/{id}/audio-features`
    TrackFeatures,
    /// 4: `/v1/audio-features?ids=`
    Features,
    /// 5: `/v1/track/recommendation`
    Recommendation,
    /// 6: `/v1/track/search`
    TrackSearch,
    /// 7: `/v1/artist?ids=`
    Artists,
    /// 8: `/v1/artist/{id}`
    Artist,
    /// 9: `/v1/artist/search`
    ArtistSearch,
    /// 10: `/v1/artist/{id}/track`
    ArtistTracks,
    /// 11: `/v1/artist/{id}/album`
    ArtistAlbums,
    /// 12: `/v1/album?ids=`
    Albums,
    /// 13: `/v1/album/{id}`
    Album,
    /// 14: `/v1/album/{id}/track`
    AlbumTracks,
    /// 15: `/v1/album/search`
    AlbumSearch,
    /// 16: `POST /v1/analysis/audio-features`
    Extraction,
    /// No such path.
    Unknown,
}

impl Endpoint {
    /// The endpoint of a path and the id inside the path, if it has one. Paths are compared as
    /// sent: a trailing slash or another letter case is another path.
    pub(crate) fn of(path: &str) -> (Self, Option<&str>) {
        let Some(rest) = path.strip_prefix("/v1/") else {
            return (Self::Unknown, None);
        };
        let segments: Vec<&str> = rest.split('/').collect();
        match segments.as_slice() {
            ["track"] => (Self::Tracks, None),
            ["audio-features"] => (Self::Features, None),
            ["artist"] => (Self::Artists, None),
            ["album"] => (Self::Albums, None),
            ["track", "recommendation"] => (Self::Recommendation, None),
            ["track", "search"] => (Self::TrackSearch, None),
            ["artist", "search"] => (Self::ArtistSearch, None),
            ["album", "search"] => (Self::AlbumSearch, None),
            ["analysis", "audio-features"] => (Self::Extraction, None),
            [_, ""] | [_, "", _] => (Self::Unknown, None),
            ["track", id] => (Self::Track, Some(id)),
            ["artist", id] => (Self::Artist, Some(id)),
            ["album", id] => (Self::Album, Some(id)),
            ["track", id, "audio-features"] => (Self::TrackFeatures, Some(id)),
            ["artist", id, "track"] => (Self::ArtistTracks, Some(id)),
            ["artist", id, "album"] => (Self::ArtistAlbums, Some(id)),
            ["album", id, "track"] => (Self::AlbumTracks, Some(id)),
            _ => (Self::Unknown, None),
        }
    }

    /// The method name that second-form errors carry in `errors[].path`.
    pub(crate) fn handler(self) -> &'static str {
        match self {
            Self::Tracks => "getTracks",
            Self::Track => "getTrack",
            Self::TrackFeatures => "getTrackAudioFeatures",
            Self::Features => "getAudioFeatures",
            Self::Recommendation => "getRecommendation",
            Self::TrackSearch => "searchTracks",
            Self::Artists => "getArtists",
            Self::Artist => "getArtist",
            Self::ArtistSearch => "searchArtists",
            Self::ArtistTracks => "getArtistTrack",
            Self::ArtistAlbums => "getArtistAlbum",
            Self::Albums => "getAlbums",
            Self::Album => "getAlbum",
            Self::AlbumTracks => "getAlbumTrack",
            Self::AlbumSearch => "searchAlbums",
            Self::Extraction => "analyzeAudioFeatures",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn allows(self, method: &str) -> bool {
        match self {
            Self::Extraction => method == "POST",
            Self::Unknown => true,
            _ => method == "GET" || method == "HEAD",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_words_win_over_ids() {
        assert_eq!(Endpoint::of("/v1/track/search"), (Endpoint::TrackSearch, None));
        assert_eq!(Endpoint::of("/v1/track/x"), (Endpoint::Track, Some("x")));
        assert_eq!(Endpoint::of("/v1/artist/x/album"), (Endpoint::ArtistAlbums, Some("x")));
    }

    #[test]
    fn near_misses_are_unknown() {
        for path in [
            "/v1/track/",
            "/v1/Track",
            "/v1//track",
            "/v1/artist/x/tracks",
            "/v1",
            "/v1/track//audio-features",
        ] {
            assert_eq!(Endpoint::of(path), (Endpoint::Unknown, None), "{path}");
        }
    }
}
