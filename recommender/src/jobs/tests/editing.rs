//! Changes of a finished list.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::super::testing::{Act, House, Rows, start};
use super::super::{Edit, RunError};
use crate::model::{Status, TrackId};

const SECOND: Duration = Duration::from_secs(1);

fn remove(n: u128) -> Edit {
    Edit::Remove { track_id: TrackId::Uuid(Uuid::from_u128(n)) }
}

#[tokio::test(start_paused = true)]
async fn of_changes_at_once_none_is_lost() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    house.runs.wait("ann", session, SECOND * 9).await.unwrap();
    *house.store.delay.lock().unwrap() = SECOND;
    let changes = (1..=5).map(|n| house.runs.edit("ann", session, remove(n)));
    let results = futures_util::future::join_all(changes).await;
    assert!(results.iter().all(Result::is_ok));
    let left = house.store.get(session).recommendations_data;
    assert_eq!(left.len(), 15);
    assert_eq!(left[0].reccobeat_id, Uuid::from_u128(6));
}

#[tokio::test(start_paused = true)]
async fn of_changes_by_two_replicas_none_is_lost() {
    let store: Arc<Rows> = Arc::default();
    let house = House::with(store.clone(), 4, [Act::Makes(SECOND, 20)]);
    let other = House::with(store, 4, [Act::Hangs]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    house.runs.wait("ann", session, SECOND * 9).await.unwrap();
    *house.store.delay.lock().unwrap() = SECOND;
    let (one, two) =
        tokio::join!(house.runs.edit("ann", session, remove(1)), other.runs.edit("ann", session, remove(2)));
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(house.store.get(session).recommendations_data.len(), 18);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_leaves_no_half_of_a_change() {
    let house = House::of([Act::Makes(SECOND, 20), Act::Hangs]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    let hung = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    house.runs.wait("ann", session, SECOND * 9).await.unwrap();
    *house.store.delay.lock().unwrap() = SECOND;
    timeout(SECOND / 2, house.runs.edit("ann", session, remove(1))).await.unwrap_err();
    timeout(SECOND * 3 / 2, house.runs.cancel("ann", hung)).await.unwrap_err();
    sleep(SECOND * 9).await;
    assert_eq!(house.store.get(session).recommendations_data.len(), 19);
    assert_eq!(house.script.running.load(SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn only_an_own_completed_list_can_be_changed() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    let early = house.runs.edit("ann", session, remove(1)).await;
    assert!(matches!(early, Err(RunError::NotCompleted(Status::Pending | Status::GatheringSeeds))));
    house.runs.wait("ann", session, SECOND * 9).await.unwrap();
    assert!(matches!(house.runs.edit("bob", session, remove(1)).await, Err(RunError::Absent)));
    assert!(matches!(house.runs.edit("ann", session, remove(99)).await, Err(RunError::NoTrack)));
    assert!(house.runs.edit("ann", session, remove(1)).await.is_ok());
}
