//! One category = one TTL, one stale window, one row in the metrics.

use std::time::Duration;

use crate::api::{RowKind, Shape};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    Track,
    Features,
    Artist,
    Album,
    /// Spotify id → UUID.
    Mapping,
    /// An id that the upstream lacks.
    Missing,
    /// A request that the upstream refuses for good.
    Denied,
    Recommendation,
    Search,
    Page,
}

impl Category {
    pub const ALL: [Self; 10] = [
        Self::Track,
        Self::Features,
        Self::Artist,
        Self::Album,
        Self::Mapping,
        Self::Missing,
        Self::Denied,
        Self::Recommendation,
        Self::Search,
        Self::Page,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Features => "features",
            Self::Artist => "artist",
            Self::Album => "album",
            Self::Mapping => "mapping",
            Self::Missing => "missing",
            Self::Denied => "denied",
            Self::Recommendation => "recommendation",
            Self::Search => "search",
            Self::Page => "page",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }

    /// Of a body stored whole: as long as its endpoint's answers are kept.
    pub fn of_shape(shape: Shape) -> Self {
        match shape {
            Shape::MultiGet(kind) | Shape::Single(kind) => kind.into(),
            Shape::Recommendation => Self::Recommendation,
            Shape::Search(_) => Self::Search,
            Shape::SubList(_) => Self::Page,
        }
    }
}

impl From<RowKind> for Category {
    fn from(kind: RowKind) -> Self {
        match kind {
            RowKind::Track => Self::Track,
            RowKind::Features => Self::Features,
            RowKind::Artist => Self::Artist,
            RowKind::Album => Self::Album,
        }
    }
}

/// How long an entry is fresh, and how long after that it may still be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ttl {
    pub fresh: Duration,
    pub stale: Duration,
}

/// The lifetimes of all categories.
#[derive(Debug, Clone)]
pub struct Ttls([Ttl; Category::ALL.len()]);

impl Ttls {
    pub fn new(of: impl Fn(Category) -> Ttl) -> Self {
        Self(Category::ALL.map(of))
    }

    pub fn of(&self, category: Category) -> Ttl {
        self.0[category as usize]
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Default for Ttls {
    /// Features do not change, searches do; absences end when a track is added upstream.
    fn default() -> Self {
        Self::new(|category| {
            let (fresh, stale) = match category {
                Category::Features => (90, 90),
                Category::Track | Category::Artist | Category::Album => (30, 30),
                Category::Mapping => (180, 180),
                Category::Missing => (14, 0),
                Category::Denied => (1, 0),
                Category::Recommendation => (7, 1),
                Category::Search | Category::Page => (1, 1),
            };
            Ttl { fresh: DAY * fresh, stale: DAY * stale }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_category_finds_its_own_ttl() {
        let ttls =
            Ttls::new(|category| Ttl { fresh: Duration::from_secs(category as u64), stale: Duration::ZERO });
        for (index, category) in Category::ALL.into_iter().enumerate() {
            assert_eq!(ttls.of(category).fresh.as_secs(), index as u64, "{}", category.name());
        }
    }
}
