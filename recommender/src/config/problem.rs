//! What is wrong with a configuration, as an operator wants to read it.

use std::fmt;

/// Why a configuration was refused: every problem found, shown one after the other.
#[derive(Clone)]
pub struct ConfigError(String);

impl std::error::Error for ConfigError {}

/// Like `Display`, because the text of the file may hold secrets.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
