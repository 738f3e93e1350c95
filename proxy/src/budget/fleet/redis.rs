//! The ledger in Redis: one script over four keys of one slot.

use async_trait::async_trait;

use super::{Ledger, Report, View};
use crate::link::Link;

pub(super) const SCRIPT: &str = include_str!("budget.lua");

/// The script's keys, in its order.
pub(super) fn keys(prefix: &str) -> [String; 4] {
    ["ring", "slots", "replicas", "pace"].map(|name| format!("{{{prefix}:budget}}:{name}"))
}

#[async_trait]
impl Ledger for Link {
    async fn exchange(&self, report: &Report) -> Option<View> {
        let report = serde_json::to_string(report).expect("numbers, texts and lists");
        let mut command = redis::cmd("EVAL");
        command.arg(SCRIPT).arg(4).arg(&keys(self.prefix())).arg(report);
        let view: String = self.ask_within(&command, self.lookup_timeout()).await?;
        serde_json::from_str(&view)
            .inspect_err(|error| tracing::warn!(%error, view, "the budget's script answers nonsense"))
            .ok()
    }

    async fn reachable(&self) {
        let mut ups = self.ups();
        ups.wait_for(Option::is_some).await.expect("the link lives as long as it is borrowed");
    }
}
