//! The labels of the table, with their values from the types that they name.

use recobeat_ops::metrics::Label;

use super::Asked;
use crate::cache::Category;
use crate::limits::Class;
use crate::model::FeaturesSource;
use crate::pipeline::STRATEGIES;
use crate::profile::names;
use crate::store::TIMED;

pub(super) static ROUTE: Label =
    Label { name: "route", values: || vec!["<a path of the interface>", "other"] };
pub(super) static STATUS: Label = Label { name: "status", values: || vec!["<an HTTP status>"] };
pub(super) static CLASS: Label = Label { name: "class", values: || Class::ALL.map(Class::name).into() };
pub(super) static OUTCOME: Label =
    Label { name: "outcome", values: || vec!["completed", "failed", "cancelled"] };
pub(super) static STEP: Label = Label { name: "step", values: || names::ALL.into() };
pub(super) static STRATEGY: Label =
    Label { name: "strategy", values: || STRATEGIES.iter().map(|strategy| strategy.name()).collect() };
pub(super) static FEATURES: Label =
    Label { name: "features", values: || FeaturesSource::ALL.map(FeaturesSource::name).into() };
pub(super) static ASKED: Label = Label { name: "result", values: || Asked::ALL.map(Asked::name).into() };
pub(super) static CATEGORY: Label =
    Label { name: "category", values: || Category::ALL.map(Category::name).into() };
pub(super) static FOUND: Label = Label { name: "result", values: || vec!["hit", "miss"] };
pub(super) static MOODS: Label = Label { name: "state", values: || vec!["fresh", "missing"] };
pub(super) static QUERY: Label = Label { name: "query", values: || TIMED.into() };
pub(super) static CONNECTIONS: Label = Label { name: "state", values: || vec!["in_use", "idle"] };
