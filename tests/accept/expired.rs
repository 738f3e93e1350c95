use crate::harness::{Setup, Stage, ids};
use crate::row::{Seen, ms};
use recobeat_sim::{Fault, RetryStyle, Rule};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Nothing that is answered from the cache takes longer, stale or not.
const AT_ONCE: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn all() -> Seen {
    let mut seen = Seen::default();
    for (name, fault) in [
        ("503", Fault::Unavailable { retry_after: None }),
        ("429", Fault::TooMany { retry_after: 2, style: RetryStyle::Seconds }),
        ("hangs", Fault::Hang),
        ("resets", Fault::Reset { after_bytes: 0 }),
    ] {
        trial(&mut seen, name, fault).await;
    }
    seen
}

/// With times to live and time limits in seconds instead of days and minutes.
async fn trial(seen: &mut Seen, name: &str, fault: Fault) {
    let mut setup = Setup::lifted()
        .set("cache.jitter", "0")
        .set("upstream.timeouts.connect", "1s")
        .set("upstream.timeouts.total", "2s")
        .set("upstream.timeouts.search", "2s")
        .set("upstream.breaker.open_for", "2s");
    for category in ["track", "search", "recommendation"] {
        setup = setup.set(&format!("cache.categories.{category}.ttl"), "2s");
    }
    let stage = Stage::with(&setup).await;
    let track = ids::tracks(0, 1)[0];
    let targets = [
        format!("/v1/track/{}", track.id),
        "/v1/track/search?searchText=love".to_owned(),
        format!("/v1/track/recommendation?size=10&seeds={}", track.spotify),
    ];
    let mut before = Vec::new();
    for target in &targets {
        before.push(stage.get(target).await);
    }
    stage.sim.add_fault(Rule::any(fault));
    sleep(Duration::from_millis(2_100)).await;

    let mut slowest = Duration::ZERO;
    let mut right = 0;
    // Thrice: what a failing refresh leaves behind must be stale still.
    for _ in 0..3 {
        for (target, before) in targets.iter().zip(&before) {
            let answer = stage.get(target).await;
            slowest = slowest.max(answer.took);
            let aged = answer.header("age").parse::<u64>().is_ok_and(|age| age >= 2);
            right += usize::from(answer.is_stale() && aged && answer.body == before.body);
        }
        sleep(Duration::from_millis(500)).await;
    }
    seen.must(
        right == 9 && slowest <= AT_ONCE,
        format!("{name}: {right} of 9 stale with their age, slowest {}", ms(slowest)),
    );

    stage.sim.clear_faults();
    let back = Instant::now();
    let mut fresh = 0;
    for target in &targets {
        while back.elapsed() < PATIENCE {
            let answer = stage.get(target).await;
            if answer.is_fresh() {
                fresh += 1;
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
    let took = back.elapsed().as_secs_f64();
    seen.must(fresh == 3, format!("{fresh} of 3 refreshed {took:.1} s after it is back"));
}
