use crate::harness::workload::percentile;
use crate::harness::{Setup, Stage, ids, malformed};
use crate::row::{Seen, ms};
use std::time::Duration;

pub(crate) async fn refused() -> Seen {
    let mut seen = Seen::default();
    let stage = Stage::with(&Setup::lifted()).await;
    let target = ids::list("/v1/track", &ids::spotify(&ids::tracks(0, 20)));
    stage.get(&target).await;
    stage.sim.clear_log();
    let attack = tokio::spawn(malformed::all(stage.proxy.addr));
    let (mut line, mut hits, mut times) = (stage.line().await, 0, Vec::new());
    while !attack.is_finished() {
        let answer = line.get(&target).await;
        hits += usize::from(answer.is_hit());
        times.push(answer.took);
        // A decent client, not a second attack.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let cases = attack.await.expect("no panic");
    let refused = cases.iter().filter(|case| case.fate.is_refusal()).count();
    seen.must(refused == cases.len(), format!("{refused} of {} refused", cases.len()));
    let wrong: Vec<String> = cases
        .iter()
        .filter(|case| !case.fate.is_refusal())
        .map(|case| format!("{}: {}", case.name, case.fate.brief()))
        .collect();
    seen.must_be_none(&wrong);
    let closed = cases.iter().filter(|case| case.fate.status.is_none() && case.fate.closed).count();
    seen.note(format!("{} by a 4xx, {closed} by closing", refused - closed));
    let longest = percentile(cases.iter().map(|case| case.fate.took), 100);
    seen.note(format!("the slowest after {}", ms(longest)));
    seen.must(stage.calls() == 0, format!("{} upstream calls", stage.calls()));
    let (all, p99) = (times.len(), percentile(times.into_iter(), 99));
    seen.must(hits == all && line.opened == 1, format!("meanwhile {hits} of {all} hits, p99 {}", ms(p99)));
    seen
}
