use crate::harness::workload::{Workload, percentile};
use crate::harness::{Setup, Stage};
use crate::row::{Seen, ms};
use std::time::Duration;

/// With the retries and the breaker as shipped.
pub(crate) async fn warm() -> Seen {
    let mut seen = Seen::default();
    let stage = Stage::with(&Setup::lifted()).await;
    let workload = Workload::new();
    seen.must_be_none(&workload.run(stage.proxy.addr, 2).await.wrong);
    stage.sim.stop().await;
    let warm = workload.run(stage.proxy.addr, 2).await;
    seen.must_be_none(&warm.wrong);
    let hits = warm.answers.iter().filter(|answer| answer.is_hit()).count();
    seen.must(hits == 80, format!("{hits} hits (and the one refused by a rule)"));
    let slowest = percentile(warm.answers.iter().map(|answer| answer.took), 100);
    seen.must(slowest < Duration::from_millis(100), format!("slowest {}", ms(slowest)));
    let cold = stage.get("/v1/track/search?searchText=night").await;
    let told = cold.code() == 503 && cold.retry_after().is_some();
    seen.must(told, format!("something cold: {} after {}", cold.code(), ms(cold.took)));
    seen
}
