use bytes::Bytes;

use super::category::{Category, Ttl};
use super::entry::{Entry, seconds};
use super::key::Key;
use super::store::Store;
use crate::api::{Entity, Id, ParsedRow, RowKind, Uuid};
use crate::clock::Timestamp;

/// What one call taught, as old as the call.
///
/// A fact counts as learned when its call was sent, not when the answer arrived: the upstream may
/// have read it at any moment in between. If a purge falls in between, somebody has found out that
/// what the upstream said before is not to be served; an answer that was under way then may say
/// just that again, so it is treated like what was already here. Ages are right this way too
/// (RFC 9111 §4.2.3 adds the time an answer took).
#[derive(Debug, Clone, Copy)]
pub struct AsOf<'s> {
    pub(super) store: &'s Store,
    pub(super) asked: Timestamp,
}

impl AsOf<'_> {
    /// Stores a body and returns its entry.
    pub fn put(&self, key: Key, category: Category, status: u16, body: Bytes) -> Entry {
        self.put_at_most(key, category, status, body, self.store.ttl(category))
    }

    /// Like [`AsOf::put`], fresh and stale for no longer than `longest`.
    pub fn put_at_most(&self, key: Key, category: Category, status: u16, body: Bytes, longest: Ttl) -> Entry {
        let ttl = self.store.ttl(category);
        let entry = Entry {
            body,
            status,
            stored_at: self.asked,
            fresh_for: seconds(self.store.jittered(category, ttl.fresh).min(longest.fresh)),
            stale_for: seconds(ttl.stale.min(longest.stale)),
        };
        // Purged on its way: it must not replace what was learned since.
        if self.store.held(&key, entry.clone()).is_some() {
            self.store.tiers.put(key, entry.clone());
        }
        entry
    }

    /// Keeps a row, its mapping, and that neither of its ids is missing.
    pub fn learn(&self, row: &ParsedRow) -> Entry {
        let forget = |id| self.store.tiers.remove(&Key::Missing(row.kind, id));
        if let Some(spotify) = row.spotify {
            self.map(row.kind.entity(), Id::Spotify(spotify), row.uuid);
            forget(Id::Spotify(spotify));
        }
        forget(Id::Uuid(row.uuid));
        self.put(Key::Row(row.kind, row.uuid), row.kind.into(), 200, row.bytes.clone())
    }

    /// Keeps that `asked` is answered by this row although the row carries other ids: a track
    /// that was linked to another one.
    pub fn learn_as(&self, asked: &Id, row: &ParsedRow) -> Entry {
        self.store.tiers.remove(&Key::Missing(row.kind, asked.clone()));
        if let Id::Uuid(uuid) = asked {
            self.store.tiers.remove(&Key::Row(row.kind, *uuid));
        }
        self.map(row.kind.entity(), asked.clone(), row.uuid);
        self.learn(row)
    }

    /// Keeps that the upstream lacks a row.
    pub fn learn_absence(&self, kind: RowKind, id: &Id) -> Entry {
        if let Id::Uuid(uuid) = id {
            self.store.tiers.remove(&Key::Row(kind, *uuid));
        }
        self.put(Key::Missing(kind, id.clone()), Category::Missing, 404, Bytes::new())
    }

    fn map(&self, entity: Entity, id: Id, uuid: Uuid) {
        let body = Bytes::from(uuid.to_string());
        self.put(Key::Mapping(entity, id), Category::Mapping, 200, body);
    }
}
