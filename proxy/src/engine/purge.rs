//! What operators name, as scopes and keys of the cache.

use super::Engine;
use crate::api::{Entity, Id, Request, RowKind};
use crate::cache::{Found, Key, Mode, Scope, TooMany};
use crate::clock::Timestamp;

/// Something in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    Scope(Scope),
    /// In both its spellings.
    Id(Id),
    /// What answers a request.
    Request(Request),
}

/// A purge that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purged {
    pub scopes: Vec<Scope>,
    pub at: Timestamp,
}

impl Engine {
    /// Purges everything the subject covers, in every tier.
    ///
    /// # Errors
    /// [`TooMany`] when too many ids and keys were purged one by one.
    pub async fn purge(&self, subject: &Subject, mode: Mode) -> Result<Purged, TooMany> {
        let scopes = match subject {
            Subject::Scope(scope) => vec![scope.clone()],
            Subject::Id(id) => self.store.spellings(id).await.into_iter().map(Scope::Id).collect(),
            Subject::Request(_) => self.keys(subject).await.into_iter().map(Scope::Key).collect(),
        };
        let at = self.store.purge(&scopes, mode)?;
        let told: Vec<String> = scopes.iter().take(8).map(ToString::to_string).collect();
        tracing::info!(scopes = ?told, of = scopes.len(), ?mode, "purged");
        Ok(Purged { scopes, at })
    }

    /// What each tier holds of a key, an id or a request. Asks nobody upstream.
    pub async fn inspect(&self, subject: &Subject) -> Vec<Found> {
        self.store.inspect(self.keys(subject).await).await
    }

    /// Nothing for scopes of many entries.
    async fn keys(&self, subject: &Subject) -> Vec<Key> {
        match subject {
            Subject::Scope(Scope::Key(key)) => vec![key.clone()],
            Subject::Scope(_) => Vec::new(),
            Subject::Id(id) => {
                let spellings = self.store.spellings(id).await;
                let mappings = spellings.iter().flat_map(mappings);
                let rows = RowKind::ALL.into_iter().flat_map(|kind| rows(kind, &spellings));
                mappings.chain(rows).collect()
            }
            Subject::Request(Request::Rows(request)) => {
                let mut keys = Vec::new();
                for id in &request.ids {
                    keys.extend(rows(request.kind, &self.store.spellings(id).await));
                }
                keys
            }
            Subject::Request(Request::Row(request)) => {
                let mut keys = rows(request.kind, &self.store.spellings(&request.id).await);
                // Kept as it is where Spotify ids are not served in paths.
                if matches!(request.id, Id::Spotify(_)) {
                    keys.push(Key::Body(request.target.as_str().into()));
                }
                keys
            }
            Subject::Request(Request::Body(request)) => {
                let mut keys = self.bodies.keys(request).await;
                keys.extend(self.texts(request).into_iter().map(Key::Denied));
                keys
            }
        }
    }
}

fn mappings(id: &Id) -> impl Iterator<Item = Key> {
    Entity::ALL.into_iter().map(|entity| Key::Mapping(entity, id.clone()))
}

fn rows(kind: RowKind, spellings: &[Id]) -> Vec<Key> {
    let row = |id: &Id| if let Id::Uuid(uuid) = id { Some(Key::Row(kind, *uuid)) } else { None };
    let absence = |id: &Id| Key::Missing(kind, id.clone());
    spellings.iter().filter_map(row).chain(spellings.iter().map(absence)).collect()
}
