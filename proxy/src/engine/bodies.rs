//! Whole bodies: recommendations, searches, pages, opaque requests.

use http::StatusCode;

use super::Engine;
use super::answer::{Answer, Caller};
use super::trace::Trace;
use crate::api::{Body, Shape};
use crate::budget::Lane;
use crate::cache::{Category, Entry, Held};
use crate::flight::{BodyResult, FetchedBody, Wish};
use crate::telemetry::{Avoided, Outcome};

impl Engine {
    pub(super) async fn body(&self, request: &Body, caller: &Caller) -> Answer {
        let drawn = request.endpoint.shape == Shape::Recommendation;
        let held = self.known_body(request).await;
        let denied = held.as_ref().is_some_and(|held| is_denial(&held.entry));
        let new_draw = drawn && caller.no_cache && self.settings.honour_no_cache && !denied;
        let category = Category::of_shape(request.endpoint.shape);
        if !new_draw {
            let result = held.as_ref().map_or("miss", |held| if held.stale { "stale" } else { "hit" });
            self.metrics.lookup(category, result, 1);
            if let Some(held) = held {
                return self.held_body(request, &held, caller, "");
            }
        }
        let wish = self.wish(caller);
        let (waiter, opened) = self.bodies.join(request, new_draw, wish, Some(&caller.request_id));
        match self.wait(waiter, wish).await.and_then(|result: BodyResult| result) {
            Ok(fetched) => self.fetched_body(&fetched, opened),
            // A new draw is a wish, not a need: better the last one than an error.
            Err(_) if held.is_some() => {
                let held = held.unwrap_or_else(|| unreachable!("checked by the guard"));
                self.held_body(request, &held, caller, "no new draw")
            }
            Err(failure) => Answer::failed(&failure, &request.target, self.now()),
        }
    }

    /// What both tiers know. Nothing is awaited when memory knows it.
    async fn known_body(&self, request: &Body) -> Option<Held> {
        let held = self.store.get(&self.bodies.key(request));
        let (tier, held) = match (held, self.store.behind()) {
            (None, Some(behind)) => (behind, self.bodies.recall(request).await),
            (held, _) => ("memory", held),
        };
        self.metrics.tier_hits(tier, u64::from(held.is_some()));
        held
    }

    fn held_body(&self, request: &Body, held: &Held, caller: &Caller, detail: &str) -> Answer {
        let Held { entry, stale } = held;
        let early = !stale && self.is_due(request, entry);
        if (*stale || early) && self.may_refresh() {
            if early {
                self.metrics.early_refresh();
            }
            let wish = Wish { client: caller.client, lane: Lane::Refresh, deadline: None };
            drop(self.bodies.join(request, early, wish, None));
        }
        let denied = is_denial(entry);
        self.metrics.avoid(if denied { Avoided::Denial } else { Avoided::Cache }, 1);
        let trace = match (denied, stale) {
            (true, _) => Trace::new(Outcome::Denied).detail("denied"),
            (false, true) => {
                Trace::new(Outcome::Stale).detail(if detail.is_empty() { "stale" } else { detail })
            }
            (false, false) => Trace::new(Outcome::Hit).detail(detail),
        };
        self.whole(entry, trace).aged(Some(entry.age(self.store.now())))
    }

    /// A page or search that people keep asking for and that expires soon. Rows and recommendations
    /// wait until they are stale: the former hardly change, the latter would.
    fn is_due(&self, request: &Body, entry: &Entry) -> bool {
        let shape = request.endpoint.shape;
        let changing = matches!(shape, Shape::Search(_) | Shape::SubList(_));
        if !self.settings.early_refresh || !changing || entry.status != StatusCode::OK.as_u16() {
            return false;
        }
        let last_tenth = entry.ttl(self.store.now()) * 10 <= i64::from(entry.fresh_for);
        self.heat.ask(&request.key, entry, last_tenth)
    }

    fn fetched_body(&self, fetched: &FetchedBody, opened: bool) -> Answer {
        // Opened here, but fetched elsewhere: another replica was first.
        let own = opened && fetched.called;
        if !own {
            self.metrics.avoid(Avoided::Coalescing, 1);
        }
        let outcome = if own { Outcome::Miss } else { Outcome::Collapsed };
        let detail = if fetched.called { "calls=1" } else { "calls=0" };
        self.whole(&fetched.entry, Trace::new(outcome).stored(true).detail(detail))
    }

    fn whole(&self, entry: &Entry, trace: Trace) -> Answer {
        let status = StatusCode::from_u16(entry.status).unwrap_or(StatusCode::OK);
        Answer::new(status, entry.body.clone(), &trace.ttl(entry.ttl(self.store.now())))
    }
}

/// Only a request that is refused for good is kept with this status.
fn is_denial(entry: &Entry) -> bool {
    entry.status == StatusCode::BAD_REQUEST.as_u16()
}
