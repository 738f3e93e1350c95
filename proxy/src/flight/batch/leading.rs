//! Where replicas share a server: whose ids are ours to fetch, before they board and when they leave.

use std::net::IpAddr;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::ready;
use futures_util::stream::FuturesUnordered;

use super::{Inner, RowRider, Wish, fetched};
use crate::api::{Id, RowKind};
use crate::budget::Lane;
use crate::cache::Key;
use crate::flight::lead::Lead;
use crate::flight::lease::Leases;
use crate::flight::urgency::Urgency;

impl Inner {
    /// Boards each rider as soon as it has its lease; those that another replica fetches meanwhile
    /// land with what that has stored.
    pub(super) async fn lead(
        self: Arc<Self>,
        leases: Leases,
        kind: RowKind,
        riders: Vec<RowRider>,
        wish: Wish,
    ) {
        let leading: FuturesUnordered<_> = riders
            .into_iter()
            .map(|rider| {
                let (leases, inner) = (leases.clone(), Arc::clone(&self));
                async move { inner.lead_one(&leases, kind, rider, wish).await }
            })
            .collect();
        let mut refused = None;
        leading
            .for_each(|led| {
                if let Some((rider, wish)) = led {
                    self.board(kind, vec![rider], wish, &mut refused);
                }
                ready(())
            })
            .await;
    }

    async fn lead_one(
        &self,
        leases: &Leases,
        kind: RowKind,
        mut rider: RowRider,
        wish: Wish,
    ) -> Option<(RowRider, Wish)> {
        let urgency = Arc::new(Urgency::new(wish.lane));
        rider.landing.fetch().change(&urgency);
        let key = lease_key(kind, &rider.id);
        let id = rider.id.clone();
        let look_up =
            || async { fetched(self.store.recall_fresh(kind, std::slice::from_ref(&id)).await?.first()?) };
        let stage = |stage| rider.landing.stage(stage);
        match leases.lead(&key, &urgency, look_up, stage).await {
            Lead::Found(found) => {
                rider.landing.land(Ok(found));
                None
            }
            Lead::Fetch { lease, waited } => {
                rider.lease = lease;
                // Whoever waited for others has been let in already.
                let deadline = wish.deadline.filter(|_| !waited);
                Some((rider, Wish { deadline, ..wish }))
            }
        }
    }

    /// Those of `riders` that are still to be fetched, and still by this replica.
    pub(super) async fn confirm(
        self: &Arc<Self>,
        kind: RowKind,
        client: IpAddr,
        riders: Vec<RowRider>,
    ) -> Vec<RowRider> {
        let Some(leases) = self.leases.as_ref().filter(|leases| leases.matter()) else { return riders };
        let held: Vec<_> = riders.iter().map(|rider| rider.lease.as_ref()).collect();
        let kept = leases.confirm(&held).await;
        let (ours, lost): (Vec<_>, Vec<_>) = riders.into_iter().zip(kept).partition(|(_, kept)| *kept);
        for (mut rider, _) in lost {
            rider.lease = None;
            let lane = rider.landing.fetch().lane().unwrap_or(Lane::Warm);
            self.open(kind, vec![rider], Wish { client, lane, deadline: None });
        }
        let ids: Vec<Id> = ours.iter().map(|(rider, _)| rider.id.clone()).collect();
        let known = self.store.recall_fresh(kind, &ids).await.unwrap_or_default();
        let mut open = Vec::with_capacity(ours.len());
        for (index, (rider, _)) in ours.into_iter().enumerate() {
            match known.get(index).and_then(fetched) {
                Some(found) => rider.landing.land(Ok(found)),
                None => open.push(rider),
            }
        }
        open
    }
}

/// What stands for a row whose key may not be known before it is fetched.
fn lease_key(kind: RowKind, id: &Id) -> Key {
    match id {
        Id::Uuid(uuid) => Key::Row(kind, *uuid),
        Id::Spotify(_) | Id::Malformed(_) => Key::Missing(kind, id.clone()),
    }
}
