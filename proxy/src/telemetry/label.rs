//! The labels of the table, with their values from the types that they name.

use recobeat_ops::metrics::Label;

use super::{Avoided, Outcome, ReadAheadRow};
use crate::api::{ENDPOINTS, RowKind};
use crate::budget::Lane;
use crate::cache::Category;
use crate::flight::Failure;
use crate::guard::{Repair, Tier};
use crate::upstream::CallError;

pub(super) static ENDPOINT: Label =
    Label { name: "endpoint", values: || endpoints().chain(["pass", "malformed"]).collect() };
pub(super) static CALLED: Label =
    Label { name: "endpoint", values: || endpoints().chain(["pass"]).collect() };
pub(super) static STATUS: Label = Label {
    name: "status",
    values: || ["<an HTTP status>", "failed"].into_iter().chain(CallError::KINDS).collect(),
};
pub(super) static OUTCOME: Label =
    Label { name: "outcome", values: || Outcome::ALL.map(Outcome::name).into() };
pub(super) static ERROR: Label =
    Label { name: "class", values: || Failure::LABELS.into_iter().chain(["rule", "malformed"]).collect() };
pub(super) static CATEGORY: Label =
    Label { name: "category", values: || Category::ALL.map(Category::name).into() };
pub(super) static FOUND: Label = Label { name: "result", values: || vec!["hit", "stale", "miss"] };
pub(super) static TIER: Label = Label { name: "tier", values: || vec!["memory", "disk", "redis"] };
pub(super) static CAUSE: Label = Label { name: "cause", values: || Avoided::ALL.map(Avoided::name).into() };
pub(super) static REPAIR: Label = Label { name: "kind", values: || Repair::ALL.map(Repair::name).into() };
pub(super) static FALLBACK: Label = Label { name: "tier", values: || Tier::ALL.map(Tier::name).into() };
pub(super) static TRIED: Label = Label { name: "result", values: || vec!["worked", "refused"] };
pub(super) static KIND: Label = Label { name: "kind", values: || RowKind::ALL.map(RowKind::name).into() };
pub(super) static LANE: Label = Label { name: "lane", values: || Lane::ALL.map(Lane::name).into() };
pub(super) static RELOAD: Label =
    Label { name: "outcome", values: || vec!["applied", "unchanged", "refused"] };
pub(super) static AHEAD: Label =
    Label { name: "row", values: || ReadAheadRow::ALL.map(ReadAheadRow::name).into() };

pub(super) static WARMED: Label =
    Label { name: "result", values: || vec!["held", "fetched", "missing", "failed"] };

fn endpoints() -> impl Iterator<Item = &'static str> {
    ENDPOINTS.iter().map(|endpoint| endpoint.path)
}
