//! Changes of a finished list.

use std::time::Duration;

use uuid::Uuid;

use super::super::testing::{Act, House, start};
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
async fn only_an_own_completed_list_can_be_changed() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    let early = house.runs.edit("ann", session, remove(1)).await;
    assert!(matches!(early, Err(RunError::NotCompleted(Status::Pending | Status::GatheringSeeds))));
    house.runs.wait("ann", session, SECOND * 9).await.unwrap();
    assert!(matches!(house.runs.edit("bob", session, remove(1)).await, Err(RunError::Absent)));
    assert!(matches!(house.runs.edit("ann", session, remove(99)).await, Err(RunError::Edit(_))));
    assert!(house.runs.edit("ann", session, remove(1)).await.is_ok());
}
