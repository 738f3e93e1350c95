//! The deny list as operators see it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rstest::rstest;
use tokio::time::{advance, sleep};

use super::*;
use crate::engine::{Answer, Caller};

const REFUSAL: &str =
    r#"{"error":"no seed \"x\" known","path":"uri=/v1/track/recommendation","status":4002}"#;
const BAD: &str = "/v1/track/recommendation?seeds=b&seeds=a&size=5";
const TEXT: &str = "=/v1/track/recommendation?seeds=a,b&size=5";

/// Refuses everything with negatives or for the seed `a`; answers the rest with nothing.
#[derive(Default)]
struct Refusing {
    calls: AtomicUsize,
}

#[async_trait]
impl Upstream for Refusing {
    async fn call(&self, _: Permit, call: Call) -> Result<Reply, CallError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let target = &call.path_and_query;
        let refused = ["negativeSeeds", "seeds=a", "seeds=b&seeds=a", "searchText=ab"];
        let (status, body) = if refused.iter().any(|part| target.contains(part)) {
            (StatusCode::BAD_REQUEST, REFUSAL)
        } else {
            (StatusCode::OK, r#"{"content":[]}"#)
        };
        let media_type = Some("application/json".to_owned());
        Ok(Reply { status, media_type, retry_after: None, body: body.into() })
    }
}

fn console() -> (Console, Arc<Refusing>) {
    let upstream = Arc::<Refusing>::default();
    (Console::new(Arc::clone(&upstream) as _), upstream)
}

