use super::Engine;
use super::model::{Answered, Denial, Explanation, Forecast, Item, Verdict};
use crate::api::{Body, complaints};
use crate::budget::Lane;
use crate::cache::{Category, Look};
use crate::engine::plan::Standing;
use crate::guard;

/// What a request that is kept whole would come to.
struct Outlook {
    answer: Answered,
    upstream: Forecast,
}

impl Engine {
    pub(super) async fn explain_body(&self, body: &Body) -> Explanation {
        let standing = self.standing(Look::Glance, body).await;
        let item = self.body_item(body, &standing).await;
        let denial = self.denials.noted(&body.key).await;
        let denial = denial.map(|(denial, exempt)| self.told_denial(&denial, exempt));
        let Outlook { answer, upstream } = match standing {
            Standing::Denied(denial) => self.outlook_of_denied(body, &denial).await,
            standing => self.outlook(body, &standing),
        };
        Explanation { denial, items: vec![item], upstream, ..self.told(answer) }
    }

    /// Of a request that is not denied.
    fn outlook(&self, body: &Body, standing: &Standing) -> Outlook {
        let flies = self.bodies.is_in_the_air(body);
        match standing {
            Standing::Held(held) if held.stale => {
                let refused = self.denials.held(Look::Glance, &body.key).is_some();
                let renewed = !refused && !flies && self.room_for_refreshes() > 0;
                let calls = if renewed { vec![body.target.clone()] } else { Vec::new() };
                let refreshes = calls.len();
                Outlook { answer: Answered::Stale, upstream: self.forecast(calls, 0, refreshes) }
            }
            Standing::Held(_) => Outlook { answer: Answered::Hit, upstream: self.forecast(Vec::new(), 0, 0) },
            Standing::Denied(_) | Standing::Nothing if flies => {
                let upstream = self.forecast(Vec::new(), 0, 0);
                let upstream = Forecast { in_flight_already: 1, ..upstream };
                Outlook { answer: Answered::Collapsed, upstream }
            }
            Standing::Denied(_) | Standing::Nothing => {
                let upstream = self.forecast(vec![body.target.clone()], 0, 0);
                Outlook { answer: upstream.or_refusal(Answered::Miss), upstream }
            }
        }
    }

    /// What worked once instead is answered; else less and less is tried, and the first that is not
    /// known to be refused decides.
    async fn outlook_of_denied(&self, body: &Body, denial: &guard::Denial) -> Outlook {
        let refusal = &denial.refusal.body;
        let worked = self.worked(body, denial.instead.as_deref()).map(|worked| (worked, true));
        let less = self.less(body, refusal, Lane::Interactive).into_iter().map(|(_, less)| (less, false));
        for (instead, worked) in worked.into_iter().chain(less) {
            match self.standing(Look::Glance, &instead).await {
                Standing::Denied(_) => {}
                standing => {
                    let outlook = self.outlook(&instead, &standing);
                    // What cannot be tried now is not waited for: the refusal is the answer.
                    let untried = !worked && outlook.upstream.would_be_refused;
                    let answer = if untried { Answered::Denied } else { outlook.answer };
                    return Outlook { answer, ..outlook };
                }
            }
        }
        Outlook { answer: Answered::Denied, upstream: self.forecast(Vec::new(), 0, 0) }
    }

    async fn body_item(&self, body: &Body, standing: &Standing) -> Item {
        let verdict = match standing {
            Standing::Held(held) if held.stale => Verdict::Stale,
            Standing::Held(_) => Verdict::Fresh,
            Standing::Denied(_) | Standing::Nothing => Verdict::Absent,
        };
        let key = self.bodies.key(body);
        let category = match standing {
            Standing::Held(held) => key.category(held.entry.status),
            Standing::Denied(_) | Standing::Nothing => Category::of_shape(body.endpoint.shape),
        };
        let tiers = self.holdings(vec![key.clone()]).await.of(&key).to_vec();
        Item { id: None, key: Some(key.to_string()), category: category.name().to_owned(), verdict, tiers }
    }

    fn told_denial(&self, denial: &guard::Denial, exempt: bool) -> Denial {
        let now = self.store.now();
        Denial {
            reason: complaints(&denial.refusal.body).join("; "),
            age_seconds: denial.refusal.age(now),
            expires_in_seconds: denial.refusal.ttl(now),
            answered_instead: denial.instead.clone(),
            exempt,
        }
    }
}
