//! What becomes of a request that the upstream refuses for good: something less, or its refusal.

use bytes::Bytes;
use http::StatusCode;

use super::Engine;
use super::answer::{Answer, Caller};
use crate::api::{Body, Call, Request, classify_target};
use crate::budget::Lane;
use crate::guard::{Tier, fallbacks};
use crate::telemetry::{Avoided, Outcome};

/// A permanent 400 of the upstream.
pub(super) struct Refusal {
    pub(super) answer: Answer,
    /// The upstream's words.
    pub(super) body: Bytes,
    /// The request that was answered instead before.
    pub(super) instead: Option<String>,
    /// It was remembered: no call was made.
    pub(super) held: bool,
}

impl Engine {
    /// Answers a refused request.
    pub(super) async fn refused(&self, request: &Body, refusal: Refusal, caller: &Caller) -> Answer {
        let instead = self.instead(request, &refusal, caller).await;
        if refusal.held {
            self.denials.count(&request.key);
        }
        if let Some(answer) = instead {
            return answer.changed("fallback");
        }
        self.metrics.avoid(Avoided::Denial, u64::from(refusal.held));
        refusal.answer
    }

    /// The answer to less than was asked for, if the upstream gives one. What worked once is asked
    /// at once; else the tiers are tried, by people's requests only. What was refused is denied by
    /// then, so that no tier is tried twice a day, and a failure ends the trial until somebody asks
    /// again: the refusal is the answer meanwhile. Only what worked once and fails in passing is
    /// told as that: it will work again, and a client may take a 400 for good, not a 429 or a 503.
    async fn instead(&self, request: &Body, refusal: &Refusal, caller: &Caller) -> Option<Answer> {
        if let Some(body) = self.worked(request, refusal.instead.as_deref())
            && let Ok(answer) = self.ask(&body, caller).await
        {
            return Some(answer).filter(|answer| answer.status == StatusCode::OK || passes(answer.status));
        }
        for (tier, less) in self.less(request, &refusal.body, caller.lane) {
            match self.ask(&less, caller).await {
                Ok(answer) if answer.status == StatusCode::OK => {
                    self.denials.point(&request.key, &refusal.body, &less.target).await;
                    self.tell_fallback(tier, request, &less, caller, &answer);
                    return Some(answer);
                }
                Ok(_) => return None,
                Err(again) if again.answer.outcome == Outcome::Miss => {
                    self.metrics.fell_back(tier.name(), "refused");
                }
                Err(_) => {}
            }
        }
        None
    }

    /// The request that was answered instead of a refused one before.
    pub(super) fn worked(&self, request: &Body, instead: Option<&str>) -> Option<Body> {
        request.recommendation.as_ref().filter(|_| self.terms().repair)?;
        instead.and_then(read)
    }

    /// What is tried instead of a refused request, in this order; nothing but for people.
    pub(super) fn less(&self, request: &Body, refusal: &[u8], lane: Lane) -> Vec<(Tier, Body)> {
        let tries = self.terms().repair && lane == Lane::Interactive;
        let Some(recommendation) = request.recommendation.as_ref().filter(|_| tries) else {
            return Vec::new();
        };
        let less = fallbacks(recommendation, refusal).into_iter();
        less.map(|(tier, less)| (tier, less.into_body())).collect()
    }

    /// Once, by the request that made the call.
    fn tell_fallback(&self, tier: Tier, request: &Body, less: &Body, caller: &Caller, answer: &Answer) {
        if answer.outcome == Outcome::Miss {
            self.metrics.fell_back(tier.name(), "worked");
            let request_id = caller.request_id.as_str();
            tracing::info!(
                request_id,
                tier = tier.name(),
                refused = request.target,
                target = less.target,
                "less than a refused request was answered"
            );
        }
    }
}

/// The same may be answered well in a while.
fn passes(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

fn read(target: &str) -> Option<Body> {
    match classify_target(target) {
        Ok(Call::Cacheable(Request::Body(body))) => Some(body),
        _ => None,
    }
}
