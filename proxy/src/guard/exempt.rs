//! Requests that are never denied: an operator's decision, for all replicas and after a restart.
//!
//! The list is noted in the store. Whoever changes it reads the note first, and whoever finds it to
//! say something else than is known here writes down both: each request is marked with the moment
//! of the last decision about it, and the later one counts. So a note that was overwritten by
//! somebody who had not read it, or could not be read in time, costs nobody's decision. Purges do
//! not reach the note: they are about what the upstream said.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cache::{Category, Key, Store};
use crate::clock::Timestamp;

/// Requests beyond which no more are taken.
const MOST: usize = 1_000;
/// How often the note is written again, so that it is never among what a full store drops first.
const RENEWED: Duration = Duration::from_hours(24);
/// How long what another replica decided may be unknown here.
const READ_AGAIN: Duration = Duration::from_secs(5);
/// How long it is known that a request is exempt no more: longer than a replica is cut off.
const REMEMBERED: Duration = Duration::from_hours(7 * 24);

/// No more requests can be exempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{MOST} requests are exempt, which is the most; remove one with DELETE /deny/exempt?request=…")]
pub struct Full;

/// Requests that are never denied, by their canonical text.
#[derive(Debug)]
pub struct Exempt {
    store: Arc<Store>,
    /// Others may change the note.
    shared: bool,
    list: RwLock<List>,
}

#[derive(Debug, Default)]
struct List {
    marks: Marks,
    /// The note was read: what is not in the list is not exempt.
    known: bool,
    asked_at: Timestamp,
}

/// The list as it is noted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Marks(BTreeMap<Arc<str>, Mark>);

/// The last decision about a request; the later of two is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Mark {
    /// Milliseconds since 1970.
    at: u64,
    exempt: bool,
}

impl Marks {
    fn contains(&self, text: &str) -> bool {
        self.0.get(text).is_some_and(|mark| mark.exempt)
    }

    fn exempt(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.iter().filter(|(_, mark)| mark.exempt).map(|(text, _)| text)
    }

    /// False when that was so already.
    fn mark(&mut self, text: &str, exempt: bool, now: Timestamp) -> bool {
        let changes = self.contains(text) != exempt;
        if changes {
            // After what it replaces, even if the clock that wrote that runs ahead.
            let at = self.0.get(text).map_or(now.0, |last| now.0.max(last.at + 1));
            self.0.insert(text.into(), Mark { at, exempt });
        }
        changes
    }

    fn merge(&mut self, theirs: &Self, now: Timestamp) {
        for (text, mark) in &theirs.0 {
            let ours = self.0.entry(Arc::clone(text)).or_insert(*mark);
            *ours = (*ours).max(*mark);
        }
        self.0.retain(|_, mark| mark.exempt || now.since(Timestamp(mark.at)) < REMEMBERED);
    }
}

impl Exempt {
    pub(super) fn new(store: Arc<Store>) -> Self {
        let shared = store.shared().is_some();
        Self { store, shared, list: RwLock::default() }
    }

    /// Knows the list, unless the tier that holds it is away.
    pub(super) async fn ready(&self) {
        if self.is_due() {
            self.refresh().await;
        }
    }

    /// As far as the list is known.
    pub(super) fn contains(&self, text: &str) -> bool {
        self.read().marks.contains(text)
    }

    pub async fn list(&self) -> Vec<Arc<str>> {
        self.refresh().await;
        self.read().marks.exempt().cloned().collect()
    }

    /// False when it was exempt already.
    ///
    /// # Errors
    /// [`Full`] when the list is.
    pub async fn add(&self, text: &str) -> Result<bool, Full> {
        self.refresh().await;
        let added = {
            let marks = &mut self.write().marks;
            if !marks.contains(text) && marks.exempt().count() >= MOST {
                return Err(Full);
            }
            marks.mark(text, true, self.store.now())
        };
        self.refresh().await;
        Ok(added)
    }

    /// False when it was not exempt.
    pub async fn remove(&self, text: &str) -> bool {
        self.refresh().await;
        let removed = self.write().marks.mark(text, false, self.store.now());
        self.refresh().await;
        removed
    }

    /// Reads the note and writes down what it lacks; to be called from time to time, because it may
    /// have grown old as well. What cannot be read is not written either: it may say more than is
    /// known here.
    pub(super) async fn refresh(&self) {
        let Some(found) = self.store.look_behind(vec![note()]).await else { return };
        let entry = found.into_iter().next().flatten();
        let noted: Marks =
            entry.as_ref().and_then(|entry| serde_json::from_slice(&entry.body).ok()).unwrap_or_default();
        let now = self.store.now();
        let old = entry.is_some_and(|entry| now.since(entry.stored_at) >= RENEWED);
        let mut list = self.write();
        list.marks.merge(&noted, now);
        list.known = true;
        list.asked_at = now;
        if list.marks != noted || old {
            let note = serde_json::to_vec(&list.marks).expect("strings and numbers always serialise");
            self.store.put(self::note(), Category::Mapping, 200, note.into());
        }
    }