async fn client(console: &Console, target: &str) -> Answer {
    let caller = Caller {
        client: [127, 0, 0, 1].into(),
        lane: crate::budget::Lane::Interactive,
        no_cache: false,
        request_id: "r".to_owned(),
        trace: None,
    };
    let (path, query) = target.split_once('?').unwrap();
    console.engine.answer(&Method::GET, path, Some(query), &caller).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_denial_is_listed_with_its_reason_age_and_use() {
    let (console, _) = console();
    client(&console, BAD).await;
    sleep(Duration::from_secs(100)).await;
    client(&console, BAD).await;
    client(&console, BAD).await;
    let listing = console.told(Method::GET, "/deny", "").await;
    assert_eq!((&listing["total"], &listing["told"]), (&json!(1), &json!(1)));
    let expected = json!({
        "request": TEXT, "code": 4002, "reason": "no seed \"x\" known", "body": REFUSAL, "instead": null,
        "age_seconds": 100, "seconds_left": 86_300, "answered": 2,
    });
    assert_eq!(listing["denied"][0], expected);
}

#[tokio::test(start_paused = true)]
async fn the_newest_denials_are_told_first() {
    let (console, _) = console();
    for n in 1..=5 {
        client(&console, &format!("/v1/artist/search?searchText=ab{n}")).await;
        sleep(Duration::from_secs(1)).await;
    }
    let listing = console.told(Method::GET, "/deny?limit=2", "").await;
    assert_eq!((&listing["total"], &listing["told"]), (&json!(5), &json!(2)));
    let requests: Vec<_> = (0..2).map(|n| listing["denied"][n]["request"].as_str().unwrap()).collect();
    assert_eq!(requests, [5, 4].map(|n| format!("=/v1/artist/search?searchText=ab{n}&page=0")));
}

#[rstest]
#[case::nothing("/deny?limit=0", "limit=0: it must be between 1 and 10000")]
#[case::too_many("/deny?limit=10001", "limit=10001")]
#[case::no_number("/deny?limit=x", "the parameters are not understood: limit: invalid digit")]
#[case::unknown_parameter("/deny?size=3", "unknown field `size`")]
#[tokio::test(start_paused = true)]
async fn an_impossible_listing_says_what_is_possible(#[case] path: &str, #[case] why: &str) {
    let wrong = console().0.wrong(Method::GET, path, "").await;
    assert!(wrong.contains(why), "{wrong}");
}

#[rstest]
#[case::canonical("%3D/v1/track/recommendation?seeds%3Da%2Cb%26size%3D5")]
#[case::url("https://api.reccobeats.com/v1/track/recommendation?size%3D5%26seeds%3Da%26seeds%3Db")]
#[case::as_it_was_asked("/v1/track/recommendation?size%3D5%26seeds%3Da%2Cb%2Ca")]
#[tokio::test(start_paused = true)]
async fn one_denial_is_forgotten_by_any_of_its_names(#[case] name: &str) {
    let (console, upstream) = console();
    client(&console, BAD).await;
    client(&console, "/v1/artist/search?searchText=ab").await;
    let told = console.told(Method::DELETE, &format!("/deny?request={name}"), "").await;
    assert_eq!(told, json!({ "forgotten": 1, "requests": [TEXT] }));
    assert_eq!(console.told(Method::GET, "/deny", "").await["total"], json!(1));
    client(&console, BAD).await;
    assert_eq!(upstream.calls.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn all_denials_are_forgotten_only_when_that_is_said() {
    let (console, _) = console();
    client(&console, BAD).await;
    client(&console, "/v1/artist/search?searchText=ab").await;
    let wrong = console.wrong(Method::DELETE, "/deny", "").await;
    assert!(wrong.contains("all=true"), "{wrong}");
    assert_eq!(console.told(Method::DELETE, "/deny?all=true", "").await, json!({ "forgotten": 2 }));
    assert_eq!(console.engine.store().barriers().snapshot().len(), 1, "however many there were");
    assert_eq!(console.told(Method::GET, "/deny", "").await["total"], json!(0));
}

#[tokio::test(start_paused = true)]
async fn a_purge_of_denials_empties_the_list_and_what_is_refused_again_is_listed_again() {
    let (console, upstream) = console();
    client(&console, BAD).await;
    console.told(Method::DELETE, "/cache?category=denied&hard=true", "").await;
    assert_eq!(console.told(Method::GET, "/deny", "").await["total"], json!(0));
    client(&console, BAD).await;
    assert_eq!(console.told(Method::GET, "/deny", "").await["total"], json!(1));
    assert_eq!(upstream.calls.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn what_one_proxy_exports_another_takes_in() {
    let (one, _) = console();
    client(&one, BAD).await;
    client(&one, "/v1/track/recommendation?seeds=c,d,e&negativeSeeds=x&size=5").await;
    advance(Duration::from_secs(3_600)).await;
    let export = one.told(Method::GET, "/deny", "").await;
    let (other, upstream) = console();
    assert_eq!(other.told(Method::POST, "/deny", &export.to_string()).await, json!({ "imported": 2 }));
    let refused = client(&other, BAD).await;
    assert_eq!((refused.status.as_u16(), refused.body.as_ref()), (400, REFUSAL.as_bytes()));
    assert_eq!(upstream.calls.load(Ordering::Relaxed), 0);
    let less = client(&other, "/v1/track/recommendation?seeds=e,d,c&negativeSeeds=x&size=5").await;
    assert!(less.cache_status.ends_with("; fallback"), "{}", less.cache_status);
    assert_eq!(upstream.calls.load(Ordering::Relaxed), 1, "what worked instead is known, its answer is not");
    advance(Duration::from_secs(23 * 3_600)).await;
    assert_eq!(other.told(Method::GET, "/deny", "").await["total"], json!(0), "nobody gets more than a day");
}

#[tokio::test(start_paused = true)]
async fn an_import_with_a_bad_item_names_it_and_takes_nothing() {
    let (console, _) = console();
    let good = json!({ "request": BAD, "body": REFUSAL });
    let items = json!({ "denied": [
        good,
        { "request": "/v1/track?ids=a", "body": REFUSAL },
        { "request": BAD, "body": "{\"status\":4041}" },
        { "request": BAD, "body": REFUSAL, "seconds_left": 0 },
        { "request": BAD, "body": REFUSAL, "instead": "/v1/track/search?searchText=abc" },
        { "request": "=/v1/track/search?size=5&searchText=a", "body": REFUSAL },
    ] });
    let wrong = console.wrong(Method::POST, "/deny", &items.to_string()).await;
    let places: Vec<_> = wrong.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(places, ["denied[1]", "denied[2]", "denied[3]", "denied[4]", "denied[5]"], "{wrong}");
    assert_eq!(console.told(Method::GET, "/deny", "").await["total"], json!(0));
    let wrong = console.wrong(Method::POST, "/deny", "[]").await;
    assert!(wrong.contains("as GET /deny lists it"), "{wrong}");
}

#[tokio::test(start_paused = true)]
async fn an_exempt_request_is_asked_though_it_was_refused() {
    let (console, upstream) = console();
    client(&console, BAD).await;
    let request = json!({ "request": format!("http://proxy{BAD}") }).to_string();
    let told = console.told(Method::PUT, "/deny/exempt", &request).await;
    assert_eq!(told, json!({ "added": [TEXT], "exempt": [TEXT] }));
    let again = console.told(Method::PUT, "/deny/exempt", &request).await;
    assert_eq!(again, json!({ "added": [], "exempt": [TEXT] }));
    client(&console, BAD).await;
    assert_eq!(upstream.calls.load(Ordering::Relaxed), 2);
    assert_eq!(console.told(Method::GET, "/deny/exempt", "").await, json!({ "exempt": [TEXT] }));
    let gone = "/deny/exempt?request=%3D/v1/track/recommendation?seeds%3Da%2Cb%26size%3D5";
    let told = console.told(Method::DELETE, gone, "").await;
    assert_eq!(told, json!({ "removed": [TEXT], "exempt": [] }));
    client(&console, BAD).await;
    assert_eq!(upstream.calls.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_repaired_request_is_exempt_as_what_it_is_repaired_to() {
    let (console, upstream) = console();
    let repeated = "/v1/track/recommendation?seeds=b&seeds=a&seeds=b&size=5";
    console.told(Method::PUT, "/deny/exempt", &json!({ "request": repeated }).to_string()).await;
    client(&console, repeated).await;
    client(&console, repeated).await;
    assert_eq!(upstream.calls.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_request_cannot_be_exempt() {
    let (console, _) = console();
    for (body, why) in [
        (r#"{"request": "/v1/track?ids=a,b"}"#, "never denied"),
        (r#"{"request": "/v1/analysis/audio-features"}"#, "no endpoint whose answers are kept"),
        (r#"{"url": "/v1/track/search"}"#, r#"the body must be {"request": "<URL or canonical text>"}"#),
        ("{", "the body must be"),
    ] {
        let wrong = console.wrong(Method::PUT, "/deny/exempt", body).await;
        assert!(wrong.contains(why), "{wrong}");
    }
}
