//! The recommender's binary behind a real proxy, and its callers.

mod caller;
mod counted;
mod events;
pub(crate) mod listed;
mod process;
mod scene;
mod stand_in;
mod terms;
mod token;

pub(crate) use caller::{Caller, escaped, is_end, list};
pub(crate) use counted::Counted;
pub(crate) use events::{Event, Events};
pub(crate) use process::Recommender;
pub(crate) use scene::Scene;
pub(crate) use stand_in::{Asked, StandIn};
pub(crate) use terms::Terms;
pub(crate) use token::{Claims, Key};

/// The ten moods that everybody gets fast.
pub(crate) const MOODS: [&str; 10] = [
    "happy and energetic",
    "calm and relaxing",
    "focus and concentration",
    "workout motivation",
    "sad and melancholy",
    "romantic and intimate",
    "party vibes",
    "chill evening",
    "morning energy",
    "late night vibes",
];
