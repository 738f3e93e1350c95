//! Several ends at once: exactly one wins, and everybody is told the same one.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use futures_util::StreamExt;
use proptest::prelude::*;
use tokio::time::sleep;
use uuid::Uuid;

use super::super::testing::{Act, House, start};
use super::super::{Event, EventKind, RunError};
use crate::model::Status;

const SECOND: Duration = Duration::from_secs(1);

async fn events(house: &House, session: Uuid) -> Vec<Event> {
    house.runs.events("ann", session, None).await.unwrap().collect().await
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_is_dropped_and_frees_its_place() {
    let house = House::with(std::sync::Arc::default(), 1, [Act::Hangs, Act::Makes(SECOND, 20)]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    sleep(SECOND).await;
    assert_eq!(house.script.running.load(SeqCst), 1);
    let row = house.runs.cancel("ann", session).await.unwrap();
    assert_eq!(row.status, Status::Cancelled);
    sleep(SECOND).await;
    assert_eq!(house.script.running.load(SeqCst), 0);
    assert_eq!(events(&house, session).await.last().unwrap().data["status"], "cancelled");
    let next = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    assert_eq!(house.runs.wait("ann", next, SECOND * 9).await.unwrap().status, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_for_its_turn_can_be_cancelled() {
    let house = House::with(std::sync::Arc::default(), 1, [Act::Makes(SECOND * 50, 20)]);
    house.runs.start(start("ann", "first")).await.unwrap();
    let second = house.runs.start(start("ann", "second")).await.unwrap().session_id;
    house.runs.cancel("ann", second).await.unwrap();
    sleep(SECOND * 60).await;
    assert_eq!(house.script.prompts(), ["first"]);
    assert_eq!((house.runs.counters().completed, house.runs.counters().cancelled), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_completed_run_cannot_be_cancelled_and_a_cancelled_one_stays_so() {
    let house = House::of([Act::Makes(SECOND, 20), Act::Hangs]);
    let done = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    house.runs.wait("ann", done, SECOND * 9).await.unwrap();
    assert!(matches!(house.runs.cancel("ann", done).await, Err(RunError::Ended(Status::Completed))));
    let hung = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    house.runs.cancel("ann", hung).await.unwrap();
    assert_eq!(house.runs.cancel("ann", hung).await.unwrap().status, Status::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_that_comes_while_the_list_is_written_wins_or_loses_as_a_whole() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    // The completion fails at first, and the cancellation comes before its second try.
    sleep(SECOND / 2).await;
    house.store.failing.store(2, SeqCst);
    sleep(SECOND / 2 + Duration::from_millis(100)).await;
    house.runs.cancel("ann", session).await.unwrap();
    sleep(SECOND * 10).await;
    let row = house.store.get(session);
    assert_eq!((row.status, row.recommendations_data.len()), (Status::Cancelled, 0));
    assert_eq!(events(&house, session).await.last().unwrap().data["status"], "cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_ended_by_another_replica_stops_at_its_next_heartbeat() {
    let house = House::of([Act::Hangs]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    sleep(SECOND).await;
    house.store.change(session, |row| row.status = Status::Cancelled);
    sleep(SECOND * 16).await;
    assert_eq!(house.script.running.load(SeqCst), 0);
    assert_eq!(house.runs.counters().cancelled, 1);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_run_ends_as_cancelled() {
    let house = House::of([Act::Hangs]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    let id = house.store.get(session).id;
    let told = house.runs.events("ann", session, None).await.unwrap();
    assert_eq!(house.runs.delete("ann", id).await.unwrap(), session);
    assert_eq!(told.collect::<Vec<_>>().await.last().unwrap().data["error"], "deleted");
    assert!(matches!(house.runs.status("ann", session).await, Err(RunError::Absent)));
    assert_eq!(house.script.running.load(SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_completion_whose_answer_is_lost_is_a_completion() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    house.store.mute.store(1, SeqCst);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    let last = events(&house, session).await.pop().unwrap();
    assert_eq!((last.kind, &last.data["recommendation_count"]), (EventKind::Complete, &20.into()));
    assert_eq!(house.store.ends.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_a_moment_costs_nothing() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    sleep(SECOND / 2).await;
    house.store.failing.store(4, SeqCst);
    assert_eq!(events(&house, session).await.last().unwrap().kind, EventKind::Complete);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stays_away_fails_the_run_and_is_told_later() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    sleep(SECOND / 2).await;
    house.store.failing.store(usize::MAX, SeqCst);
    let last = events(&house, session).await.pop().unwrap();
    assert_eq!(last.kind, EventKind::Error);
    assert!(last.data["error"].as_str().unwrap().starts_with("the playlist could not be kept"));
    // Memory knows, the row does not yet; and no half of a list is in it.
    assert_eq!(house.store.get(session).recommendations_data, []);
    house.store.failing.store(0, SeqCst);
    assert_eq!(house.runs.status("ann", session).await.unwrap().status, Status::Failed);
    sleep(SECOND * 20).await;
    assert_eq!(house.store.get(session).status, Status::Failed);
}

#[derive(Debug, Clone, Copy)]
enum Blow {
    Cancel,
    Delete,
    /// So many of the next calls of the store fail.
    Fail(usize),
    /// The next completion's answer is lost.
    Mute,
    /// Another replica ends it.
    Steal(Status),
}

fn blows() -> impl Strategy<Value = Vec<(u64, Blow)>> {
    let blow = prop_oneof![
        Just(Blow::Cancel),
        Just(Blow::Delete),
        (0..6_usize).prop_map(Blow::Fail),
        Just(Blow::Mute),
        Just(Blow::Steal(Status::Failed)),
    ];
    prop::collection::vec((0..4_000_u64, blow), 0..6)
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..3_000_u64).prop_map(|after| Act::Makes(Duration::from_millis(after), 20)),
        (0..3_000_u64).prop_map(|after| Act::Fails(Duration::from_millis(after))),
        Just(Act::Hangs),
        Just(Act::Panics),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever comes in whatever order: one end in the row, one last event, and they agree.
    #[test]
    fn there_is_exactly_one_end(act in acts(), blows in blows(), delay in 0..300_u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(async move {
            let house = House::of([act]);
            *house.store.delay.lock().unwrap() = Duration::from_millis(delay);
            let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
            let id = house.store.get(session).id;
            let told = house.runs.events("ann", session, None).await.unwrap();
            let blows = blows.into_iter().map(|(at, blow)| {
                let house = &house;
                async move {
                    sleep(Duration::from_millis(at)).await;
                    match blow {
                        Blow::Cancel => drop(house.runs.cancel("ann", session).await),
                        Blow::Delete => drop(house.runs.delete("ann", id).await),
                        Blow::Fail(calls) => house.store.failing.store(calls, SeqCst),
                        Blow::Mute => house.store.mute.store(1, SeqCst),
                        Blow::Steal(status) => house.store.steal(session, status),
                    }
                }
            });
            futures_util::future::join_all(blows).await;
            let events: Vec<Event> = told.collect().await;
            // A store that stayed away is told late.
            sleep(SECOND * 60).await;
            let row = house.store.get(session);
            let last = events.last().unwrap();
            assert_eq!(events.iter().filter(|event| event.kind.is_last()).count(), 1);
            assert!(last.kind.is_last());
            assert_eq!(house.store.ends.load(SeqCst), 1, "one statement has ended the row");
            // What could not be written or read was told as it seemed; then the row is the truth.
            let error = last.data["error"].as_str().unwrap_or_default();
            let unsure = error == "deleted" || error.starts_with("the playlist could not be kept");
            assert!(unsure || last.data["status"] == row.status.name(), "{last:?} of {row:?}");
            assert_eq!(row.status == Status::Completed, !row.recommendations_data.is_empty());
            assert_eq!(house.script.running.load(SeqCst), 0, "the runner is gone");
            assert_eq!(house.runs.0.lobby.free(), 4);
            assert_eq!(house.runs.counters().active, 0);
        });
    }
}
