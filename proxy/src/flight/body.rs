//! Bodies stored whole: recommendations, searches, pages and opaque requests.
//!
//! One flight per canonical key. Every accepted 200 is also taken apart: its rows answer later
//! multi-gets.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::StatusCode;
use tokio::runtime::Handle;

use super::batch::Wish;
use super::dispatch::{Ask, Dispatch};
use super::failure::Failure;
use super::lead::Lead;
use super::lease::{Lease, Leases};
use super::origin::Origin;
use super::table::{Flights, Landing, Stage, Waiter};
use super::urgency::Urgency;
use crate::api::{Body, ErrorCode, Shape, extract};
use crate::budget::{Permit, Ticket};
use crate::cache::{AsOf, Category, Entry, Held, Key, Look, Store};
use crate::clock::Timestamp;
use crate::guard::DenyList;
use crate::upstream::Reply;

use super::sizes::DefaultSizes;

/// What became of a request.
pub type BodyResult = Result<FetchedBody, Failure>;

/// An answer as it is kept now. What cannot be kept is a [`Failure::Relayed`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedBody {
    pub entry: Entry,
    /// False when somebody else had stored it by the time of the permit.
    pub called: bool,
}

impl FetchedBody {
    /// A permanent one, as it is remembered. Nothing else is kept with this status.
    pub fn is_refusal(&self) -> bool {
        self.entry.status == StatusCode::BAD_REQUEST.as_u16()
    }
}

/// What those who join a flight may still change before its call.
#[derive(Debug)]
struct Fetch {
    urgency: Urgency,
    /// Call even if the answer that is held by then is fresh. Whoever asks for a new draw of a
    /// random answer and meets its flight gets one.
    anew: AtomicBool,
}

/// One flight as its task sees it.
struct Flight<'f> {
    request: &'f Body,
    fetch: &'f Fetch,
    landing: &'f BodyLanding,
    ask: &'f Ask,
}

type BodyLanding = Landing<Arc<str>, BodyResult, Arc<Fetch>>;

#[derive(Clone)]
pub struct Bodies(Arc<Inner>);

struct Inner {
    flights: Flights<Arc<str>, BodyResult, Arc<Fetch>>,
    dispatch: Arc<Dispatch>,
    store: Arc<Store>,
    leases: Option<Leases>,
    sizes: DefaultSizes,
    denials: Arc<DenyList>,
    runtime: Handle,
}

impl Bodies {
    /// Flights run on `runtime`, not on the caller's.
    pub fn new(
        dispatch: Arc<Dispatch>,
        store: Arc<Store>,
        leases: Option<Leases>,
        denials: Arc<DenyList>,
        runtime: Handle,
    ) -> Self {
        let (flights, sizes) = (Flights::default(), DefaultSizes::default());
        Self(Arc::new(Inner { flights, dispatch, store, leases, sizes, denials, runtime }))
    }

    /// The key a request's answer is kept under, as far as is known now.
    pub fn key(&self, request: &Body) -> Key {
        self.0.key(request)
    }

    /// What the tier behind memory holds for a request that memory has no answer to.
    pub async fn recall(&self, look: Look, request: &Body) -> Option<Held> {
        self.0.learn_size(look, request).await;
        self.0.store.recall_body_by(look, self.key(request)).await
    }

    /// All keys a request's answer may be kept under: with an open size, and with the size it
    /// turned out to mean.
    pub async fn keys(&self, request: &Body) -> Vec<Key> {
        self.0.learn_size(Look::Glance, request).await;
        let open = Key::Body(request.key.as_str().into());
        let settled = self.key(request);
        if settled == open { vec![open] } else { vec![open, settled] }
    }

    /// Joins or opens the flight of a request. True when this opened it. `anew`: call even if a
    /// fresh answer is held.
    pub fn join(
        &self,
        request: &Body,
        anew: bool,
        wish: Wish,
        origin: Option<&Origin>,
    ) -> (Waiter<BodyResult>, bool) {
        let key = self.0.sizes.key(request).into();
        let fetch = || Arc::new(Fetch { urgency: Urgency::new(wish.lane), anew: anew.into() });
        let refusal = || self.0.dispatch.refusal(wish).map(Err);
        let joined = self.0.flights.join(key, wish.lane, fetch, refusal);
        let opened = joined.landing.is_some();
        joined.fetch.anew.fetch_or(anew, Ordering::Relaxed);
        if let Some(landing) = joined.landing {
            self.0.open(request, wish, origin, landing, joined.fetch);
        } else if joined.promote {
            joined.fetch.urgency.promote(wish.lane);
        }
        (joined.waiter, opened)
    }

