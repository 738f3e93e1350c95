//! How a proxy is started: settings laid over the defaults, variables, and what its disk looks like.

use std::path::{Path, PathBuf};

/// Settings are given with `--set`. Without more, no disk and no Redis, and calls are counted without
/// read-ahead.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    file: Option<PathBuf>,
    settings: Vec<String>,
    environment: Vec<(String, String)>,
    within: Option<String>,
}

impl Setup {
    /// Rate limits as shipped.
    pub(crate) fn default_limits() -> Self {
        let settings = vec!["cache.disk.enabled=false".to_owned(), "cache.read_ahead=false".to_owned()];
        Self { file: None, settings, environment: Vec::new(), within: None }
    }

    /// A budget that does not slow anything down.
    pub(crate) fn lifted() -> Self {
        Self::default_limits()
            .set("budget.rate_per_minute", "60000")
            .set("budget.min_interval", "0ms")
            .set("budget.max_in_flight", "64")
    }

    #[must_use]
    pub(crate) fn set(mut self, key: &str, value: &str) -> Self {
        self.settings.push(format!("{key}={value}"));
        self
    }

    /// What is set otherwise is stronger.
    #[must_use]
    pub(crate) fn file(self, path: &Path) -> Self {
        Self { file: Some(path.to_owned()), ..self }
    }

    #[must_use]
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// One attempt a call: failures are seen at once.
    #[must_use]
    pub(crate) fn without_retries(self) -> Self {
        self.set("upstream.retry.max_attempts", "1")
    }

    #[must_use]
    pub(crate) fn read_ahead(self) -> Self {
        self.set("cache.read_ahead", "true")
    }

    /// Keeps what it learns in this file.
    #[must_use]
    pub(crate) fn disk(self, file: &Path) -> Self {
        self.set("cache.disk.enabled", "true").set("cache.disk.path", &file.display().to_string())
    }

    /// Shares what it learns, as one of so many.
    #[must_use]
    pub(crate) fn redis(self, url: &str, replicas: usize) -> Self {
        self.set("cache.redis.url", url).set("budget.replicas", &replicas.to_string())
    }

    /// Gives Redis time: on a machine that is busy with other tests, a server that is not scheduled
    /// for a moment must not pass for one that is away.
    #[must_use]
    pub(crate) fn patient(self) -> Self {
        self.set("cache.redis.lookup_timeout", "1s")
    }

    /// In mounts of its own: this folder is a file system of so many bytes, empty at first.
    #[must_use]
    pub(crate) fn small_disk(self, folder: &Path, bytes: u64) -> Self {
        let folder = folder.display();
        self.mounting(format!("mount -t tmpfs -o size={bytes} none '{folder}'"))
    }

    /// In mounts of its own: nothing can be written in this folder.
    #[must_use]
    pub(crate) fn read_only(self, folder: &Path) -> Self {
        let folder = folder.display();
        self.mounting(format!("mount --bind '{folder}' '{folder}'\nmount -o remount,bind,ro '{folder}'"))
    }

    fn mounting(self, script: String) -> Self {
        Self { within: Some(script), ..self }
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    pub(super) fn settings(&self) -> &[String] {
        &self.settings
    }

    pub(super) fn environment(&self) -> impl Iterator<Item = (&str, &str)> {
        self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(super) fn within(&self) -> Option<&str> {
        self.within.as_deref()
    }
}
