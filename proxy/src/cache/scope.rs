use std::fmt;
use std::str::FromStr;

use super::category::Category;
use super::key::Key;
use crate::api::{ENDPOINTS, Endpoint, Id, Shape};

/// What a purge is about.
///
/// The text form is stable: it is what a file keeps and what replicas tell each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    All,
    Category(Category),
    /// What an endpoint answers. Those that answer rows of one kind are one: the rows, the absences
    /// among them, and lists kept whole.
    Endpoint(&'static Endpoint),
    /// Rows of every kind, mappings and absences under this spelling of an id.
    Id(Id),
    Key(Key),
}

/// A text that names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a scope: {0:?}")]
pub struct UnknownScope(pub String);

impl Scope {
    /// The scope of an endpoint by its path, `{id}` as it stands there.
    pub fn endpoint(path: &str) -> Option<Self> {
        ENDPOINTS.iter().find(|endpoint| endpoint.path == path).map(|found| Self::Endpoint(settled(found)))
    }

    /// One id or one key, of which there may be many.
    pub(super) fn is_fine(&self) -> bool {
        matches!(self, Self::Id(_) | Self::Key(_))
    }
}

/// The endpoint that stands for all with the same rows.
pub(super) fn settled(endpoint: &'static Endpoint) -> &'static Endpoint {
    match endpoint.shape {
        Shape::MultiGet(kind) | Shape::Single(kind) => Endpoint::multi_get(kind),
        _ => endpoint,
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Category(category) => write!(f, "category:{}", category.name()),
            Self::Endpoint(endpoint) => write!(f, "endpoint:{}", endpoint.path),
            Self::Id(id) => write!(f, "id:{id}"),
            Self::Key(key) => write!(f, "key:{key}"),
        }
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let parsed = match text.split_once(':') {
            None => (text == "all").then_some(Self::All),
            Some(("category", name)) => Category::named(name).map(Self::Category),
            Some(("endpoint", path)) => Self::endpoint(path),
            Some(("id", id)) => Id::parse(id).map(Self::Id),
            Some(("key", key)) => key.parse().ok().map(Self::Key),
            Some(_) => None,
        };
        parsed.ok_or_else(|| UnknownScope(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::key::tests::any_key;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("all")]
    #[case("category:track")]
    #[case("endpoint:/v1/track/search")]
    #[case("endpoint:/v1/artist/{id}/track")]
    #[case("id:2ZyXwVuTsRqPoNmLkJiHgF")]
    #[case("key:body:=/v1/track/search?searchText=a:b&page=0")]
    #[case("key:missing:features:7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d")]
    fn a_scope_is_printed_as_it_was_read(#[case] text: &str) {
        assert_eq!(text.parse::<Scope>().map(|scope| scope.to_string()), Ok(text.to_owned()));
    }

    #[rstest]
    #[case("")]
    #[case("everything")]
    #[case("category:tracks")]
    #[case("endpoint:/v1/track/abc")]
    #[case("id:")]
    #[case("key:other:x")]
    fn other_texts_are_not_scopes(#[case] text: &str) {
        assert!(text.parse::<Scope>().is_err());
    }

    #[test]
    fn endpoints_with_the_same_rows_are_one_scope() {
        assert_eq!(Scope::endpoint("/v1/track/{id}"), Scope::endpoint("/v1/track"));
        assert_ne!(Scope::endpoint("/v1/audio-features"), Scope::endpoint("/v1/track"));
    }

    proptest! {
        #[test]
        fn every_key_is_a_scope(key in any_key()) {
            let scope = Scope::Key(key);
            prop_assert_eq!(scope.to_string().parse::<Scope>(), Ok(scope));
        }
    }
}
