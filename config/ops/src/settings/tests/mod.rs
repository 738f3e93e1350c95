//! What holds for every service, tried on a small model: how sources are read, and how faults are told.

mod files;
mod sample;
mod schema;
mod yaml;

use std::fs;

use super::{ConfigError, Loaded, Sources};
use sample::Sample;

/// Loads a file of this text, and nothing else.
fn load(text: &str) -> Result<Sample, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sample.yaml");
    fs::write(&path, text).unwrap();
    let sources = Sources { path: Some(path.clone()), ..Sources::default() };
    let Loaded { config, path: read, written, .. } = super::load(sources)?;
    assert_eq!((read, written), (Some(path), text.as_bytes().to_vec()));
    Ok(config)
}

/// The message for a file of this text, without the file's folder.
fn refusal(text: &str) -> String {
    let message = load(text).unwrap_err().to_string();
    let name = |line: &str| match line.find("/sample.yaml") {
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
            assert_eq!(crate::settings::tests::refusal($text), $message.trim_start_matches('\n'));
        }
    )+};
}
use refused;
