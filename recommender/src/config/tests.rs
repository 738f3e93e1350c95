//! The configuration as operators meet it: what is refused and how that is said, which source wins,
//! and that the file shipped with the product says what the code does.

mod combinations;
mod examples;
mod overrides;
mod schema;
mod shipped;
mod values;

use std::fs;

use super::{Config, ConfigError, Sources};

/// Loads a file of this text, and nothing else.
fn load(text: &str) -> Result<Config, ConfigError> {
    load_with(text, &[], &[])
}

fn load_with(text: &str, env: &[(&str, &str)], set: &[&str]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("recommender.yaml");
    fs::write(&path, text).expect("a file");
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let set = set.iter().map(|argument| (*argument).to_owned()).collect();
    Config::load(Sources { path: Some(path), env, set }).map(|loaded| loaded.config)
}

/// The message for these sources, without the file's folder.
fn refusal_with(text: &str, env: &[(&str, &str)], set: &[&str]) -> String {
    let message = load_with(text, env, set).expect_err("a broken configuration").to_string();
    let name = |line: &str| match line.find("/recommender.yaml") {
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
            let told = crate::config::tests::refusal_with($text, &[], &[]);
            assert_eq!(told, $message.trim_start_matches('\n'));
        }
    )+};
}
use refused;
