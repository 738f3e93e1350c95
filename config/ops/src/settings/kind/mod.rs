//! What a value of a key may be.
//!
//! A kind reads one node, says in words what it wants, and knows its bounds. The words go into
//! messages, so that an error names the bound without the key having to repeat it.

mod address;
mod duration;
mod file;
mod log;
mod many;
mod number;
mod size;
mod word;

pub use address::{address, base_url, origin};
pub use duration::serialize as serialize_duration;
pub use duration::{DAY, HOUR, MILLISECOND, MINUTE, SECOND, Span, YEAR, duration, in_words};
pub use file::{File, file};
pub use log::log_filter;
pub(super) use many::or_null;
pub use many::{List, Optional, list, optional};
pub use number::{Share, Whole, share, whole};
pub use size::serialize as serialize_size;
pub use size::{GIB, KIB, MIB, Size, TIB, size};
pub use word::{Choice, Parsed, Switch, choice, parsed, switch, token, words};

use std::fmt::Display;

use serde_json::Value as Json;

use super::problem::Place;
use super::secret::HIDDEN;
use super::tree::{Node, Value};

/// How a value of a key is read.
pub trait Kind: Sized {
    type Value;

    /// What is wanted, to follow "must be": `a whole number from 1 to 40`.
    fn wanted(&self) -> String;

    fn read(&self, node: &Node) -> Result<Self::Value, Fault>;

    /// The same as a JSON Schema, as far as one can say it. It accepts whatever is read without fault,
    /// and may accept more.
    fn schema(&self) -> Json;

    /// What to do about a wrong value.
    fn remedy(&self) -> Option<String> {
        None
    }

    /// The value as it may appear in a message.
    fn shown(&self, node: &Node) -> String {
        node.shown()
    }

    /// Whether the value stays out of messages.
    fn is_secret(&self) -> bool {
        false
    }

    /// Adds why the bound is there or how to meet it.
    fn because(self, reason: &'static str) -> Because<Self> {
        Because { kind: self, reason }
    }

    /// Keeps the value out of messages.
    fn veiled(self) -> Veiled<Self> {
        Veiled(self)
    }
}

/// Why a node is not of a kind.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// Completes "is `30`": `has no unit`.
    pub why: Option<String>,
    /// Overrules the remedy of the kind.
    pub help: Option<String>,
    /// The items at fault, if it is not the whole node.
    pub parts: Vec<Part>,
}

/// An item of a list that is not of its kind.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    pub place: Place,
    pub shown: String,
    pub wanted: String,
    pub fault: Fault,
}

impl Fault {
    /// Below the least that is allowed.
    pub fn least(least: &dyn Display) -> Self {
        Self::wrong().help(format!("write {least} or more"))
    }

    /// Above the most that is allowed.
    pub fn most(most: &dyn Display) -> Self {
        Self::wrong().help(format!("write {most} or less"))
    }

    /// Simply not what is wanted.
    pub fn wrong() -> Self {
        Self::default()
    }

    pub fn why(why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..Self::default() }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

pub struct Because<K> {
    kind: K,
    reason: &'static str,
}

impl<K: Kind> Kind for Because<K> {
    type Value = K::Value;

    fn wanted(&self) -> String {
        self.kind.wanted()
    }

    fn read(&self, node: &Node) -> Result<K::Value, Fault> {
        // Why a bound is there helps more than how to keep it.
        self.kind
            .read(node)
            .map_err(|fault| if fault.why.is_none() { Fault { help: None, ..fault } } else { fault })
    }

    fn schema(&self) -> Json {
        self.kind.schema()
    }

    fn remedy(&self) -> Option<String> {
        Some(self.reason.to_owned())
    }

    fn shown(&self, node: &Node) -> String {
        self.kind.shown(node)
    }

    fn is_secret(&self) -> bool {
        self.kind.is_secret()
    }
}

pub struct Veiled<K>(K);

impl<K: Kind> Kind for Veiled<K> {
    type Value = K::Value;

    fn wanted(&self) -> String {
        self.0.wanted()
    }

    fn read(&self, node: &Node) -> Result<K::Value, Fault> {
        self.0.read(node)
    }

    fn schema(&self) -> Json {
        self.0.schema()
    }

    fn remedy(&self) -> Option<String> {
        self.0.remedy()
    }

    fn shown(&self, node: &Node) -> String {
        match node.value {
            Value::Scalar { .. } => format!("`{HIDDEN}`"),
            _ => node.shown(),
        }
    }

    fn is_secret(&self) -> bool {
        true
    }
}

/// The text of a scalar, quoted or not.
fn text(node: &Node) -> Result<&str, Fault> {
    match &node.value {
        Value::Scalar { text, .. } => Ok(text),
        _ => Err(Fault::wrong()),
    }
}

/// The text of a scalar that is not in quotes: quoted, `true` and `80` are words.
fn bare(node: &Node) -> Result<&str, Fault> {
    match &node.value {
        Value::Scalar { text, quoted: false } => Ok(text),
        Value::Scalar { .. } => Err(Fault::why("is in quotes and so a text").help("remove the quotes")),
        _ => Err(Fault::wrong()),
    }
}
