//! One piece of work of a trace.

use std::borrow::Cow;
use std::time::Duration;

use super::{Context, Recording};

/// Where a span stands between services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Answers a request of another process.
    Server,
    /// Asks another process.
    Client,
    Internal,
}

/// What a span can say about itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(Cow<'static, str>),
    Number(i64),
    Flag(bool),
}

/// Ends when it is dropped. Without an export it is only the context it began under.
#[derive(Debug)]
pub struct Span {
    under: Option<Context>,
    recording: Option<Recording>,
}

/// How a span begins.
#[derive(Debug)]
#[cfg_attr(not(feature = "otlp"), allow(dead_code))] // for those who record
pub(super) struct Begin {
    pub(super) kind: Kind,
    pub(super) name: Cow<'static, str>,
    /// What else it was done for, besides what caused it.
    pub(super) links: Vec<Context>,
    /// How long ago it began.
    pub(super) ago: Duration,
}

impl Span {
    /// Begins now. Names are few: a route, not a URL. Without `under` it begins a trace of its own.
    pub fn begin(kind: Kind, name: impl Into<Cow<'static, str>>, under: Option<Context>) -> Self {
        Self::new(under, || Begin { kind, name: name.into(), links: Vec::new(), ago: Duration::ZERO })
    }

    /// Begins now, for many: `links` lead to those who wait for it beside `under`.
    pub fn shared(
        name: &'static str,
        under: Option<Context>,
        links: impl IntoIterator<Item = Context>,
    ) -> Self {
        Self::new(under, || {
            let links = links.into_iter().collect();
            Begin { kind: Kind::Internal, name: name.into(), links, ago: Duration::ZERO }
        })
    }

    /// Records what has ended just now, and took so long.
    pub fn past(name: &'static str, under: Option<Context>, took: Duration) -> Self {
        Self::new(under, || Begin { kind: Kind::Internal, name: name.into(), links: Vec::new(), ago: took })
    }

    fn new(under: Option<Context>, begin: impl FnOnce() -> Begin) -> Self {
        let recording = Recording::begin(under.as_ref(), begin);
        Self { under, recording }
    }

    /// For what this span causes.
    pub fn context(&self) -> Option<Context> {
        self.recording.as_ref().map(Recording::context).or_else(|| self.under.clone())
    }

    /// False when nobody will see it: what is costly to say need not be found out.
    pub fn is_recorded(&self) -> bool {
        self.recording.as_ref().is_some_and(Recording::is_sampled)
    }

    /// By what it turned out to be.
    pub fn rename(&mut self, name: &'static str) {
        if let Some(recording) = &mut self.recording {
            recording.rename(name);
        }
    }

    /// Says something about it, by a name of OpenTelemetry's conventions where there is one.
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        if let Some(recording) = &mut self.recording {
            recording.set(key, value.into());
        }
    }

    /// It did not bring what it was to bring.
    pub fn fail(&mut self, why: impl Into<Cow<'static, str>>) {
        if let Some(recording) = &mut self.recording {
            recording.fail(why.into());
        }
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}