    /// Flights in the air.
    pub fn in_the_air(&self) -> usize {
        self.0.flights.len()
    }

    /// This request is being fetched.
    pub fn is_in_the_air(&self, request: &Body) -> bool {
        self.0.flights.contains(&self.0.sizes.key(request).into())
    }
}

impl Inner {
    fn key(&self, request: &Body) -> Key {
        Key::Body(self.sizes.key(request).into())
    }

    /// Another process may have learned the default size that this request's key depends on.
    async fn learn_size(&self, look: Look, request: &Body) {
        if let Some(note) = self.sizes.note(request)
            && let Some(held) = self.store.recall_body_by(look, note).await
        {
            self.sizes.remember(request, &held.entry.body);
        }
    }

    fn open(
        self: &Arc<Self>,
        request: &Body,
        wish: Wish,
        origin: Option<&Origin>,
        landing: BodyLanding,
        fetch: Arc<Fetch>,
    ) {
        let leases = self.leases.clone().filter(Leases::matter);
        // Alone, a refusal is known at once.
        let ticket = match &leases {
            Some(_) => None,
            None => match self.ticket(wish, &fetch.urgency) {
                Ok(ticket) => Some(ticket),
                Err(failure) => return landing.land(Err(failure)),
            },
        };
        let ask = Ask {
            endpoint: request.endpoint,
            path_and_query: request.target.clone(),
            request_id: origin.map(|origin| origin.request_id.clone()),
            trace: origin.and_then(|origin| origin.trace.clone()),
        };
        let (inner, request) = (Arc::clone(self), request.clone());
        self.runtime.spawn(async move {
            let flight = Flight { request: &request, fetch: &fetch, landing: &landing, ask: &ask };
            let result = match (ticket, leases) {
                (Some(ticket), _) => inner.fetch(&flight, ticket, wish.client).await,
                (None, Some(leases)) => inner.fetch_for_all(&flight, &leases, wish).await,
                (None, None) => Err(Failure::Lost),
            };
            landing.land(result);
        });
    }

    fn ticket(&self, wish: Wish, urgency: &Urgency) -> Result<Ticket, Failure> {
        self.dispatch.check_breaker()?;
        urgency.try_take(|lane| self.dispatch.admit(lane, wish))
    }

    async fn fetch(&self, flight: &Flight<'_>, ticket: Ticket, client: IpAddr) -> BodyResult {
        let permit = ticket.permit().await.ok_or(Failure::Lost)?;
        match self.filled(flight) {
            Some(entry) => {
                permit.refund();
                Ok(FetchedBody { entry, called: false })
            }
            None => self.call(flight, permit, client, None).await,
        }
    }

    /// The same where replicas share a server: one of them calls.
    async fn fetch_for_all(&self, flight: &Flight<'_>, leases: &Leases, mut wish: Wish) -> BodyResult {
        let urgency = &flight.fetch.urgency;
        let begun = self.store.now();
        loop {
            let key = self.key(flight.request);
            let look_up = || async {
                // What another replica fetched meanwhile is new.
                let anew = flight.fetch.anew.load(Ordering::Relaxed);
                let since = if anew { begun } else { Timestamp(0) };
                if let Some(denial) = self.denials.recall(Look::Use, &flight.request.key).await {
                    return Some(FetchedBody { entry: denial.refusal, called: false });
                }
                self.learn_size(Look::Use, flight.request).await;
                let entry = self.store.recall_fresh_body(&self.key(flight.request), since).await?;
                Some(FetchedBody { entry, called: false })
            };
            let stage = |stage| flight.landing.stage(stage);
            let lease = match leases.lead(&key, urgency, look_up, stage).await {
                Lead::Found(found) => return Ok(found),
                Lead::Fetch { lease, waited } => {
                    // Whoever waited for others has been let in already.
                    wish.deadline = wish.deadline.filter(|_| !waited);
                    lease
                }
            };
            let permit = self.ticket(wish, urgency)?.permit().await.ok_or(Failure::Lost)?;
            if leases.confirm(&[lease.as_ref()]).await != [true] {
                permit.refund();
                wish.deadline = None;
                continue;
            }
            if let Some(found) = look_up().await {
                permit.refund();
                return Ok(found);
            }
            return self.call(flight, permit, wish.client, lease.as_ref()).await;
        }
    }

