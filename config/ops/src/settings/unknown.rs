//! Keys that do not exist, and what was probably meant.

use super::problem::{Place, Problem};
use super::service::Service;
use super::spelling::closest;

/// A key found in a section that has no key or section of that name.
pub(super) struct Unknown {
    /// The path of the section; empty for the top.
    pub(super) section: String,
    pub(super) key: String,
    pub(super) place: Place,
    /// The names the section does have.
    pub(super) siblings: Vec<&'static str>,
}

impl Unknown {
    /// The problem, with a suggestion from the paths of all keys.
    pub(super) fn problem(&self, service: &Service, keys: &[&str]) -> Problem {
        let Self { section, key, place, siblings } = self;
        let path = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
        let suggestion = match place {
            Place::Variable(name) => closest(name, keys.iter().map(|key| service.variable(key))),
            _ => closest(key.as_str(), siblings.iter().copied())
                .or_else(|| elsewhere(key, keys))
                .or_else(|| closest(&path, keys.iter().copied()))
                .map(str::to_owned),
        };
        let message = format!("unknown key `{path}`");
        let message = match suggestion {
            Some(suggestion) => format!("{message}, did you mean `{suggestion}`?"),
            None => message,
        };
        let owner = if section.is_empty() { "the top level".to_owned() } else { format!("`{section}`") };
        let help = if key == "<<" {
            "merge keys are not understood: write the values out".to_owned()
        } else if siblings.is_empty() {
            format!("{owner} has no keys")
        } else {
            format!("the keys of {owner} are {}", siblings.join(", "))
        };
        let help = match place {
            Place::Variable(_) => format!(
                "{help}; a variable is {} and the path of a key in upper case, `__` between its parts",
                service.prefix
            ),
            _ => help,
        };
        Problem::new(place.clone(), message).help(help)
    }
}

/// A key of that name in another section, if there is just one.
fn elsewhere<'a>(key: &str, keys: &[&'a str]) -> Option<&'a str> {
    let mut found = keys.iter().filter(|path| path.rsplit('.').next() == Some(key));
    let path = found.next()?;
    found.next().is_none().then_some(path)
}
