use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::yield_now;

use super::order::Order;
use super::run::{WINDOW, is_wanted};
use crate::api::Request;
use crate::cache::{Known, Look};
use crate::engine::Engine;

/// What an order amounts to at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// Items: each id as each kind of row, each body.
    pub total: usize,
    /// Fresh already, or known to be refused.
    pub held: usize,
    /// Known to be missing upstream.
    pub missing_marks: usize,
    /// To be fetched: absent or stale.
    pub wanted: usize,
    pub calls: usize,
    /// At the present rate, if nobody else needs the budget; `None`: never, the budget allows none.
    pub seconds: Option<u64>,
}

impl Engine {
    /// Looks everything up at a glance.
    pub(super) async fn survey(&self, order: &Order) -> Estimate {
        let mut found = Estimate { total: order.len(), ..Estimate::default() };
        for (kind, ids) in &order.rows {
            let mut wanted = 0;
            for window in ids.chunks(WINDOW) {
                // Without a tier behind memory nothing else would let others go on.
                yield_now().await;
                for known in self.known(Look::Glance, *kind, window).await {
                    wanted += usize::from(is_wanted(&known));
                    found.missing_marks += usize::from(matches!(known, Known::Missing(_)));
                }
            }
            found.wanted += wanted;
            found.calls += wanted.div_ceil(self.terms().max_ids);
        }
        for body in &*order.bodies {
            yield_now().await;
            let (request, _) = self.repaired(Look::Glance, Request::Body(body.clone()), false).await;
            let lacking = self.lacks(&request).await;
            found.wanted += usize::from(lacking);
            found.calls += usize::from(lacking);
        }
        found.held = found.total - found.missing_marks - found.wanted;
        Estimate { seconds: self.time_for(found.calls).map(|time| time.as_secs()), ..found }
    }

    /// How long so many calls take at the present rate; `None`: for ever.
    pub(super) fn time_for(&self, calls: usize) -> Option<Duration> {
        match calls {
            0 => Some(Duration::ZERO),
            _ if self.budget.allows_none() => None,
            _ => Some(self.budget.time_for(calls)),
        }
    }
}
