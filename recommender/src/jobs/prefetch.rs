//! Reads what the next run of a user will ask for.

use std::sync::Arc;

use crate::model::{Recommendation, TopArtist, TopTrack};
use crate::recobeat::Catalogue;

/// Cheap to clone.
#[derive(Clone)]
pub struct Prefetch;

impl Prefetch {
    /// `catalogue` asks in the lowest lane.
    pub fn new(_catalogue: Arc<dyn Catalogue>) -> Self {
        Self
    }

    /// Begins in the background; false when one of this user is under way.
    pub fn begin(&self, _user: &str, _tracks: Vec<TopTrack>, _artists: Vec<TopArtist>) -> bool {
        todo!()
    }

    /// The same for a finished list.
    pub fn after(&self, _user: &str, _list: &[Recommendation]) -> bool {
        todo!()
    }
}