    /// Whether to read the note now; of many who ask at the same time, one does.
    fn is_due(&self) -> bool {
        let now = self.store.now();
        let recent = |list: &List| list.known && (!self.shared || now.since(list.asked_at) < READ_AGAIN);
        if recent(&self.read()) {
            return false;
        }
        let mut list = self.write();
        let due = !recent(&list);
        list.asked_at = now;
        due
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
    use crate::cache::{DiskSettings, Mode, Scope, Settings};
    use crate::clock::{Clock, Offset};
    use crate::link::testing::Server;
    use tempfile::TempDir;
    use tokio::runtime::Handle;
    use tokio::task::yield_now;
    use tokio::time::{advance, timeout};

    const LONG: Duration = Duration::from_secs(20);

    fn exempt() -> Exempt {
        Exempt::new(Store::new(Settings::default(), Clock::tokio(), &Handle::current()))
    }

    fn on_disk(folder: &TempDir) -> Exempt {
        let disk = Some(DiskSettings { path: folder.path().join("cache.redb"), max_bytes: 1 << 30 });
        let store = Store::new(Settings { disk, ..Settings::default() }, Clock::tokio(), &Handle::current());
        assert!(store.settled(LONG));
        Exempt::new(store)
    }

    /// One of several replicas, and its clock.
    async fn replica(server: &Server) -> (Exempt, Offset) {
        let (link, offset) = (server.link().await, Offset::default());
        let settings = Settings { link: Some(link), ..Settings::default() };
        let store = Store::new(settings, Clock::Shared(offset.clone()), &Handle::current());
        assert!(store.connected(LONG).await);
        (Exempt::new(store), offset)
    }

    async fn written(exempt: &Exempt) {
        assert!(exempt.store.written(LONG).await);
    }

    #[tokio::test(start_paused = true)]
    async fn the_note_is_written_anew_every_day() {
        let folder = tempfile::tempdir().expect("a folder");
        let exempt = on_disk(&folder);
        exempt.add("=/v1/x").await.expect("room");
        let age = || exempt.store.get(&note()).expect("noted").entry.age(exempt.store.now());
        advance(RENEWED.saturating_sub(Duration::from_secs(1))).await;
        exempt.refresh().await;
        assert_eq!(age(), RENEWED.as_secs() - 1);
        advance(Duration::from_secs(1)).await;
        exempt.refresh().await;
        assert_eq!(age(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_purge_of_everything_does_not_take_the_list_along() {
        let folder = tempfile::tempdir().expect("a folder");
        let exempt = on_disk(&folder);
        exempt.add("=/v1/x").await.expect("room");
        exempt.store.purge(&[Scope::All], Mode::Hard).expect("always");
        exempt.store.sweep();
        assert!(exempt.store.close(LONG));
        drop(exempt);
        assert_eq!(on_disk(&folder).list().await, [Arc::from("=/v1/x")]);
    }

    #[tokio::test]
    async fn what_is_decided_at_one_replica_is_known_at_the_others_within_seconds() {
        let server = Server::start(&[]).await;
        let ((one, _), (other, clock)) = (replica(&server).await, replica(&server).await);
        other.ready().await;
        one.add("=/v1/x").await.expect("room");
        written(&one).await;
        other.ready().await;
        assert!(!other.contains("=/v1/x"), "the note is not read for every answer");
        clock.set(6_000, 0);
        other.ready().await;
        assert!(other.contains("=/v1/x"));
        one.remove("=/v1/x").await;
        written(&one).await;
        clock.set(12_000, 0);
        other.ready().await;
        assert!(!other.contains("=/v1/x"));
    }

    #[tokio::test]
    async fn changes_at_two_replicas_add_up() {
        let server = Server::start(&[]).await;
        let ((one, _), (other, _)) = (replica(&server).await, replica(&server).await);
        // At the same time: one of the two notes is overwritten.
        let (added, too) = tokio::join!(one.add("=/v1/a"), other.add("=/v1/b"));
        assert_eq!((added, too), (Ok(true), Ok(true)));
        for exempt in [&one, &other, &one] {
            exempt.refresh().await;
            written(exempt).await;
        }
        assert!(one.remove("=/v1/b").await);
        written(&one).await;
        assert_eq!(other.list().await, [Arc::from("=/v1/a")], "and what was removed stays so");
        assert_eq!(one.list().await, [Arc::from("=/v1/a")]);
    }

    #[tokio::test]
    async fn what_could_not_be_asked_is_neither_taken_for_empty_nor_overwritten() {
        let server = Server::start(&[]).await;
        let ((one, _), (late, _)) = (replica(&server).await, replica(&server).await);
        one.add("=/v1/a").await.expect("room");
        written(&one).await;
        server.signal("STOP");
        assert_eq!(late.add("=/v1/b").await, Ok(true));
        assert_eq!(late.list().await, [Arc::from("=/v1/b")], "as far as is known");
        server.signal("CONT");
        assert!(late.store.connected(LONG).await);
        let all = async {
            while late.list().await.len() < 2 {
                yield_now().await;
            }
        };
        timeout(LONG, all).await.expect("it is asked again");
        written(&late).await;
        assert_eq!(one.list().await, [Arc::from("=/v1/a"), Arc::from("=/v1/b")]);
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
