use std::collections::BTreeSet;
use std::path::Path;

use axum::extract::ConnectInfo;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{Method, StatusCode};
use serde_json::Value;
use std::net::SocketAddr;

use super::{Service, ask};
use crate::http::{document, documented, metrics, openapi, page, router};

fn parsed() -> Value {
    serde_json::from_str(&document()).expect("JSON")
}

fn paths() -> BTreeSet<String> {
    parsed()["paths"].as_object().expect("paths").keys().cloned().collect()
}

/// `UPDATE_OPENAPI=1` writes the file anew.
#[test]
fn the_committed_document_is_the_present_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&file, document()).expect("written");
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == document(), "openapi.json is out of date: run the tests with UPDATE_OPENAPI=1");
}

/// The router shows its paths to debuggers only.
#[tokio::test]
async fn every_route_is_in_the_document_and_the_other_way_round() {
    let shown = format!("{:?}", router(Service::open().await.app));
    let routes: BTreeSet<String> = shown
        .split('"')
        .filter(|text| text.starts_with('/') && !text.contains("__private"))
        .map(str::to_owned)
        .collect();
    let mut expected = paths();
    expected.extend(page::ROUTES.map(str::to_owned));
    expected.insert(openapi::ROUTE.to_owned());
    expected.insert(metrics::ROUTE.to_owned());
    assert_eq!(routes, expected);
}

#[tokio::test]
async fn every_method_is_in_the_document_and_the_other_way_round() {
    let (service, document) = (Service::open().await, parsed());
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let mut request = ask(method.clone(), "ann", &path.replace("{id}", "1").replace(['{', '}'], ""));
            // From elsewhere, so that nothing is done.
            let peer: SocketAddr = "192.0.2.7:4000".parse().expect("an address");
            request.extensions_mut().insert(ConnectInfo(peer));
            let status = service.send(request).await.status;
            let told = item.get(method.as_str().to_lowercase()).is_some();
            assert_eq!(status != StatusCode::METHOD_NOT_ALLOWED, told, "{method} {path}: {status}");
        }
    }
}

#[test]
fn operations_have_names_of_their_own_and_tell_their_refusals() {
    let document = parsed();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("an item") {
            let name = operation["operationId"].as_str().expect("a name");
            assert!(names.insert(name.to_owned()), "{name} twice");
            let secured = operation.get("security").is_some();
            assert_eq!(operation["responses"].get("401").is_some(), secured, "{method} {path}");
            assert_eq!(
                operation["responses"].get("413").is_some(),
                operation.get("requestBody").is_some(),
                "{path}"
            );
        }
    }
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
                    found.insert(reference.trim_start_matches('#').to_owned());
                }
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let (document, mut found) = (parsed(), BTreeSet::new());
    references(&document, &mut found);
    assert!(!found.is_empty());
    for pointer in found {
        assert!(document.pointer(&pointer).is_some(), "{pointer}");
    }
}

#[test]
fn aliases_are_told_as_such() {
    let (_, document) = documented();
    let alias = document.paths.paths["/system/cache/stats"].get.as_ref().expect("an operation");
    assert_eq!(alias.summary.as_deref(), Some("Alias of /api/agents/system/cache/stats"));
}

#[tokio::test]
async fn the_document_and_the_page_are_served_to_everybody() {
    let service = Service::open().await;
    assert_eq!(service.get("ann", "/openapi.json").await.text, document());
    for (path, media) in [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")] {
        let file = service.get("ann", path).await;
        assert_eq!(file.status, StatusCode::OK);
        assert!(file.headers[CONTENT_TYPE].to_str().expect("text").starts_with(media));
        let policy = file.headers[CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    }
}

/// What others wrote is never taken for markup, and nothing comes from elsewhere.
#[test]
fn the_page_writes_text_only_and_needs_no_other_server() {
    let (page, script) = (include_str!("../page/index.html"), include_str!("../page/page.js"));
    for markup in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
        assert!(!script.contains(markup), "{markup}");
    }
    for text in [page, include_str!("../page/page.css")] {
        assert!(!text.contains("http://") && !text.contains("https://"));
    }
    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick="));
    for mood in crate::mood::Rules::embedded().popular() {
        assert!(script.contains(mood.as_str()), "{mood}");
    }
}
