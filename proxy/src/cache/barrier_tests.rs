//! Barriers against a naive list of purges, alone, in a store and across restarts.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use tokio::runtime::Handle;
use tokio::time::advance;

use super::*;
use crate::api::{Endpoint, Entity, Id, ParsedRow, RowKind, Shape, SpotifyId, Uuid};
use crate::clock::{Clock, Timestamp};

const SPOTIFY: &str = "2ZyXwVuTsRqPoNmLkJiHgF";
const LONG: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn uuid(n: u128) -> Uuid {
    Uuid::from_bits(n)
}

fn spotify() -> Id {
    Id::parse(SPOTIFY).expect("valid")
}

/// Few enough that scopes and keys meet.
fn keys() -> Vec<Key> {
    let bodies = [
        "=/v1/track/search?searchText=a&page=0",
        "=/v1/artist/x/track?page=0",
        "/v1/track?ids=a&market=de",
        "=/v1/track/recommendation?seeds=a&size=1&",
    ];
    let mut keys: Vec<Key> = bodies.iter().map(|text| Key::Body((*text).into())).collect();
    for n in 0..2 {
        keys.push(Key::Row(RowKind::Track, uuid(n)));
        keys.push(Key::Row(RowKind::Features, uuid(n)));
        keys.push(Key::Missing(RowKind::Track, Id::Uuid(uuid(n))));
    }
    keys.push(Key::Missing(RowKind::Features, spotify()));
    keys.push(Key::Denied(bodies[3].into()));
    keys.push(Key::Mapping(Entity::Track, spotify()));
    keys
}

fn scopes() -> Vec<Scope> {
    let paths = ["/v1/track", "/v1/audio-features", "/v1/track/search", "/v1/artist/{id}/track"];
    let mut scopes = vec![Scope::All, Scope::Id(spotify())];
    scopes.extend(Category::ALL.map(Scope::Category));
    scopes.extend(paths.iter().map(|path| Scope::endpoint(path).expect("known")));
    scopes.extend((0..2).map(|n| Scope::Id(Id::Uuid(uuid(n)))));
    scopes.extend(keys().into_iter().map(Scope::Key));
    scopes
}

/// What a scope covers, spelled out. The mapping leads to the first UUID.
fn covers(scope: &Scope, key: &Key) -> bool {
    let endpoint_of = |path: &str| Endpoint::find(path).map(|(endpoint, _)| endpoint.shape);
    match (scope, key) {
        (Scope::All, _) => true,
        (Scope::Key(one), _) => one == key,
        (Scope::Category(category), Key::Row(kind, _)) => *category == (*kind).into(),
        (Scope::Category(category), Key::Mapping(..)) => *category == Category::Mapping,
        (Scope::Category(category), Key::Missing(..)) => *category == Category::Missing,
        (Scope::Category(category), Key::Denied(_)) => *category == Category::Denied,
        (Scope::Category(category), Key::Body(text)) => {
            let path = text.trim_start_matches('=').split('?').next().unwrap_or_default();
            endpoint_of(path).is_some_and(|shape| *category == Category::of_shape(shape))
        }
        (Scope::Endpoint(endpoint), Key::Row(kind, _) | Key::Missing(kind, _)) => {
            endpoint.shape == Shape::MultiGet(*kind)
        }
        (Scope::Endpoint(_), Key::Mapping(..)) | (Scope::Id(_), Key::Body(_) | Key::Denied(_)) => false,
        (Scope::Endpoint(endpoint), Key::Body(text) | Key::Denied(text)) => {
            let path = text.trim_start_matches('=').split('?').next().unwrap_or_default();
            endpoint_of(path) == Some(endpoint.shape)
        }
        (Scope::Id(id), Key::Row(_, uuid)) => *id == Id::Uuid(*uuid),
        (Scope::Id(id), Key::Missing(_, missing)) => id == missing,
        (Scope::Id(id), Key::Mapping(_, mapped)) => id == mapped || *id == Id::Uuid(uuid(0)),
    }
}

fn any_mode() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Soft), Just(Mode::Hard)]
}

