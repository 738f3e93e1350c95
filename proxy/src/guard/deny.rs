//! The deny list: requests that the upstream has refused for good.
//!
//! The upstream takes ten seconds to say that it will never answer a request, and will say the same
//! tomorrow. Each such answer is kept for a day under the canonical text of the whole request, with
//! the upstream's own words, and repeated from here. When less than was asked for turned out to be
//! answered, the denial leads there instead.
//!
//! Learned from nothing but a 400 that carries one of the codes 4001 to 4004; an operator can list,
//! forget, add and exempt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::StatusCode;
use quick_cache::sync::Cache;

use super::exempt::Exempt;
use crate::cache::{AsOf, Category, Denials, Entry, Held, Key, Look, Mode, Scope, Store, TooMany, Ttl};

/// Requests whose answers are counted at the same time.
const COUNTED: usize = 10_000;
/// What an entry's status says when another request is answered instead: the first line of its body
/// is the target of that one, the rest the refusal.
const INSTEAD: u16 = StatusCode::PERMANENT_REDIRECT.as_u16();

/// What is remembered of one refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The 400 with the upstream's body.
    pub refusal: Entry,
    /// Path and query of the request that is answered instead.
    pub instead: Option<String>,
}

impl Denial {
    pub(super) fn read(entry: Entry) -> Self {
        let refused = StatusCode::BAD_REQUEST.as_u16();
        let end = entry.body.iter().position(|byte| *byte == b'\n');
        match end.filter(|_| entry.status == INSTEAD) {
            Some(end) => Self {
                instead: Some(String::from_utf8_lossy(&entry.body[..end]).into_owned()),
                refusal: Entry { body: entry.body.slice(end + 1..), status: refused, ..entry },
            },
            None => Self { instead: None, refusal: Entry { status: refused, ..entry } },
        }
    }

    fn write(refusal: Bytes, instead: Option<&str>) -> (u16, Bytes) {
        let Some(instead) = instead else { return (StatusCode::BAD_REQUEST.as_u16(), refusal) };
        let mut body = BytesMut::with_capacity(instead.len() + 1 + refusal.len());
        body.put_slice(instead.as_bytes());
        body.put_u8(b'\n');
        body.put_slice(&refusal);
        (INSTEAD, body.freeze())
    }
}

/// All denials as an operator sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub total: usize,
    pub newest: Vec<Listed>,
}

/// One line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The canonical text of the request.
    pub request: Arc<str>,
    pub denial: Denial,
    /// Times it was answered from here since the start, as far as counted.
    pub answered: u64,
}

/// The list.
#[derive(Debug)]
pub struct DenyList {
    store: Arc<Store>,
    on: AtomicBool,
    exempt: Exempt,
    answered: Cache<Arc<str>, Arc<AtomicU64>>,
}

impl DenyList {
    /// `on`: otherwise nothing is learned and nothing denied.
    pub fn new(store: Arc<Store>, on: bool) -> Self {
        let exempt = Exempt::new(Arc::clone(&store));
        Self { store, on: AtomicBool::new(on), exempt, answered: Cache::new(COUNTED) }
    }

