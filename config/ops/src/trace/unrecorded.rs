//! In a binary without the feature `otlp` no span is recorded: there is no value of this type.

use std::borrow::Cow;

use super::span::Begin;
use super::{Context, Value};

#[derive(Debug)]
pub(super) enum Recording {}

impl Recording {
    pub(super) fn begin(_: Option<&Context>, _: impl FnOnce() -> Begin) -> Option<Self> {
        None
    }

    pub(super) fn context(&self) -> Context {
        match *self {}
    }

    pub(super) fn is_sampled(&self) -> bool {
        match *self {}
    }

    pub(super) fn rename(&mut self, _: &'static str) {
        match *self {}
    }

    pub(super) fn set(&mut self, _: &'static str, _: Value) {
        match *self {}
    }

    pub(super) fn fail(&mut self, _: Cow<'static, str>) {
        match *self {}
    }
}
