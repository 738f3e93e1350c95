//! The configuration as operators meet it: what is refused and how that is said, which source
//! wins, and that the file shipped with the product says what the code does.

mod addresses;
mod combinations;
mod examples;
mod keys;
mod overrides;
mod schema;
mod shipped;
mod values;

use std::fs;

use super::{Config, ConfigError, Loaded, Sources};

/// Loads a file of this text, and nothing else.
fn load(text: &str) -> Result<Config, ConfigError> {
    load_with(text, &[], &[])
}

fn load_with(text: &str, env: &[(&str, &str)], set: &[&str]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proxy.yaml");
    fs::write(&path, text).unwrap();
    let env: Vec<_> = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let set = set.iter().map(|argument| (*argument).to_owned()).collect();
    let sources = Sources { path: Some(path.clone()), env, set };
    let Loaded { config, path: read, .. } = Config::load(sources)?;
    assert_eq!(read, Some(path));
    Ok(config)
}

/// The message for a file of this text, without the file's folder.
fn refusal(text: &str) -> String {
    refusal_with(text, &[], &[])
}

fn refusal_with(text: &str, env: &[(&str, &str)], set: &[&str]) -> String {
    let message = load_with(text, env, set).unwrap_err().to_string();
    let name = |line: &str| match line.find("/proxy.yaml") {
        Some(at) if line.starts_with('/') => line[at + 1..].to_owned(),
        _ => line.to_owned(),
    };
    message.lines().map(name).collect::<Vec<_>>().join("\n")
}

/// One test for each broken file: its name, its text, and the message it must give.
macro_rules! refused {
    ($($name:ident: $text:expr => $message:expr,)+) => {$(
        #[test]
        fn $name() {
            assert_eq!(crate::config::tests::refusal($text), $message.trim_start_matches('\n'));
        }
    )+};
}
use refused;
