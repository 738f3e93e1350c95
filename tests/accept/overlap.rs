use crate::harness::{Ask, Setup, Stage, crowd, ids};
use crate::row::Seen;
use recobeat_sim::Latency;
use std::time::Duration;

const CLIENTS: usize = 200;
const IDS: usize = 2_000;
const LIST: usize = 20;

/// Client n asks for ids 10·n to 10·n + 19: each id is wanted by two clients.
pub(crate) async fn lists() -> Seen {
    let mut seen = Seen::default();
    let stage = Stage::with(&Setup::lifted()).await;
    stage.sim.settings(|behaviour| behaviour.latency = Latency::Fixed(Duration::from_millis(500)));
    let tracks = ids::tracks(0, IDS);
    let wanted =
        |client: usize| (0..LIST).map(|at| tracks[(client * IDS / CLIENTS + at) % IDS]).collect::<Vec<_>>();
    let asks =
        (0..CLIENTS).map(|client| Ask::get(ids::list("/v1/track", &ids::spotify(&wanted(client))))).collect();
    let answers = crowd::at_once(stage.proxy.addr, asks).await;
    let right = answers
        .iter()
        .enumerate()
        .filter(|(client, answer)| answer.text() == ids::track_body(&wanted(*client)))
        .count();
    let stats = stage.sim.stats();
    let full = 100 * stats.ids_asked / (stats.calls.max(1) * 40);
    seen.must(right == CLIENTS, format!("{right} right answers"));
    seen.must(
        stats.ids_asked == IDS && stats.duplicate_ids_asked == 0,
        format!("{} ids asked upstream, {} of them twice", stats.ids_asked, stats.duplicate_ids_asked),
    );
    seen.must(full >= 90, format!("{} calls, {full} % full", stats.calls));
    seen
}
