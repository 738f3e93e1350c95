use crate::harness::workload::percentile;
use crate::harness::{Answer, Ask, Setup, Stage, crowd, ids};
use crate::row::{Seen, ms};
use recobeat_sim::{Fault, Latency, RetryStyle, Rule};
use std::collections::HashSet;
use std::time::Duration;

const CROWD: usize = 1_000;
const HOLD: u64 = 4;

pub(crate) async fn answered() -> Seen {
    trial(None, 200, 1).await.0
}

pub(crate) async fn unavailable() -> Seen {
    trial(Some(Rule::any(Fault::Unavailable { retry_after: None })), 503, 3).await.0
}

pub(crate) async fn no_store() -> Seen {
    trial(Some(Rule::any(Fault::NoStore)), 200, 1).await.0
}

pub(crate) async fn held() -> Seen {
    let fault = Fault::TooMany { retry_after: HOLD, style: RetryStyle::Seconds };
    let (mut seen, gap) = trial(Some(Rule::any(fault).times(1)), 200, 2).await;
    let kept = gap.is_some_and(|gap| gap >= 1_000.0 * f64::from(u32::try_from(HOLD).unwrap_or(u32::MAX)));
    seen.must(kept, format!("{:.2} s between the calls, told {HOLD} s", gap.unwrap_or_default() / 1_000.0));
    seen
}

/// A recommendation: it is random upstream, so equal bytes prove that the answer was shared.
async fn trial(fault: Option<Rule>, status: u16, calls: usize) -> (Seen, Option<f64>) {
    let mut seen = Seen::default();
    let stage = Stage::with(&Setup::default_limits()).await;
    stage.sim.settings(|behaviour| behaviour.latency = Latency::Fixed(Duration::from_secs(1)));
    if let Some(rule) = fault {
        stage.sim.add_fault(rule);
    }
    let target = format!("/v1/track/recommendation?size=20&seeds={}", ids::tracks(0, 1)[0].spotify);
    let answers = crowd::at_once(stage.proxy.addr, vec![Ask::get(target); CROWD]).await;

    let right = answers.iter().filter(|answer| answer.code() == status).count();
    let different: HashSet<String> = answers.iter().map(Answer::untimed).collect();
    seen.must(stage.calls() == calls, format!("{} calls", stage.calls()));
    seen.must(right == CROWD, format!("{right} × {status}"));
    seen.must(different.len() == 1, format!("{} different bodies", different.len()));
    if status == 503 {
        let told = answers.iter().filter(|answer| answer.retry_after().is_some()).count();
        seen.must(told == CROWD, format!("{told} with Retry-After"));
    }
    let slowest = percentile(answers.iter().map(|answer| answer.took), 100);
    seen.note(format!("slowest {}", ms(slowest)));
    (seen, stage.sim.stats().min_gap_ms)
}