fn any_purge() -> impl Strategy<Value = (Scope, Mode, Timestamp)> {
    (prop::sample::select(scopes()), any_mode(), (0..20_u64).prop_map(|s| Timestamp(s * 500)))
}

fn entry(stored_at: u64, status: u16) -> Entry {
    let body = Bytes::from(uuid(0).to_string());
    Entry { body, status, stored_at: Timestamp(stored_at * 500), fresh_for: 6, stale_for: 3 }
}

/// By the list of all purges.
fn naive(purges: &[(Scope, Mode, Timestamp)], key: &Key, entry: &Entry) -> Option<u32> {
    let latest = |mode| {
        let own = purges.iter().filter(|(scope, m, _)| *m == mode && covers(scope, key));
        own.map(|(.., at)| *at).max().filter(|at| *at >= entry.stored_at)
    };
    if latest(Mode::Hard).is_some() {
        return None;
    }
    let seconds = |at: Timestamp| u32::try_from(at.since(entry.stored_at).as_secs()).expect("few");
    Some(latest(Mode::Soft).map_or(entry.fresh_for, |at| entry.fresh_for.min(seconds(at))))
}

proptest! {
    #[test]
    fn purges_told_in_any_order_and_number_say_what_their_list_says(
        purges in prop::collection::vec((any_purge(), 0..3_usize), 0..12),
        shuffled in Just(()).prop_perturb(|(), mut random| random.random::<u64>()),
        stored in prop::collection::vec((prop::sample::select(keys()), 0..20_u64, prop::sample::select(vec![200_u16, 400])), 1..10),
    ) {
        // Three replicas raise some each and tell each other everything, twice.
        let replicas = [Barriers::default(), Barriers::default(), Barriers::default()];
        for ((scope, mode, at), replica) in &purges {
            prop_assert_eq!(replicas[*replica].raise(std::slice::from_ref(scope), *mode, *at), Ok(()));
        }
        for step in 0..12 {
            let (from, to) = (usize::try_from(shuffled >> (step * 4) & 3).expect("small") % 3, step % 3);
            replicas[to].merge(&replicas[from].snapshot());
        }
        for (from, to) in [(0, 1), (1, 2), (2, 0), (0, 1)] {
            let told = replicas[from].snapshot();
            let news = !replicas[from].beyond(&replicas[to].snapshot()).is_empty();
            prop_assert_eq!(replicas[to].merge(&told), news);
            prop_assert!(!replicas[to].merge(&told), "no news the second time");
        }
        let purges: Vec<_> = purges.into_iter().map(|(purge, _)| purge).collect();
        for (key, at, status) in stored {
            let entry = entry(at, if matches!(key, Key::Body(_)) { status } else { 200 });
            let expected = naive(&purges, &key, &entry);
            for replica in &replicas {
                let left = replica.over(&key, &entry).fresh_for(&entry, Timestamp(u64::MAX));
                prop_assert_eq!(left, expected);
            }
        }
    }

    #[test]
    fn what_was_learned_after_a_purge_is_there_and_what_was_before_is_not(
        steps in prop::collection::vec(any_step(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime").block_on(follow(steps));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Store(Key),
    Purge(Scope, Mode),
    /// Mostly nothing at all passes: the same millisecond must not blur before and after.
    Pass(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::sample::select(keys()).prop_map(Step::Store),
        2 => (prop::sample::select(scopes()), any_mode()).prop_map(|(scope, mode)| Step::Purge(scope, mode)),
        1 => (0..1_500_u64).prop_map(Step::Pass),
    ]
}

async fn follow(steps: Vec<Step>) {
    let store = Store::new(Settings::default(), Clock::tokio(), &Handle::current());
    let mut done: Vec<Step> = Vec::new();
    for step in steps {
        match &step {
            Step::Store(key) => {
                store.put(key.clone(), key.category(200), 200, uuid(0).to_string().into());
            }
            Step::Purge(scope, mode) => {
                store.purge(std::slice::from_ref(scope), *mode).expect("few");
            }
            Step::Pass(millis) => advance(Duration::from_millis(*millis)).await,
        }
        done.push(step);
        for key in keys() {
            let found = store.get(&key).map(|held| held.stale);
            assert_eq!(found, expected(&done, &key), "{key} after {done:?}");
        }
    }
}

/// Stale or fresh, or not held.
fn expected(done: &[Step], key: &Key) -> Option<bool> {
    let stored = done.iter().rposition(|step| matches!(step, Step::Store(stored) if stored == key))?;
    let purged = |mode| {
        done[stored..]
            .iter()
            .any(|step| matches!(step, Step::Purge(scope, purged) if *purged == mode && covers(scope, key)))
    };
    match (purged(Mode::Hard), purged(Mode::Soft)) {
        (true, _) => None,
        (false, soft) if soft && matches!(key, Key::Missing(..) | Key::Denied(_)) => None,
        (false, soft) => Some(soft),
    }
}

#[tokio::test(start_paused = true)]
async fn a_softly_purged_entry_is_stale_for_its_window_from_the_purge_on() {
    let store = Store::new(Settings::default(), Clock::tokio(), &Handle::current());
    let key = Key::Body("=/v1/track/search?searchText=a&page=0".into());
    store.put(key.clone(), Category::Search, 200, Bytes::from("{}"));
    advance(Duration::from_secs(3_600)).await;
    store.purge(&[Scope::Category(Category::Search)], Mode::Soft).expect("one");
    let held = store.get(&key).expect("stale");
    assert_eq!((held.stale, held.entry.ttl(store.now())), (true, 0));
    advance(DAY - Duration::from_secs(1)).await;
    assert!(store.get(&key).is_some());
    advance(Duration::from_secs(1)).await;
    assert_eq!(store.get(&key), None);
}

#[tokio::test(start_paused = true)]
async fn a_barrier_just_ahead_of_the_clock_ends_freshness_now() {
    let store = Store::new(Settings::default(), Clock::tokio(), &Handle::current());
    let [one, other] = [0, 1].map(|n| Key::Row(RowKind::Track, uuid(n)));
    store.put(one.clone(), Category::Track, 200, Bytes::new());
    advance(Duration::from_millis(999)).await;
    store.purge(&[Scope::All], Mode::Soft).expect("one");
    store.put(one.clone(), Category::Track, 200, Bytes::new());
    advance(Duration::from_millis(1_000)).await;
    for _ in 0..3 {
        // Each fact and barrier within one millisecond is a millisecond later than the last.
        store.put(other.clone(), Category::Track, 200, Bytes::new());
        store.purge(&[Scope::All], Mode::Soft).expect("one");
        assert_eq!([&one, &other].map(|key| store.get(key).map(|held| held.stale)), [Some(true); 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_before_a_purge_and_arrives_after_it_is_purged() {
    let store = Store::new(Settings::default(), Clock::tokio(), &Handle::current());
    let row = ParsedRow {
        kind: RowKind::Track,
        uuid: uuid(1),
        spotify: SpotifyId::parse(SPOTIFY),
        bytes: Bytes::from("{}"),
    };
    let asked = store.moment();
    let before = store.purge(&[Scope::Category(Category::Track)], Mode::Hard).expect("one");
    assert!(asked <= before);
    store.as_of(asked).learn(&row);
    assert_eq!(store.get(&Key::Row(RowKind::Track, uuid(1))), None);
    let late = ParsedRow { bytes: Bytes::from("late"), ..row.clone() };
    store.learn(&row);
    store.as_of(asked).learn(&late);
    let held = store.get(&Key::Row(RowKind::Track, uuid(1))).expect("learned after the purge");
    assert_eq!(held.entry.body, row.bytes, "and not replaced by what was asked before");
}

#[tokio::test(start_paused = true)]
async fn ids_purged_one_by_one_are_bounded_and_categories_are_not() {
    let store = Store::new(Settings::default(), Clock::tokio(), &Handle::current());
    let id = |n: usize| Scope::Id(Id::Uuid(uuid(n as u128)));
    let refused = (0..20_000).find(|n| store.purge(&[id(*n)], Mode::Soft).is_err()).expect("bounded");
    assert!(refused > 5_000, "{refused}");
    let barriers = store.barriers();
    assert!(barriers.of(&id(refused)).is_none(), "refused means not done");
    assert!(store.purge(&[Scope::Category(Category::Track)], Mode::Soft).is_ok());
    store.purge(&[Scope::All], Mode::Hard).expect("always");
    assert_eq!(barriers.snapshot().len(), 1, "what is purged with everything need not be remembered");
    assert!(store.purge(&[id(refused)], Mode::Soft).is_ok());
}

#[tokio::test(start_paused = true)]
async fn barriers_are_forgotten_when_nothing_older_is_alive() {
    let store = Store::new(Settings::default(), Clock::tokio(), &Handle::current());
    store.purge(&[Scope::All, Scope::Id(spotify())], Mode::Soft).expect("two");
    advance(366 * DAY - Duration::from_secs(1)).await;
    store.sweep();
    assert!(!store.barriers().is_empty());
    advance(Duration::from_secs(2)).await;
    store.sweep();
    assert!(store.barriers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_sweep_frees_the_memory_of_what_was_purged() {
    let store = Store::new(Settings::default(), Clock::tokio(), &Handle::current());
    for key in keys() {
        store.put(key, Category::Track, 200, Bytes::new());
    }
    store.purge(&[Scope::All], Mode::Hard).expect("one");
    store.sweep();
    assert_eq!(store.size().0, 0);
}

/// Stores that come and go over one file.
struct Restarts {
    folder: tempfile::TempDir,
    clock: Clock,
}

impl Restarts {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), clock: Clock::tokio() }
    }

    fn start(&self) -> Arc<Store> {
        let path = self.folder.path().join("cache.redb");
        let disk = Some(DiskSettings { path, max_bytes: 1 << 30 });
        Store::new(Settings { disk, ..Settings::default() }, self.clock.clone(), &Handle::current())
    }
}

async fn recalled(store: &Arc<Store>, key: &Key) -> Option<bool> {
    store.recall_body(key.clone()).await.map(|held| held.stale)
}

#[tokio::test(start_paused = true)]
async fn purges_outlive_a_restart() {
    let restarts = Restarts::new();
    let store = restarts.start();
    assert!(store.settled(LONG));
    let [hard, soft, kept] = [0, 1, 2].map(|n| Key::Row(RowKind::Track, uuid(n)));
    for key in [&hard, &soft, &kept] {
        store.put(key.clone(), Category::Track, 200, Bytes::new());
    }
    store.purge(&[Scope::Id(Id::Uuid(uuid(0)))], Mode::Hard).expect("one");
    store.purge(&[Scope::Key(soft.clone())], Mode::Soft).expect("one");
    assert!(store.close(LONG));

    let store = restarts.start();
    assert!(store.settled(LONG));
    let found = [recalled(&store, &hard).await, recalled(&store, &soft).await, recalled(&store, &kept).await];
    assert_eq!(found, [None, Some(true), Some(false)]);
    store.put(hard.clone(), Category::Track, 200, Bytes::new());
    assert!(store.close(LONG));

    let store = restarts.start();
    assert!(store.settled(LONG));
    assert_eq!(recalled(&store, &hard).await, Some(false), "learned after the purge");
}

#[tokio::test(start_paused = true)]
async fn a_purge_before_the_file_is_open_joins_those_it_holds() {
    let restarts = Restarts::new();
    let store = restarts.start();
    let [one, other] = [0, 1].map(|n| Key::Row(RowKind::Track, uuid(n)));
    for key in [&one, &other] {
        store.put(key.clone(), Category::Track, 200, Bytes::new());
    }
    assert!(store.settled(LONG));
    store.purge(&[Scope::Key(one.clone())], Mode::Hard).expect("one");
    assert!(store.close(LONG));

    // Nobody waits for the file here.
    let store = restarts.start();
    store.purge(&[Scope::Key(other.clone())], Mode::Hard).expect("one");
    assert!(store.settled(LONG) && store.close(LONG));

    let store = restarts.start();
    assert!(store.settled(LONG));
    assert_eq!((recalled(&store, &one).await, recalled(&store, &other).await), (None, None));
}
