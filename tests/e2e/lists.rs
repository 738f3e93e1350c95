use crate::harness::{Setup, Stage, ids};
use recobeat_sim::{Fault, Match, Rule, Track};

#[tokio::test(flavor = "multi_thread")]
async fn all_spellings_of_a_list_are_one_set_of_rows() {
    let stage = Stage::lifted().await;
    let tracks = ids::tracks(0, 3);
    let [a, b, c] = [0, 1, 2].map(|at| tracks[at].spotify.as_str());
    let cold = stage.get(&format!("/v1/track?ids={a},{b},{c}")).await;
    assert_eq!(cold.text(), ids::track_body(&tracks));
    for query in [
        format!("ids={a}%2C{b}%2c{c}"),
        format!("ids={a}&ids={b}&ids={c}"),
        format!("ids={a},{b},{a},{c},{c}"),
        format!("i%64s={a},{b},{c}"),
        format!("ids={},{b},{}", tracks[0].id, tracks[2].id),
    ] {
        let warm = stage.get(&format!("/v1/track?{query}")).await;
        assert_eq!(warm.body, cold.body, "{query}: {}", warm.brief());
        assert!(warm.is_hit(), "{query}: {}", warm.brief());
    }
    let permuted = stage.get(&format!("/v1/track?ids={c},{a},{b}")).await;
    let order: Vec<&Track> = [2, 0, 1].map(|at| tracks[at]).to_vec();
    assert_eq!(permuted.text(), ids::track_body(&order));
    assert_eq!(stage.calls(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mixed_list_given_cold_holds_each_row_once() {
    let stage = Stage::lifted().await;
    let track = ids::tracks(0, 1)[0];
    let target = format!("/v1/track?ids={},{},{}", track.spotify, track.id, track.spotify);
    let (cold, warm) = (stage.get(&target).await, stage.get(&target).await);
    assert_eq!(cold.text(), ids::track_body(&[track]));
    assert_eq!(warm.body, cold.body);
    assert_eq!(stage.calls(), 1);
    assert_eq!(stage.sim.stats().duplicate_ids_asked, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lists_are_split_and_nothing_is_asked_twice() {
    let stage = Stage::lifted().await;
    let tracks = ids::tracks(0, 500);
    let fifty = stage.get(&ids::list("/v1/track", &ids::spotify(&tracks[..50]))).await;
    assert_eq!(fifty.text(), ids::track_body(&tracks[..50]));
    assert_eq!(stage.calls(), 2);
    let all = stage.get(&ids::list("/v1/track", &ids::spotify(&tracks))).await;
    assert_eq!(all.text(), ids::track_body(&tracks));
    assert!(all.header("cache-status").contains("rows=500 hit=50"), "{}", all.brief());
    let again = stage.get(&ids::list("/v1/track", &ids::uuids(&tracks))).await;
    assert_eq!(again.body, all.body);
    let stats = stage.sim.stats();
    assert_eq!((stats.ids_asked, stats.duplicate_ids_asked), (500, 0));
    assert!(stage.sim.log().iter().all(|call| call.ids <= 40 && call.status == Some(200)));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_ids_than_allowed_are_refused_like_upstream_does() {
    let stage = Stage::with(&Setup::lifted().set("batch.oversize", "reject")).await;
    let mut line = stage.line().await;
    let answer = line.get(&ids::list("/v1/track", &ids::spotify(&ids::tracks(0, 41)))).await;
    assert_eq!((answer.code(), answer.error_code()), (400, Some(4004)));
    assert!(answer.text().contains("getTracks.ids"), "{}", answer.brief());
    let many = ids::list("/v1/audio-features", &vec!["ab"; 501]);
    assert_eq!(line.get(&many).await.code(), 400);
    assert_eq!(line.opened, 1, "an error of ours keeps its connection");
    assert_eq!(stage.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_ids_are_left_out_and_remembered() {
    let stage = Stage::lifted().await;
    let known = ids::tracks(0, 2);
    let mut asked = ids::unknown(0, 3);
    asked.extend(ids::spotify(&known));
    let target = ids::list("/v1/track", &asked);
    let (cold, warm) = (stage.get(&target).await, stage.get(&target).await);
    assert_eq!(cold.text(), ids::track_body(&known));
    assert_eq!(warm.body, cold.body);
    let nothing = stage.get(&ids::list("/v1/track", &ids::unknown(0, 2))).await;
    assert_eq!((nothing.code(), nothing.text().as_str()), (200, r#"{"content":[]}"#));
    assert_eq!(stage.calls(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_ids_are_dropped_like_unknown_ones_and_spoil_nothing() {
    let stage = Stage::lifted().await;
    let known = ids::tracks(0, 2);
    let mut asked = ids::spotify(&known);
    asked.insert(1, "spotify:track:abc");
    asked.push("short");
    let target = ids::list("/v1/track", &asked);
    let (cold, warm) = (stage.get(&target).await, stage.get(&target).await);
    assert_eq!(cold.text(), ids::track_body(&known));
    assert_eq!(warm.body, cold.body);
    assert!(warm.is_hit(), "{}", warm.brief());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_isrc_finds_all_its_recordings() {
    let stage = Stage::lifted().await;
    let track = ids::tracks(0, 1)[0];
    let target = format!("/v1/audio-features?ids={}", track.isrc);
    let answer = stage.get(&target).await;
    assert!(answer.row_ids().contains(&track.id), "{}", answer.brief());
    assert!(stage.get(&target).await.is_hit());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_failed_part_fails_the_whole_but_keeps_the_good_rows() {
    let stage = Stage::with(&Setup::lifted().without_retries()).await;
    let tracks = ids::tracks(0, 120);
    let asked = ids::spotify(&tracks);
    let target = ids::list("/v1/track", &asked);
    stage.sim.add_fault(Rule::new(Match::Query(asked[60].to_owned()), Fault::InternalError));
    let broken = stage.get(&target).await;
    assert_eq!(broken.code(), 500, "{}", broken.brief());
    assert!(broken.rows().is_none());
    // The good parts may still be under way: the first failure ends the wait for them.
    while stage.calls() < 3 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    stage.sim.clear_faults();
    stage.sim.clear_log();
    let whole = stage.get(&target).await;
    assert_eq!(whole.text(), ids::track_body(&tracks));
    assert_eq!((stage.calls(), stage.last_call().ids), (1, 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relinked_track_is_not_taken_for_missing() {
    let stage = Stage::lifted().await;
    let tracks = ids::tracks(0, 6);
    let (asked, other) = (tracks[1].spotify.clone(), tracks[5]);
    stage.sim.add_fault(Rule::any(Fault::Relink { asked: asked.clone(), answers_as: other.spotify.clone() }));
    let list = ids::spotify(&tracks[..4]);
    let unknown = ids::unknown(0, 2);
    let target = ids::list("/v1/track", &[list.as_slice(), &unknown].concat());
    let (cold, warm) = (stage.get(&target).await, stage.get(&target).await);
    let right = [tracks[0], other, tracks[2], tracks[3]];
    assert_eq!(cold.text(), ids::track_body(&right));
    assert_eq!(warm.body, cold.body);
    assert!(warm.is_hit(), "{}", warm.brief());
    // The relinked id had to be asked alone before anything was concluded about it.
    assert!(stage.sim.log().iter().any(|call| call.query == format!("ids={asked}")));
    for id in unknown {
        assert!(stage.get(&format!("/v1/track?ids={id}")).await.is_hit());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_track_without_features_is_still_a_track() {
    let stage = Stage::lifted().await;
    let catalogue = stage.sim.catalogue();
    let bare = catalogue.tracks().iter().find(|track| track.features_row.is_none()).expect("some have none");
    let features = stage.get(&format!("/v1/audio-features?ids={}", bare.spotify)).await;
    assert_eq!(features.text(), r#"{"content":[]}"#);
    let track = stage.get(&format!("/v1/track?ids={}", bare.spotify)).await;
    assert_eq!(track.text(), ids::track_body(&[bare]));
}

#[tokio::test(flavor = "multi_thread")]
async fn letter_case_makes_another_id() {
    let stage = Stage::lifted().await;
    let track = ids::tracks(0, 1)[0];
    stage.get(&format!("/v1/track?ids={}", track.spotify)).await;
    let folded = track.spotify.to_lowercase();
    let answer = stage.get(&format!("/v1/track?ids={folded}")).await;
    assert!(!answer.row_ids().contains(&track.id), "{}", answer.brief());
    assert_eq!(stage.calls(), 2);
}
