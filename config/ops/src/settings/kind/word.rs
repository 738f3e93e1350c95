//! Switches, choices, and words with a form of their own.

use serde_json::{Value as Json, json};

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
            _ => Err(Fault::wrong().help("write true or false")),
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "boolean" })
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
                None => Fault::wrong().help(format!("write {}", self.wanted())),
            }
        })
    }

    fn schema(&self) -> Json {
        let names: Vec<_> = self.0.iter().map(|(name, _)| *name).collect();
        json!({ "type": "string", "enum": names })
    }
}

/// A text that is not blank and has a form of its own.
pub fn parsed<T>(wanted: &'static str, parse: fn(&str) -> Result<T, Fault>) -> Parsed<T> {
    Parsed { wanted, pattern: None, parse }
}

pub struct Parsed<T> {
    wanted: &'static str,
    pattern: Option<&'static str>,
    parse: fn(&str) -> Result<T, Fault>,
}

impl<T> Parsed<T> {
    /// A regular expression (ECMA 262) for the schema that matches whatever is parsed. The text must
    /// be one that YAML cannot take for a number or a switch.
    #[must_use]
    pub fn like(self, pattern: &'static str) -> Self {
        Self { pattern: Some(pattern), ..self }
    }
}

impl<T> Kind for Parsed<T> {
    type Value = T;

    fn wanted(&self) -> String {
        self.wanted.to_owned()
    }

    fn read(&self, node: &Node) -> Result<T, Fault> {
        let text = text(node)?;
        if text.trim().is_empty() {
            return Err(Fault::why("is blank").help("write a value, or remove the key to get its default"));
        }
        (self.parse)(text)
    }

    fn schema(&self) -> Json {
        match self.pattern {
            Some(pattern) => json!({ "type": "string", "pattern": pattern }),
            None => any_text(),
        }
    }
}

/// Text, which need not be quoted even if it looks like a number or a switch.
pub(super) fn any_text() -> Json {
    json!({ "type": ["string", "number", "boolean"], "minLength": 1 })
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
            Err(Fault::why("has characters that cannot stand in a header")
                .help("give letters, digits and signs without spaces, as from openssl rand -hex 32"))
        }
    })
}
