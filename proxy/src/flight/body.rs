//! Bodies stored whole: recommendations, searches, pages and opaque requests.
//!
//! One flight per canonical key. Every accepted 200 is also taken apart: its rows answer later
//! multi-gets.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::StatusCode;
use tokio::runtime::Handle;

use super::batch::Wish;
use super::dispatch::{Ask, Dispatch};
use super::failure::Failure;
use super::table::{Flights, Landing, Waiter};
use super::urgency::Urgency;
use crate::api::{Body, ErrorCode, Shape, extract};
use crate::budget::Ticket;
use crate::cache::{Category, Entry, Held, Key, Store};
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

/// What those who join a flight may still change before its call.
#[derive(Debug)]
struct Fetch {
    urgency: Urgency,
    /// Call even if somebody else has stored an answer by then. Whoever asks for a new draw of a
    /// random answer and meets its flight gets one.
    new_draw: AtomicBool,
}

type BodyLanding = Landing<Arc<str>, BodyResult, Arc<Fetch>>;

#[derive(Clone)]
pub struct Bodies(Arc<Inner>);

struct Inner {
    flights: Flights<Arc<str>, BodyResult, Arc<Fetch>>,
    dispatch: Arc<Dispatch>,
    store: Arc<Store>,
    sizes: DefaultSizes,
    denials: Arc<DenyList>,
    runtime: Handle,
}

impl Bodies {
    /// Flights run on `runtime`, not on the caller's.
    pub fn new(dispatch: Arc<Dispatch>, store: Arc<Store>, denials: Arc<DenyList>, runtime: Handle) -> Self {
        let (flights, sizes) = (Flights::default(), DefaultSizes::default());
        Self(Arc::new(Inner { flights, dispatch, store, sizes, denials, runtime }))
    }

    /// The key a request's answer is kept under, as far as is known now.
    pub fn key(&self, request: &Body) -> Key {
        Key::Body(self.0.sizes.key(request).into())
    }

    /// What the disk tier holds for a request that memory has no answer to.
    pub async fn recall(&self, request: &Body) -> Option<Held> {
        let Inner { store, sizes, .. } = &*self.0;
        if let Some(note) = sizes.note(request)
            && let Some(held) = store.recall_body(note).await
        {
            sizes.remember(request, &held.entry.body);
        }
        store.recall_body(self.key(request)).await
    }

    /// Joins or opens the flight of a request. True when this opened it.
    pub fn join(
        &self,
        request: &Body,
        new_draw: bool,
        wish: Wish,
        request_id: Option<&str>,
    ) -> (Waiter<BodyResult>, bool) {
        let key = self.0.sizes.key(request).into();
        let fetch = || Arc::new(Fetch { urgency: Urgency::new(wish.lane), new_draw: new_draw.into() });
        let refusal = || self.0.dispatch.refusal(wish).map(Err);
        let joined = self.0.flights.join(key, wish.lane, fetch, refusal);
        let opened = joined.landing.is_some();
        joined.fetch.new_draw.fetch_or(new_draw, Ordering::Relaxed);
        if let Some(landing) = joined.landing {
            self.0.open(request, wish, request_id, landing, joined.fetch);
        } else if joined.promote {
            joined.fetch.urgency.promote(wish.lane);
        }
        (joined.waiter, opened)
    }

    /// Flights in the air.
    pub fn in_the_air(&self) -> usize {
        self.0.flights.len()
    }
}

impl Inner {
    fn open(
        self: &Arc<Self>,
        request: &Body,
        wish: Wish,
        request_id: Option<&str>,
        landing: BodyLanding,
        fetch: Arc<Fetch>,
    ) {
        let ticket = match self.ticket(wish, &fetch.urgency) {
            Ok(ticket) => ticket,
            Err(failure) => return landing.land(Err(failure)),
        };
        let ask = Ask {
            endpoint: request.endpoint,
            path_and_query: request.target.clone(),
            request_id: request_id.map(str::to_owned),
        };
        let (inner, request) = (Arc::clone(self), request.clone());
        self.runtime.spawn(async move {
            let result = inner.fetch(&request, ticket, &fetch, wish.client, &ask, &landing).await;
            landing.land(result);
        });
    }

