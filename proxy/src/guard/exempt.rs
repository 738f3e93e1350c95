use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use crate::cache::{Category, Key, Store};
use crate::clock::Timestamp;

/// Requests beyond which no more are taken.
const MOST: usize = 1_000;
/// How often the note is written again, so that it is never among what a full store drops first.
const RENEWED: Duration = Duration::from_hours(24);

/// No more requests can be exempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{MOST} requests are exempt, which is the most; remove one with DELETE /deny/exempt?request=…")]
pub struct Full;

/// Requests that are never denied, by their canonical text.
///
/// The list is an operator's decision, so it is noted in the store and found there by the next
/// process. It is read when it is first needed, which is when the upstream refuses something.
#[derive(Debug)]
pub struct Exempt {
    store: Arc<Store>,
    list: RwLock<List>,
}

#[derive(Debug, Default)]
struct List {
    texts: BTreeSet<Arc<str>>,
    /// The store's note has been read, or overwritten.
    current: bool,
    noted_at: Option<Timestamp>,
}

impl Exempt {
    pub(super) fn new(store: Arc<Store>) -> Self {
        Self { store, list: RwLock::default() }
    }

    /// Knows the list from here on, unless the tier that holds it is away.
    pub(super) async fn ready(&self) {
        if self.read().current {
            return;
        }
        let (key, asked) = (note(), self.store.behind().is_some());
        let held = match self.store.get(&key) {
            None if asked => self.store.recall_body(key).await,
            held => held,
        };
        let texts = held
            .as_ref()
            .and_then(|held| serde_json::from_slice::<BTreeSet<Arc<str>>>(&held.entry.body).ok());
        let mut list = self.write();
        if !list.current {
            list.current = asked || texts.is_some();
            list.texts = texts.unwrap_or_default();
            list.noted_at = held.map(|held| held.entry.stored_at);
        }
    }

    /// As far as the list is known.
    pub(super) fn contains(&self, text: &str) -> bool {
        self.read().texts.contains(text)
    }

    pub async fn list(&self) -> Vec<Arc<str>> {
        self.ready().await;
        self.read().texts.iter().cloned().collect()
    }

    /// False when it was exempt already.
    ///
    /// # Errors
    /// [`Full`] when the list is.
    pub async fn add(&self, text: &str) -> Result<bool, Full> {
        self.ready().await;
        let mut list = self.write();
        if list.texts.len() >= MOST && !list.texts.contains(text) {
            return Err(Full);
        }
        let added = list.texts.insert(text.into());
        self.note(&mut list);
        Ok(added)
    }

    /// False when it was not exempt.
    pub async fn remove(&self, text: &str) -> bool {
        self.ready().await;
        let mut list = self.write();
        let removed = list.texts.remove(text);
        self.note(&mut list);
        removed
    }

    /// To be called from time to time.
    pub(super) fn renew(&self) {
        let now = self.store.now();
        let due =
            |list: &List| list.noted_at.is_some_and(|at| now.since(at) >= RENEWED) && !list.texts.is_empty();
        if due(&self.read()) {
            self.note(&mut self.write());
        }
    }

    fn note(&self, list: &mut List) {
        let note = serde_json::to_vec(&list.texts).expect("a set of strings always serialises");
        self.store.put(self::note(), Category::Mapping, 200, note.into());
        list.current = true;
        list.noted_at = Some(self.store.now());
    }

    fn read(&self) -> RwLockReadGuard<'_, List> {
        self.list.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, List> {
        self.list.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No request has a key like this.
fn note() -> Key {
    Key::Body("requests exempt from the deny list".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Settings;
    use crate::clock::Clock;
    use tokio::runtime::Handle;
    use tokio::time::advance;

    fn exempt() -> Exempt {
        Exempt::new(Store::new(Settings::default(), Clock::tokio(), &Handle::current()))
    }

    #[tokio::test(start_paused = true)]
    async fn the_note_is_written_anew_every_day() {
        let exempt = exempt();
        exempt.add("=/v1/x").await.expect("room");
        let age = || exempt.store.get(&note()).expect("noted").entry.age(exempt.store.now());
        advance(RENEWED.saturating_sub(Duration::from_secs(1))).await;
        exempt.renew();
        assert_eq!(age(), RENEWED.as_secs() - 1);
        advance(Duration::from_secs(1)).await;
        exempt.renew();
        assert_eq!(age(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_list_is_bounded() {
        let exempt = exempt();
        for n in 0..MOST {
            assert_eq!(exempt.add(&n.to_string()).await, Ok(true));
        }
        assert_eq!(exempt.add("one more").await, Err(Full));
        assert_eq!(exempt.add("0").await, Ok(false), "what is exempt already takes no room");
        assert!(exempt.remove("0").await);
        assert_eq!(exempt.add("one more").await, Ok(true));
    }
}
