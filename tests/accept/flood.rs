use crate::harness::workload::percentile;
use crate::harness::{Answer, Ask, Line, Setup, Stage, crowd};
use crate::row::{Seen, ms};
use recobeat_sim::{Latency, RateLimit};
use std::net::SocketAddr;
use std::time::Duration;

const FLOOD: usize = 500;
/// The most the proxy may tell; who is told this may be told again.
const LONGEST: u64 = 300;

/// A refused client that does as it is told.
struct Story {
    first_told: u64,
    /// How often it had to come back until it was served; `None`: never served.
    returns: Option<u32>,
}

pub(crate) async fn distinct() -> Seen {
    let mut seen = Seen::default();
    let stage = Stage::with(&Setup::default_limits()).await;
    // The upstream itself refuses what the budget should never let through.
    stage.sim.settings(|behaviour| {
        behaviour.latency = Latency::LogNormal { median: Duration::from_millis(480), sigma: 0.5 };
        let mut limit: RateLimit = "80/60s,1/700ms".parse().expect("a rate limit");
        limit.max_in_flight = Some(6);
        behaviour.rate_limit = Some(limit);
    });
    let targets: Vec<String> =
        (0..FLOOD).map(|page| format!("/v1/track/search?searchText=love&page={page}")).collect();
    let asks = targets.iter().map(|target| Ask::get(target.clone())).collect();
    let addr = stage.proxy.addr;
    let answers = crowd::at_once(addr, asks).await;

    let served = answers.iter().filter(|answer| answer.is_ok()).count();
    seen.note(format!("{served} served within the deadline"));
    let refused: Vec<(usize, &Answer)> =
        answers.iter().enumerate().filter(|(_, answer)| answer.code() == 429).collect();
    seen.must(served + refused.len() == FLOOD, format!("{} refused", refused.len()));
    let at = |percent| percentile(refused.iter().map(|(_, answer)| answer.took), percent);
    let figures = format!("refusals p50 {}, slowest {}", ms(at(50)), ms(at(100)));
    seen.must(at(100) <= Duration::from_millis(50), figures);
    let told: Vec<u64> = refused.iter().filter_map(|(_, answer)| answer.retry_after()).collect();
    let range = format!("told {} to {} s", told.iter().min().unwrap_or(&0), told.iter().max().unwrap_or(&0));
    seen.must(told.len() == refused.len(), range);

    let stories: Vec<_> = refused
        .iter()
        .map(|(at, answer)| {
            // They were refused at different moments, but all long before the slowest was served.
            let since = answers.iter().map(|answer| answer.took).max().unwrap_or_default() - answer.took;
            tokio::spawn(come_back(addr, targets[*at].clone(), answer.retry_after().unwrap_or(1), since))
        })
        .collect();
    let (mut kept, mut promised, mut later, mut capped) = (0, 0, 0, 0);
    for story in stories {
        let story = story.await.expect("no panic");
        if story.first_told < LONGEST {
            promised += 1;
            kept += usize::from(story.returns == Some(1));
        } else {
            capped += 1;
            later += usize::from(story.returns.is_some());
        }
    }
    seen.must(kept == promised, format!("of {promised} told less than {LONGEST} s, {kept} served on return"));
    seen.must(
        later == capped,
        format!("of {capped} told {LONGEST} s, {later} served on that or a later return"),
    );

    let stats = stage.sim.stats();
    let calls = stage.sim.log();
    let refused_upstream = stats.by_status.get(&429).copied().unwrap_or_default();
    seen.must(
        calls.len() == FLOOD && refused_upstream == 0,
        format!("{} calls, {refused_upstream} × 429", stats.calls),
    );
    seen.must(stats.max_in_60s <= 80, format!("at most {} in any 60 s", stats.max_in_60s));
    let gap = stats.min_gap_ms.unwrap_or_default();
    seen.must(gap >= 730.0, format!("smallest gap {gap:.0} ms"));
    seen.must(stats.max_in_flight <= 6, format!("at most {} in flight", stats.max_in_flight));
    seen
}

/// Waits as told, counted from the refusal, and asks again, until served or out of patience.
async fn come_back(addr: SocketAddr, target: String, told: u64, since: Duration) -> Story {
    let mut wait = Duration::from_secs(told).saturating_sub(since);
    for returns in 1..=4 {
        tokio::time::sleep(wait).await;
        let answer = Line::to(addr).await.get(&target).await;
        if answer.is_ok() {
            return Story { first_told: told, returns: Some(returns) };
        }
        wait = Duration::from_secs(answer.retry_after().unwrap_or(1));
    }
    Story { first_told: told, returns: None }
}
