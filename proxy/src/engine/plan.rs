//! What is known when a request comes, before anything is asked. Answering and explaining share it,
//! so that an explanation cannot be another than the answer's; a glance leaves no trace.

use std::collections::HashSet;

use futures_util::future::join;

use super::Engine;
use crate::api::{Body, Id, Request, RowKind};
use crate::cache::{Held, Known, Look};
use crate::guard::Denial;

/// What is known about a request whose answer is kept whole.
pub(super) enum Standing {
    Denied(Denial),
    Held(Held),
    Nothing,
}

/// What is to be done about rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// To be refreshed in the background, each once.
    pub(super) stale: Vec<Id>,
    /// To be fetched, each once, in the order first asked.
    pub(super) missing: Vec<Id>,
}

impl Plan {
    pub(super) fn of(known: &[Known]) -> Self {
        let (mut plan, mut seen, mut aged) = (Self::default(), HashSet::new(), HashSet::new());
        for known in known {
            match known {
                Known::Row { uuid, held } if held.stale && aged.insert(*uuid) => {
                    plan.stale.push(Id::Uuid(*uuid));
                }
                Known::Nothing(asked) if seen.insert(asked) => plan.missing.push(asked.clone()),
                Known::Row { .. } | Known::Nothing(_) | Known::Missing(_) => {}
            }
        }
        plan
    }
}

impl Engine {
    /// What both tiers know. Nothing is awaited when memory knows everything.
    pub(super) async fn known(&self, look: Look, kind: RowKind, ids: &[Id]) -> Vec<Known> {
        let mut known: Vec<Known> = ids.iter().map(|id| self.store.know_by(look, kind, id)).collect();
        let open = |known: &Known| matches!(known, Known::Nothing(_));
        let unknown: Vec<usize> = (0..known.len()).filter(|position| open(&known[*position])).collect();
        self.count_hits(look, "memory", ids.len() - unknown.len());
        let Some(behind) = self.store.behind().filter(|_| !unknown.is_empty()) else { return known };
        let asked = unknown.iter().map(|position| ids[*position].clone()).collect();
        let recalled = self.store.recall_by(look, kind, asked).await.unwrap_or_default();
        for (position, recalled) in unknown.into_iter().zip(recalled) {
            self.count_hits(look, behind, usize::from(!open(&recalled)));
            known[position] = recalled;
        }
        known
    }

    /// Memory first: nothing is awaited when it knows something. An answer that is held comes before
    /// a denial: the upstream may refuse today what it answered yesterday.
    pub(super) async fn standing(&self, look: Look, request: &Body) -> Standing {
        if let Some(held) = self.store.get_by(look, &self.bodies.key(request)) {
            self.count_hits(look, "memory", 1);
            return Standing::Held(held);
        }
        if let Some(denial) = self.denials.known(look, &request.key).await {
            self.count_hits(look, "memory", 1);
            return Standing::Denied(denial);
        }
        // Asked together, the tier behind answers both at once.
        match join(self.denials.recall(look, &request.key), self.recalled(look, request)).await {
            (_, Some(held)) => Standing::Held(held),
            (Some(denial), None) => {
                self.count_hits(look, self.store.behind().unwrap_or("memory"), 1);
                Standing::Denied(denial)
            }
            (None, None) => Standing::Nothing,
        }
    }

    /// What the tier behind memory holds.
    pub(super) async fn recalled(&self, look: Look, request: &Body) -> Option<Held> {
        let behind = self.store.behind()?;
        let held = self.bodies.recall(look, request).await;
        self.count_hits(look, behind, usize::from(held.is_some()));
        held
    }

    /// Where Spotify ids are not served in paths, such a request is sent as it is.
    pub(super) fn as_served(&self, request: Request) -> Request {
        match request {
            Request::Row(row) if matches!(row.id, Id::Spotify(_)) && !self.terms().spotify_ids_in_paths => {
                Request::Body(Body::opaque(row.endpoint, &row.target))
            }
            request => request,
        }
    }

    fn count_hits(&self, look: Look, tier: &str, hits: usize) {
        if look == Look::Use {
            self.metrics.tier_hits(tier, hits as u64);
        }
    }
}
