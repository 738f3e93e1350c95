use crate::harness::{Answer, Setup, Stage, ids};
use crate::row::Seen;
use recobeat_sim::Track;

pub(crate) async fn all() -> Seen {
    let mut seen = Seen::default();
    let stage = Stage::with(&Setup::lifted()).await;
    let tracks = ids::tracks(0, 500);
    let spotify = ids::spotify(&tracks);
    let three = &tracks[..3];
    let [a, b, c] = [spotify[0], spotify[1], spotify[2]];
    let permuted: Vec<&Track> = vec![tracks[2], tracks[0], tracks[1]];
    let mut mixed: Vec<&str> = spotify.clone();
    mixed.iter_mut().zip(&tracks).skip(1).step_by(2).for_each(|(id, track)| *id = &track.id);

    // Each asked twice: the first may be a miss, the second must be a hit with the same bytes.
    let forms: [(&str, String, String); 8] = [
        ("a,b", format!("ids={a},{b},{c}"), ids::track_body(three)),
        ("a%2Cb", format!("ids={a}%2C{b}%2C{c}"), ids::track_body(three)),
        ("repeated", format!("ids={a}&ids={b}&ids={c}"), ids::track_body(three)),
        ("permuted", format!("ids={c},{a},{b}"), ids::track_body(&permuted)),
        ("duplicates", format!("ids={a},{b},{a},{c},{b}"), ids::track_body(three)),
        ("50", format!("ids={}", spotify[..50].join(",")), ids::track_body(&tracks[..50])),
        ("500", format!("ids={}", spotify.join("%2C")), ids::track_body(&tracks)),
        ("mixed", format!("ids={}", mixed.join(",")), ids::track_body(&tracks)),
    ];
    for (name, query, right) in forms {
        let target = format!("/v1/track?{query}");
        let answers: [Answer; 2] = [stage.get(&target).await, stage.get(&target).await];
        let equal = answers.iter().all(|answer| answer.text() == right);
        seen.must(equal && answers[1].is_hit(), format!("{name} ({} calls so far)", stage.calls()));
    }
    let stats = stage.sim.stats();
    seen.must(
        stats.ids_asked == 500 && stats.duplicate_ids_asked == 0,
        format!("{} ids asked upstream, {} of them twice", stats.ids_asked, stats.duplicate_ids_asked),
    );
    seen
}
