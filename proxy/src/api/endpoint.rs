//! The upstream's GET endpoints as a table (contract §2). Everything else is streamed through.

/// What a row describes. `Track` and `Features` are two kinds of row about one entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowKind {
    Track,
    Features,
    Artist,
    Album,
}

/// What an id names. Mappings between Spotify ids and UUIDs belong to an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Entity {
    Track,
    Artist,
    Album,
}

impl RowKind {
    pub const ALL: [Self; 4] = [Self::Track, Self::Features, Self::Artist, Self::Album];

    pub fn entity(self) -> Entity {
        match self {
            Self::Track | Self::Features => Entity::Track,
            Self::Artist => Entity::Artist,
            Self::Album => Entity::Album,
        }
    }

    /// Path of the endpoint that answers many ids of this kind.
    pub fn multi_get_path(self) -> &'static str {
        match self {
            Self::Track => "/v1/track",
            Self::Features => "/v1/audio-features",
            Self::Artist => "/v1/artist",
            Self::Album => "/v1/album",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Features => "features",
            Self::Artist => "artist",
            Self::Album => "album",
        }
    }
}

impl Entity {
    pub const ALL: [Self; 3] = [Self::Track, Self::Artist, Self::Album];

    pub fn name(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Artist => "artist",
            Self::Album => "album",
        }
    }
}

/// What an endpoint answers, which decides how it is cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `{content: [row…]}` for `ids`.
    MultiGet(RowKind),
    /// One bare row for an id in the path.
    Single(RowKind),
    /// `{content: [track…]}`, random.
    Recommendation,
    /// A page of rows for `searchText`.
    Search(RowKind),
    /// A page of rows below an id in the path.
    SubList(RowKind),
}

impl Shape {
    /// The kind of the rows in an answer of this shape.
    pub fn rows(self) -> RowKind {
        match self {
            Self::Recommendation => RowKind::Track,
            Self::MultiGet(kind) | Self::Single(kind) | Self::Search(kind) | Self::SubList(kind) => kind,
        }
    }
}

/// One line of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Path template; `{id}` stands for one segment.
    pub path: &'static str,
    pub shape: Shape,
    /// Handler name in the upstream's validation errors (contract §9).
    pub handler: &'static str,
}

/// Literal paths come before templates that would match them too.
pub static ENDPOINTS: &[Endpoint] = &[
    row("/v1/track", Shape::MultiGet(RowKind::Track), "getTracks"),
    row("/v1/track/recommendation", Shape::Recommendation, "getRecommendation"),
    row("/v1/track/search", Shape::Search(RowKind::Track), "searchTracks"),
    row("/v1/track/{id}", Shape::Single(RowKind::Track), "getTrack"),
    row("/v1/track/{id}/audio-features", Shape::Single(RowKind::Features), "getTrackAudioFeatures"),
    row("/v1/audio-features", Shape::MultiGet(RowKind::Features), "getAudioFeatures"),
    row("/v1/artist", Shape::MultiGet(RowKind::Artist), "getArtists"),
    row("/v1/artist/search", Shape::Search(RowKind::Artist), "searchArtists"),
    row("/v1/artist/{id}", Shape::Single(RowKind::Artist), "getArtist"),
    row("/v1/artist/{id}/track", Shape::SubList(RowKind::Track), "getArtistTrack"),
    row("/v1/artist/{id}/album", Shape::SubList(RowKind::Album), "getArtistAlbum"),
    row("/v1/album", Shape::MultiGet(RowKind::Album), "getAlbums"),
    row("/v1/album/search", Shape::Search(RowKind::Album), "searchAlbums"),
    row("/v1/album/{id}", Shape::Single(RowKind::Album), "getAlbum"),
    row("/v1/album/{id}/track", Shape::SubList(RowKind::Track), "getAlbumTrack"),
];

const fn row(path: &'static str, shape: Shape, handler: &'static str) -> Endpoint {
    Endpoint { path, shape, handler }
}

impl Endpoint {
    /// The endpoint of a path, with the path's raw `{id}` segment where the template has one.
    ///
    /// Trailing slashes, `//` and other letter case are other paths (contract §13).
    pub fn find(path: &str) -> Option<(&'static Self, Option<&str>)> {
        ENDPOINTS.iter().find_map(|endpoint| match endpoint.path.split_once("{id}") {
            None => (endpoint.path == path).then_some((endpoint, None)),
            Some((before, after)) => {
                let id = path.strip_prefix(before)?.strip_suffix(after)?;
                (!id.is_empty() && !id.contains('/')).then_some((endpoint, Some(id)))
            }
        })
    }

    /// The endpoint that answers many ids of a kind.
    pub fn multi_get(kind: RowKind) -> &'static Self {
        Self::of(Shape::MultiGet(kind))
    }

    /// The endpoint that answers in this shape.
    pub(super) fn of(shape: Shape) -> &'static Self {
        let found = ENDPOINTS.iter().find(|endpoint| endpoint.shape == shape);
        found.expect("the table has an endpoint for every shape")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("/v1/track", "/v1/track", None)]
    #[case("/v1/track/recommendation", "/v1/track/recommendation", None)]
    #[case("/v1/track/abc", "/v1/track/{id}", Some("abc"))]
    #[case("/v1/track/abc/audio-features", "/v1/track/{id}/audio-features", Some("abc"))]
    #[case("/v1/artist/x/track", "/v1/artist/{id}/track", Some("x"))]
    #[case("/v1/album/x/track", "/v1/album/{id}/track", Some("x"))]
    fn known_paths_are_found(#[case] path: &str, #[case] template: &str, #[case] id: Option<&str>) {
        let (endpoint, found) = Endpoint::find(path).expect("a known path");
        assert_eq!((endpoint.path, found), (template, id));
    }

    #[rstest]
    #[case("/v1/track/")]
    #[case("/v1//track")]
    #[case("/v1/Track")]
    #[case("/v1/track/a/b")]
    #[case("/v1/track//audio-features")]
    #[case("/v1/artist/x/tracks")]
    #[case("/v1/search/artist")]
    #[case("/v1/analysis/audio-features")]
    #[case("/")]
    fn other_paths_are_not(#[case] path: &str) {
        assert_eq!(Endpoint::find(path), None);
    }
}
