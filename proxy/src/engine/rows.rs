//! Multi-gets and single rows: look every id up, fetch what is missing, put it together.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::StatusCode;

use super::Engine;
use super::answer::{Answer, Caller};
use super::plan::Plan;
use super::trace::Trace;
use crate::api::{ErrorBody, ErrorCode, Id, Row, RowKind, Rows, Uuid, join};
use crate::budget::Lane;
use crate::cache::{Category, Entry, Known, Look};
use crate::flight::{CallId, Failure, Fetched, Wish};
use crate::telemetry::{Avoided, Outcome};

/// What became of each id of a request, in the order asked.
struct Gathered {
    parts: Vec<Part>,
    /// Flights this request opened, and those of them that led their upstream call.
    opened: usize,
    led: usize,
    calls: usize,
    /// The longest wait for a permit.
    queued: Duration,
}

/// One id's part of the answer.
#[derive(Clone)]
struct Part {
    /// `None`: the upstream lacks it.
    row: Option<(Uuid, Entry)>,
    /// The absence's entry, for its age.
    absence: Option<Entry>,
    from: From,
}

/// What became of an id that had to be fetched.
struct FetchedId {
    id: Id,
    fetched: Fetched,
    opened_here: bool,
    queued: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Fresh,
    Stale,
    Upstream,
}

impl Engine {
    pub(super) async fn rows(&self, request: &Rows, caller: &Caller) -> Answer {
        let target = request.endpoint.path;
        let gathered = match self.gather(request.kind, &request.ids, caller).await {
            Ok(gathered) => gathered,
            Err(failure) => return Answer::failed(&failure, target, self.now()),
        };
        let mut seen = HashSet::with_capacity(gathered.parts.len());
        let rows: Vec<&Bytes> = gathered
            .parts
            .iter()
            .filter_map(|part| part.row.as_ref())
            .filter(|(uuid, _)| seen.insert(*uuid))
            .map(|(_, entry)| &entry.body)
            .collect();
        let trace = self.trace(&gathered);
        Answer::new(StatusCode::OK, join(rows.into_iter()), &trace).aged(self.age(&gathered))
    }

    pub(super) async fn row(&self, request: &Row, caller: &Caller) -> Answer {
        let ids = std::slice::from_ref(&request.id);
        let gathered = match self.gather(request.kind, ids, caller).await {
            Ok(gathered) => gathered,
            Err(failure) => return Answer::failed(&failure, &request.target, self.now()),
        };
        let (trace, age) = (self.trace(&gathered), self.age(&gathered));
        let part = gathered.parts.into_iter().next();
        if let Some((_, entry)) = part.as_ref().and_then(|part| part.row.as_ref()) {
            return Answer::new(StatusCode::OK, entry.body.clone(), &trace).aged(age);
        }
        // Stamped with the moment the absence was learned: the same bytes on miss and hit.
        let learned = part.and_then(|part| part.absence).map(|entry| entry.stored_at);
        let at = learned.unwrap_or_else(|| self.store.now()).to_system_time();
        let error = format!("Cannot find any {} with the given id", request.kind.name());
        let body = ErrorBody::plain(ErrorCode::NO_ENTITY, &request.target, error);
        Answer::new(StatusCode::NOT_FOUND, body.to_bytes(at), &trace).aged(age)
    }