    fn ticket(&self, wish: Wish, urgency: &Urgency) -> Result<Ticket, Failure> {
        self.dispatch.check_breaker()?;
        urgency.try_take(|lane| self.dispatch.admit(lane, wish))
    }

    async fn fetch(
        &self,
        request: &Body,
        ticket: Ticket,
        fetch: &Fetch,
        client: IpAddr,
        ask: &Ask,
        landing: &BodyLanding,
    ) -> BodyResult {
        let mut found = None;
        let prepare = || {
            found = self.filled(request).filter(|_| !fetch.new_draw.load(Ordering::Relaxed));
            found.is_none().then(|| ask.clone())
        };
        let stage = |stage| landing.stage(stage);
        match self.dispatch.fetch(ticket, &fetch.urgency, client, prepare, stage).await? {
            Some(reply) => {
                let kept = self.keep(request, &reply).await;
                kept.inspect_err(|failure| failure.log(request.endpoint.path))
            }
            None => found.map(|entry| FetchedBody { entry, called: false }).ok_or(Failure::Lost),
        }
    }

    /// What somebody else stored while this one queued.
    fn filled(&self, request: &Body) -> Option<Entry> {
        if let Some(denial) = self.denials.held(&request.key) {
            return Some(denial.refusal);
        }
        let held = self.store.get(&Key::Body(self.sizes.key(request).into()))?;
        (!held.stale).then_some(held.entry)
    }

    fn holds_an_answer(&self, request: &Body) -> bool {
        let held = self.store.get(&Key::Body(self.sizes.key(request).into()));
        held.is_some_and(|held| held.entry.status == StatusCode::OK.as_u16())
    }

    /// Keeps what a reply teaches, and turns it into the answer.
    async fn keep(&self, request: &Body, reply: &Reply) -> BodyResult {
        let shape = request.endpoint.shape;
        if reply.status == StatusCode::OK && reply.is_json() {
            return self.keep_rows(request, reply);
        }
        let permanent = ErrorCode::of(&reply.body).filter(|_| reply.is_json());
        let multi_get = matches!(shape, Shape::MultiGet(_));
        match (reply.status, permanent) {
            // Whatever the upstream says no to now: an answer that is held stays.
            (status, Some(_)) if status.is_client_error() && self.holds_an_answer(request) => {
                Err(Failure::Relayed { status, body: reply.body.clone() })
            }
            (StatusCode::NOT_FOUND, Some(ErrorCode::NO_ENTITY)) if !multi_get => {
                let key = Key::Body(self.sizes.key(request).into());
                let entry = self.store.put(key, Category::Missing, reply.status.as_u16(), reply.body.clone());
                Ok(FetchedBody { entry, called: true })
            }
            (StatusCode::BAD_REQUEST, Some(code)) if code.is_permanent() => {
                let relayed = Failure::Relayed { status: reply.status, body: reply.body.clone() };
                let learned = self.denials.learn(&request.key, reply.body.clone()).await;
                learned.map(|entry| FetchedBody { entry, called: true }).ok_or(relayed)
            }
            (status, Some(_))
                if status.is_client_error() && !(multi_get && status == StatusCode::NOT_FOUND) =>
            {
                Err(Failure::Relayed { status, body: reply.body.clone() })
            }
            (status, _) => Err(Failure::Unusable(format!("status {status} without an error body"))),
        }
    }

    fn keep_rows(&self, request: &Body, reply: &Reply) -> BodyResult {
        let shape = request.endpoint.shape;
        let extracted = extract(shape, &reply.body).map_err(|error| Failure::Unusable(error.to_string()))?;
        for row in extracted.embedded.iter().chain(&extracted.rows) {
            self.store.learn(row);
        }
        if let Some(size) = extracted.page_size {
            self.sizes.learn(request, size, &self.store);
        }
        let category = Category::of_shape(shape);
        // A list that found nothing says that its ids are missing, and holds no longer than that.
        let nothing = matches!(shape, Shape::MultiGet(_)) && extracted.rows.is_empty();
        let longest = if nothing { self.store.ttl(Category::Missing) } else { self.store.ttl(category) };
        let key = Key::Body(self.sizes.key(request).into());
        // A copy of its own size: what was read in parts owns more than it shows.
        let body = Bytes::copy_from_slice(&reply.body);
        let entry = self.store.put_at_most(key, category, 200, body, longest);
        Ok(FetchedBody { entry, called: true })
    }
}
