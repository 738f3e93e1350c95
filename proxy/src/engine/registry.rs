//! The registry: which ids name the same, which of them the upstream lacks. For operators; the
//! engine's own look-ups go by the store.

use futures_util::future::join_all;

use super::Engine;
use crate::api::{Entity, Id, RowKind, Shape, SpotifyId, Uuid, extract};
use crate::cache::{Category, Held, Key, Known};

/// What is known about one id as one of the things that ids name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    pub entity: Entity,
    pub uuid: Option<Uuid>,
    /// As asked, or as a row that is held says.
    pub spotify: Option<SpotifyId>,
    /// The mapping from the Spotify id, or from a UUID that was linked to another.
    pub mapping: Option<Held>,
    pub rows: Vec<(RowKind, Held)>,
    /// Which spellings the upstream is known to lack.
    pub missing: Vec<(RowKind, Id, Held)>,
}

/// Why a mapping cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Uncorrectable {
    #[error("an id cannot be mapped to itself")]
    Itself,
    #[error("only Spotify ids and UUIDs can be mapped")]
    Malformed,
}

impl Engine {
    /// Everything that is known about one id, in both tiers.
    pub async fn registered(&self, id: &Id) -> Vec<Registered> {
        let each = Entity::ALL.map(|entity| self.registered_as(entity, id));
        let known =
            |one: &Registered| one.mapping.is_some() || !one.rows.is_empty() || !one.missing.is_empty();
        join_all(each).await.into_iter().filter(known).collect()
    }

    async fn registered_as(&self, entity: Entity, id: &Id) -> Registered {
        let mut mapping = self.find(Key::Mapping(entity, id.clone())).await;
        let mapped =
            mapping.as_ref().and_then(|held| Uuid::parse(std::str::from_utf8(&held.entry.body).ok()?));
        let uuid = mapped.or(match id {
            Id::Uuid(uuid) => Some(*uuid),
            Id::Spotify(_) | Id::Malformed(_) => None,
        });
        let mut rows = Vec::new();
        for (kind, uuid) in kinds(entity).filter_map(|kind| Some((kind, uuid?))) {
            rows.extend(self.find(Key::Row(kind, uuid)).await.map(|held| (kind, held)));
        }
        let spotify = match id {
            Id::Spotify(spotify) => Some(*spotify),
            _ => rows.iter().find_map(|(kind, held)| spotify_of(*kind, held)),
        };
        let mut spellings = vec![id.clone()];
        spellings.extend(uuid.map(Id::Uuid).filter(|uuid| uuid != id));
        spellings.extend(spotify.map(Id::Spotify).filter(|spotify| spotify != id));
        if let (None, Some(spotify)) = (&mapping, spotify) {
            mapping = self.find(Key::Mapping(entity, Id::Spotify(spotify))).await;
        }
        let mut missing = Vec::new();
        for kind in kinds(entity) {
            for id in &spellings {
                let held = self.find(Key::Missing(kind, id.clone())).await;
                missing.extend(held.map(|held| (kind, id.clone(), held)));
            }
        }
        Registered { entity, uuid, spotify, mapping, rows, missing }
    }

    /// What is known about many ids, each as every kind of row: one question to each tier per kind.
    pub async fn look_up(&self, ids: &[Id]) -> Vec<Vec<(RowKind, Known)>> {
        let mut all = vec![Vec::with_capacity(RowKind::ALL.len()); ids.len()];
        for kind in RowKind::ALL {
            let mut known: Vec<Known> = ids.iter().map(|id| self.store.know(kind, id)).collect();
            let open = |known: &Known| matches!(known, Known::Nothing(_));
            let unknown: Vec<usize> = (0..ids.len()).filter(|at| open(&known[*at])).collect();
            if !unknown.is_empty() {
                let asked = unknown.iter().map(|at| ids[*at].clone()).collect();
                let recalled = self.store.recall(kind, asked).await.unwrap_or_default();
                unknown.into_iter().zip(recalled).for_each(|(at, recalled)| known[at] = recalled);
            }
            all.iter_mut().zip(known).for_each(|(one, known)| one.push((kind, known)));
        }
        all
    }

    /// Keeps that an id names this row, and that it is not missing.
    ///
    /// # Errors
    /// When no such mapping can be.
    pub fn correct(&self, entity: Entity, id: &Id, uuid: Uuid) -> Result<(), Uncorrectable> {
        match id {
            Id::Malformed(_) => return Err(Uncorrectable::Malformed),
            Id::Uuid(own) if *own == uuid => return Err(Uncorrectable::Itself),
            // A row of its own would be found first.
            Id::Uuid(own) => kinds(entity).for_each(|kind| self.store.remove(&Key::Row(kind, *own))),
            Id::Spotify(_) => {}
        }
        kinds(entity).for_each(|kind| self.store.remove(&Key::Missing(kind, id.clone())));
        let body = uuid.to_string().into();
        self.store.put(Key::Mapping(entity, id.clone()), Category::Mapping, 200, body);
        Ok(())
    }

    /// Forgets the mappings and the absences of an id in all its spellings; rows stay. What was
    /// known of it is returned.
    pub async fn forget(&self, id: &Id) -> Vec<Registered> {
        let known = self.registered(id).await;
        for entity in Entity::ALL {
            let of_entity = known.iter().filter(|one| one.entity == entity);
            let others = of_entity
                .flat_map(|one| one.uuid.map(Id::Uuid).into_iter().chain(one.spotify.map(Id::Spotify)));
            for spelling in others.chain([id.clone()]) {
                self.store.remove(&Key::Mapping(entity, spelling.clone()));
                kinds(entity).for_each(|kind| self.store.remove(&Key::Missing(kind, spelling.clone())));
            }
        }
        known
    }

    async fn find(&self, key: Key) -> Option<Held> {
        match self.store.get(&key) {
            None => self.store.recall_body(key).await,
            held => held,
        }
    }
}

/// The Spotify id that a row names itself by.
pub fn spotify_of(kind: RowKind, row: &Held) -> Option<SpotifyId> {
    extract(Shape::Single(kind), &row.entry.body).ok()?.rows.first()?.spotify
}

fn kinds(entity: Entity) -> impl Iterator<Item = RowKind> {
    RowKind::ALL.into_iter().filter(move |kind| kind.entity() == entity)
}
