//! A run from its start to its end.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::sleep;
use uuid::Uuid;

use super::super::drive::REMEMBERED;
use super::super::testing::{Act, House, KEEP, bare, start};
use super::super::{EventKind, RunError};
use crate::model::Status;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_run_is_accepted_at_once_and_completes() {
    let house = House::of([Act::Makes(SECOND * 6, 20)]);
    let started = house.runs.start(start("ann", "calm")).await.unwrap();
    assert_eq!(started.status, Status::Pending);
    let early = house.runs.wait("ann", started.session_id, SECOND).await.unwrap();
    assert_eq!(early.status, Status::GatheringSeeds);
    let row = house.runs.wait("ann", started.session_id, SECOND * 60).await.unwrap();
    assert_eq!((row.status, row.recommendations_data.len()), (Status::Completed, 20));
    assert!(row.playlist_data["name"].as_str().unwrap().starts_with("calm – 20"));
    assert_eq!(house.runs.counters().completed, 1);
    assert!((house.runs.counters().mean_seconds.unwrap() - 6.0).abs() < 0.1);
}

#[tokio::test(start_paused = true)]
async fn events_are_numbered_and_end_with_the_end() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    let events: Vec<_> = house.runs.events("ann", session, None).await.unwrap().collect().await;
    let ids: Vec<u64> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());
    let last = events.last().unwrap();
    assert_eq!((last.kind, &last.data["recommendation_count"]), (EventKind::Complete, &20.into()));
    let mood = events.iter().filter(|event| event.data.get("mood_analysis").is_some()).count();
    assert_eq!(mood, 1);
    let again: Vec<_> = house.runs.events("ann", session, Some(ids[1])).await.unwrap().collect().await;
    assert_eq!(again, events[2..]);
}

