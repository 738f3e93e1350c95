//! The request that a fetch is for: what its call carries upstream, so that both ends can be told of one.

use std::sync::Arc;

use recobeat_ops::trace::Context;

/// See the module. One per request, however many ids it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub request_id: String,
    /// The span that the fetch is part of.
    pub trace: Option<Context>,
}

/// Everybody a batch is for, each once, in the order they came.
pub(super) fn each_once<'o>(
    origins: impl Iterator<Item = &'o Arc<Origin>>,
) -> impl Iterator<Item = &'o Arc<Origin>> {
    let mut seen: Vec<*const Origin> = Vec::new();
    origins.filter(move |origin| {
        let new = !seen.contains(&Arc::as_ptr(origin));
        if new {
            seen.push(Arc::as_ptr(origin));
        }
        new
    })
}
