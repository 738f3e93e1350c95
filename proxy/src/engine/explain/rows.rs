use std::collections::HashSet;

use super::model::{Answered, Explanation, Forecast, Item, Verdict};
use super::{Engine, holdings::Holdings};
use crate::api::{Id, RowKind};
use crate::cache::{Category, Key, Known, Look};
use crate::engine::plan::Plan;

impl Engine {
    pub(super) async fn explain_rows(&self, rows: RowKind, ids: &[Id]) -> Explanation {
        let known = self.known(Look::Glance, rows, ids).await;
        let items = self.items(rows, ids, &known).await;
        let Plan { stale, missing } = Plan::of(&known);
        let held = known.iter().filter(|known| !matches!(known, Known::Nothing(_))).count();
        let awaited = missing.len();
        let upstream = self.forecast_rows(rows, stale, missing);
        let answer = match (awaited, held, upstream.in_flight_already) {
            (0, ..) if items.iter().any(|item| item.verdict == Verdict::Stale) => Answered::Stale,
            (0, ..) => Answered::Hit,
            (_, 1.., _) => upstream.or_refusal(Answered::Partial),
            (awaited, 0, flying) if flying == awaited => upstream.or_refusal(Answered::Collapsed),
            (_, 0, _) => upstream.or_refusal(Answered::Miss),
        };
        Explanation { items, upstream, ..self.told(answer) }
    }

    /// The calls for what is missing, in whose free places what is stale rides along.
    fn forecast_rows(&self, rows: RowKind, mut stale: Vec<Id>, missing: Vec<Id>) -> Forecast {
        let flies = |id: &Id| self.batches.is_in_the_air(rows, id);
        let (flying, mut ids): (Vec<Id>, Vec<Id>) = missing.into_iter().partition(flies);
        stale.truncate(self.room_for_refreshes());
        stale.retain(|id| !flies(id));
        if self.dispatch.suspended().is_some() {
            stale.clear();
        }
        let awaited = self.batches.calls(rows, &ids).len();
        ids.extend(stale);
        let calls = self.batches.calls(rows, &ids);
        let (all, number) = (calls.len(), ids.len());
        Forecast { in_flight_already: flying.len(), ..self.forecast(calls, number, all - awaited) }
    }

    async fn items(&self, rows: RowKind, ids: &[Id], known: &[Known]) -> Vec<Item> {
        let mut candidates = Vec::with_capacity(ids.len());
        for (id, known) in ids.iter().zip(known) {
            candidates.push(self.candidates(rows, id, known).await);
        }
        let keys: HashSet<Key> = candidates.iter().flatten().cloned().collect();
        let holdings = self.holdings(keys.into_iter().collect()).await;
        let each = ids.iter().zip(known).zip(candidates);
        each.map(|((id, known), candidates)| item(rows, id, known, &candidates, &holdings)).collect()
    }

    /// Where what is known may stand.
    async fn candidates(&self, rows: RowKind, id: &Id, known: &Known) -> Vec<Key> {
        match known {
            Known::Row { uuid, .. } | Known::Nothing(Id::Uuid(uuid)) => vec![Key::Row(rows, *uuid)],
            Known::Missing(_) => {
                let spellings = self.store.spellings(id).await;
                spellings.into_iter().map(|id| Key::Missing(rows, id)).collect()
            }
            Known::Nothing(_) => Vec::new(),
        }
    }
}

fn item(rows: RowKind, id: &Id, known: &Known, candidates: &[Key], holdings: &Holdings) -> Item {
    let (category, verdict) = match known {
        Known::Row { held, .. } if held.stale => (Category::from(rows), Verdict::Stale),
        Known::Row { .. } => (rows.into(), Verdict::Fresh),
        Known::Missing(_) => (Category::Missing, Verdict::MissingMark),
        Known::Nothing(_) => (rows.into(), Verdict::Absent),
    };
    let key = candidates.iter().find(|key| !holdings.of(key).is_empty()).or(candidates.first());
    Item {
        id: Some(id.to_string()),
        key: key.map(ToString::to_string),
        category: category.name().to_owned(),
        verdict,
        tiers: key.map(|key| holdings.of(key).to_vec()).unwrap_or_default(),
    }
}
