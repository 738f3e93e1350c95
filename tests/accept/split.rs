use crate::harness::{Setup, Stage, ids};
use crate::row::Seen;
use recobeat_sim::{Fault, Match, Rule};

/// With the retries as shipped: the failing part is called three times.
pub(crate) async fn one_part_fails() -> Seen {
    let mut seen = Seen::default();
    let stage = Stage::with(&Setup::lifted()).await;
    let tracks = ids::tracks(0, 120);
    let asked = ids::spotify(&tracks);
    let target = ids::list("/v1/track", &asked);
    stage.sim.add_fault(Rule::new(Match::Query(asked[60].to_owned()), Fault::InternalError));
    let broken = stage.get(&target).await;
    seen.must(
        broken.status.is_server_error() && broken.rows().is_none(),
        format!("{} without rows after {} calls", broken.code(), stage.calls()),
    );
    stage.sim.clear_faults();
    stage.sim.clear_log();
    let good: Vec<&str> = asked[..40].iter().chain(&asked[80..]).copied().collect();
    let kept = stage.get(&ids::list("/v1/track", &good)).await;
    seen.must(
        kept.is_hit() && kept.row_ids().len() == 80,
        format!("{} good rows kept", kept.row_ids().len()),
    );
    let whole = stage.get(&target).await;
    seen.must(
        whole.text() == ids::track_body(&tracks) && stage.sim.stats().ids_asked == 40,
        format!(
            "again: {} with {} calls for {} ids",
            whole.code(),
            stage.calls(),
            stage.sim.stats().ids_asked
        ),
    );
    seen
}
