use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use super::category::Category;
use super::form;
use super::scope::settled;
use crate::api::{Endpoint, Entity, Id, RowKind, Uuid};

/// What a fact is about. Rows are kept under their UUID; a Spotify id leads there by a mapping,
/// and so does a UUID that the upstream has linked to another row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    Row(RowKind, Uuid),
    Mapping(Entity, Id),
    /// Absence is per kind: a track without features is not a missing track.
    Missing(RowKind, Id),
    /// A whole body under its canonical or exact text.
    Body(Arc<str>),
    /// That the upstream refuses a request, under the same text.
    Denied(Arc<str>),
}

impl Key {
    /// Stable over versions and replicas.
    pub(crate) fn hash(&self) -> u128 {
        xxh3_128(&form::key(self))
    }

    /// The category of an entry with this key and status.
    pub fn category(&self, status: u16) -> Category {
        match self {
            Self::Row(kind, _) => (*kind).into(),
            Self::Mapping(..) => Category::Mapping,
            Self::Missing(..) => Category::Missing,
            Self::Body(_) => match (status, self.endpoint()) {
                (404, _) => Category::Missing,
                (_, Some(endpoint)) => Category::of_shape(endpoint.shape),
                // A note of ours.
                (_, None) => Category::Mapping,
            },
            Self::Denied(_) => Category::Denied,
        }
    }

    /// The endpoint an entry with this key answers; for rows the one that answers many.
    pub fn endpoint(&self) -> Option<&'static Endpoint> {
        match self {
            Self::Row(kind, _) | Self::Missing(kind, _) => Some(Endpoint::multi_get(*kind)),
            Self::Mapping(..) => None,
            Self::Body(text) | Self::Denied(text) => {
                let target = text.strip_prefix('=').unwrap_or(text);
                let path = target.split('?').next().unwrap_or(target);
                Endpoint::find(path).map(|(endpoint, _)| settled(endpoint))
            }
        }
    }

    /// Heap bytes the key owns.
    pub(super) fn heap(&self) -> usize {
        match self {
            Self::Body(text) | Self::Denied(text) => text.len(),
            Self::Missing(_, Id::Malformed(text)) | Self::Mapping(_, Id::Malformed(text)) => text.len(),
            _ => 0,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(kind, uuid) => write!(f, "{}:{uuid}", kind.name()),
            Self::Mapping(entity, id) => write!(f, "mapping:{}:{id}", entity.name()),
            Self::Missing(kind, id) => write!(f, "missing:{}:{id}", kind.name()),
            Self::Body(text) => write!(f, "body:{text}"),
            Self::Denied(text) => write!(f, "denied:{text}"),
        }
    }
}

/// A text that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a key: {0:?}")]
pub struct UnknownKey(pub String);

impl FromStr for Key {
    type Err = UnknownKey;

    fn from_str(text: &str) -> Result<Self, UnknownKey> {
        let about = |rest: &str| {
            let (name, id) = rest.split_once(':')?;
            Some((name.to_owned(), Id::parse(id)?))
        };
        let kind = |name: &str| RowKind::ALL.into_iter().find(|kind| kind.name() == name);
        let entity = |name: &str| Entity::ALL.into_iter().find(|entity| entity.name() == name);
        let parsed = match text.split_once(':') {
            Some(("body", text)) => Some(Self::Body(text.into())),
            Some(("denied", text)) => Some(Self::Denied(text.into())),
            Some(("mapping", rest)) => {
                about(rest).and_then(|(name, id)| Some(Self::Mapping(entity(&name)?, id)))
            }
            Some(("missing", rest)) => {
                about(rest).and_then(|(name, id)| Some(Self::Missing(kind(&name)?, id)))
            }
            Some((name, uuid)) => {
                kind(name).and_then(|kind| Uuid::parse(uuid).map(|uuid| Self::Row(kind, uuid)))
            }
            None => None,
        };
        parsed.ok_or_else(|| UnknownKey(text.to_owned()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::api::SpotifyId;
    use proptest::prelude::*;
    use rstest::rstest;

    fn any_id() -> impl Strategy<Value = Id> {
        prop_oneof![
            any::<u128>().prop_map(|bits| Id::Uuid(Uuid::from_bits(bits))),
            "[0-9A-Za-z]{22}".prop_map(|text| Id::Spotify(SpotifyId::parse(&text).expect("22 of them"))),
            "[0-9A-Za-z_.:-]{1,64}".prop_filter_map("understood", |text| Id::parse(&text)),
        ]
    }

    pub(crate) fn any_key() -> impl Strategy<Value = Key> {
        let kind = prop::sample::select(RowKind::ALL.to_vec());
        let entity = prop::sample::select(Entity::ALL.to_vec());
        prop_oneof![
            (kind.clone(), any::<u128>()).prop_map(|(kind, bits)| Key::Row(kind, Uuid::from_bits(bits))),
            (entity, any_id()).prop_map(|(entity, id)| Key::Mapping(entity, id)),
            (kind, any_id()).prop_map(|(kind, id)| Key::Missing(kind, id)),
            ".{0,300}".prop_map(|text| Key::Body(text.into())),
            ".{0,300}".prop_map(|text| Key::Denied(text.into())),
        ]
    }

    proptest! {
        #[test]
        fn a_key_is_printed_as_it_was_read(key in any_key()) {
            prop_assert_eq!(key.to_string().parse(), Ok(key));
        }
    }

    #[rstest]
    #[case("=/v1/track/search?searchText=a&page=0", 200, Category::Search)]
    #[case("/v1/artist/x/track?size=1", 200, Category::Page)]
    #[case("/v1/track?ids=a&market=de", 200, Category::Track)]
    #[case("=/v1/track/recommendation?seeds=x&size=1&", 200, Category::Recommendation)]
    #[case("/v1/track/x", 404, Category::Missing)]
    fn a_body_belongs_to_what_its_endpoint_answers(
        #[case] text: &str,
        #[case] status: u16,
        #[case] category: Category,
    ) {
        assert_eq!(Key::Body(text.into()).category(status), category);
    }
}
