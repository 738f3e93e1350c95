use crate::harness::{Setup, Stage, ids};
use crate::row::Seen;
use recobeat_sim::Track;

pub(crate) async fn known_afterwards() -> Seen {
    let mut seen = Seen::default();
    let stage = Stage::with(&Setup::lifted()).await;
    let origin = ids::tracks(0, 1)[0];
    let drawn =
        stage.get(&format!("/v1/track/recommendation?size=50&seeds={}", origin.spotify)).await.row_ids();
    let tracks: Vec<&Track> = drawn.iter().filter_map(|id| stage.sim.catalogue().track(id)).collect();
    seen.must(tracks.len() == 50, format!("{} tracks recommended", tracks.len()));
    stage.sim.clear_log();
    for (name, of) in
        [("UUID", (|track| &track.id) as fn(&Track) -> &String), ("Spotify id", |track| &track.spotify)]
    {
        let list: Vec<&str> = tracks.iter().map(|track| of(track).as_str()).collect();
        let answer = stage.get(&ids::list("/v1/track", &list)).await;
        let right = answer.is_hit() && answer.text() == ids::track_body(&tracks);
        let mut singles = 0;
        for track in &tracks {
            let single = stage.get(&format!("/v1/track/{}", of(track))).await;
            singles += usize::from(single.is_hit() && single.text() == track.row);
        }
        seen.must(right && singles == tracks.len(), format!("by {name}: the list and {singles} singles hit"));
    }
    seen.must(stage.calls() == 0, format!("{} calls", stage.calls()));
    seen
}
