//! `GET /explain`: the form of an explanation, and what cannot be explained.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::*;

const LIST: &str = "https://api.reccobeats.com/v1/track?ids=b%2Ca,a";

fn path(url: &str) -> String {
    format!("/explain?url={}", utf8_percent_encode(url, NON_ALPHANUMERIC))
}

#[tokio::test]
async fn a_url_is_explained_field_by_field() {
    let console = Console::new(Arc::new(Unreachable));
    let told = console.told(Method::GET, &path(LIST), "").await;
    assert_eq!(told["request"], "/v1/track?ids=b,a");
    assert_eq!((&told["endpoint"], &told["kind"]), (&json!("/v1/track"), &json!("rows")));
    assert_eq!((&told["key"], &told["answer"]), (&json!("/v1/track?ids=b,a"), &json!("miss")));
    assert_eq!(
        (&told["repairs"], &told["refused"], &told["denial"]),
        (&json!([]), &Value::Null, &Value::Null)
    );
    assert_eq!(told["items"][0], json!({ "id": "b", "category": "track", "verdict": "absent", "tiers": [] }));
    let upstream = &told["upstream"];
    assert_eq!(upstream["requests"], json!(["GET /v1/track?ids=b,a"]));
    assert_eq!((&upstream["calls"], &upstream["ids"]), (&json!(1), &json!(2)));
    assert_eq!((&upstream["lane"], &upstream["breaker"]), (&json!("interactive"), &json!("closed")));
    assert_eq!(
        (&upstream["projected_wait_seconds"], &upstream["would_be_refused"]),
        (&json!(0.0), &json!(false))
    );
    assert_eq!(
        (&upstream["in_flight_already"], &upstream["budget"]["rate_per_minute"]),
        (&json!(0), &json!(80.0))
    );
    assert!(told["why"][0].as_str().is_some_and(|why| why.starts_with("Nothing is held")), "{told}");
}

#[tokio::test]
async fn a_refusal_is_told_with_the_body_that_clients_get() {
    let console = Console::new(Arc::new(Unreachable));
    let told = console.told(Method::GET, &path("/v1/track/recommendation?size=0&seeds=a"), "").await;
    assert_eq!((&told["answer"], &told["refused"]["body"]["status"]), (&json!("rule"), &json!(4004)));
    let told = console.told(Method::GET, &path("/v1/track?ids=%zz"), "").await;
    assert_eq!((&told["kind"], &told["refused"]["body"]["status"]), (&json!("malformed"), &json!(4002)));
    let told = console.told(Method::GET, &path("/v1/other"), "").await;
    assert_eq!(
        (&told["kind"], &told["key"], &told["answer"]),
        (&json!("pass_through"), &Value::Null, &json!("pass"))
    );
}

#[tokio::test]
async fn what_is_no_request_line_is_refused_with_what_helps() {
    let console = Console::new(Arc::new(Unreachable));
    let wrong = console.wrong(Method::GET, &path("v1/track?ids=a"), "").await;
    assert!(wrong.contains("begins with /"), "{wrong}");
    let wrong = console.wrong(Method::GET, &path("/v1/track?ids=a b"), "").await;
    assert!(wrong.contains("percent-encoded"), "{wrong}");
    let wrong = console.wrong(Method::GET, "/explain", "").await;
    assert!(wrong.contains("url"), "{wrong}");
}
