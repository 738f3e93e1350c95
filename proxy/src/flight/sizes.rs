use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::api::Body;

/// Default page sizes as far as the upstream has shown them.
///
/// `size` absent and `size=25` are the same page only if 25 is the default. The first answer to a
/// request without a size tells; from then on both spellings share one key (contract §13).
#[derive(Debug, Default)]
pub(super) struct DefaultSizes(RwLock<HashMap<&'static str, u32>>);

impl DefaultSizes {
    pub(super) fn learn(&self, request: &Body, size: u32) {
        if request.open_size {
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(request.endpoint.path, size);
        }
    }

    pub(super) fn key(&self, request: &Body) -> String {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match known.get(request.endpoint.path).filter(|_| request.open_size) {
            Some(size) => format!("{}&size={size}", request.key),
            None => request.key.clone(),
        }
    }
}
