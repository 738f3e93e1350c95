//! Answers tell how long they waited for a permit.

use super::catalogue::spotify;
use super::*;
use scripted::Act;

/// Milliseconds; `None` when nothing is told.
fn queued(answer: &Answer) -> Option<u64> {
    let (_, rest) = answer.cache_status.split_once("queued=")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_nobody_is_told_nothing() {
    let world = World::new();
    assert_eq!(queued(&world.get(&tracks([spotify(1)])).await), None);
    assert_eq!(queued(&world.get(&tracks([spotify(1)])).await), None);
    sleep(SECOND).await;
    assert_eq!(queued(&world.get("/v1/artist/search?searchText=some").await), None);
}

#[tokio::test(start_paused = true)]
async fn each_answer_tells_its_own_wait_and_not_the_time_of_its_call() {
    let world = World::new();
    world.upstream.script("", usize::MAX, Act::Slow(10 * SECOND));
    let targets = (0..4).map(|n| format!("/v1/artist/search?searchText=some{n}"));
    let told: Vec<_> = world.all(targets).await.iter().map(queued).collect();
    assert_eq!(told, [None, Some(750), Some(1_500), Some(2_250)]);
}

#[tokio::test(start_paused = true)]
async fn a_list_tells_the_longest_wait_of_its_calls() {
    let world = World::new();
    let answer = world.get(&tracks((0..100).map(spotify))).await;
    assert!(answer.cache_status.contains("rows=100 hit=0 calls=3 queued=1500"), "{}", answer.cache_status);
}

#[tokio::test(start_paused = true)]
async fn a_hold_after_a_429_counts_as_waiting() {
    let world = World::new();
    world.upstream.script("", 1, Act::Throttle(Some(12)));
    let told = queued(&world.get("/v1/artist/search?searchText=some").await).expect("a wait");
    assert!((12_000..14_000).contains(&told), "{told}");
}
