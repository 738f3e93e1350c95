//! One tab of a headless Chromium of its own.

use chromiumoxide::Page;
use chromiumoxide::browser::{Browser, BrowserConfig};
use chromiumoxide::cdp::browser_protocol::dom::{
    GetDocumentParams, QuerySelectorParams, SetFileInputFilesParams,
};
use chromiumoxide::cdp::browser_protocol::emulation::{MediaFeature, SetDeviceMetricsOverrideParams};
use chromiumoxide::cdp::browser_protocol::log::{EventEntryAdded, LogEntryLevel};
use chromiumoxide::cdp::browser_protocol::network::EventRequestWillBeSent;
use chromiumoxide::cdp::browser_protocol::page::{
    CaptureScreenshotFormat, CaptureScreenshotParams, Viewport,
};
use chromiumoxide::cdp::js_protocol::runtime::{
    ConsoleApiCalledType, EventConsoleApiCalled, EventExceptionThrown,
};
use chromiumoxide::keys;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Looks, a moment apart, before something that should come counts as missing: a minute in all,
/// because a machine busy with other tests starts a browser slowly.
const LOOKS: u32 = 1_200;
const MOMENT: Duration = Duration::from_millis(50);

/// What went wrong in the tab, and which addresses it asked.
#[derive(Debug, Default, Clone)]
struct Watched {
    errors: Vec<String>,
    asked: Vec<String>,
}

pub(crate) struct Tab {
    pub(crate) page: Page,
    origin: String,
    watched: Arc<Mutex<Watched>>,
    /// Killed when dropped.
    browser: Browser,
    handler: JoinHandle<()>,
    _profile: TempDir,
}

impl Tab {
    pub(crate) async fn open(url: &str) -> Self {
        let profile = tempfile::tempdir().expect("a temporary folder");
        let (browser, mut events) = Browser::launch(config(profile.path())).await.unwrap_or_else(|error| {
            panic!("Chromium does not start: {error}; install it with: apt-get install chromium")
        });
        let handler = tokio::spawn(async move { while events.next().await.is_some() {} });
        let page = browser.new_page("about:blank").await.expect("a tab");
        let watched = Arc::default();
        watch(&page, &watched).await;
        let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
        let tab = Self { page, origin, watched, browser, handler, _profile: profile };
        tab.show("light", 1280).await;
        tab.page.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
        tab
    }

    /// Ends the tab: fails when anything went wrong in it, save errors that contain one of `expected`.
    pub(crate) async fn done(mut self, expected: &[&str]) {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let unexpected = |error: &&String| !expected.iter().any(|expected| error.contains(expected));
        let errors: Vec<_> = watched.errors.iter().filter(unexpected).collect();
        let ours = |url: &str| url.starts_with(&self.origin) || url == "about:blank";
        let strangers: Vec<_> = watched.asked.iter().filter(|url| !ours(url)).collect();
        let _ = self.browser.close().await;
        let _ = self.browser.wait().await;
        self.handler.abort();
        assert!(errors.is_empty(), "the console says {errors:#?}");
        assert!(strangers.is_empty(), "the page asked {strangers:#?}");
        assert!(!watched.asked.is_empty(), "requests are not watched");
    }

    /// Was an address with this in it asked?
    pub(crate) fn asked(&self, part: &str) -> bool {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.asked.iter().any(|url| url.contains(part))
    }

