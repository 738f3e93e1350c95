//! Repair in the engine: what is known about tracks, and when it may change a request.

use super::Engine;
use super::answer::{Answer, Caller};
use crate::api::{Body, Id, Request, RowKind, Uuid};
use crate::cache::{Known, Look, Store};
use crate::guard::{Facts, Repair, repair};
use crate::telemetry::Outcome;

/// What is known about tracks. Memory alone is asked: a repair must not cost a request what a hit
/// saves it.
pub(super) struct Tracks<'s> {
    pub(super) store: &'s Store,
    pub(super) look: Look,
}

impl Facts for Tracks<'_> {
    fn is_missing(&self, id: &Id) -> bool {
        matches!(self.store.know_by(self.look, RowKind::Track, id), Known::Missing(_))
    }

    fn track(&self, id: &Id) -> Option<Uuid> {
        match self.store.know_by(self.look, RowKind::Track, id) {
            Known::Row { uuid, .. } | Known::Nothing(Id::Uuid(uuid)) => Some(uuid),
            _ => None,
        }
    }
}

impl Engine {
    /// The request to answer instead of a recommendation that the upstream would refuse.
    ///
    /// What can be seen in the request itself is always corrected, so that its answer has one
    /// place. What is known about its tracks changes with time and must not move a request away
    /// from an answer that is held: the upstream has taken it as it is.
    pub(super) async fn repaired(
        &self,
        look: Look,
        request: Request,
        no_cache: bool,
    ) -> (Request, Vec<Repair>) {
        let given = match &request {
            Request::Body(Body { recommendation: Some(given), .. }) if self.terms().repair => given.clone(),
            _ => return (request, Vec::new()),
        };
        let (sound, mut repairs) = repair(&given, &());
        let request = if repairs.is_empty() { request } else { Request::Body(sound.clone().into_body()) };
        let Request::Body(body) = &request else { return (request, repairs) };
        let keeps = !(no_cache && self.terms().honour_no_cache);
        if keeps && self.store.get_by(look, &self.bodies.key(body)).is_some() {
            return (request, repairs);
        }
        let (better, more) = repair(&sound, &Tracks { store: &self.store, look });
        if more.is_empty() {
            return (request, repairs);
        }
        let better = better.into_body();
        // Nothing is waited for when memory has an answer to either.
        if keeps && !self.is_at_hand(look, &better) && self.recalled(look, body).await.is_some() {
            return (request, repairs);
        }
        more.into_iter().for_each(|repair| {
            if !repairs.contains(&repair) {
                repairs.push(repair);
            }
        });
        (Request::Body(better), repairs)
    }

    /// Memory has an answer or a refusal.
    fn is_at_hand(&self, look: Look, body: &Body) -> bool {
        let answer = self.store.get_by(look, &self.bodies.key(body));
        answer.is_some() || self.denials.held(look, &body.key).is_some()
    }

    /// Makes repairs visible: in the answer, in the metrics and in the log, there at `info` when the
    /// repaired request was sent.
    pub(super) fn tell_repairs(
        &self,
        repairs: &[Repair],
        request: &Request,
        caller: &Caller,
        answer: Answer,
    ) -> Answer {
        let (false, Request::Body(body)) = (repairs.is_empty(), request) else { return answer };
        repairs.iter().for_each(|repair| self.metrics.repaired(repair.name()));
        let words: Vec<_> = repairs.iter().map(|repair| repair.name()).collect();
        let (words, request_id) = (words.join(","), caller.request_id.as_str());
        if answer.outcome == Outcome::Miss {
            tracing::info!(request_id, repaired = words, target = body.target, "request repaired");
        } else {
            tracing::debug!(request_id, repaired = words, target = body.target, "request repaired");
        }
        answer.changed(&format!("repaired=\"{words}\""))
    }
}
