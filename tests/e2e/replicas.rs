use crate::harness::redis::{Redis, Terms};
use crate::harness::replicas::{Replicas, UP};
use crate::harness::{Answer, Setup, ids};

const SEARCH: &str = "/v1/track/search?searchText=love";

fn page(at: usize) -> String {
    format!("{SEARCH}&page={at}")
}

fn rows() -> String {
    ids::list("/v1/track", &ids::spotify(&ids::tracks(0, 30)))
}

/// One replica has learned a search, another asks for it and makes no call.
async fn shared(replicas: &Replicas, at: usize) {
    let learned = replicas.get(0, &page(at)).await;
    assert!(learned.is_ok(), "{}", learned.brief());
    replicas.redis.quiet().await;
    let calls = replicas.calls();
    let known = replicas.get(1, &page(at)).await;
    assert!(known.is_hit(), "{}", known.brief());
    assert_eq!(replicas.calls(), calls);
}

/// What was learned while the store was away is there now.
async fn replayed(replicas: &Replicas, at: usize) {
    replicas.redis.quiet().await;
    let calls = replicas.calls();
    let known = replicas.get(1, &page(at)).await;
    assert!(known.is_hit(), "{}", known.brief());
    assert_eq!(replicas.calls(), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_absent_at_the_start_joins_later() {
    let mut replicas = Replicas::before(Redis::absent(Terms::default()), 2, &Setup::lifted()).await;
    replicas.all_say(0.0).await;
    for replica in 0..2 {
        assert_eq!(replicas.get(replica, &rows()).await.row_ids().len(), 30);
        assert!(replicas.get(replica, &rows()).await.is_hit());
        let lines = replicas.proxies[replica].log.warnings();
        assert_eq!(lines.len(), 1, "{lines:#?}");
    }
    replicas.get(0, &page(1)).await;
    replicas.redis.start_again().await;
    replicas.all_say(1.0).await;
    replayed(&replicas, 1).await;
    shared(&replicas, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_store_is_done_without_until_it_is_back() {
    let mut replicas = Replicas::start(2, &Setup::lifted().patient()).await;
    shared(&replicas, 0).await;
    replicas.redis.kill();
    for replica in 0..2 {
        assert!(replicas.get(replica, &page(0)).await.is_hit());
        assert!(replicas.get(replica, &rows()).await.is_ok());
    }
    replicas.get(0, &page(1)).await;
    replicas.all_say(0.0).await;
    replicas.redis.start_again().await;
    replicas.all_say(1.0).await;
    replayed(&replicas, 1).await;
    shared(&replicas, 2).await;
    for proxy in &replicas.proxies {
        // Away and back; the first line is that of the start.
        let told = proxy.log.about("edis");
        assert_eq!(proxy.log.warnings().len(), 1, "{told:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_store_is_done_without_until_it_thaws() {
    let replicas = Replicas::start(2, &Setup::lifted().patient()).await;
    shared(&replicas, 0).await;
    replicas.redis.freeze();
    for replica in 0..2 {
        assert!(replicas.get(replica, &page(0)).await.is_hit());
        let cold = replicas.get(replica, &rows()).await;
        assert!(cold.is_ok(), "{}", cold.brief());
    }
    replicas.all_say(0.0).await;
    replicas.get(0, &page(1)).await;
    replicas.redis.thaw();
    replicas.all_say(1.0).await;
    replayed(&replicas, 1).await;
    for proxy in &replicas.proxies {
        let warnings = proxy.log.warnings();
        assert_eq!(warnings.len(), 1, "{warnings:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_reaches_all_replicas() {
    let replicas = Replicas::start(2, &Setup::lifted().patient()).await;
    shared(&replicas, 0).await;
    assert!(replicas.get(0, &rows()).await.is_ok());

    let purged = replicas.proxies[0].delete("/cache?category=search&hard=true").await;
    assert!(purged.is_ok(), "{}", purged.brief());
    let gone = replicas.settled(1, &page(0), |answer| !answer.is_hit()).await;
    assert!(gone.is_ok() && !gone.is_hit(), "{}", gone.brief());
    let other = replicas.get(1, &rows()).await;
    assert!(other.is_hit(), "entries of other categories stay: {}", other.brief());

    let softly = replicas.proxies[1].delete("/cache?category=track").await;
    assert!(softly.is_ok(), "{}", softly.brief());
    let first = replicas.settled(0, &rows(), Answer::is_stale).await;
    assert!(first.is_stale(), "softly purged is stale, not gone: {}", first.brief());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_holds_after_the_store_lost_its_data() {
    let replicas = Replicas::start(2, &Setup::lifted().patient()).await;
    shared(&replicas, 0).await;
    shared(&replicas, 1).await;
    replicas.proxies[0].delete("/cache?category=search&hard=true").await;
    replicas.redis.flush().await;
    for replica in 0..2 {
        let answer = replicas.settled(replica, &page(replica), |answer| !answer.is_hit()).await;
        assert!(!answer.is_hit(), "{}", answer.brief());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_reaches_a_replica_that_was_not_listening() {
    let replicas = Replicas::start(2, &Setup::lifted().patient()).await;
    shared(&replicas, 0).await;
    replicas.redis.silence().await;
    replicas.proxies[0].delete("/cache?category=search&hard=true").await;
    let gone = replicas.settled(1, &page(0), |answer| !answer.is_hit()).await;
    assert!(!gone.is_hit(), "{}", gone.brief());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_remembered_by_all_replicas() {
    let replicas = Replicas::start(2, &Setup::lifted().patient()).await;
    let refused = format!("/v1/track/recommendation?size=5&seeds={}", ids::unknown(0, 1)[0]);
    assert_eq!(replicas.get(0, &refused).await.code(), 400);
    let calls = replicas.calls();
    let denied = replicas.settled(1, &refused, |answer| answer.code() == 400).await;
    assert_eq!((denied.code(), denied.error_code()), (400, Some(4002)), "{}", denied.brief());
    assert!(denied.header("cache-status").contains("denied"), "{}", denied.brief());
    assert_eq!(replicas.calls(), calls);

    let forgotten = replicas.proxies[1].delete("/deny?all=true").await;
    assert!(forgotten.is_ok(), "{}", forgotten.brief());
    let asked = replicas.settled(0, &refused, |_| replicas.calls() > calls).await;
    assert_eq!((asked.code(), replicas.calls()), (400, calls + 1));
    assert_eq!(replicas.proxies[0].metric(UP).await, Some(1.0));
}
