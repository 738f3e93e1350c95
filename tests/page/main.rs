//! The pages of both services in a real browser: what people press, and what it does behind the
//! page. Screenshots go to `target/screenshots/`, to be looked at.
//!
//! Every tab watches itself: an error in the console, a violation of the content policy or a request
//! to another host fails the test that opened it.

#[path = "../harness/mod.rs"]
mod harness;

mod access;
mod away;
mod configuration;
mod denials;
mod explain;
mod ids;
mod playlist;
mod plots;
mod purge;
mod screenshots;
mod tab;
mod theme;
mod token;
mod warm;

use harness::{Ask, Stage};
use http::Method;
use serde_json::{Value, json};
use tab::Tab;

/// The operators' page of this proxy, once it shows figures.
async fn console(stage: &Stage) -> Tab {
    let tab = Tab::open(&format!("http://{}/", stage.proxy.admin)).await;
    tab.until("the first figures", "document.querySelectorAll('#tier-rows tr').length > 0").await;
    tab
}

/// Makes the proxy know these denials.
async fn deny(stage: &Stage, denied: &[(&str, &str)]) {
    let denied: Vec<_> = denied
        .iter()
        .map(|(request, message)| {
            let body = json!({ "status": 4004, "errors": [{ "path": "x.size", "message": message }] });
            json!({ "request": request, "body": body.to_string() })
        })
        .collect();
    let body = json!({ "denied": denied }).to_string();
    let answer = stage.proxy.admin_ask(Ask::new(Method::POST, "/deny").body(body)).await;
    assert!(answer.is_ok(), "{}", answer.text());
}

/// Refuses what the page asks of addresses that begin so, as for want of a token, while `guarded` is
/// true there.
async fn guard(tab: &Tab, path: &str) {
    let _: Value = tab
        .value(&format!(
            "(() => {{ const through = window.fetch; window.guarded = true; window.fetch = (path, options) =>
                window.guarded && path.startsWith({path:?}) ? Promise.resolve(new Response('', {{ status: 401 }})) : through(path, options); }})()"
        ))
        .await;
}

/// Keeps back what the page is answered at addresses that begin so, until [`release`].
async fn hold(tab: &Tab, method: &str, path: &str) {
    let _: Value = tab
        .value(&format!(
            "(() => {{ const through = window.fetch; window.fetch = async (path, options) => {{
                const answer = await through(path, options);
                const held = path.startsWith({path:?}) && (options.method ?? 'GET') === {method:?};
                if (held) await new Promise((go) => {{ window.release = go; }});
                return answer;
            }}; }})()"
        ))
        .await;
}

async fn release(tab: &Tab) {
    tab.until("an answer that is kept back", "window.release").await;
    let _: Value = tab.value("(() => { window.release(); window.release = null; })()").await;
}