    async fn call(
        &self,
        flight: &Flight<'_>,
        permit: Permit,
        client: IpAddr,
        lease: Option<&Lease>,
    ) -> BodyResult {
        let Flight { request, fetch, landing, ask } = flight;
        let asked = Mutex::new(self.store.now());
        let stage = |stage| {
            if stage == Stage::Calling {
                *lock(&asked) = self.store.moment();
            }
            landing.stage(stage);
            lease.iter().for_each(|lease| lease.stage(stage));
        };
        let reply = self.dispatch.fetch(permit, ask, &fetch.urgency, client, stage).await?;
        let lesson = self.store.as_of(*lock(&asked));
        let kept = self.keep(request, &reply, lesson).await;
        kept.inspect_err(|failure| failure.log(request.endpoint.path))
    }

    /// What somebody else stored while this one queued.
    fn filled(&self, flight: &Flight<'_>) -> Option<Entry> {
        if let Some(denial) = self.denials.held(Look::Use, &flight.request.key) {
            return Some(denial.refusal);
        }
        let held = self.store.get(&self.key(flight.request))?;
        (!held.stale && !flight.fetch.anew.load(Ordering::Relaxed)).then_some(held.entry)
    }

    fn holds_an_answer(&self, request: &Body) -> bool {
        let held = self.store.get(&self.key(request));
        held.is_some_and(|held| held.entry.status == StatusCode::OK.as_u16())
    }

    /// Keeps what a reply teaches, and turns it into the answer.
    async fn keep(&self, request: &Body, reply: &Reply, lesson: AsOf<'_>) -> BodyResult {
        let shape = request.endpoint.shape;
        if reply.status == StatusCode::OK && reply.is_json() {
            return self.keep_rows(request, reply, lesson);
        }
        let permanent = ErrorCode::of(&reply.body).filter(|_| reply.is_json());
        let multi_get = matches!(shape, Shape::MultiGet(_));
        match (reply.status, permanent) {
            // Remembered beside an answer that is held, so that it is not asked for again meanwhile.
            (StatusCode::BAD_REQUEST, Some(code)) if code.is_permanent() => {
                let relayed = Failure::Relayed { status: reply.status, body: reply.body.clone() };
                let learned = self.denials.learn(&request.key, reply.body.clone(), lesson).await;
                let entry = learned.ok_or(relayed)?;
                self.dispatch.metrics().denied();
                Ok(FetchedBody { entry, called: true })
            }
            // Whatever else the upstream says no to now: an answer that is held stays.
            (status, Some(_)) if status.is_client_error() && self.holds_an_answer(request) => {
                Err(Failure::Relayed { status, body: reply.body.clone() })
            }
            (StatusCode::NOT_FOUND, Some(ErrorCode::NO_ENTITY)) if !multi_get => {
                let key = self.key(request);
                let entry = lesson.put(key, Category::Missing, reply.status.as_u16(), reply.body.clone());
                Ok(FetchedBody { entry, called: true })
            }
            (status, Some(_))
                if status.is_client_error() && !(multi_get && status == StatusCode::NOT_FOUND) =>
            {
                Err(Failure::Relayed { status, body: reply.body.clone() })
            }
            (status, _) => Err(Failure::Unusable(format!("status {status} without an error body"))),
        }
    }

    fn keep_rows(&self, request: &Body, reply: &Reply, lesson: AsOf<'_>) -> BodyResult {
        let shape = request.endpoint.shape;
        let extracted = extract(shape, &reply.body).map_err(|error| Failure::Unusable(error.to_string()))?;
        for row in extracted.embedded.iter().chain(&extracted.rows) {
            lesson.learn(row);
        }
        if let Some(size) = extracted.page_size {
            self.sizes.learn(request, size, &self.store);
        }
        let category = Category::of_shape(shape);
        // A list that found nothing says that its ids are missing, and holds no longer than that.
        let nothing = matches!(shape, Shape::MultiGet(_)) && extracted.rows.is_empty();
        let longest = if nothing { self.store.ttl(Category::Missing) } else { self.store.ttl(category) };
        let key = self.key(request);
        // A copy of its own size: what was read in parts owns more than it shows.
        let body = Bytes::copy_from_slice(&reply.body);
        let entry = lesson.put_at_most(key, category, 200, body, longest);
        Ok(FetchedBody { entry, called: true })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
