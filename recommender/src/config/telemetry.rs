//! What is logged.

use serde::Serialize;

use recobeat_ops::settings::Reader;
use recobeat_ops::settings::kind::{log_filter, switch};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Telemetry {
    /// A filter of the tracing crate, for example `info,recobeat_recommender=debug`.
    pub log: String,
    pub json: bool,
}

impl Telemetry {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let log = log_filter("log directives such as info or warn,recobeat_recommender=debug");
        Self { log: r.key("log", "info".to_owned(), log), json: r.key("json", false, switch()) }
    }
}
