//! Moods that are warm before anybody asks.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use tokio::time::sleep;

use super::super::testing::{Act, House, Script, bare, list, moods};
use crate::cache::Cache;
use crate::config;
use crate::model::{MoodRequest, Status};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn quick() -> Act {
    Act::Makes(SECOND, 20)
}

#[tokio::test(start_paused = true)]
async fn moods_are_warmed_one_at_a_time_and_held_for_hours() {
    let house = House::of([quick()]);
    assert_eq!(house.moods.coverage().await.held, 0);
    assert_eq!(house.moods.warm(None), ["calm and relaxing", "party vibes"]);
    sleep(SECOND * 3).await;
    assert_eq!(house.script.most.load(SeqCst), 1);
    let coverage = house.moods.coverage().await;
    assert_eq!((coverage.held, coverage.total), (2, 2));
    sleep(HOUR * 2).await;
    assert_eq!(house.moods.coverage().await.held, 0);
}

#[tokio::test(start_paused = true)]
async fn two_warmings_at_once_become_one() {
    let house = House::of([quick()]);
    house.moods.warm(None);
    sleep(SECOND / 2).await;
    house.moods.warm(None);
    sleep(SECOND * 9).await;
    assert_eq!(house.script.prompts(), ["calm and relaxing", "party vibes"]);
    house.moods.warm(Some(vec!["party vibes".into()]));
    sleep(SECOND * 9).await;
    assert_eq!(house.script.prompts().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_mood_that_fails_panics_or_hangs_does_not_stop_the_others() {
    let house = House::of([Act::Fails(SECOND), Act::Panics, Act::Hangs, quick()]);
    house.moods.warm(Some(["a", "b", "c", "d"].map(str::to_owned).to_vec()));
    sleep(SECOND * 500).await;
    assert!(house.moods.get("a").await.is_none());
    assert!(house.moods.get("d").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_stale_list_answers_and_is_made_again_once() {
    let house = House::of([quick()]);
    house.moods.warm(None);
    sleep(HOUR * 20).await;
    for _ in 0..5 {
        let started = house.runs.start(bare("ann", "party vibes")).await.unwrap();
        assert_eq!(started.status, Status::Completed);
    }
    sleep(SECOND * 5).await;
    assert_eq!(house.script.prompts(), ["calm and relaxing", "party vibes", "party vibes"]);
    assert_eq!(house.moods.coverage().await.held, 1);
    sleep(HOUR * 27).await;
    assert!(house.moods.get("party vibes").await.is_none(), "26 h after it was made");
}

#[tokio::test(start_paused = true)]
async fn a_mood_is_stored_and_invalidated_alone() {
    let house = House::of([quick()]);
    house.moods.store("Rainy  Day", &list(20)).await;
    assert!(house.moods.get("rainy day").await.is_some());
    assert!(house.moods.invalidate("rainy day").await);
    assert!(!house.moods.invalidate("rainy day").await);
    assert!(house.moods.get("rainy day").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_users_run_of_a_listed_mood_is_held_for_the_others() {
    let house = House::of([quick()]);
    let first = house.runs.start(bare("ann", "Party vibes")).await.unwrap();
    assert_eq!(first.status, Status::Pending);
    house.runs.wait("ann", first.session_id, SECOND * 9).await.unwrap();
    let second = house.runs.start(bare("bob", "party vibes")).await.unwrap();
    assert_eq!(second.status, Status::Completed);
    let unlisted = house.runs.start(bare("ann", "rainy day")).await.unwrap();
    house.runs.wait("ann", unlisted.session_id, SECOND * 9).await.unwrap();
    assert!(house.moods.get("rainy day").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_partial_list_is_not_held_for_others() {
    let house = House::of([quick()]);
    let mut partial = list(20);
    partial.metadata["partial"] = serde_json::json!(["no time was left"]);
    house.moods.learn(&MoodRequest::of("party vibes"), &partial).await;
    assert!(house.moods.get("party vibes").await.is_none());
    partial.metadata["partial"] = serde_json::json!([]);
    house.moods.learn(&MoodRequest::of("party vibes"), &partial).await;
    assert!(house.moods.get("party vibes").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn own_and_frequent_prompts_join_the_list() {
    let (cache, script) = (Arc::new(Cache::memory(100)), Script::of([quick()]));
    let own = vec!["rainy day".into(), "PARTY vibes".into()];
    let config = config::Moods { own, promote_after: 2, ..config::Moods::default() };
    let moods = moods(&cache, &script, config);
    assert_eq!(moods.moods(), ["calm and relaxing", "party vibes", "rainy day"]);
    for user in ["ann", "bob"] {
        assert!(moods.answer(user, &MoodRequest::of("Long  drive")).await.is_none());
    }
    assert_eq!(moods.moods()[3..], ["long drive"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_answered_from_the_cache_when_it_is_switched_off() {
    let (cache, script) = (Arc::new(Cache::memory(100)), Script::of([quick()]));
    let moods = moods(&cache, &script, config::Moods { cache: false, ..config::Moods::default() });
    moods.store("party vibes", &list(20)).await;
    assert!(moods.answer("ann", &MoodRequest::of("party vibes")).await.is_none());
}
