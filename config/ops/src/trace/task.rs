//! The context of what a task does, where one task serves one request from end to end.
//!
//! Futures joined within the task share it; what is spawned does not, and is told by hand.

use tokio::task_local;

use super::Context;

task_local! {
    static CONTEXT: Option<Context>;
}

/// Runs `work` with a context to be found by [`current`].
pub async fn within<F: Future>(context: Option<Context>, work: F) -> F::Output {
    CONTEXT.scope(context, work).await
}

/// The context of the work that this task is at, if it has one.
pub fn current() -> Option<Context> {
    CONTEXT.try_with(Clone::clone).ok().flatten()
}
