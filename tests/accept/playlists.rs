//! Playlists on PostgreSQL, as many as a busy service has after a year or two.

use crate::harness::playlists::{FREQUENT, RARE, USERS, filled, reads, user};
use crate::harness::postgres::Database;
use crate::row::{Row, Seen, ms, row};
use recobeat_recommender::cache::{Cache, Category};
use recobeat_recommender::model::UserStats;
use recobeat_recommender::store::{ListQuery, Postgres, SortBy, SortOrder, Store};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const LISTS: usize = 100_000;
/// In each.
const TRACKS: usize = 20;
/// Timed calls of each kind.
const CALLS: usize = 250;
const LIST_LIMIT: Duration = Duration::from_millis(50);
const CACHED_LIMIT: Duration = Duration::from_millis(5);

pub(crate) fn rows() -> Vec<Row> {
    vec![row(
        "100,000 playlists on PostgreSQL",
        "list and search P95 < 50 ms, the plans show the indexes; cached statistics < 5 ms",
        hundred_thousand,
    )]
}

async fn hundred_thousand() -> Seen {
    let mut seen = Seen::default();
    let database = Database::migrated().await;
    let begun = Instant::now();
    drop(filled(&database, LISTS, TRACKS).await);
    seen.note(format!("filled and indexed in {:.0} s", begun.elapsed().as_secs_f64()));

    let store = Postgres::open(&database.url).await.expect("the store opens");
    lists(&store, &mut seen).await;
    statistics(&store, &mut seen).await;
    drop(store);
    plans(&database, &mut seen).await;
    seen
}

/// The n-th user of a walk from those with thousands of lists to those with a few.
fn walk(n: usize) -> String {
    user(n * n % USERS)
}

fn list(n: usize) -> ListQuery {
    let sort_by = [SortBy::CreatedAt, SortBy::Name, SortBy::TrackCount][n % 3];
    let sort_order = [SortOrder::Descending, SortOrder::Ascending][n / 3 % 2];
    ListQuery { user_id: walk(n), limit: 50, sort_by, sort_order, ..ListQuery::default() }
}

/// Words in nearly all lists, in some, in hardly any, in none, and too short for trigrams.
fn search(n: usize) -> ListQuery {
    let words = [FREQUENT, RARE, "harbour", "serene", "completed", "quix", "no such words", "lo", "100%"];
    ListQuery { search: Some(words[n % words.len()].into()), ..list(n) }
}

async fn lists(store: &Postgres, seen: &mut Seen) {
    for (what, query) in [("list", list as fn(usize) -> ListQuery), ("search", search)] {
        let mut times = Vec::with_capacity(CALLS);
        let mut found = 0;
        for n in 0..CALLS {
            let begun = Instant::now();
            let page = store.list(&query(n)).await.expect("a list");
            times.push(begun.elapsed());
            found += usize::from(page.total > 0);
        }
        let [p50, p95, most] = percentiles(times);
        seen.must(
            p95 < LIST_LIMIT,
            format!("{what}: P50 {}, P95 {}, at most {} ({CALLS} calls)", ms(p50), ms(p95), ms(most)),
        );
        seen.must(found > CALLS / 4, format!("{found} of them found something"));
    }
}

async fn statistics(store: &Postgres, seen: &mut Seen) {
    let cache = Cache::memory(5_000);
    let (mut plain, mut cached) = (Vec::new(), Vec::new());
    for n in 0..CALLS {
        let user = walk(n);
        let begun = Instant::now();
        let figures = store.user_stats(&user).await.expect("figures");
        plain.push(begun.elapsed());
        cache.put(Category::UserPlaylistStats, &user, &figures).await;

        let begun = Instant::now();
        let held: Option<UserStats> = cache.get(Category::UserPlaylistStats, &user).await;
        cached.push(begun.elapsed());
        assert_eq!(held, Some(figures), "the cache holds what was put");
    }
    let ([_, plain, _], [_, _, cached]) = (percentiles(plain), percentiles(cached));
    let begun = Instant::now();
    let public = store.public_stats().await.expect("figures");
    seen.note(format!("of {} lists of {} users", public.total_playlists, public.total_users));
    seen.note(format!("statistics: a user's P95 {}, public {}", ms(plain), ms(begun.elapsed())));
    seen.must(cached < CACHED_LIMIT, format!("cached at most {}", ms(cached)));
}

/// What the server read for one call of each kind, from its own log.
async fn plans(database: &Database, seen: &mut Seen) {
    database.explain().await;
    let store = Postgres::open(&database.url).await.expect("the store opens");
    let before = database.plans(0).await.len();
    for n in 0..6 {
        store.list(&list(n * 6)).await.expect("a list");
        store.list(&search(n)).await.expect("a list");
    }
    store.list(&ListQuery { user_id: user(0), ..search(1) }).await.expect("a list");
    store.user_stats(&user(0)).await.expect("figures");

    let plans = database.plans(before + 2 * 13 + 1).await;
    let of_lists = plans[before..].iter().filter(|plan| {
        plan["Query Text"].as_str().is_some_and(|text| text.contains("FROM playlists WHERE user_id"))
    });
    let read: Vec<Vec<String>> = of_lists.map(reads).collect();
    let names: BTreeSet<&str> = read.iter().flatten().map(String::as_str).collect();
    let good = read.iter().all(|one| !one.is_empty()) && !names.contains("Seq Scan");
    seen.must(good, format!("read from {}", names.into_iter().collect::<Vec<_>>().join(", ")));
    let trigrams = read.iter().flatten().any(|name| name == "ix_playlists_search_trgm");
    seen.must(trigrams, "rare words by trigrams");
}

/// The middle, the 95th of a hundred by nearest rank, and the largest.
fn percentiles(mut times: Vec<Duration>) -> [Duration; 3] {
    times.sort();
    let rank = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
    [rank(50), rank(95), rank(100)]
}
