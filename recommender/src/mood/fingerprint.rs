//! Moods that need the same steps.

use crate::model::{Mood, MoodRequest};

/// Equal for requests whose seeds and artists are the same, though the words may differ.
pub fn fingerprint(request: &MoodRequest, mood: &Mood) -> String {
    format!("{request:?}{mood:?}")
}
