use crate::harness::{Stage, ids};

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_answered_from_the_rows_of_an_earlier_one() {
    let stage = Stage::lifted().await;
    let tracks = ids::tracks(0, 10);
    let target = ids::list("/v1/track", &ids::spotify(&tracks));
    let (miss, hit) = (stage.get(&target).await, stage.get(&target).await);
    assert_eq!(miss.text(), ids::track_body(&tracks), "{}", miss.brief());
    assert_eq!(miss.body, hit.body);
    assert!(hit.is_hit(), "{}", hit.brief());
    assert_eq!(stage.calls(), 1);
}
