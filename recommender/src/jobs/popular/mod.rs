//! Popular moods: their lists are made before anybody asks.
//!
//! A held list is fresh for two hours and can be answered for a day more: a stale one is answered at
//! once and made again behind, so moods in use stay warm, and those that nobody asks for cost one run
//! a day. Lists are made one at a time, in the lowest lane, by one worker: whatever asks for a list that
//! waits or is being made has asked for that one.

mod held;
mod moods;
mod nearest;
mod usage;
mod warming;

pub use held::Held;
pub use moods::{Coverage, PopularMoods};
pub use nearest::HeldLists;

use crate::model::MoodRequest;

/// The name under which the list of a mood is held.
fn key(mood: &str) -> String {
    MoodRequest::of(mood).normalised_prompt()
}
