//! Before a fetch: is it ours to make, or does another replica make it already?

use super::lease::{Lease, Leases, Taken};
use super::table::Stage;
use super::urgency::Urgency;
use crate::cache::Key;

/// What became of a need.
#[derive(Debug)]
pub(super) enum Lead<T> {
    /// To be fetched here; `waited`: others were waited for first.
    Fetch { lease: Option<Lease>, waited: bool },
    /// Somebody else has fetched it.
    Found(T),
}

impl Leases {
    /// Takes the lease of `key`, or waits until its holder has stored an answer or given up.
    ///
    /// `look_up` is what is stored and good enough. Followers are queued like those they follow
    /// until these call (`stage`), and move up when `urgency` does: a lease held by a flight that
    /// queues in a lower lane is taken over.
    pub(super) async fn lead<T, F: Future<Output = Option<T>>>(
        &self,
        key: &Key,
        urgency: &Urgency,
        look_up: impl Fn() -> F,
        stage: impl Fn(Stage),
    ) -> Lead<T> {
        let mut followed = self.follow(key);
        let mut waited = false;
        loop {
            let taken = self.take(key, urgency.lane()).await;
            // After taking: who had it before has stored before giving it back.
            if let Some(found) = look_up().await {
                return Lead::Found(found);
            }
            match taken {
                Taken::Lease(lease) => {
                    stage(Stage::Queued);
                    return Lead::Fetch { lease: Some(lease), waited };
                }
                Taken::Alone => {
                    stage(Stage::Queued);
                    return Lead::Fetch { lease: None, waited };
                }
                Taken::Busy { calling } => {
                    stage(if calling { Stage::Calling } else { Stage::Queued });
                    waited = true;
                    tokio::select! {
                        () = followed.changed() => {}
                        () = urgency.raised() => {}
                    }
                }
            }
        }
    }
}
