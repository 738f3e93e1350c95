use crate::harness::{Ask, Setup, Stage, crowd, ids};

#[tokio::test(flavor = "multi_thread")]
async fn a_single_row_is_served_from_a_list_by_either_id() {
    let stage = Stage::lifted().await;
    let track = ids::tracks(0, 1)[0];
    stage.get(&format!("/v1/track?ids={}", track.spotify)).await;
    stage.get(&format!("/v1/audio-features?ids={}", track.id)).await;
    for id in [&track.id, &track.spotify] {
        let row = stage.get(&format!("/v1/track/{id}")).await;
        assert_eq!((row.text(), row.is_hit()), (track.row.clone(), true));
        let features = stage.get(&format!("/v1/track/{id}/audio-features")).await;
        assert_eq!((features.text().as_str(), features.is_hit()), (ids::features_row(track), true));
    }
    assert_eq!(stage.calls(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn singles_of_several_clients_ride_in_one_call() {
    let stage = Stage::with(&Setup::lifted().set("batch.linger", "500ms")).await;
    let tracks = ids::tracks(0, 20);
    let asks =
        tracks.iter().map(|track| Ask::get(format!("/v1/track/{}/audio-features", track.id))).collect();
    let answers = crowd::at_once(stage.proxy.addr, asks).await;
    for (answer, track) in answers.iter().zip(&tracks) {
        assert_eq!(answer.text(), ids::features_row(track));
    }
    assert_eq!(stage.calls(), 1);
    assert_eq!(stage.last_call().ids, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_row_is_a_remembered_404_about_the_path_asked() {
    let stage = Stage::lifted().await;
    let target = "/v1/track/00000000-0000-4000-8000-000000000000/audio-features";
    let (cold, warm) = (stage.get(target).await, stage.get(target).await);
    assert_eq!((cold.code(), cold.error_code()), (404, Some(4041)), "{}", cold.brief());
    assert_eq!(cold.json()["path"], format!("uri={target}"));
    assert_eq!(warm.body, cold.body);
    assert_eq!(stage.calls(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn artists_and_albums_have_rows_too() {
    let stage = Stage::lifted().await;
    let (artist, album) = (&stage.sim.catalogue().artists()[3], &stage.sim.catalogue().albums()[3]);
    let mut line = stage.line().await;
    assert_eq!(line.get(&format!("/v1/artist/{}", artist.id)).await.text(), artist.row);
    assert_eq!(line.get(&format!("/v1/album/{}", album.id)).await.text(), album.row);
    assert!(line.get(&format!("/v1/artist?ids={}", artist.spotify)).await.is_hit());
    assert!(line.get(&format!("/v1/album?ids={}", album.spotify)).await.is_hit());
    assert_eq!(stage.calls(), 2);
}
