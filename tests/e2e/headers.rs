use crate::harness::{Ask, Setup, Stage, ids};
use flate2::read::GzDecoder;
use http::Method;
use std::io::Read;

fn target() -> String {
    ids::list("/v1/track", &ids::spotify(&ids::tracks(0, 5)))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_etag_saves_the_body() {
    let stage = Stage::lifted().await;
    let whole = stage.get(&target()).await;
    let tag = whole.header("etag");
    assert!(tag.starts_with('"'), "strong and quoted: {tag}");
    let unchanged = stage.ask(Ask::get(target()).header("if-none-match", &tag)).await;
    assert_eq!((unchanged.code(), unchanged.body.len()), (304, 0));
    assert_eq!(unchanged.header("etag"), tag);
    let star = stage.ask(Ask::get(target()).header("if-none-match", format!("\"other\", W/{tag}"))).await;
    assert_eq!(star.code(), 304);
    let other = stage.ask(Ask::get(target()).header("if-none-match", "\"other\"")).await;
    assert_eq!((other.code(), other.body), (200, whole.body));
    assert_eq!(stage.calls(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_answered_like_get_without_the_body() {
    let stage = Stage::lifted().await;
    let head = stage.ask(Ask::new(Method::HEAD, target())).await;
    let get = stage.get(&target()).await;
    assert_eq!((head.code(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    assert_eq!(head.header("etag"), get.header("etag"));
    assert_eq!(stage.calls(), 1);
    assert_eq!(stage.last_call().method, "GET");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hit_tells_its_age_and_how_it_came_about() {
    let stage = Stage::lifted().await;
    let miss = stage.get(&target()).await;
    assert_eq!(miss.header("age"), "");
    assert!(miss.header("cache-status").starts_with("recobeat; fwd=miss; stored"), "{}", miss.brief());
    let hit = stage.get(&target()).await;
    assert!(hit.header("age").parse::<u64>().is_ok(), "Age is {:?}", hit.header("age"));
    assert!(hit.header("cache-status").starts_with("recobeat; hit; ttl="), "{}", hit.brief());
    let mut more = ids::spotify(&ids::tracks(0, 5));
    more.extend(ids::spotify(&ids::tracks(100, 3)));
    let partial = stage.get(&ids::list("/v1/track", &more)).await;
    assert_eq!(partial.header("cache-status"), "recobeat; fwd=partial; detail=\"rows=8 hit=5 calls=1\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_answers_are_compressed_on_request_under_a_tag_of_their_own() {
    let stage = Stage::lifted().await;
    let plain = stage.get(&target()).await;
    let packed = stage.ask(Ask::get(target()).header("accept-encoding", "gzip")).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    let mut unpacked = Vec::new();
    GzDecoder::new(&packed.body[..]).read_to_end(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain.body);
    assert_ne!(packed.header("etag"), plain.header("etag"));
    for answer in [&plain, &packed] {
        assert!(answer.header("vary").contains("Accept-Encoding"), "{:?}", answer.headers);
    }
    let refused = stage.ask(Ask::get(target()).header("accept-encoding", "gzip;q=0")).await;
    assert_eq!(refused.header("content-encoding"), "");
    let unchanged = stage
        .ask(
            Ask::get(target())
                .header("accept-encoding", "gzip")
                .header("if-none-match", packed.header("etag")),
        )
        .await;
    assert_eq!(unchanged.code(), 304);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gzipped_upstream_answer_reaches_a_plain_client_plain() {
    let stage = Stage::lifted().await;
    stage.sim.add_fault(recobeat_sim::Rule::any(recobeat_sim::Fault::Gzip));
    let answer = stage.get(&target()).await;
    assert_eq!(answer.text(), ids::track_body(&ids::tracks(0, 5)));
    assert!(stage.last_call().headers["accept-encoding"].contains("gzip"));
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_may_call_from_any_page() {
    let stage = Stage::lifted().await;
    let origin = "https://app.example.org";
    let answer = stage.ask(Ask::get(target()).header("origin", origin)).await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let exposed = answer.header("access-control-expose-headers").to_ascii_lowercase();
    assert!(exposed.contains("retry-after"), "a page must see when to come back: {exposed:?}");
    let preflight = stage
        .ask(
            Ask::new(Method::OPTIONS, target())
                .header("origin", origin)
                .header("access-control-request-method", "GET")
                .header("access-control-request-headers", "x-request-id, priority"),
        )
        .await;
    assert!(preflight.status.is_success(), "{}", preflight.brief());
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    assert!(preflight.header("access-control-allow-methods").contains("GET"));
    let allowed = preflight.header("access-control-allow-headers").to_ascii_lowercase();
    assert!(allowed == "*" || allowed.contains("x-request-id"), "{allowed:?}");
    assert_eq!(stage.calls(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_may_call_from_the_pages_named() {
    let setup = Setup::lifted().set("cors.allowed_origins", r#"["https://app.example.org"]"#);
    let stage = Stage::with(&setup).await;
    let from = async |origin: &str| stage.ask(Ask::get(target()).header("origin", origin)).await;
    let named = from("https://app.example.org").await;
    assert_eq!(named.header("access-control-allow-origin"), "https://app.example.org");
    assert!(named.header("vary").contains("Origin"));
    let other = from("https://other.example.org").await;
    assert_eq!((other.code(), other.header("access-control-allow-origin").as_str()), (200, ""));
}
