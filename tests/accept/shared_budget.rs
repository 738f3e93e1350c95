use crate::harness::replicas::Replicas;
use crate::harness::workload::percentile;
use crate::harness::{Answer, Ask, Line, Setup, ids};
use crate::row::{Seen, ms};
use recobeat_sim::{Latency, Stats};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

const REPLICAS: usize = 3;
/// Clients of each replica.
const CLIENTS: usize = 6;
const WHILE: Duration = Duration::from_secs(60);

/// Requests of all kinds that nobody has asked before.
#[derive(Debug, Default)]
pub(crate) struct Cold(AtomicUsize);

impl Cold {
    pub(crate) fn next(&self) -> String {
        let at = self.0.fetch_add(1, Ordering::Relaxed);
        let (page, size) = (at % 900, 1 + at / 900);
        let track = ids::tracks(at % 3_000, 1)[0];
        match at.wrapping_mul(2_654_435_761) >> 7 & 3 {
            0 => format!("/v1/track/search?searchText=love&page={page}&size={size}"),
            1 => format!("/v1/artist/search?searchText=a&page={page}&size={size}"),
            2 => format!("/v1/track/recommendation?size=20&seeds={}&tempo={}", track.id, at % 250),
            _ => format!("/v1/track/{}/audio-features", ids::made_up(u32::try_from(at).unwrap_or(0), 1)[0]),
        }
    }
}

/// A request and when its answer came.
pub(crate) struct Asked {
    pub(crate) target: String,
    pub(crate) answer: Answer,
    pub(crate) at: Instant,
}

/// One client that asks until `end` and waits as told.
pub(crate) async fn client(to: SocketAddr, cold: Arc<Cold>, end: Instant) -> Vec<Asked> {
    let mut line = Line::to(to).await;
    let mut done = Vec::new();
    while Instant::now() < end {
        let target = cold.next();
        let answer = line.get(&target).await;
        if let Some(told) = answer.retry_after() {
            sleep_until(end.min(Instant::now() + Duration::from_secs(told))).await;
        }
        done.push(Asked { target, answer, at: Instant::now() });
    }
    done
}

pub(crate) async fn load() -> Seen {
    let mut seen = Seen::default();
    let replicas = Replicas::start(REPLICAS, &Setup::default_limits()).await;
    replicas.sim.settings(|behaviour| {
        behaviour.latency = Latency::LogNormal { median: Duration::from_millis(480), sigma: 0.5 };
    });
    replicas.sim.add_fault(recobeat_sim::Rule::any(recobeat_sim::Fault::Endless));
    let (cold, end) = (Arc::new(Cold::default()), Instant::now() + WHILE);
    let addresses = replicas.proxies.iter().map(|proxy| proxy.addr);
    let clients: Vec<_> = addresses
        .flat_map(|to| vec![to; CLIENTS])
        .map(|to| tokio::spawn(client(to, Arc::clone(&cold), end)))
        .collect();
    let mut codes = BTreeMap::<u16, usize>::new();
    for client in clients {
        for asked in client.await.expect("no panic") {
            *codes.entry(asked.answer.code()).or_default() += 1;
        }
    }
    let wrong = codes.keys().filter(|code| !matches!(code, 200 | 429)).count();
    seen.must(wrong == 0, format!("{} clients, answers {codes:?}", REPLICAS * CLIENTS));
    keeps_within(&mut seen, &replicas.sim.stats(), true);
    seen
}

/// The budget as the upstream saw it. Without Redis the gap is kept by each replica for itself.
pub(crate) fn keeps_within(seen: &mut Seen, stats: &Stats, gaps: bool) {
    seen.must(
        stats.max_in_60s <= 80,
        format!("{} calls, at most {} in any 60 s", stats.calls, stats.max_in_60s),
    );
    let gap = stats.min_gap_ms.unwrap_or_default();
    seen.must(gap >= 730.0 || !gaps, format!("smallest gap {gap:.0} ms"));
    seen.must(stats.max_in_flight <= 6, format!("at most {} in flight", stats.max_in_flight));
}

pub(crate) async fn refreshes() -> Seen {
    const LATENCY: Duration = Duration::from_millis(400);
    const GAP: Duration = Duration::from_millis(750);
    let mut seen = Seen::default();
    let replicas = Replicas::start(REPLICAS, &Setup::default_limits()).await;
    replicas.sim.settings(|behaviour| behaviour.latency = Latency::Fixed(LATENCY));
    let cold = Cold::default();
    let waiting: Vec<_> = replicas.proxies[..2]
        .iter()
        .flat_map(|proxy| vec![proxy.addr; 30])
        .map(|to| {
            let ask = Ask::get(cold.next()).header("priority", "u=5");
            tokio::spawn(async move { Line::to(to).await.ask(ask).await })
        })
        .collect();
    while replicas.calls() < 2 {
        sleep(Duration::from_millis(5)).await;
    }
    let mut waits = Vec::new();
    for page in 0..10 {
        let answer = replicas.get(2, &format!("/v1/album/search?searchText=a&page={page}")).await;
        assert!(answer.is_ok(), "{}", answer.brief());
        waits.push(answer.took.saturating_sub(LATENCY));
        // Whoever comes while refreshes are going on, not right after its own call.
        sleep(2 * GAP).await;
    }
    let at = |percent| percentile(waits.iter().copied(), percent);
    seen.note(format!("{} of 60 refreshes done meanwhile", replicas.calls() - waits.len()));
    // A look-up, the linger of a batch and the machine itself take their time as well.
    let most = GAP + Duration::from_millis(150);
    seen.must(
        at(100) <= most,
        format!("waits of {}: median {}, longest {}", waits.len(), ms(at(50)), ms(at(100))),
    );
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
    seen
}