    /// The value of an expression in the page.
    pub(crate) async fn value<T: DeserializeOwned + Debug>(&self, expression: &str) -> T {
        let found = self.page.evaluate_expression(expression).await;
        let found = found.unwrap_or_else(|error| panic!("{expression}: {error}"));
        let value = found.value().cloned().unwrap_or(Value::Null);
        serde_json::from_value(value).unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    pub(crate) async fn text(&self, selector: &str) -> String {
        self.value(&format!("document.querySelector({selector:?})?.innerText ?? 'nothing there'")).await
    }

    /// Waits until the expression is true.
    pub(crate) async fn until(&self, what: &str, expression: &str) {
        for _ in 0..LOOKS {
            if self.value::<bool>(&format!("Boolean({expression})")).await {
                return;
            }
            sleep(MOMENT).await;
        }
        let errors = &self.watched.lock().unwrap_or_else(PoisonError::into_inner).errors.clone();
        panic!("{what} did not come; errors {errors:#?}; the page says:\n{}", self.text("body").await);
    }

    /// Waits until an element's text has this in it.
    pub(crate) async fn until_says(&self, selector: &str, part: &str) {
        let says = format!(
            "document.querySelector({selector:?})?.innerText.replaceAll('\\u00a0', ' ').includes({part:?})"
        );
        self.until(&format!("{part:?} in {selector}"), &says).await;
    }

    /// Presses with the mouse, where the element is.
    pub(crate) async fn click(&self, selector: &str) {
        self.until(selector, &format!("document.querySelector({selector:?})?.checkVisibility()")).await;
        let element = self.page.find_element(selector).await;
        let element = element.unwrap_or_else(|error| panic!("{selector}: {error}"));
        element.click().await.unwrap_or_else(|error| panic!("{selector} cannot be clicked: {error}"));
    }

    /// Presses a key on an element, as somebody without a mouse does.
    pub(crate) async fn key(&self, selector: &str, key: &str) {
        let there = format!("document.querySelector({selector:?})?.checkVisibility()");
        self.until(selector, &there).await;
        let focused: bool = self
            .value(&format!(
                "(() => {{ const it = document.querySelector({selector:?}); it.focus(); return document.activeElement === it; }})()"
            ))
            .await;
        assert!(focused, "{selector} takes no focus");
        self.press(key).await;
    }

    /// Presses a key where the focus is.
    pub(crate) async fn press(&self, key: &str) {
        assert!(keys::get_key_definition(key).is_some(), "no key {key}");
        let body = self.page.find_element("body").await.expect("a body");
        body.press_key(key).await.unwrap_or_else(|error| panic!("{key}: {error}"));
    }

    /// Empties a field and types into it.
    pub(crate) async fn fill(&self, selector: &str, text: &str) {
        self.click(selector).await;
        let _: Value = self.value(&format!("document.querySelector({selector:?}).select()")).await;
        self.press("Delete").await;
        let field = self.page.find_element(selector).await.expect("it was clicked");
        field.type_str(text).await.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Chooses an option of a select by its text or value.
    pub(crate) async fn choose(&self, selector: &str, option: &str) {
        let script = format!(
            "(() => {{ const it = document.querySelector({selector:?}); it.value = {option:?};
                it.dispatchEvent(new Event('change', {{ bubbles: true }})); return it.value === {option:?}; }})()"
        );
        assert!(self.value::<bool>(&script).await, "{selector} has no {option}");
    }

    pub(crate) async fn choose_file(&self, selector: &str, file: &Path) {
        let document = self.page.execute(GetDocumentParams::default()).await.expect("a document");
        let input = QuerySelectorParams::new(document.root.node_id, selector);
        let input = self.page.execute(input).await.unwrap_or_else(|error| panic!("{selector}: {error}"));
        let files = SetFileInputFilesParams::builder()
            .files(vec![file.display().to_string()])
            .node_id(input.node_id)
            .build()
            .expect("a file and an input");
        self.page.execute(files).await.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    pub(crate) async fn reload(&self) {
        self.page.reload().await.expect("the page loads again");
    }

    /// As somebody with this preference and this window sees it.
    pub(crate) async fn show(&self, theme: &str, width: i64) {
        let phone = width < 600;
        let size = SetDeviceMetricsOverrideParams::new(width, 900, if phone { 2.0 } else { 1.0 }, phone);
        self.page.execute(size).await.expect("another size");
        let theme = MediaFeature::new("prefers-color-scheme", theme);
        let still = MediaFeature::new("prefers-reduced-motion", "reduce");
        self.page.emulate_media_features(vec![theme, still]).await.expect("other preferences");
    }

    /// The whole page, however long, as `target/screenshots/<name>-<width>-<theme>.png`.
    pub(crate) async fn screenshots(&self, name: &str) {
        let folder = screenshots();
        std::fs::create_dir_all(&folder).expect("a folder beside the binaries");
        for width in [1280, 390] {
            for theme in ["light", "dark"] {
                self.show(theme, width).await;
                self.until("the plots of this width", &format!("innerWidth === {width}")).await;
                let height: f64 = self.value("document.documentElement.scrollHeight").await;
                #[expect(clippy::cast_precision_loss, reason = "a width in pixels")]
                let clip = Viewport { x: 0.0, y: 0.0, width: width as f64, height, scale: 1.0 };
                let whole = CaptureScreenshotParams::builder()
                    .format(CaptureScreenshotFormat::Png)
                    .capture_beyond_viewport(true)
                    .clip(clip)
                    .build();
                let image = self.page.screenshot(whole).await.expect("a picture");
                std::fs::write(folder.join(format!("{name}-{width}-{theme}.png")), image)
                    .expect("room for it");
            }
        }
        self.show("light", 1280).await;
    }
}

