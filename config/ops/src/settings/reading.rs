use super::load::{Loaded, Sources, read};
use super::problem::ConfigError;
use super::service::Settings;

/// How a service that runs reads its settings anew.
///
/// A file is emptied for a moment by some who write it, and for good by a disk that is full. At a start an
/// empty file means the defaults; in a service that runs it would undo every setting at once without
/// anybody having written so, and is refused where the file has said something before.
#[derive(Clone, Debug)]
pub struct Reading {
    sources: Sources,
    /// Nothing has been in the file yet.
    blank: bool,
}

impl Reading {
    /// What was loaded from `sources` runs.
    pub fn new<T>(sources: Sources, loaded: &Loaded<T>) -> Self {
        // A default file that has gone is an error from now on, not a wish for the defaults.
        let sources = Sources { path: loaded.path.clone().or(sources.path), ..sources };
        Self { sources, blank: loaded.blank }
    }

    /// Reads and checks them again.
    ///
    /// # Errors
    /// Everything that is wrong with them, ready to be printed.
    pub fn again<T: Settings>(&self) -> Result<Loaded<T>, ConfigError> {
        read(self.sources.clone(), self.blank)
    }

    /// What was read runs from now on.
    pub fn taken<T>(&mut self, loaded: &Loaded<T>) {
        self.blank &= loaded.blank;
    }
}
