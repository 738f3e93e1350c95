//! `GET /explain` and `recobeat-proxy explain`: why, without a call.

use crate::harness::proxy::run;
use crate::harness::{Setup, Stage, ids};

#[tokio::test(flavor = "multi_thread")]
async fn a_url_is_explained_on_the_command_line_without_a_call() {
    let stage = Stage::lifted().await;
    let tracks = ids::tracks(0, 30);
    stage.get(&ids::list("/v1/track", &ids::spotify(&tracks[..20]))).await;
    stage.sim.clear_log();
    let url = format!("https://api.reccobeats.com{}", ids::list("/v1/track", &ids::spotify(&tracks)));
    let admin = format!("http://{}", stage.proxy.admin);
    let (code, out, err) = run(&["explain", &url, "--admin", &admin]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.starts_with("partial  GET /v1/track?ids="), "{out}");
    assert!(out.contains("30 ids: 20 fresh, 10 absent"), "{out}");
    assert!(!out.contains('\u{1b}') && out.lines().all(|line| line.chars().count() < 140), "{out}");
    let (_, all, _) = run(&["explain", &url, "--all", "--admin", &admin]);
    assert!(all.lines().count() >= out.lines().count() + 29, "{all}");
    let (code, json, _) = run(&["explain", &url, "--json", "--admin", &admin]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        (code, &json["upstream"]["calls"], &json["upstream"]["ids"]),
        (Some(0), &1.into(), &10.into())
    );
    assert_eq!(stage.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_finds_the_proxy_by_its_configuration_and_brings_the_token() {
    let stage = Stage::with(&Setup::lifted().set("admin.token", "open-sesame")).await;
    let listen = format!("admin.listen={}", stage.proxy.admin);
    let (code, _, err) = run(&["explain", "/v1/track?ids=a", "--set", &listen]);
    assert_eq!(code, Some(1));
    assert!(err.contains("RECOBEAT_ADMIN__TOKEN"), "{err}");
    let (code, out, err) =
        run(&["explain", "/v1/track?ids=a", "--set", &listen, "--set", "admin.token=open-sesame"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with("miss  GET /v1/track?ids=a"), "{out}");
    let (code, _, err) = run(&["explain", "oops", "--set", &listen, "--set", "admin.token=open-sesame"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("begins with /"), "{err}");
}

#[test]
fn nobody_at_the_other_end_is_told_with_what_to_do() {
    let (code, _, err) = run(&["explain", "/v1/track?ids=a", "--admin", "http://127.0.0.1:9"]);
    assert_eq!(code, Some(1));
    assert!(
        err.contains("http://127.0.0.1:9") && err.contains("--admin") && err.contains("start the proxy"),
        "{err}"
    );
}
