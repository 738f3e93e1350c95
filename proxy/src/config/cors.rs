//! Which web pages may call the proxy from a browser.

use serde::Serialize;

use recobeat_ops::settings::Reader;
use recobeat_ops::settings::kind::{list, origin};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cors {
    /// Either `*` alone or origins (RFC 6454 §6.2): scheme, host and port in lower case. Empty
    /// allows none.
    pub allowed_origins: Vec<String>,
}

impl Cors {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let cors = Self { allowed_origins: r.key("allowed_origins", vec!["*".to_owned()], list(origin())) };
        if cors.allowed_origins.len() > 1 && cors.allowed_origins.iter().any(|origin| origin == "*") {
            r.refuse(
                &["allowed_origins"],
                "`cors.allowed_origins` has `*` beside other origins",
                "`*` allows every origin: keep it alone, or remove it",
            );
        }
        cors
    }
}