/// `target/screenshots`, beside the folder of the profile.
fn screenshots() -> PathBuf {
    let own = std::env::current_exe().expect("the system knows this executable");
    own.ancestors().nth(3).expect("target/<profile>/deps/<test>").join("screenshots")
}

fn config(profile: &Path) -> BrowserConfig {
    let mut config = BrowserConfig::builder()
        .user_data_dir(profile)
        .new_headless_mode()
        .viewport(None)
        .launch_timeout(Duration::from_secs(60))
        .request_timeout(Duration::from_secs(60))
        .arg("hide-scrollbars")
        .arg("disable-gpu");
    // Chromium refuses to sandbox itself for root, which tests in containers are.
    if rustix::process::geteuid().is_root() {
        config = config.no_sandbox();
    }
    config.build().unwrap_or_else(|error| {
        panic!("these tests need Chromium ({error}); install it with: apt-get install chromium")
    })
}

async fn watch(page: &Page, watched: &Arc<Mutex<Watched>>) {
    page.enable_log().await.expect("a log");
    page.enable_runtime().await.expect("a runtime");
    let exceptions = page.event_listener::<EventExceptionThrown>().await.expect("exceptions");
    note(exceptions, watched, |watched, event| {
        let details = &event.exception_details;
        let thrown = details.exception.as_ref().and_then(|thrown| thrown.description.clone());
        watched.errors.push(thrown.unwrap_or_else(|| details.text.clone()));
    });
    let entries = page.event_listener::<EventEntryAdded>().await.expect("log entries");
    note(entries, watched, |watched, event| {
        let entry = &event.entry;
        if matches!(entry.level, LogEntryLevel::Error | LogEntryLevel::Warning) {
            watched.errors.push(format!("{} {}", entry.text, entry.url.as_deref().unwrap_or_default()));
        }
    });
    let prints = page.event_listener::<EventConsoleApiCalled>().await.expect("the console");
    note(prints, watched, |watched, event| {
        if matches!(event.r#type, ConsoleApiCalledType::Error | ConsoleApiCalledType::Warning) {
            watched.errors.push(format!("{:?}", event.args));
        }
    });
    let requests = page.event_listener::<EventRequestWillBeSent>().await.expect("requests");
    note(requests, watched, |watched, event| watched.asked.push(event.request.url.clone()));
}

fn note<E: Send + Sync + 'static>(
    mut events: impl StreamExt<Item = Arc<E>> + Send + Unpin + 'static,
    watched: &Arc<Mutex<Watched>>,
    write: impl Fn(&mut Watched, &E) + Send + 'static,
) {
    let watched = Arc::clone(watched);
    tokio::spawn(async move {
        while let Some(event) = events.next().await {
            write(&mut watched.lock().unwrap_or_else(PoisonError::into_inner), &event);
        }
    });
}