#[tokio::test(start_paused = true)]
async fn a_reader_who_never_reads_blocks_nobody() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    let _idle = house.runs.events("ann", session, None).await.unwrap();
    let row = house.runs.wait("ann", session, SECOND * 60).await.unwrap();
    assert_eq!(row.status, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_slow_store_holds_up_no_run_and_knows_its_steps_later() {
    let house = House::of([Act::Makes(SECOND * 30, 20)]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    *house.store.delay.lock().unwrap() = SECOND * 4;
    let told = house.runs.events("ann", session, None).await.unwrap();
    sleep(SECOND).await;
    let standing = house.runs.status("ann", session);
    assert_eq!(standing.await.unwrap().status, Status::GatheringSeeds);
    sleep(SECOND * 16).await;
    assert_eq!(house.store.get(session).current_step.as_deref(), Some("gathering_seeds"));
    sleep(SECOND * 14).await;
    assert_eq!(house.script.running.load(SeqCst), 0, "its 30 s are over");
    let events: Vec<_> = told.collect().await;
    assert_eq!(events.last().unwrap().kind, EventKind::Complete);
}

#[tokio::test(start_paused = true)]
async fn a_run_without_tracks_has_failed() {
    let house = House::of([Act::Makes(SECOND, 0)]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    let row = house.runs.wait("ann", session, SECOND * 60).await.unwrap();
    assert_eq!(row.status, Status::Failed);
    assert_eq!(row.error_message.as_deref(), Some("no track could be found"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_keeps_its_reason_and_its_figures() {
    let house = House::of([Act::Fails(SECOND)]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    let row = house.runs.wait("ann", session, SECOND * 60).await.unwrap();
    assert_eq!(row.error_message.as_deref(), Some("no strategy has found a track"));
    assert_eq!(row.metadata["calls"], 3);
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_hangs_or_panics_ends_as_failed() {
    let house = House::of([Act::Hangs, Act::Panics]);
    let hung = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    sleep(SECOND).await;
    let broken = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    let row = house.runs.wait("ann", broken, SECOND).await.unwrap();
    assert_eq!((row.status, row.error_message.as_deref()), (Status::Failed, Some("an internal error")));
    let row = house.runs.wait("ann", hung, SECOND * 200).await.unwrap();
    assert_eq!(row.error_message.as_deref(), Some("no result within 120 s"));
    assert_eq!(house.runs.counters().failed, 2);
}

#[tokio::test(start_paused = true)]
async fn more_runs_than_places_wait_in_order_of_arrival() {
    let house = House::with(std::sync::Arc::default(), 2, [Act::Makes(SECOND * 100, 20)]);
    let mut sessions = Vec::new();
    for n in 0..6 {
        sessions.push(house.runs.start(start("ann", &n.to_string())).await.unwrap().session_id);
    }
    sleep(SECOND).await;
    let waiting = house.runs.status("ann", sessions[5]).await.unwrap();
    assert_eq!(waiting.status, Status::Pending);
    assert_eq!(house.runs.active().len(), 6);
    // The last one ends 300 s after its start: its deadline counted from its turn.
    let row = house.runs.wait("ann", sessions[5], SECOND * 400).await.unwrap();
    assert_eq!(row.status, Status::Completed);
    assert_eq!(house.script.prompts(), ["0", "1", "2", "3", "4", "5"]);
    assert_eq!(house.script.most.load(SeqCst), 2);
    assert!(house.runs.active().is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_user_sees_nothing() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    let (runs, bob) = (&house.runs, "bob");
    assert!(matches!(runs.status(bob, session).await, Err(RunError::Absent)));
    assert!(matches!(runs.events(bob, session, None).await, Err(RunError::Absent)));
    assert!(matches!(runs.cancel(bob, session).await, Err(RunError::Absent)));
    let row = runs.wait("ann", session, SECOND * 60).await.unwrap();
    assert!(matches!(runs.delete(bob, row.id).await, Err(RunError::Absent)));
    assert!(matches!(runs.remix_tracks(bob, row.id).await, Err(RunError::Absent)));
    assert_eq!(runs.remix_tracks("ann", row.id).await.unwrap().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn the_memory_of_finished_runs_is_freed() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    let mut last = None;
    for _ in 0..1_000 {
        last = Some(house.runs.start(start("ann", "calm")).await.unwrap().session_id);
    }
    let last = last.unwrap();
    house.runs.wait("ann", last, SECOND * 1_000).await.unwrap();
    assert_eq!(house.held(), 1_000);
    sleep(KEEP + SECOND).await;
    assert_eq!(house.held(), 0);
    // Its stream still tells how it ended.
    let events: Vec<_> = house.runs.events("ann", last, Some(4)).await.unwrap().collect().await;
    assert_eq!((events.len(), events[0].kind), (1, EventKind::Complete));
}

#[tokio::test(start_paused = true)]
async fn of_too_many_ended_runs_the_first_is_forgotten() {
    let house = House::of([Act::Hangs]);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    let (hall, mut row) = (&house.runs.0, house.store.get(session));
    for n in 0..=REMEMBERED as u128 {
        row.session_id = Uuid::from_u128(n);
        hall.enter(&row, 0);
        hall.remember(row.session_id);
    }
    assert_eq!(house.held(), REMEMBERED + 1, "with the one under way");
    assert!(!hall.lives().contains_key(&Uuid::from_u128(0)));
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_for_everybodys_figures_cost_one_count() {
    let house = House::of([Act::Hangs]);
    *house.store.delay.lock().unwrap() = SECOND;
    let asked = (0..5).map(|_| house.runs.statistics().public());
    let told = futures_util::future::join_all(asked).await;
    assert!(told.iter().all(Result::is_ok));
    assert_eq!(house.store.counted.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn statistics_are_cached_and_dropped_on_every_change() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    let count = async || house.runs.statistics().user("ann").await.unwrap();
    assert_eq!(count().await.total_playlists, 0);
    let session = house.runs.start(start("ann", "calm")).await.unwrap().session_id;
    assert_eq!((count().await.total_playlists, count().await.completed_playlists), (1, 0));
    let row = house.runs.wait("ann", session, SECOND * 60).await.unwrap();
    assert_eq!((count().await.completed_playlists, count().await.total_tracks), (1, 20));
    house.store.change(session, |row| row.track_count = 5);
    assert_eq!(count().await.total_tracks, 20, "five minutes from the cache");
    house.runs.delete("ann", row.id).await.unwrap();
    assert_eq!(count().await.total_playlists, 0);
}

#[tokio::test(start_paused = true)]
async fn a_held_popular_mood_completes_at_once_for_requests_without_data_of_their_user() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    house.moods.warm(None);
    sleep(SECOND * 10).await;
    let made = house.script.prompts().len();
    let started = house.runs.start(bare("ann", "  Calm and  RELAXING ")).await.unwrap();
    assert_eq!(started.status, Status::Completed);
    let row = house.runs.playlist("ann", started.session_id).await.unwrap();
    assert_eq!((row.recommendations_data.len(), row.user_id.as_str()), (20, "ann"));
    assert_eq!(row.metadata["popular_mood"]["mood"], "calm and relaxing");
    assert_eq!(house.held(), 0);
    assert_eq!(house.script.prompts().len(), made);
    let own = house.runs.start(start("ann", "calm and relaxing")).await.unwrap();
    assert_eq!(own.status, Status::Pending, "it asks for obscure artists");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_leaves_a_run_that_runs() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    *house.store.delay.lock().unwrap() = SECOND;
    let call = house.runs.start(start("ann", "calm"));
    assert!(tokio::time::timeout(SECOND / 2, call).await.is_err());
    sleep(SECOND * 60).await;
    assert_eq!(house.runs.counters().completed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_stops_waits_for_its_runs_and_takes_no_more() {
    let house = House::of([Act::Makes(SECOND * 5, 20)]);
    house.runs.start(start("ann", "calm")).await.unwrap();
    house.runs.drain(SECOND * 30).await;
    assert_eq!(house.runs.counters().completed, 1);
    assert!(matches!(house.runs.start(start("ann", "calm")).await, Err(RunError::Stopping)));
}
