use crate::harness::workload::Workload;
use crate::harness::{Setup, Stage, ids};
use crate::row::{Seen, ms};
use recobeat_sim::Latency;
use std::time::{Duration, Instant};

async fn stage() -> Stage {
    let stage = Stage::with(&Setup::default_limits().read_ahead()).await;
    stage.sim.settings(|behaviour| {
        behaviour.latency = Latency::LogNormal { median: Duration::from_millis(480), sigma: 0.5 };
    });
    stage
}

pub(crate) async fn singles() -> Seen {
    let mut seen = Seen::default();
    let stage = stage().await;
    let tracks = ids::tracks(0, 60);
    let begun = Instant::now();
    let mut line = stage.line().await;
    let converted = line.get(&ids::list("/v1/track", &ids::spotify(&tracks))).await;
    let mut right = 0;
    for (id, track) in converted.row_ids().iter().zip(&tracks) {
        let answer = line.get(&format!("/v1/track/{id}/audio-features")).await;
        right += usize::from(answer.text() == ids::features_row(track));
    }
    seen.must(right == 60, format!("{right} right answers, one at a time, in {}", ms(begun.elapsed())));
    seen.must(stage.calls() <= 5, format!("{} calls", stage.calls()));
    seen
}

pub(crate) async fn workload() -> Seen {
    let mut seen = Seen::default();
    let stage = stage().await;
    let begun = Instant::now();
    let run = Workload::new().run(stage.proxy.addr, 2).await;
    seen.must_be_none(&run.wrong);
    let figures = format!("{} calls for {} requests", stage.calls(), run.answers.len());
    seen.must(stage.calls() <= 16, figures);
    seen.note(format!("in {}", ms(begun.elapsed())));
    seen
}
