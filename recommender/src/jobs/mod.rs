//! Work in the background: runs, popular moods, prefetch, the daily warming.

mod clock;
mod document;
mod edit;
mod events;
mod popular;
mod prefetch;
mod runner;
mod runs;
mod schedule;
mod statistics;

pub use clock::{Clock, SystemClock};
pub use document::{ActiveRun, Counters, StatusDocument, StatusMetadata};
pub use edit::Edit;
pub use events::{Event, EventKind};
pub use popular::{Coverage, Held, PopularMoods};
pub use prefetch::Prefetch;
pub use runner::{Job, RunFailure, Runner, Steps};
pub use runs::{Parts, RunError, Runs, Start, Started};
pub use schedule::Schedule;
pub use statistics::Statistics;
