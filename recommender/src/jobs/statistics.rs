//! Statistics of users' lists, cached, dropped on every change.

use std::sync::Arc;

use crate::cache::Cache;
use crate::model::{PublicStats, UserStats};
use crate::store::{Store, StoreError};

#[derive(Clone)]
pub struct Statistics {
    _store: Arc<dyn Store>,
    _cache: Arc<Cache>,
}

impl Statistics {
    pub async fn user(&self, _user: &str) -> Result<UserStats, StoreError> {
        todo!()
    }

    pub async fn public(&self) -> Result<PublicStats, StoreError> {
        todo!()
    }

    /// A list of this user has changed.
    pub async fn changed(&self, _user: &str) {
        todo!()
    }
}
