//! Work in the background: runs, popular moods, prefetch, the daily warming.
//!
//! Runs outlive the requests that start them. Who may end a run is decided in one place, the guarded
//! statement of the store that writes its end: completion, failure, deadline, cancellation, deletion and
//! other replicas all come to that row, the first wins, and the others are told what the run is. In
//! memory each run has one task, which alone tells its end, after the row has it. So there is exactly
//! one end, whatever the order, and no lock is held over a wait.

mod clock;
mod counters;
mod document;
mod drive;
mod edit;
mod elsewhere;
mod events;
mod live;
mod owner;
mod pipelined;
mod popular;
mod prefetch;
mod resume;
mod runner;
mod runs;
mod schedule;
mod settle;
mod statistics;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod turn;

use std::time::Duration;

pub use clock::{Clock, SystemClock};
pub use counters::Counters;
pub use document::{ActiveRun, StatusDocument, StatusMetadata};
pub use edit::Edit;
pub use events::{Event, EventKind};
pub use pipelined::Pipelined;
pub use popular::{Coverage, Held, HeldLists, PopularMoods};
pub use prefetch::Prefetch;
pub use runner::{Job, Runner};
pub use runs::{Parts, RunError, Runs, Start, Started};
pub use schedule::Schedule;
pub use statistics::Statistics;

/// For one answer of the store on the way of a run.
const STORE_PATIENCE: Duration = Duration::from_secs(5);
