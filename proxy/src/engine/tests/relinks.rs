//! Rows that come back under another id than asked: nobody is called missing on a doubt.

use super::catalogue::{list, spotify, track};
use super::*;
use crate::api::RowKind;
use crate::telemetry::{Avoided, Outcome};

/// Well-formed, and no row carries it.
fn foreign(n: u32) -> String {
    spotify(20_000 + n)
}

#[tokio::test(start_paused = true)]
async fn a_relinked_id_gets_its_row_and_its_neighbours_their_absence() {
    let world = World::new();
    world.upstream.answer(&foreign(1), &[5]);
    let target = tracks([foreign(1), foreign(2), spotify(1)]);
    let miss = world.get(&target).await;
    assert_eq!(text(&miss), list(RowKind::Track, [5, 1]));
    // The first call cannot tell which of the two the stranger answers; each then stands alone.
    let asked: Vec<usize> = world.upstream.seen().iter().map(|seen| seen.ids.len()).collect();
    assert_eq!(asked, [3, 1, 1]);
    let hit = world.get(&target).await;
    assert_eq!((hit.body, hit.outcome), (miss.body, Outcome::Hit));
    assert_eq!(world.get(&tracks([spotify(5)])).await.outcome, Outcome::Hit);
}

#[tokio::test(start_paused = true)]
async fn two_relinked_ids_are_found_among_thirty_eight_unknown_ones() {
    let world = World::new();
    world.upstream.answer(&foreign(3), &[1]);
    world.upstream.answer(&foreign(33), &[2]);
    let target = tracks((0..40).map(foreign));
    let miss = world.get(&target).await;
    assert_eq!(text(&miss), list(RowKind::Track, [1, 2]));
    let calls = world.upstream.calls();
    println!("two relinked among 38 unknown: {calls} calls");
    assert!(calls <= 1 + 4 * 6, "halving six times, both halves, two ids: {calls}");
    assert_eq!(world.get(&target).await.body, miss.body);
    assert_eq!(world.upstream.calls(), calls);
    world.assert_quiet();
}

#[tokio::test(start_paused = true)]
async fn a_relinked_uuid_is_the_same_row_on_miss_and_hit() {
    let world = World::new();
    let relinked = track(20_001);
    world.upstream.answer(&relinked, &[5]);
    world.upstream.answer(&track(5), &[5]);
    let target = tracks([relinked.clone(), track(5), relinked]);
    let miss = world.get(&target).await;
    let hit = world.get(&target).await;
    assert_eq!(text(&miss), list(RowKind::Track, [5]));
    assert_eq!((hit.body, hit.outcome), (miss.body, Outcome::Hit));
}

#[tokio::test(start_paused = true)]
async fn a_row_answered_once_for_each_of_its_spellings_is_no_stranger() {
    let world = World::new();
    world.upstream.answer(&track(1), &[1]);
    world.upstream.answer(&spotify(1), &[1]);
    let answer = world.get(&tracks([track(1), spotify(1), foreign(1), foreign(2)])).await;
    assert_eq!(text(&answer), list(RowKind::Track, [1]));
    assert_eq!(world.upstream.calls(), 1, "the unknown ids are known to be missing");
}

#[tokio::test(start_paused = true)]
async fn several_rows_for_one_id_are_an_error_and_nobodys_absence() {
    let world = World::new();
    world.upstream.answer(&foreign(1), &[1, 2]);
    let target = tracks([foreign(1)]);
    assert_eq!(world.get(&target).await.status, 502);
    assert_eq!(text(&world.get(&tracks([spotify(1), spotify(2)])).await), list(RowKind::Track, [1, 2]));
    assert_eq!(world.upstream.calls(), 1, "the rows were kept all the same");
    world.upstream.answer(&foreign(1), &[2]);
    assert_eq!(text(&world.get(&target).await), list(RowKind::Track, [2]));
}

#[tokio::test(start_paused = true)]
async fn a_second_row_beside_the_one_asked_for_is_kept_too() {
    let world = World::new();
    world.upstream.answer(&spotify(1), &[2, 1, 3]);
    assert_eq!(text(&world.get(&tracks([spotify(1)])).await), list(RowKind::Track, [1]));
    assert_eq!(text(&world.get(&tracks([track(2), track(3)])).await), list(RowKind::Track, [2, 3]));
    assert_eq!(world.upstream.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_row_for_a_malformed_id_makes_no_other_id_missing() {
    let world = World::new();
    world.upstream.answer("typo", &[4]);
    let target = format!("/v1/track?ids=typo,{},gone", spotify(1));
    assert_eq!(text(&world.get(&target).await), list(RowKind::Track, [4, 1]));
}

#[tokio::test(start_paused = true)]
async fn ids_asked_again_wait_out_a_hold_no_longer_than_their_deadline() {
    let world = World::new();
    world.upstream.answer(&foreign(1), &[5]);
    let asked = world.spawn(&tracks([foreign(1), foreign(2)]), caller());
    sleep(Duration::from_millis(700)).await;
    assert_eq!(world.upstream.calls(), 1);
    let begun = Instant::now();
    world.engine.passed(http::StatusCode::TOO_MANY_REQUESTS, Some(100 * SECOND));
    let answer = asked.await.expect("no panic");
    assert_eq!((answer.status.as_u16(), begun.elapsed()), (429, Duration::ZERO));
    world.settled().await;
    let later = world.get(&tracks([foreign(1), foreign(2)])).await;
    assert_eq!((text(&later), later.outcome), (&*list(RowKind::Track, [5]), Outcome::Hit));
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_first_id_is_unknown_is_still_led_by_it() {
    let world = World::new();
    world.get(&tracks([foreign(1), spotify(1)])).await;
    assert_eq!(world.engine.metrics().avoided(Avoided::Batching), 0);
    world.all([tracks([spotify(2)]), tracks([spotify(3)])]).await;
    assert_eq!(world.engine.metrics().avoided(Avoided::Batching), 1);
}