    /// Off, what is denied is asked again; it is known still when it is on again.
    pub fn turn(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    pub fn exempt(&self) -> &Exempt {
        &self.exempt
    }

    /// What memory knows of a request. Nothing is awaited unless there is something to know.
    pub async fn known(&self, look: Look, text: &str) -> Option<Denial> {
        let denial = self.is_on().then(|| self.store.get_by(look, &key(text))).flatten()?;
        self.unless_exempt(text, denial).await
    }

    /// What the tier behind memory knows.
    pub async fn recall(&self, look: Look, text: &str) -> Option<Denial> {
        if !self.is_on() {
            return None;
        }
        let denial = self.store.recall_body_by(look, key(text)).await?;
        self.unless_exempt(text, denial).await
    }

    /// What is noted of a request, and whether it is exempt and thus asked all the same.
    pub async fn noted(&self, text: &str) -> Option<(Denial, bool)> {
        let held = match self.store.get_by(Look::Glance, &key(text)) {
            None => self.store.recall_body_by(Look::Glance, key(text)).await,
            held => held,
        };
        Some((Denial::read(held?.entry), !self.may_deny(text).await))
    }

    /// What memory knows, without waiting for anything.
    pub fn held(&self, look: Look, text: &str) -> Option<Denial> {
        let held = self.is_on().then(|| self.store.get_by(look, &key(text))).flatten()?;
        (!self.exempt.contains(text)).then(|| Denial::read(held.entry))
    }

    /// Remembers a permanent refusal, unless that is off or the request is exempt.
    pub async fn learn(&self, text: &str, refusal: Bytes, lesson: AsOf<'_>) -> Option<Entry> {
        if !self.may_deny(text).await {
            return None;
        }
        Some(lesson.put(key(text), Category::Denied, StatusCode::BAD_REQUEST.as_u16(), refusal))
    }

    /// From now on a refused request is answered as the one to `target` is.
    pub async fn point(&self, text: &str, refusal: &Bytes, target: &str) {
        let points_there = |denial: Denial| denial.instead.as_deref() == Some(target);
        if self.may_deny(text).await && !self.held(Look::Use, text).is_some_and(points_there) {
            let (status, body) = Denial::write(refusal.clone(), Some(target));
            self.store.put(key(text), Category::Denied, status, body);
        }
    }

    /// Takes in a denial that was learned elsewhere, for the time it has left.
    pub fn import(&self, text: &str, refusal: Bytes, instead: Option<&str>, left: Duration) {
        let (status, body) = Denial::write(refusal, instead);
        let longest = Ttl { fresh: left, stale: Duration::ZERO };
        let lesson = self.store.as_of(self.store.moment());
        lesson.put_at_most(key(text), Category::Denied, status, body, longest);
    }

    /// False when it was not denied.
    pub async fn forget(&self, text: &str) -> bool {
        let key = key(text);
        let known = self.store.get(&key).is_some() || self.store.recall_body(key.clone()).await.is_some();
        self.store.forget(&[key]);
        known
    }

    /// Forgets everything, and says how much that was. One barrier for all: one each would be more
    /// than replicas can tell each other.
    pub async fn forget_all(&self) -> Result<usize, TooMany> {
        let Denials { total, newest } = self.store.denials(usize::MAX).await;
        self.store.purge(&[Scope::Category(Category::Denied)], Mode::Hard)?;
        newest.iter().for_each(|(text, _)| self.store.remove(&key(text)));
        Ok(total)
    }

    /// The newest denials, at most `most`.
    pub async fn list(&self, most: usize) -> Listing {
        let Denials { total, newest } = self.store.denials(most).await;
        let listed = |(request, entry): (Arc<str>, Entry)| Listed {
            answered: self.answered.get(&*request).map_or(0, |count| count.load(Ordering::Relaxed)),
            denial: Denial::read(entry),
            request,
        };
        Listing { total, newest: newest.into_iter().map(listed).collect() }
    }

    /// Counts an answer that a denial gave.
    pub fn count(&self, text: &str) {
        match self.answered.get(text) {
            Some(count) => drop(count.fetch_add(1, Ordering::Relaxed)),
            None => self.answered.insert(text.into(), Arc::new(AtomicU64::new(1))),
        }
    }

    /// To be called from time to time: what operators have decided must not grow old.
    pub async fn renew(&self) {
        self.exempt.refresh().await;
    }

    async fn may_deny(&self, text: &str) -> bool {
        if self.is_on() {
            self.exempt.ready().await;
        }
        self.is_on() && !self.exempt.contains(text)
    }

    async fn unless_exempt(&self, text: &str, held: Held) -> Option<Denial> {
        self.may_deny(text).await.then(|| Denial::read(held.entry))
    }
}

fn key(text: &str) -> Key {
    Key::Denied(text.into())
}
