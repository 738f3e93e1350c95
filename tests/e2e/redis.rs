use crate::harness::certificate::Certificate;
use crate::harness::cluster::Cluster;
use crate::harness::redis::{Redis, Terms, valkey};
use crate::harness::replicas::{Replicas, UP};
use crate::harness::stage::simulator;
use crate::harness::{Answer, Ask, Proxy, Setup, crowd, ids};
use recobeat_sim::{Latency, Simulator};
use std::collections::HashSet;
use std::slice::from_ref;
use std::time::Duration;

const SEARCH: &str = "/v1/track/search?searchText=love";

fn rows(from: usize, count: usize) -> String {
    ids::list("/v1/track", &ids::spotify(&ids::tracks(from, count)))
}

/// Two proxies on one store: the second answers from what the first has learned.
async fn shares(url: &str, nodes: &[Redis], setup: &Setup) -> (Simulator, [Proxy; 2]) {
    let sim = simulator().await;
    let setup = setup.clone().redis(url, 2);
    let proxies = [Proxy::start(&sim.url(), &setup).await, Proxy::start(&sim.url(), &setup).await];
    for proxy in &proxies {
        assert!(proxy.comes_to(UP, 1.0).await, "the shared tier is away: {}", proxy.log.tail());
    }
    for target in [rows(0, 30).as_str(), SEARCH] {
        let learned = proxies[0].get(target).await;
        let calls = sim.log().len();
        for node in nodes {
            node.quiet().await;
        }
        let known = proxies[1].get(target).await;
        assert!(known.is_hit() && known.body == learned.body, "{}", known.brief());
        assert_eq!(sim.log().len(), calls);
    }
    (sim, proxies)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_replica_learned_the_others_answer() {
    let redis = Redis::start().await;
    shares(&redis.url(), from_ref(&redis), &Setup::lifted().patient()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_replica_is_warm() {
    let redis = Redis::start().await;
    let (sim, mut proxies) = shares(&redis.url(), from_ref(&redis), &Setup::lifted().patient()).await;
    let calls = sim.log().len();
    proxies[1].kill();
    proxies[1].start_again().await;
    assert!(proxies[1].comes_to(UP, 1.0).await);
    assert!(proxies[1].get(SEARCH).await.is_hit());
    assert_eq!(sim.log().len(), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn valkey_serves_as_well_where_it_is_installed() {
    let Some(program) = valkey() else { return };
    let server = Redis::with(Terms { program, ..Terms::default() }).await;
    shares(&server.url().replace("redis://", "valkey://"), from_ref(&server), &Setup::lifted().patient())
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_one_store() {
    let cluster = Cluster::start().await;
    shares(&cluster.url(), &cluster.nodes, &Setup::lifted().patient().set("cache.redis.prefix", "mine"))
        .await;
    let keys = cluster.keys().await;
    assert!(keys.iter().all(|key| key.starts_with("mine:") || key.starts_with("{mine:")), "{keys:?}");
    for node in &cluster.nodes {
        assert!(!node.keys().await.is_empty(), "a node holds nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_found_through_one_of_its_nodes() {
    let cluster = Cluster::start().await;
    shares(&cluster.nodes[1].url(), &cluster.nodes, &Setup::lifted().patient()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_keys_begin_with_the_prefix() {
    let redis = Redis::start().await;
    shares(&redis.url(), from_ref(&redis), &Setup::lifted().patient().set("cache.redis.prefix", "mine"))
        .await;
    let keys = redis.keys().await;
    assert!(!keys.is_empty());
    assert!(keys.iter().all(|key| key.starts_with("mine:") || key.starts_with("{mine:")), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_and_tls_are_part_of_the_address() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tls = Certificate::make(folder.path());
    let trusted = tls.certificate.display().to_string();
    let redis = Redis::with(Terms { password: Some("sesame"), tls: Some(tls), ..Terms::default() }).await;
    let setup = Setup::lifted().patient().variable("SSL_CERT_FILE", &trusted);
    let (_, proxies) = shares(&redis.url(), from_ref(&redis), &setup).await;
    assert!(!proxies[0].log.lines().concat().contains("sesame"));
    assert!(!proxies[0].admin("/config").await.text().contains("sesame"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_one_clear_line_and_no_obstacle() {
    let redis = Redis::with(Terms { password: Some("sesame"), ..Terms::default() }).await;
    let sim = simulator().await;
    let setup = Setup::lifted().patient().set("cache.redis.url", &redis.url().replace("sesame", "wrong-one"));
    let proxy = Proxy::start(&sim.url(), &setup).await;
    assert!(proxy.comes_to(UP, 0.0).await);
    assert!(proxy.get(SEARCH).await.is_ok());
    assert!(proxy.get(SEARCH).await.is_hit());
    let warnings = proxy.log.warnings();
    assert!(matches!(&warnings[..], [one] if one.to_lowercase().contains("password")), "{warnings:#?}");
    assert!(!warnings[0].contains("wrong-one"), "{warnings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_usual_variable_names_the_store() {
    let redis = Redis::start().await;
    let sim = simulator().await;
    let proxy =
        Proxy::start(&sim.url(), &Setup::lifted().patient().variable("REDIS_URL", &redis.url())).await;
    assert!(proxy.comes_to(UP, 1.0).await, "{}", proxy.log.tail());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_make_one_call() {
    let replicas = Replicas::start(2, &Setup::default_limits().patient()).await;
    replicas.sim.settings(|behaviour| behaviour.latency = Latency::Fixed(Duration::from_millis(400)));
    let recommended = format!("/v1/track/recommendation?size=20&seeds={}", ids::tracks(0, 1)[0].spotify);
    for target in [recommended.as_str(), &rows(0, 3), SEARCH] {
        replicas.sim.clear_log();
        let answers = replicas.at_once(100, target).await;
        let different: HashSet<String> = answers.iter().map(Answer::untimed).collect();
        assert!(answers.iter().all(Answer::is_ok), "{target}");
        assert_eq!((different.len(), replicas.calls()), (1, 1), "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_one_budget() {
    let replicas = Replicas::start(2, &Setup::default_limits().patient()).await;
    let addresses = replicas.proxies.iter().map(|proxy| proxy.addr).cycle();
    let asked = addresses.zip((0..8).map(|at| Ask::get(format!("{SEARCH}&page={at}"))));
    let answers = crowd::spread(asked.collect()).await;
    assert!(answers.iter().all(Answer::is_ok));
    let stats = replicas.sim.stats();
    assert_eq!(stats.calls, 8);
    assert!(stats.min_gap_ms.is_some_and(|gap| gap >= 600.0), "{stats:?}");
}