    async fn gather(&self, kind: RowKind, ids: &[Id], caller: &Caller) -> Result<Gathered, Failure> {
        let known = self.known(Look::Use, kind, ids).await;
        if kind == RowKind::Features {
            self.notice_use(&known);
        }
        self.count_mappings(ids, &known);
        let Plan { stale, missing: order } = Plan::of(&known);
        // Where each id to be fetched belongs; two spellings of one row share a fetch.
        let mut missing: HashMap<Id, Vec<usize>> = HashMap::with_capacity(order.len());
        let mut parts: Vec<Option<Part>> = Vec::with_capacity(ids.len());
        for (position, known) in known.into_iter().enumerate() {
            parts.push(match known {
                Known::Row { uuid, held } => {
                    let from = if held.stale { From::Stale } else { From::Fresh };
                    Some(Part { row: Some((uuid, held.entry)), absence: None, from })
                }
                Known::Missing(entry) => Some(Part { row: None, absence: Some(entry), from: From::Fresh }),
                Known::Nothing(asked) => {
                    missing.entry(asked).or_default().push(position);
                    None
                }
            });
        }
        self.count_lookups(kind, &parts);
        self.refresh_rows(kind, &stale, caller);

        // Lazy: a chunk's flights open, and its time in the queue begins, when the stream polls it.
        let (max_ids, at_once) = {
            let terms = self.terms();
            (terms.max_ids, terms.max_parallel_per_request.max(1))
        };
        let chunks = order.chunks(max_ids);
        let pending: Vec<_> = chunks.map(|chunk| self.fetch_chunk(kind, chunk, caller)).collect();
        // Unordered: the first failure is the answer, whichever chunk it comes from.
        let fetched: Vec<Vec<FetchedId>> =
            stream::iter(pending).buffer_unordered(at_once).try_collect().await?;

        let mut calls = HashSet::<CallId>::new();
        let (mut opened, mut led) = (0, 0);
        let mut longest = Duration::ZERO;
        for FetchedId { id, fetched, opened_here, queued } in fetched.into_iter().flatten() {
            calls.extend(fetched.call);
            longest = longest.max(queued);
            opened += usize::from(opened_here);
            led += usize::from(opened_here && fetched.led);
            let absence = match fetched.row {
                None => self.absence(kind, &id),
                Some(_) => None,
            };
            // Without a call somebody else had filled it: another request, or another replica.
            let from = if fetched.call.is_some() { From::Upstream } else { From::Fresh };
            let part = Part { row: fetched.row, absence, from };
            for position in missing.remove(&id).unwrap_or_default() {
                parts[position] = Some(part.clone());
            }
        }
        let parts = parts.into_iter().collect::<Option<Vec<_>>>().ok_or(Failure::Lost)?;
        Ok(Gathered { parts, opened, led, calls: calls.len(), queued: longest })
    }

    /// Reading ahead goes by what is asked for in the end.
    fn notice_use(&self, known: &[Known]) {
        for known in known {
            if let Known::Row { uuid, .. } | Known::Nothing(Id::Uuid(uuid)) = known {
                self.read_ahead.asked(*uuid);
            }
        }
    }

    /// Opens or joins the flights of one chunk and waits for all of them. Stops at the first that
    /// is refused: one request is one refusal, however many ids it has.
    async fn fetch_chunk(
        &self,
        kind: RowKind,
        chunk: &[Id],
        caller: &Caller,
    ) -> Result<Vec<FetchedId>, Failure> {
        let wish = self.wish(caller);
        let joined = self.batches.join(kind, chunk, wish, Some(&Arc::new(caller.origin())));
        if let Some(failure) = joined.iter().find_map(|(waiter, _)| waiter.result()?.err()) {
            return Err(failure);
        }
        let mut all = Vec::with_capacity(joined.len());
        for (id, (mut waiter, opened_here)) in chunk.iter().zip(joined) {
            let fetched = self.wait(&mut waiter, wish).await??;
            all.push(FetchedId { id: id.clone(), fetched, opened_here, queued: waiter.queued() });
        }
        Ok(all)
    }

    fn refresh_rows(&self, kind: RowKind, stale: &[Id], caller: &Caller) {
        let wish = Wish { client: caller.client, lane: Lane::Refresh, deadline: None };
        let room = self.room_for_refreshes();
        drop(self.batches.join(kind, &stale[..stale.len().min(room)], wish, None));
    }

    fn absence(&self, kind: RowKind, id: &Id) -> Option<Entry> {
        match self.store.know(kind, id) {
            Known::Missing(entry) => Some(entry),
            _ => None,
        }
    }

