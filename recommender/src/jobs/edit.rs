//! Changes of a finished list by hand.

use crate::model::Recommendation;

/// Tracks are named by Spotify id or UUID.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Positions count from 0; one past the end is the end.
    Reorder {
        track_id: String,
        new_position: usize,
    },
    Remove {
        track_id: String,
    },
    /// At a position, or at the end.
    Add {
        track: Box<Recommendation>,
        position: Option<usize>,
    },
}
