//! Where RecoBeat is asked.

use serde::Serialize;

use recobeat_ops::settings::kind::{Kind, base_url, optional, token, whole};
use recobeat_ops::settings::secret::{debug_as_shown, hidden};
use recobeat_ops::settings::{Reader, defaults};

/// Where RecoBeat is asked.
#[derive(Clone, PartialEq, Serialize)]
pub struct Proxy {
    pub url: String,
    /// The proxy's own listener for operators; statistics of its caches are left out without one.
    pub admin_url: Option<String>,
    #[serde(serialize_with = "hidden")]
    pub admin_token: Option<String>,
    /// Requests at once, over all runs of this process.
    pub concurrency: usize,
}

debug_as_shown!(Proxy);

impl Proxy {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let url = || base_url("an http or https URL such as http://127.0.0.1:8080");
        Self {
            url: r.key("url", "http://127.0.0.1:8080".to_owned(), url()),
            admin_url: r.key("admin_url", Some("http://127.0.0.1:9090".to_owned()), optional(url())),
            admin_token: r.key("admin_token", None, optional(token()).veiled()),
            concurrency: r.key("concurrency", 8, whole(1..=1000)),
        }
    }
}

impl Default for Proxy {
    fn default() -> Self {
        defaults(Self::read)
    }
}
