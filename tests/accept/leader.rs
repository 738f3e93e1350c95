use crate::harness::replicas::Replicas;
use crate::harness::{Answer, Ask, Setup, crowd, ids};
use crate::row::{Seen, ms};
use recobeat_sim::Latency;
use std::collections::HashSet;
use std::time::Duration;

const CROWD: usize = 1_000;
/// Starts that go before, 0.75 s each.
const BEFORE: usize = 27;

/// Their targets, and what a call for them has in its query.
fn kinds(at: usize) -> [(&'static str, String, String); 3] {
    let [a, b] = [ids::tracks(at, 1)[0], ids::tracks(at + 1, 1)[0]];
    [
        ("row", format!("/v1/track/{}", a.id), a.id.clone()),
        ("search", format!("/v1/track/search?searchText=love&page={at}&size=7"), format!("page={at}&size=7")),
        (
            "recommendation",
            format!("/v1/track/recommendation?size=20&seeds={}", b.spotify),
            b.spotify.clone(),
        ),
    ]
}

async fn replicas() -> Replicas {
    let replicas = Replicas::start(3, &Setup::default_limits()).await;
    replicas.sim.settings(|behaviour| behaviour.latency = Latency::Fixed(Duration::from_millis(400)));
    replicas
}

pub(crate) async fn at_once() -> Seen {
    let mut seen = Seen::default();
    let replicas = replicas().await;
    for (name, target, part) in kinds(0) {
        let answers = replicas.at_once(CROWD, &target).await;
        judge(&mut seen, &replicas, (name, &part), &answers);
    }
    stayed_connected(&mut seen, &replicas).await;
    seen
}

pub(crate) async fn queued() -> Seen {
    let mut seen = Seen::default();
    for (at, (name, target, part)) in (0..).zip(kinds(10)) {
        let replicas = replicas().await;
        let addresses: Vec<_> = replicas.proxies.iter().map(|proxy| proxy.addr).collect();
        let ahead = (0..BEFORE).map(|page| {
            let target = format!("/v1/track/search?searchText=night&page={page}&size={}", at + 1);
            (addresses[page % 3], Ask::get(target))
        });
        let ahead = tokio::spawn(crowd::spread(ahead.collect()));
        while queue(&replicas).await < f64::from(u32::try_from(BEFORE).unwrap_or(0)) - 5.0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let answers = replicas.at_once(CROWD, &target).await;
        judge(&mut seen, &replicas, (name, &part), &answers);
        let served = ahead.await.expect("no panic").iter().filter(|answer| answer.is_ok()).count();
        seen.must(served == BEFORE, format!("{served} served before"));
        stayed_connected(&mut seen, &replicas).await;
    }
    seen
}

/// Calls that wait on all replicas.
async fn queue(replicas: &Replicas) -> f64 {
    let mut waiting = 0.0;
    for proxy in &replicas.proxies {
        waiting += proxy.metric(r#"recobeat_budget_queued{lane="interactive"}"#).await.unwrap_or_default();
    }
    waiting
}

/// Without Redis each replica fetches for itself: nothing could be shown.
async fn stayed_connected(seen: &mut Seen, replicas: &Replicas) {
    let mut lost = 0.0;
    for proxy in &replicas.proxies {
        lost += proxy.metric("recobeat_redis_lost_total").await.unwrap_or_default();
    }
    if lost > 0.0 {
        seen.must(false, format!("Redis was thought to be away {lost} times"));
    }
}

fn judge(seen: &mut Seen, replicas: &Replicas, (name, part): (&str, &str), answers: &[Answer]) {
    let calls = replicas.sim.log();
    let concerns = |call: &&recobeat_sim::Call| call.query.contains(part) || call.path.contains(part);
    let calls = calls.iter().filter(concerns).count();
    let right = answers.iter().filter(|answer| answer.is_ok()).count();
    let different: HashSet<String> = answers.iter().map(Answer::untimed).collect();
    let slowest = answers.iter().map(|answer| answer.took).max().unwrap_or_default();
    let figures =
        format!("{name}: {calls} call, {right} × 200, {} body, slowest {}", different.len(), ms(slowest));
    seen.must(calls == 1 && right == CROWD && different.len() == 1, figures);
}
