//! Equal needs share one call, different rows of one kind share a batch.

use rstest::rstest;

use super::catalogue::{list, spotify, track};
use super::*;
use crate::api::RowKind;
use scripted::Act;

const ROW: &str = "/v1/track/00000054-0000-4000-8000-000000000001/audio-features";
const LIST: &str = "/v1/track?ids=T000000000000000000001,00000054-0000-4000-8000-000000000002";
const BODY: &str = "/v1/artist/search?searchText=nova";

async fn thousand(world: &World, target: &str) -> Vec<Answer> {
    world.all((0..1_000).map(|_| target.to_owned())).await
}

fn assert_alike(answers: &[Answer], status: u16) {
    for answer in answers {
        assert_eq!((answer.status.as_u16(), &answer.body), (status, &answers[0].body));
    }
}

#[rstest]
#[case::row(ROW)]
#[case::list(LIST)]
#[case::body(BODY)]
#[tokio::test(start_paused = true)]
async fn a_thousand_equal_requests_make_one_call(#[case] target: &str) {
    let world = World::new();
    assert_alike(&thousand(&world, target).await, 200);
    assert_eq!(world.upstream.calls(), 1);
    world.assert_quiet();
}

#[rstest]
#[case::row(ROW)]
#[case::list(LIST)]
#[case::body(BODY)]
#[tokio::test(start_paused = true)]
async fn a_thousand_equal_requests_share_one_failure(#[case] target: &str) {
    let world = World::new();
    world.upstream.script("", usize::MAX, Act::Status(503));
    let answers = thousand(&world, target).await;
    assert_alike(&answers, 503);
    assert!(answers.iter().all(|answer| answer.retry_after == Some(5)));
    assert_eq!(world.upstream.calls(), 3, "the retries of one flight");
    world.assert_quiet();
}

#[rstest]
#[case::row(ROW)]
#[case::list(LIST)]
#[case::body(BODY)]
#[tokio::test(start_paused = true)]
async fn a_thousand_equal_requests_wait_out_one_hold(#[case] target: &str) {
    let world = World::new();
    world.upstream.script("", 1, Act::Throttle(Some(20)));
    let begun = Instant::now();
    assert_alike(&thousand(&world, target).await, 200);
    assert_eq!(world.upstream.calls(), 2);
    assert!(begun.elapsed() >= 21 * SECOND);
    world.assert_quiet();
}

#[rstest]
#[case::row(ROW)]
#[case::list(LIST)]
#[case::body(BODY)]
#[tokio::test(start_paused = true)]
async fn a_hold_beyond_the_deadline_answers_a_thousand_requests_at_once(#[case] target: &str) {
    let world = World::new();
    world.upstream.script("", 1, Act::Throttle(Some(40)));
    let begun = Instant::now();
    let answers = thousand(&world, target).await;
    assert!(begun.elapsed() < SECOND, "{:?}", begun.elapsed());
    for answer in answers {
        assert_eq!((answer.status.as_u16(), code(&answer)), (429, Some(4291)));
        assert!(answer.retry_after.is_some_and(|told| (40..=300).contains(&told)));
    }
    // Nobody waits any more, yet what was asked is fetched and kept.
    world.settled().await;
    assert_eq!(world.get(target).await.status, 200);
    assert_eq!(world.upstream.calls(), 2);
}

/// 2,000 ids, each asked by two of 200 clients in lists of 20, in an order of its own.
fn overlapping(client: u32) -> Vec<u32> {
    let mut ids: Vec<u32> = (0..20).map(|n| (client * 10 + n) % 2_000).collect();
    ids.rotate_left(client as usize % 20);
    ids
}

#[rstest]
#[case::at_once(0)]
#[case::within_a_tenth_of_a_second(500)]
#[tokio::test(start_paused = true)]
async fn overlapping_lists_ask_each_id_once_in_full_batches(#[case] stagger_micros: u64) {
    let world = World::lifted();
    let mut clients = tokio::task::JoinSet::new();
    for n in 0..200_u32 {
        let world = world.clone();
        clients.spawn(async move {
            sleep(Duration::from_micros(stagger_micros * u64::from(n * 37 % 200))).await;
            let asked = overlapping(n);
            let answer = world.ask(&tracks(asked.iter().copied().map(spotify)), &client(n)).await;
            assert_eq!(text(&answer), list(RowKind::Track, asked));
        });
    }
    clients.join_all().await;
    let mut asked = world.upstream.asked();
    let calls = world.upstream.calls();
    println!("stagger {stagger_micros} µs: {} ids in {calls} calls", asked.len());
    asked.sort();
    assert_eq!(asked, (0..2_000).map(spotify).collect::<Vec<_>>(), "every id exactly once");
    assert!(calls * 36 <= 2_000, "batches at least 90 % full: {calls} calls");
    world.assert_quiet();
}

#[rstest]
#[case::row(ROW)]
#[case::list(LIST)]
#[case::body(BODY)]
#[tokio::test(start_paused = true)]
async fn what_a_client_asked_for_is_fetched_when_it_left(
    #[case] target: &str,
    #[values(0, 5, 200)] left_after: u64,
) {
    let world = World::new();
    let asked = world.spawn(target, caller());
    sleep(Duration::from_millis(left_after)).await;
    tokio::task::yield_now().await;
    asked.abort();
    assert!(asked.await.is_err());
    world.settled().await;
    assert_eq!(world.get(target).await.status, 200);
    assert_eq!(world.upstream.calls(), 1);
    world.assert_quiet();
}

