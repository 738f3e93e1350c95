use crate::harness::{Setup, Stage, ids};
use crate::row::Seen;
use recobeat_sim::{Fault, Rule, Track};

pub(crate) async fn asked_alone() -> Seen {
    let mut seen = Seen::default();
    let stage = Stage::with(&Setup::lifted()).await;
    let tracks = ids::tracks(0, 20);
    let (asked, other) = (tracks[7].spotify.as_str(), tracks[19]);
    stage
        .sim
        .add_fault(Rule::any(Fault::Relink { asked: asked.to_owned(), answers_as: other.spotify.clone() }));
    let unknown = ids::unknown(0, 5);
    let list = [&ids::spotify(&tracks[..19])[..], &unknown].concat();
    let mut right: Vec<&Track> = tracks[..19].to_vec();
    right[7] = other;

    let cold = stage.get(&ids::list("/v1/track", &list)).await;
    let alone = stage.sim.log().iter().any(|call| call.query == format!("ids={asked}"));
    seen.must(cold.text() == ids::track_body(&right), format!("{} rows in the answer", cold.row_ids().len()));
    seen.must(alone, format!("{} calls, one of them for that id alone", stage.calls()));
    stage.sim.clear_log();
    let warm = stage.get(&format!("/v1/track?ids={asked}")).await;
    let kept = warm.is_hit() && warm.text() == ids::track_body(&[other]);
    seen.must(kept, format!("asked again: {} row, {} calls", warm.row_ids().len(), stage.calls()));
    let absent = stage.get(&ids::list("/v1/track", &unknown)).await;
    seen.must(absent.is_hit() && absent.row_ids().is_empty(), "the truly unknown ones are remembered");
    seen
}
