//! How many tracks a mood is worth. The more it says, the fewer tracks fit it, and the better they must.

use crate::model::{Mood, MoodRequest, Size};

/// A weight above counts as heavy.
const HEAVY: f64 = 0.7;
/// Tracks without which a list is not one.
const MINIMUM: usize = 16;

/// `niche`: the prompt asks for what is rare.
pub(super) fn size(request: &MoodRequest, mood: &Mood, niche: bool) -> Size {
    let features = mood.targets.known().count();
    let heavy = mood.weights.known().filter(|(_, weight)| *weight > HEAVY).count();
    let (target, quality_goal) = if features <= 4 || heavy <= 2 {
        (22, 0.70)
    } else if features >= 8 || heavy >= 4 {
        (19, 0.78)
    } else {
        (20, 0.75)
    };
    let (target, minimum) = match request.target_count {
        Some(asked) => (asked, MINIMUM.min(asked)),
        None if niche => ((target - 1).max(17), 15),
        None => (target, MINIMUM),
    };
    Size { target, minimum, quality_goal: request.quality_threshold.unwrap_or(quality_goal) }
}
