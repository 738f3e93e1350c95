//! Runs that outlive their process.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::StreamExt;
use serde_json::json;
use tokio::time::sleep;
use uuid::Uuid;

use super::super::owner::Owner;
use super::super::testing::{Act, House, Rows, start};
use crate::model::Status;
use crate::store::{NewRun, Store};

const SECOND: Duration = Duration::from_secs(1);

/// A run of a process of this machine that is gone.
async fn left_behind(store: &Arc<Rows>) -> Uuid {
    let owner = Owner::this_process().to_string();
    // The same number, another start.
    let (place, _) = owner.rsplit_once(' ').unwrap();
    let run = NewRun {
        session_id: Uuid::new_v4(),
        user_id: "ann".into(),
        mood_prompt: "calm".into(),
        request: json!({"mood_prompt": "calm"}),
        metadata: json!({"owner": format!("{place} 1"), "fresh": true}),
    };
    store.begin(&run).await.unwrap();
    store.advance(run.session_id, Status::AnalyzingMood, None).await.unwrap();
    run.session_id
}

fn second_life(store: &Arc<Rows>) -> House {
    House::with(store.clone(), 4, [Act::Makes(SECOND, 20)])
}

#[tokio::test(start_paused = true)]
async fn a_young_run_of_a_dead_process_runs_again_under_its_session() {
    let store = Arc::default();
    let session = left_behind(&store).await;
    let house = second_life(&store);
    assert_eq!(house.runs.resume_all().await.unwrap(), 1);
    let events: Vec<_> = house.runs.events("ann", session, Some(5)).await.unwrap().collect().await;
    assert!(events[0].id > 5, "numbers of the first life are not used again");
    let row = house.runs.wait("ann", session, SECOND * 9).await.unwrap();
    assert_eq!((row.status, row.recommendations_data.len()), (Status::Completed, 20));
    assert_eq!(house.runs.resume_all().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_old_run_or_one_whose_request_cannot_be_read_fails() {
    let store: Arc<Rows> = Arc::default();
    let old = left_behind(&store).await;
    store.change(old, |row| row.created_at -= TimeDelta::minutes(11));
    let strange = left_behind(&store).await;
    store.change(strange, |row| row.request = json!({"mood_prompt": 7}));
    let house = second_life(&store);
    assert_eq!(house.runs.resume_all().await.unwrap(), 0);
    for session in [old, strange] {
        let row = store.get(session);
        assert_eq!(row.status, Status::Failed);
        assert!(row.error_message.unwrap().starts_with("interrupted"));
    }
    assert_eq!(house.runs.counters().active, 0);
}

#[tokio::test(start_paused = true)]
async fn a_run_of_a_living_replica_is_left_alone_until_it_is_silent() {
    let store = Arc::default();
    let session = left_behind(&store).await;
    store.change(session, |row| row.metadata["owner"] = json!("another/machine/x 7 100"));
    let house = second_life(&store);
    assert_eq!(house.runs.resume_all().await.unwrap(), 0);
    store.change(session, |row| row.updated_at -= TimeDelta::seconds(61));
    assert_eq!(house.runs.resume_all().await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn of_two_replicas_one_takes_a_run_up() {
    let store = Arc::default();
    left_behind(&store).await;
    let (one, two) = (second_life(&store), second_life(&store));
    *store.delay.lock().unwrap() = SECOND;
    let (first, second) = tokio::join!(one.runs.resume_all(), two.runs.resume_all());
    assert_eq!(first.unwrap() + second.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_process_looks_for_left_runs_again_and_again() {
    let store: Arc<Rows> = Arc::default();
    let house = second_life(&store);
    let tending = house.runs.tend();
    sleep(SECOND).await;
    let session = left_behind(&store).await;
    sleep(SECOND * 40).await;
    assert_eq!(store.get(session).status, Status::Completed);
    tending.abort();
}

#[tokio::test(start_paused = true)]
async fn a_replica_of_another_host_that_falls_silent_is_relieved_by_a_later_look() {
    let store: Arc<Rows> = Arc::default();
    let session = left_behind(&store).await;
    store.change(session, |row| row.metadata["owner"] = json!("another/machine/x 7 100"));
    let house = second_life(&store);
    let tending = house.runs.tend();
    sleep(SECOND * 55).await;
    assert_eq!(store.get(session).status, Status::AnalyzingMood, "it may be alive");
    sleep(SECOND * 60).await;
    assert_eq!(store.get(session).status, Status::Completed);
    tending.abort();
}

#[tokio::test(start_paused = true)]
async fn a_reader_of_a_run_elsewhere_that_never_ends_is_let_go() {
    let store: Arc<Rows> = Arc::default();
    let session = left_behind(&store).await;
    let here = House::with(store, 4, [Act::Hangs]);
    let events: Vec<_> = here.runs.events("ann", session, None).await.unwrap().collect().await;
    assert_eq!(events.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_elsewhere_is_followed_by_its_row() {
    let store: Arc<Rows> = Arc::default();
    let there = House::with(store.clone(), 4, [Act::Makes(SECOND * 5, 20)]);
    let session = there.runs.start(start("ann", "calm")).await.unwrap().session_id;
    let here = second_life(&store);
    let events: Vec<_> = here.runs.events("ann", session, None).await.unwrap().collect().await;
    let statuses: Vec<&str> = events.iter().map(|event| event.data["status"].as_str().unwrap()).collect();
    assert_eq!(statuses.last(), Some(&"completed"));
    assert!(statuses.contains(&"gathering_seeds"));
    let row = here.runs.wait("ann", session, SECOND).await.unwrap();
    assert_eq!(row.status, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_run_elsewhere_can_be_waited_for_and_cancelled() {
    let store: Arc<Rows> = Arc::default();
    let there = House::with(store.clone(), 4, [Act::Hangs]);
    let session = there.runs.start(start("ann", "calm")).await.unwrap().session_id;
    let here = second_life(&store);
    let cancel = async {
        sleep(SECOND * 3).await;
        here.runs.cancel("ann", session).await.unwrap();
    };
    let (row, ()) = tokio::join!(here.runs.wait("ann", session, SECOND * 60), cancel);
    assert_eq!(row.unwrap().status, Status::Cancelled);
    sleep(SECOND * 16).await;
    assert_eq!(there.script.running.load(SeqCst), 0);
}
