//! An entry expires while the upstream is in trouble: stale at once, renewed once it is back.

use rstest::rstest;
use tokio::time::advance;

use super::*;
use crate::telemetry::Outcome;
use crate::upstream::CallError;
use scripted::Act;

/// What is asked, and after how many days it is stale for certain.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Rows,
    Row,
    Page,
    Search,
    Recommendation,
}

impl Kind {
    fn target(self) -> &'static str {
        match self {
            Self::Rows => "/v1/track?ids=T000000000000000000001,T000000000000000000002",
            Self::Row => "/v1/track/00000054-0000-4000-8000-000000000001/audio-features",
            Self::Page => "/v1/artist/00000052-0000-4000-8000-000000000001/track?size=50",
            Self::Search => "/v1/track/search?searchText=song",
            Self::Recommendation => "/v1/track/recommendation?size=5&seeds=T000000000000000000001",
        }
    }

    fn stale_after(self) -> Duration {
        match self {
            Self::Rows => DAY * 30,
            Self::Row => DAY * 90,
            Self::Page | Self::Search => DAY,
            Self::Recommendation => DAY * 7,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Trouble {
    Unavailable,
    Throttled,
    Hangs,
    Resets,
}

impl Trouble {
    fn act(self) -> Act {
        match self {
            Self::Unavailable => Act::Status(503),
            Self::Throttled => Act::Throttle(Some(60)),
            Self::Hangs => Act::Hang,
            Self::Resets => Act::Fail(CallError::Broken("reset".to_owned())),
        }
    }
}

#[rstest]
#[tokio::test(start_paused = true)]
async fn what_expires_in_trouble_is_served_at_once_and_renewed_afterwards(
    #[values(Kind::Rows, Kind::Row, Kind::Page, Kind::Search, Kind::Recommendation)] kind: Kind,
    #[values(Trouble::Unavailable, Trouble::Throttled, Trouble::Hangs, Trouble::Resets)] trouble: Trouble,
) {
    let world = World::new();
    let target = kind.target();
    let old = world.get(target).await;
    world.upstream.script("", usize::MAX, trouble.act());
    advance(kind.stale_after()).await;

    // Ten minutes of trouble, asked twice a minute.
    for _ in 0..20 {
        let begun = Instant::now();
        let answer = world.get(target).await;
        assert_eq!(begun.elapsed(), Duration::ZERO, "nobody waits");
        assert_eq!((answer.outcome, &answer.body), (Outcome::Stale, &old.body));
        assert!(answer.age.is_some_and(|age| age >= kind.stale_after().as_secs()), "{:?}", answer.age);
        assert!(
            answer.cache_status.starts_with("recobeat; hit; ttl=-") || answer.cache_status.contains("ttl=0")
        );
        sleep(30 * SECOND).await;
    }
    let tried = world.upstream.calls() - 1;
    assert!((1..=60).contains(&tried), "{tried} calls in ten minutes of trouble");

    world.upstream.recover();
    world.upstream.revise();
    assert_eq!(world.get(target).await.outcome, Outcome::Stale, "still at once");
    // What was under way when it came back fails still, and the breaker may be open for 30 s then.
    for _ in 0..2 {
        world.settled().await;
        sleep(30 * SECOND).await;
        world.get(target).await;
    }
    world.settled().await;
    let renewed = world.get(target).await;
    assert_eq!((renewed.outcome, renewed.body != old.body), (Outcome::Hit, true), "{}", renewed.cache_status);
    world.assert_quiet();
}

/// A stale row does not make a list whole: what is missing beside it cannot be invented.
#[tokio::test(start_paused = true)]
async fn a_list_with_a_missing_row_fails_though_others_are_stale() {
    let world = World::new();
    world.get(Kind::Rows.target()).await;
    world.upstream.script("", usize::MAX, Act::Status(503));
    advance(DAY * 30).await;
    let failed = world.get(&format!("{},T000000000000000000003", Kind::Rows.target())).await;
    assert_eq!(failed.status, 503);
}
