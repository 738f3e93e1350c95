use crate::harness::workload::{Workload, percentile};
use crate::harness::{Setup, Stage};
use crate::row::{Seen, ms};
use recobeat_sim::Latency;
use std::time::Duration;

/// Repetitions of the warm run in one round, so that a p99 stands on 810 requests.
const WARM_RUNS: usize = 10;
/// Something else on the machine can spoil a round; the middle one of three counts.
const ROUNDS: usize = 3;

async fn stage() -> Stage {
    let stage = Stage::with(&Setup::default_limits()).await;
    stage.sim.settings(|behaviour| {
        behaviour.latency = Latency::LogNormal { median: Duration::from_millis(480), sigma: 0.5 };
    });
    stage
}

pub(crate) async fn one() -> Seen {
    let mut seen = Seen::default();
    let stage = stage().await;
    let workload = Workload::new();
    let cold = workload.run(stage.proxy.addr, 2).await;
    seen.must(
        stage.calls() <= 20,
        format!("cold: {} calls for {} requests", stage.calls(), cold.answers.len()),
    );
    seen.must_be_none(&cold.wrong);
    stage.sim.clear_log();
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let mut times = Vec::new();
        for _ in 0..WARM_RUNS {
            let warm = workload.run(stage.proxy.addr, 2).await;
            seen.must_be_none(&warm.wrong);
            times.extend(warm.answers.iter().map(|answer| answer.took));
        }
        rounds.push([50, 99].map(|percent| percentile(times.iter().copied(), percent)));
    }
    seen.must(stage.calls() == 0, format!("warm: {} calls", stage.calls()));
    rounds.sort_unstable_by_key(|[_, p99]| *p99);
    for [p50, p99] in &rounds {
        seen.note(format!("p50 {} p99 {}", ms(*p50), ms(*p99)));
    }
    let middle = rounds[ROUNDS / 2][1];
    seen.must(middle < Duration::from_millis(5), format!("middle p99 of {ROUNDS} rounds {}", ms(middle)));
    seen
}

pub(crate) async fn eight() -> Seen {
    let mut seen = Seen::default();
    let stage = stage().await;
    for (run, most) in [("cold", 22), ("warm", 0)] {
        let addr = stage.proxy.addr;
        let clients: Vec<_> = (2..10)
            .map(|client| tokio::spawn(async move { Workload::new().run(addr, client).await }))
            .collect();
        let mut requests = 0;
        for client in clients {
            let run = client.await.expect("no panic");
            requests += run.answers.len();
            seen.must_be_none(&run.wrong);
        }
        let calls = stage.calls();
        seen.must(calls <= most, format!("{run}: {calls} calls for {requests} requests"));
        stage.sim.clear_log();
    }
    seen
}
