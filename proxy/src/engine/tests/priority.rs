//! People before refreshes, however many of them wait.

use super::catalogue::spotify;
use super::*;
use crate::api::{Body, Call, Request, classify};
use crate::flight::Wish;
use crate::telemetry::Outcome;

const REFRESHES: usize = 10_000;

fn search(text: &str) -> Body {
    match classify(&Method::GET, "/v1/album/search", Some(&format!("searchText={text}"))) {
        Ok(Call::Cacheable(Request::Body(body))) => body,
        other => panic!("a search is a body, not {other:?}"),
    }
}

/// Opens so many flights that nobody waits for.
fn open_refreshes(world: &World, refreshes: usize) {
    let wish = Wish { client: client(5).client, lane: Lane::Refresh, deadline: None };
    for n in 0..refreshes {
        drop(world.engine.bodies.join(&search(&format!("old{n}")), false, wish, None));
    }
    assert_eq!(world.engine.budget.snapshot().queued[1], (Lane::Refresh, refreshes));
}

/// Somebody asks every 0.75 s, which is all the budget allows, for five minutes; how long each
/// waits. Now and then two come at once.
async fn waits(refreshes: usize) -> (World, Vec<Duration>) {
    let world = World::new();
    open_refreshes(&world, refreshes);
    // The first refresh may start before anybody comes.
    sleep(SECOND).await;
    let mut asked = Vec::new();
    for n in 0..400_u32 {
        let (world, who) = (world.clone(), client(100 + n));
        asked.push(tokio::spawn(async move {
            let begun = Instant::now();
            let answer = world.ask(&format!("/v1/artist/search?searchText=nova{n}"), &who).await;
            assert_eq!(answer.status, 200);
            begun.elapsed()
        }));
        let pause = if n % 10 == 0 { Duration::ZERO } else { Duration::from_millis(833) };
        sleep(pause).await;
    }
    let mut waits = Vec::with_capacity(asked.len());
    for asked in asked {
        waits.push(asked.await.expect("no panic"));
    }
    (world, waits)
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_waiting_refreshes_delay_nobody_by_more_than_one_gap() {
    let (_, alone) = waits(0).await;
    let (world, beside) = waits(REFRESHES).await;
    let gap = Duration::from_millis(750);
    for (n, (alone, beside)) in alone.iter().zip(&beside).enumerate() {
        assert!(*beside <= *alone + gap, "request {n}: {beside:?} instead of {alone:?}");
    }
    // Two starts before the first person came, none as long as people kept coming.
    assert!(world.engine.budget.snapshot().counts.granted_refresh <= 2);
    assert!(world.engine.bodies.in_the_air() >= REFRESHES - 2, "they wait on");
}

#[tokio::test(start_paused = true)]
async fn beyond_ten_thousand_nothing_more_is_opened_that_nobody_waits_for() {
    let world = World::new();
    let stale = [tracks([spotify(300)]), "/v1/track/search?searchText=song".to_owned()];
    for target in &stale {
        world.get(target).await;
    }
    world.settled().await;
    sleep(30 * DAY + DAY / 2).await;
    world.get(&stale[1]).await;
    world.settled().await;
    sleep(DAY + DAY / 2).await;
    open_refreshes(&world, REFRESHES);
    for target in &stale {
        assert_eq!(world.get(target).await.outcome, Outcome::Stale);
    }
    assert_eq!(world.in_the_air(), REFRESHES);
    assert_eq!(world.get(&tracks([spotify(301)])).await.status, 200, "people are not refused");
}