    fn count_lookups(&self, kind: RowKind, parts: &[Option<Part>]) {
        let category = Category::from(kind);
        let count = |wanted: &dyn Fn(&Option<Part>) -> bool| parts.iter().filter(|part| wanted(part)).count();
        let from = |part: &Option<Part>, from| part.as_ref().is_some_and(|part| part.from == from);
        let absent = |part: &Option<Part>| part.as_ref().is_some_and(|part| part.row.is_none());
        for (category, result, number) in [
            (category, "hit", count(&|part| from(part, From::Fresh) && !absent(part))),
            (category, "stale", count(&|part| from(part, From::Stale))),
            (category, "miss", count(&Option::is_none)),
            (Category::Missing, "hit", count(&absent)),
        ] {
            if number > 0 {
                self.metrics.lookup(category, result, number as u64);
            }
        }
    }

    /// Spotify ids whose row is known by another name, and those that are not.
    fn count_mappings(&self, ids: &[Id], known: &[Known]) {
        let spotify = ids.iter().zip(known).filter(|(id, _)| matches!(id, Id::Spotify(_)));
        let (mut mapped, mut unmapped) = (0, 0);
        for (_, known) in spotify {
            match known {
                Known::Row { .. } | Known::Nothing(Id::Uuid(_)) => mapped += 1,
                Known::Nothing(_) => unmapped += 1,
                Known::Missing(_) => {}
            }
        }
        for (result, number) in [("hit", mapped), ("miss", unmapped)] {
            if number > 0 {
                self.metrics.lookup(Category::Mapping, result, number);
            }
        }
    }

    /// Says how the parts came about, and counts the calls a direct client would have made.
    fn trace(&self, gathered: &Gathered) -> Trace {
        let parts = &gathered.parts;
        let held = parts.iter().filter(|part| part.from != From::Upstream).count();
        let direct_calls = parts.len().div_ceil(self.terms().max_ids) as u64;
        let detail = format!("rows={} hit={held} calls={}", parts.len(), gathered.calls);
        if held == parts.len() {
            let stale = parts.iter().any(|part| part.from == From::Stale);
            let unknown = parts.iter().all(|part| part.row.is_none());
            self.metrics.avoid(if unknown { Avoided::Registry } else { Avoided::Cache }, direct_calls);
            let ttl = gathered.entries().map(|entry| entry.ttl(self.store.now())).min();
            let trace = Trace::new(if stale { Outcome::Stale } else { Outcome::Hit });
            return trace.ttl(ttl.unwrap_or_default()).detail(detail);
        }
        if gathered.opened == 0 {
            self.metrics.avoid(Avoided::Coalescing, direct_calls);
        } else if gathered.led == 0 {
            self.metrics.avoid(Avoided::Batching, direct_calls);
        } else if held > 0 {
            self.metrics.avoid(Avoided::Cache, direct_calls.saturating_sub(gathered.calls as u64));
        }
        let outcome = match (held, gathered.opened) {
            (1.., _) => Outcome::Partial,
            (0, 0) => Outcome::Collapsed,
            (0, _) => Outcome::Miss,
        };
        Trace::new(outcome)
            .stored(outcome == Outcome::Miss)
            .detail(detail + &self.told_queue(gathered.queued))
    }

    /// Age of the oldest part, when any came from the cache.
    fn age(&self, gathered: &Gathered) -> Option<u64> {
        let held = gathered.parts.iter().any(|part| part.from != From::Upstream);
        let now = self.store.now();
        held.then(|| gathered.entries().map(|entry| entry.age(now)).max()).flatten()
    }
}

impl Gathered {
    /// What is known of each id, its absence included.
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.parts.iter().filter_map(|part| match &part.row {
            Some((_, entry)) => Some(entry),
            None => part.absence.as_ref(),
        })
    }
}
