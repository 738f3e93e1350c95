use http::Method;
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::recobeat::{AdminError, RegistryStats};

const STATS: &str = r#"{
    "cache": {
        "by_category": {"track": {"hit": 8, "stale": 1, "miss": 1, "hit_rate": 0.9}},
        "memory": {"entries": 12, "bytes": 3456, "hits": 9},
        "disk": {"up": true, "away_because": null, "entries": 12, "bytes": 1, "hits": 2, "writes": 3},
        "redis": null
    },
    "upstream": {"calls": 4, "calls_avoided": {"cache": 7}, "suspended": false, "ids_along": {}},
    "read_ahead": {"read": 0},
    "budget": {
        "rate_per_minute": 80.0, "started_last_minute": 4, "in_flight": 1,
        "queued": {"interactive": 2, "refresh": 0, "warm": 0}, "projected_wait_seconds": 1.5,
        "hold_seconds": null, "shared": null, "replicas": 1
    }
}"#;

const REGISTRY: &str = r#"{
    "ids": {"looked_up": 100, "avoided_upstream": {"held": 60, "known_missing": 10}, "asked_upstream": 30},
    "mappings": {"hit": 50, "miss": 40},
    "memory": {
        "row": {"track": {"entries": 5, "stale": 0, "oldest_seconds": 7}},
        "mapping": {"track": {"entries": 4, "stale": 0, "oldest_seconds": 6}},
        "missing": {"track": {"entries": 1, "stale": 0, "oldest_seconds": 90},
                    "features": {"entries": 2, "stale": 0, "oldest_seconds": 8}}
    },
    "disk": null,
    "ttl_seconds": {"mapping": 15552000, "missing": 1209600}
}"#;

#[tokio::test]
async fn statistics_are_read_with_the_token() {
    let server = StandIn::saying(Reply::json(STATS)).await;
    let client = client(&server);
    let stats = client.admin().expect("configured").stats().await.expect("statistics");
    assert_eq!((stats.cache.by_category["track"].hit, stats.cache.memory.entries), (8, 12));
    assert!(stats.cache.disk.expect("a disk").up && stats.cache.redis.is_none());
    assert_eq!((stats.upstream.calls_avoided["cache"], stats.budget.queued["interactive"]), (7, 2));
    assert_eq!(stats.raw["budget"]["replicas"], json!(1));
    assert_eq!(server.seen()[0].header("authorization"), Some("Bearer secret"));
}

#[tokio::test]
async fn the_registry_is_summed_up() {
    let server = StandIn::saying(Reply::json(REGISTRY)).await;
    let told = client(&server).admin().expect("configured").registry().await.expect("statistics");
    let expected = RegistryStats {
        missing: 3,
        validated: 4,
        reverse: 5,
        lookups: 100,
        hits: 60,
        calls_avoided: 70,
        oldest: Some(Duration::from_secs(90)),
        missing_ttl: Duration::from_secs(14 * 86_400),
        validated_ttl: Duration::from_secs(180 * 86_400),
    };
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_empty_registry_has_no_oldest_entry() {
    let empty = r#"{"ids":{"looked_up":0,"avoided_upstream":{"held":0,"known_missing":0}},"mappings":{"hit":0},
        "memory":{},"ttl_seconds":{"mapping":1,"missing":1}}"#;
    let server = StandIn::saying(Reply::json(empty)).await;
    let told = client(&server).admin().expect("configured").registry().await.expect("statistics");
    assert_eq!((told.oldest, told.missing, told.lookups), (None, 0, 0));
}

#[tokio::test]
async fn health_is_told_also_while_the_proxy_starts() {
    let body = r#"{"status":"starting","upstream":{"reachable":null,"reason":null,"suspended":false,
        "hold_seconds":12.5},"disk":null,"redis":null}"#;
    let server = StandIn::saying(Reply::json(body).status(503)).await;
    let health = client(&server).admin().expect("configured").health().await.expect("health");
    assert_eq!((health.status.as_str(), health.upstream.hold_seconds), ("starting", Some(12.5)));
}

#[tokio::test]
async fn a_category_or_everything_is_purged() {
    let server = StandIn::saying(Reply::json(r#"{"purged":["search"],"mode":"soft"}"#)).await;
    let client = client(&server);
    let admin = client.admin().expect("configured");
    assert_eq!(admin.purge(Some("search")).await.expect("purged")["mode"], json!("soft"));
    admin.purge(Some("a&b=c")).await.expect("purged");
    admin.purge(None).await.expect("purged");
    assert_eq!(server.targets(), ["/cache?category=search", "/cache?category=a%26b%3Dc", "/cache?all=true"]);
    assert!(server.seen().iter().all(|seen| seen.method == Method::DELETE));
}

#[rstest]
#[case::token(Reply::json("no").status(401), AdminError::Unauthorized)]
#[case::unknown_category(
    Reply::json(r#"{"errors":["no category \"x\""]}"#).status(400),
    AdminError::Refused { status: 400, message: "no category \"x\"".into() }
)]
#[case::other_version(
    Reply::json("no such admin endpoint\n").status(404).with("content-type", "text/plain"),
    AdminError::Refused { status: 404, message: "no such admin endpoint".into() }
)]
#[case::something_else(
    Reply::json("<html>").with("content-type", "text/html"),
    AdminError::Shape("no JSON".into())
)]
#[tokio::test]
async fn why_nothing_was_told_is_clear(#[case] reply: Reply, #[case] expected: AdminError) {
    let server = StandIn::saying(reply).await;
    assert_eq!(client(&server).admin().expect("configured").stats().await, Err(expected));
}

#[tokio::test]
async fn other_numbers_than_expected_are_an_error_and_nobody_is_one_too() {
    let server = StandIn::saying(Reply::json(r#"{"cache":{}}"#)).await;
    let client = client(&server);
    let admin = client.admin().expect("configured");
    assert!(matches!(admin.stats().await, Err(AdminError::Shape(_))));
    assert!(matches!(admin.registry().await, Err(AdminError::Shape(_))));

    let gone = StandIn::saying(Reply::json(EMPTY)).await.url.clone();
    let proxy = config::Proxy { admin_url: Some(gone), ..config::Proxy::default() };
    let client = Client::new(&proxy).expect("a client");
    assert!(matches!(client.admin().expect("configured").health().await, Err(AdminError::Unreachable(_))));

    let proxy = config::Proxy { admin_url: None, ..config::Proxy::default() };
    assert!(Client::new(&proxy).expect("a client").admin().is_none());
}
