//! Switches, choices, and words with a form of their own.

use super::{Fault, Kind, bare, text};
use crate::settings::tree::Node;

/// `true` or `false`.
pub fn switch() -> Switch {
    Switch
}

pub struct Switch;

impl Kind for Switch {
    type Value = bool;

    fn wanted(&self) -> String {
        "true or false".to_owned()
    }

    fn read(&self, node: &Node) -> Result<bool, Fault> {
        match bare(node)? {
            "true" => Ok(true),
            "false" => Ok(false),
            "yes" | "on" | "1" | "True" | "TRUE" => Err(Fault::wrong().help("write true")),
            "no" | "off" | "0" | "False" | "FALSE" => Err(Fault::wrong().help("write false")),
            _ => Err(Fault::wrong()),
        }
    }
}

/// One of a few names.
pub fn choice<T: Copy + 'static>(names: &'static [(&'static str, T)]) -> Choice<T> {
    Choice(names)
}

pub struct Choice<T: 'static>(&'static [(&'static str, T)]);

impl<T: Copy> Kind for Choice<T> {
    type Value = T;

    fn wanted(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|(name, _)| *name).collect();
        names.join(" or ")
    }

    fn read(&self, node: &Node) -> Result<T, Fault> {
        let text = text(node)?;
        let found = self.0.iter().find(|(name, _)| *name == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let near = |name: &str| strsim::osa_distance(&name.to_lowercase(), &text.to_lowercase()) <= 2;
            match self.0.iter().find(|(name, _)| near(name)) {
                Some((name, _)) => Fault::wrong().help(format!("did you mean `{name}`?")),
                None => Fault::wrong(),
            }
        })
    }
}

/// A text that is not blank and has a form of its own.
pub fn parsed<T>(wanted: &'static str, parse: fn(&str) -> Result<T, Fault>) -> Parsed<T> {
    Parsed { wanted, parse }
}

pub struct Parsed<T> {
    wanted: &'static str,
    parse: fn(&str) -> Result<T, Fault>,
}

impl<T> Kind for Parsed<T> {
    type Value = T;

    fn wanted(&self) -> String {
        self.wanted.to_owned()
    }

    fn read(&self, node: &Node) -> Result<T, Fault> {
        let text = text(node)?;
        if text.trim().is_empty() {
            return Err(Fault::why("is blank"));
        }
        (self.parse)(text)
    }
}

/// Any text that is not blank.
pub fn words(wanted: &'static str) -> Parsed<String> {
    parsed(wanted, |text| Ok(text.to_owned()))
}

/// Words for a header: a token, a key.
pub fn token() -> Parsed<String> {
    parsed("visible ASCII characters without spaces", |text| {
        if text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(text.to_owned())
        } else {
            Err(Fault::why("has characters that cannot stand in a header"))
        }
    })
}
