//! The same over a real store, for what its statements decide.

use std::sync::Arc;
use std::time::Duration;

use super::super::testing::{Act, Script, moods, start};
use super::super::{Parts, Runs, Statistics};
use crate::cache::Cache;
use crate::config;
use crate::model::Status;
use crate::profile::Profiler;
use crate::store::{Sqlite, Store};

fn runs(store: &Arc<dyn Store>, act: Act) -> Runs {
    let cache = Arc::new(Cache::memory(100));
    let script = Script::of([act]);
    Runs::new(Parts {
        store: store.clone(),
        runner: script.clone(),
        statistics: Statistics::new(store.clone(), cache.clone()),
        profiler: Profiler::new(cache.clone()),
        moods: moods(&cache, &script, config::Moods::default()),
        prefetch: None,
        concurrent: 4,
        deadline: Duration::from_secs(60),
        keep_events: Duration::from_secs(60),
    })
}

#[tokio::test]
async fn a_run_is_kept_and_counted() {
    let store: Arc<dyn Store> = Arc::new(Sqlite::memory().await.unwrap());
    let runs = runs(&store, Act::Makes(Duration::ZERO, 20));
    let session = runs.start(start("ann", "calm")).await.unwrap().session_id;
    let row = runs.wait("ann", session, Duration::from_secs(30)).await.unwrap();
    assert_eq!((row.status, row.track_count), (Status::Completed, 20));
    assert_eq!(runs.statistics().user("ann").await.unwrap().total_tracks, 20);
}

#[tokio::test]
async fn a_claim_succeeds_once_and_only_on_the_row_as_it_was_seen() {
    let store: Arc<dyn Store> = Arc::new(Sqlite::memory().await.unwrap());
    let runs = runs(&store, Act::Hangs);
    let session = runs.start(start("ann", "calm")).await.unwrap().session_id;
    // Its steps are written; from here on the row rests.
    while store.by_session(session).await.unwrap().status != Status::GatheringSeeds {
        tokio::task::yield_now().await;
    }
    let seen = store.by_session(session).await.unwrap().updated_at;
    // A claim in the same instant would leave the row as it was seen.
    while store.now().await.unwrap() <= seen {
        tokio::task::yield_now().await;
    }
    assert!(store.claim(session, seen, "one").await.unwrap());
    assert!(!store.claim(session, seen, "two").await.unwrap());
    let row = store.by_session(session).await.unwrap();
    assert_eq!(row.metadata["owner"], "one");
    runs.cancel("ann", session).await.unwrap();
    let row = store.by_session(session).await;
    assert!(!store.claim(session, row.unwrap().updated_at, "two").await.unwrap());
}
