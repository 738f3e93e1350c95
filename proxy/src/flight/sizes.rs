use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::api::Body;
use crate::cache::{Category, Key, Store};

/// Default page sizes as far as the upstream has shown them.
///
/// `size` absent and `size=25` are the same page only if 25 is the default. The first answer to a
/// request without a size tells; from then on both spellings share one key (contract §13). What was
/// learned is noted in the store, or a restart could not find the pages it kept.
#[derive(Debug, Default)]
pub(super) struct DefaultSizes(RwLock<HashMap<&'static str, u32>>);

impl DefaultSizes {
    pub(super) fn learn(&self, request: &Body, size: u32, store: &Store) {
        if request.open_size && self.insert(request, size) != Some(size) {
            store.put(note(request), Category::Mapping, 200, size.to_string().into());
        }
    }

    pub(super) fn key(&self, request: &Body) -> String {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match known.get(request.endpoint.path).filter(|_| request.open_size) {
            Some(size) => format!("{}&size={size}", request.key),
            None => request.key.clone(),
        }
    }

    /// Where the store may know the size that matters to this request and is not known here.
    pub(super) fn note(&self, request: &Body) -> Option<Key> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        (request.open_size && !known.contains_key(request.endpoint.path)).then(|| note(request))
    }

    /// Takes over what a note says.
    pub(super) fn remember(&self, request: &Body, note: &[u8]) {
        if let Some(size) = std::str::from_utf8(note).ok().and_then(|text| text.parse().ok()) {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            known.entry(request.endpoint.path).or_insert(size);
        }
    }

    fn insert(&self, request: &Body, size: u32) -> Option<u32> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(request.endpoint.path, size)
    }
}

/// No request has a key like this.
fn note(request: &Body) -> Key {
    Key::Body(format!("default size of {}", request.endpoint.path).into())
}
