//! What the upstream's 429s have taught outlives the process: the rate, and a hold that is on.
//!
//! An entry of the disk tier under a key that no request has, written when a hold begins or ends and
//! once a minute while the rate is lowered. Replicas keep it where they keep their budget.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use super::Engine;
use crate::budget::{Budget, Learned};
use crate::cache::{Category, Key, Store};
use crate::clock::Timestamp;

/// How often a lowered rate is noted.
const NOTED: Duration = Duration::from_secs(60);

#[derive(Debug, Serialize, Deserialize)]
struct Note {
    rate_per_minute: f64,
    /// Milliseconds since 1970; 0 without a hold.
    hold_until: u64,
}

fn key() -> Key {
    Key::Body("learned rate".into())
}

impl Engine {
    /// Takes up what an earlier process has learned. To be called before the first request, with
    /// the disk tier open.
    pub async fn recall_rate(&self) {
        let Some(held) = self.store.recall_body(key()).await else { return };
        let Ok(note) = serde_json::from_slice::<Note>(&held.entry.body) else { return };
        let left = Timestamp(note.hold_until).since(self.store.now());
        let learned = Learned {
            rate_per_minute: note.rate_per_minute,
            hold: Some(left).filter(|left| !left.is_zero()),
        };
        tracing::info!(rate_per_minute = learned.rate_per_minute, hold = ?learned.hold, "going on at the learned rate");
        self.budget.restore(learned);
    }
}

/// Keeps noting what is learned, for as long as both live.
pub(super) fn keep(budget: &Arc<Budget>, store: &Arc<Store>, runtime: &Handle) {
    let (mut holds, budget, store) = (budget.holds(), Arc::downgrade(budget), Arc::downgrade(store));
    runtime.spawn(async move {
        let mut noted = false;
        loop {
            let (Some(budget), Some(store)) = (budget.upgrade(), store.upgrade()) else { return };
            match budget.learned() {
                Some(learned) => {
                    let until = |hold| {
                        store.now().0 + u64::try_from(Duration::as_millis(&hold)).unwrap_or(u64::MAX / 2)
                    };
                    let note = Note {
                        rate_per_minute: learned.rate_per_minute,
                        hold_until: learned.hold.map_or(0, until),
                    };
                    let body = serde_json::to_vec(&note).expect("two numbers");
                    store.put(key(), Category::Mapping, 200, body.into());
                    noted = true;
                }
                None if noted => {
                    store.remove(&key());
                    noted = false;
                }
                None => {}
            }
            drop((budget, store));
            match timeout(NOTED, holds.changed()).await {
                Ok(Err(_)) => return,
                // A hold is told over and over while it grows.
                Ok(Ok(())) => sleep(Duration::from_millis(100)).await,
                Err(_) => {}
            }
        }
    });
}
