//! Files that have to be there when the settings are read.

use std::fs::File as Opened;
use std::io::Read;
use std::path::PathBuf;

use serde_json::Value as Json;

use super::word::any_text;
use super::{Fault, Kind, text};
use crate::settings::tree::Node;

/// A file that is there and can be read.
pub fn file(wanted: &'static str) -> File {
    File { wanted, marker: None }
}

pub struct File {
    wanted: &'static str,
    marker: Option<&'static str>,
}

impl File {
    /// The file holds this text, as PEM files say what they are for.
    #[must_use]
    pub fn holding(self, marker: &'static str) -> Self {
        Self { marker: Some(marker), ..self }
    }
}

impl Kind for File {
    type Value = PathBuf;

    fn wanted(&self) -> String {
        self.wanted.to_owned()
    }

    fn read(&self, node: &Node) -> Result<PathBuf, Fault> {
        const MOST: u64 = 4 << 20;
        let text = text(node)?;
        if text.trim().is_empty() {
            return Err(Fault::why("is blank").help("name a file, or remove the key"));
        }
        let path = PathBuf::from(text);
        if path.is_dir() {
            return Err(Fault::why("is a folder").help("name a file in it"));
        }
        let unreadable = |error| {
            Fault::why(format!("cannot be read ({error})"))
                .help("give a path, absolute or from the working directory, that this user may read")
        };
        let file = Opened::open(&path).map_err(unreadable)?;
        if let Some(marker) = self.marker {
            let mut content = Vec::new();
            file.take(MOST).read_to_end(&mut content).map_err(unreadable)?;
            if !String::from_utf8_lossy(&content).contains(marker) {
                return Err(Fault::why(format!("holds no `{marker}`"))
                    .help(format!("name a file in PEM, the form with a line that says `{marker}`")));
            }
        }
        Ok(path)
    }

    fn schema(&self) -> Json {
        any_text()
    }
}