#[rstest]
#[case::list(LIST)]
#[case::body(BODY)]
#[tokio::test(start_paused = true)]
async fn a_person_moves_a_waiting_background_fetch_up(
    #[case] target: &str,
    #[values(Lane::Refresh, Lane::Warm)] lane: Lane,
) {
    let world = World::new();
    world.get("/v1/album/search?searchText=first").await;
    let background = world.spawn(target, in_lane(lane));
    tokio::task::yield_now().await;
    // Background calls wait until people were quiet for two gaps; the 30 searches are not.
    let busy: Vec<_> =
        (0..30).map(|n| world.spawn(&format!("/v1/album/search?searchText=s{n}"), client(7))).collect();
    sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    assert_eq!(world.ask(target, &client(8)).await.status, 200);
    assert!(begun.elapsed() < 4 * SECOND, "{:?}", begun.elapsed());
    assert_eq!(background.await.expect("no panic").status, 200);
    assert_eq!(world.upstream.seen().iter().filter(|seen| !seen.target.contains("album")).count(), 1);
    for answer in busy {
        answer.await.expect("no panic");
    }
}

#[rstest]
#[case::list(LIST)]
#[case::body(BODY)]
#[tokio::test(start_paused = true)]
async fn a_person_moves_a_background_call_up_that_a_429_sent_back(#[case] target: &str) {
    let world = World::new();
    world.upstream.script("", 1, Act::Throttle(Some(10)));
    let background = world.spawn(target, in_lane(Lane::Warm));
    sleep(5 * SECOND).await;
    let busy: Vec<_> =
        (0..12).map(|n| world.spawn(&format!("/v1/album/search?searchText=s{n}"), client(7))).collect();
    tokio::task::yield_now().await;
    let begun = Instant::now();
    assert_eq!(world.ask(target, &client(8)).await.status, 200);
    assert!(begun.elapsed() < 10 * SECOND, "a turn among people, {:?}", begun.elapsed());
    assert_eq!(background.await.expect("no panic").status, 200);
    for answer in busy {
        answer.await.expect("no panic");
    }
}

#[tokio::test(start_paused = true)]
async fn less_urgent_ids_ride_along_for_nothing() {
    let world = World::new();
    world.get(&tracks([spotify(0)])).await;
    let warm = world.spawn(&tracks((100..110).map(track)), in_lane(Lane::Warm));
    let refresh = world.spawn(&tracks((200..210).map(track)), in_lane(Lane::Refresh));
    tokio::task::yield_now().await;
    let answer = world.get(&tracks((1..6).map(track))).await;
    assert_eq!(text(&answer), list(RowKind::Track, 1..6));
    assert_eq!(text(&warm.await.expect("no panic")), list(RowKind::Track, 100..110));
    assert_eq!(text(&refresh.await.expect("no panic")), list(RowKind::Track, 200..210));
    let seen = world.upstream.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].ids.len(), 25);
    assert_eq!(seen[1].ids[..5], (1..6).map(track).collect::<Vec<_>>(), "the most urgent board first");
    sleep(10 * SECOND).await;
    assert_eq!(world.upstream.calls(), 2, "their own carriers left empty, at no cost");
    world.assert_quiet();
}

#[tokio::test(start_paused = true)]
async fn a_batch_lingers_for_company_before_it_asks_for_a_permit() {
    let world = World::new();
    let first = world.spawn(&tracks([spotify(1)]), client(1));
    sleep(Duration::from_millis(8)).await;
    let second = world.spawn(&tracks([spotify(2)]), client(2));
    for answer in [first, second] {
        assert_eq!(answer.await.expect("no panic").status, 200);
    }
    assert_eq!(world.upstream.asked(), [spotify(1), spotify(2)]);
    assert_eq!(world.upstream.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn rows_that_arrive_while_a_batch_waits_are_not_asked_for() {
    let world = World::new();
    let page = world.spawn("/v1/artist/00000052-0000-4000-8000-000000000001/track?size=10", client(1));
    sleep(Duration::from_millis(100)).await;
    let answer = world.get(&tracks((0..12).map(track))).await;
    assert_eq!(text(&answer), list(RowKind::Track, 0..12));
    assert_eq!(page.await.expect("no panic").status, 200);
    assert_eq!(world.upstream.asked(), [track(10), track(11)]);
    // Nothing left to ask: the permit comes back, and the next call need not wait for its gap.
    let page = world.spawn("/v1/artist/00000052-0000-4000-8000-000000000001/track?size=20", client(1));
    sleep(Duration::from_millis(100)).await;
    world.get(&tracks((12..20).map(track))).await;
    assert_eq!(page.await.expect("no panic").status, 200);
    assert_eq!((world.upstream.calls(), world.engine.budget.snapshot().counts.refunded), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_batch_stays_open_while_it_waits_for_its_turn() {
    let world = World::new();
    world.get(&tracks([spotify(0)])).await;
    let mut asked = Vec::new();
    for n in 1..=20 {
        asked.push(world.spawn(&tracks([spotify(n)]), client(n)));
        sleep(Duration::from_millis(10)).await;
    }
    for (n, answer) in (1..).zip(asked) {
        assert_eq!(text(&answer.await.expect("no panic")), list(RowKind::Track, [n]));
    }
    assert_eq!(world.upstream.seen()[1].ids.len(), 20);
    assert_eq!(world.upstream.calls(), 2);
}
