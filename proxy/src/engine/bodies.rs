//! Whole bodies: recommendations, searches, pages, opaque requests.

use std::time::Duration;

use http::StatusCode;

use super::Engine;
use super::answer::{Answer, Caller};
use super::plan::Standing;
use super::refused::Refusal;
use super::trace::Trace;
use crate::api::{Body, ErrorCode, Shape};
use crate::budget::Lane;
use crate::cache::{Category, Entry, Held, Look};
use crate::flight::{BodyResult, Failure, FetchedBody, Wish};
use crate::guard::Denial;
use crate::telemetry::{Avoided, Outcome};

/// Why a new draw was asked for and the last one is served.
const NO_NEW_DRAW: &str = "no new draw";

impl Engine {
    pub(super) async fn body(&self, request: &Body, caller: &Caller) -> Answer {
        match self.ask(request, caller).await {
            Ok(answer) => answer,
            Err(refusal) => self.refused(request, *refusal, caller).await,
        }
    }

    /// Answers a request as it is. An error is the upstream's, and permanent.
    pub(super) async fn ask(&self, request: &Body, caller: &Caller) -> Result<Answer, Box<Refusal>> {
        let drawn = request.endpoint.shape == Shape::Recommendation;
        let held = match self.standing(Look::Use, request).await {
            Standing::Denied(denial) => return Err(Box::new(self.denied(denial))),
            Standing::Held(held) => Some(held),
            Standing::Nothing => None,
        };
        let new_draw = drawn && caller.no_cache && self.terms().honour_no_cache;
        if !new_draw {
            let result = held.as_ref().map_or("miss", |held| if held.stale { "stale" } else { "hit" });
            self.metrics.lookup(Category::of_shape(request.endpoint.shape), result, 1);
            if let Some(held) = held {
                return Ok(self.held_body(request, &held, caller, ""));
            }
        }
        if let Some(held) = held.as_ref().filter(|_| self.denials.held(Look::Use, &request.key).is_some()) {
            return Ok(self.held_body(request, held, caller, NO_NEW_DRAW));
        }
        let wish = self.wish(caller);
        let (mut waiter, opened) = self.bodies.join(request, new_draw, wish, Some(&caller.origin()));
        let result = self.wait(&mut waiter, wish).await.and_then(|result: BodyResult| result);
        match (result, held) {
            // A new draw is a wish, not a need: better the last one than an error.
            (Err(_), Some(held)) => Ok(self.held_body(request, &held, caller, NO_NEW_DRAW)),
            (Ok(fetched), Some(held)) if fetched.is_refusal() => {
                Ok(self.held_body(request, &held, caller, NO_NEW_DRAW))
            }
            (Ok(fetched), _) => self.fetched_body(&fetched, opened, waiter.queued()),
            (Err(failure), None) => {
                let answer = Answer::failed(&failure, &request.target, self.now());
                match failure {
                    Failure::Relayed { status: StatusCode::BAD_REQUEST, body }
                        if ErrorCode::permanent(&body).is_some() =>
                    {
                        Err(Box::new(Refusal { answer, body, instead: None, held: false }))
                    }
                    _ => Ok(answer),
                }
            }
        }
    }

    fn denied(&self, denial: Denial) -> Refusal {
        self.metrics.lookup(Category::Denied, "hit", 1);
        let Denial { refusal, instead } = denial;
        let answer = self.whole(&refusal, Trace::new(Outcome::Denied).detail("denied"));
        let age = Some(refusal.age(self.store.now()));
        Refusal { answer: answer.aged(age), body: refusal.body, instead, held: true }
    }

    fn held_body(&self, request: &Body, held: &Held, caller: &Caller, detail: &str) -> Answer {
        let Held { entry, stale } = held;
        let early = !stale && self.is_due(request, entry);
        let refused = || self.denials.held(Look::Use, &request.key).is_some();
        if (*stale || early) && !refused() && self.room_for_refreshes() > 0 {
            if early {
                self.metrics.early_refresh();
            }
            let wish = Wish { client: caller.client, lane: Lane::Refresh, deadline: None };
            drop(self.bodies.join(request, early, wish, None));
        }
        self.metrics.avoid(Avoided::Cache, 1);
        let trace = if *stale {
            Trace::new(Outcome::Stale).detail(if detail.is_empty() { "stale" } else { detail })
        } else {
            Trace::new(Outcome::Hit).detail(detail)
        };
        self.whole(entry, trace).aged(Some(entry.age(self.store.now())))
    }

    /// A page or search that people keep asking for and that expires soon. Rows and recommendations
    /// wait until they are stale: the former hardly change, the latter would.
    fn is_due(&self, request: &Body, entry: &Entry) -> bool {
        let shape = request.endpoint.shape;
        let changing = matches!(shape, Shape::Search(_) | Shape::SubList(_));
        if !self.terms().early_refresh || !changing || entry.status != StatusCode::OK.as_u16() {
            return false;
        }
        let last_tenth = entry.ttl(self.store.now()) * 10 <= i64::from(entry.fresh_for);
        self.heat.ask(&request.key, entry, last_tenth)
    }

    fn fetched_body(
        &self,
        fetched: &FetchedBody,
        opened: bool,
        queued: Duration,
    ) -> Result<Answer, Box<Refusal>> {
        // Opened here, but fetched elsewhere: another replica was first.
        let own = opened && fetched.called;
        if !own {
            self.metrics.avoid(Avoided::Coalescing, 1);
        }
        let outcome = if own { Outcome::Miss } else { Outcome::Collapsed };
        let calls = if fetched.called { "calls=1" } else { "calls=0" };
        let detail = format!("{calls}{}", self.told_queue(queued));
        let answer = self.whole(&fetched.entry, Trace::new(outcome).stored(true).detail(detail));
        let age = (!fetched.called).then(|| fetched.entry.age(self.store.now()));
        let answer = answer.aged(age);
        if !fetched.is_refusal() {
            return Ok(answer);
        }
        let body = fetched.entry.body.clone();
        Err(Box::new(Refusal { answer, body, instead: None, held: false }))
    }

    fn whole(&self, entry: &Entry, trace: Trace) -> Answer {
        let status = StatusCode::from_u16(entry.status).unwrap_or(StatusCode::OK);
        Answer::new(status, entry.body.clone(), &trace.ttl(entry.ttl(self.store.now())))
    }
}
