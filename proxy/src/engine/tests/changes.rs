//! Other settings for an engine that is at work.

use super::catalogue::track;
use super::*;
use crate::cache::{self, Category, Ttl, Ttls};
use crate::flight::BatchSettings;
use crate::telemetry::Outcome;

/// The sizes of the calls for tracks.
fn batches(world: &World) -> Vec<usize> {
    let calls = world.upstream.seen().into_iter().filter(|seen| seen.target.starts_with("/v1/track?ids="));
    calls.map(|seen| seen.ids.len()).collect()
}

#[tokio::test(start_paused = true)]
async fn smaller_batches_hold_for_ids_that_wait_already() {
    let world = World::new();
    world.get("/v1/artist/search?searchText=first").await;
    // The next call has to keep its distance, so these wait.
    let waiting = world.spawn(&tracks((1..=20).map(track)), caller());
    sleep(Duration::from_millis(50)).await;
    let batch = BatchSettings { max_ids: 5, ..BatchSettings::default() };
    world.engine.apply(&Settings { batch, ..Settings::default() });
    assert_eq!(waiting.await.expect("no panic").status, 200);
    assert_eq!(batches(&world), [5, 5, 5, 5]);
    world.assert_quiet();
}

#[tokio::test(start_paused = true)]
async fn larger_batches_leave_no_call_behind_that_is_not_needed_any_more() {
    let batch = BatchSettings { max_ids: 5, ..BatchSettings::default() };
    let world = World::with(&Settings { batch, ..Settings::default() });
    world.get("/v1/artist/search?searchText=first").await;
    let waiting = world.spawn(&tracks((1..=20).map(track)), caller());
    sleep(Duration::from_millis(50)).await;
    world.engine.apply(&Settings::default());
    assert_eq!(waiting.await.expect("no panic").status, 200);
    world.settled().await;
    assert_eq!(batches(&world), [20]);
}

#[tokio::test(start_paused = true)]
async fn lifetimes_hold_for_what_is_learned_from_then_on() {
    let world = World::lifted();
    let (before, after) = ("/v1/artist/search?searchText=before", "/v1/artist/search?searchText=after");
    world.get(before).await;
    let lives = |category| match category {
        Category::Search => Ttl { fresh: SECOND, stale: Duration::ZERO },
        category => Ttls::default().of(category),
    };
    let cache = cache::Settings { ttls: Ttls::new(lives), ..cache::Settings::default() };
    world.engine.apply(&Settings { budget: lifted(), cache, ..Settings::default() });
    world.get(after).await;
    sleep(60 * SECOND).await;
    assert_eq!(world.get(before).await.outcome, Outcome::Hit);
    assert_eq!(world.get(after).await.outcome, Outcome::Miss);
}

#[tokio::test(start_paused = true)]
async fn switches_hold_from_the_next_request_on() {
    let world = World::lifted();
    let long = tracks((1..=41).map(track));
    assert_eq!(world.get(&long).await.status, 200);
    let mut settings = Settings { budget: lifted(), ..Settings::default() };
    settings.guard.rules.split = false;
    world.engine.apply(&settings);
    assert_eq!(world.get(&long).await.status, 400);
    world.engine.apply(&Settings { budget: lifted(), ..Settings::default() });
    assert_eq!(world.get(&long).await.outcome, Outcome::Hit);
}
