//! How a recommender is started: variables over the defaults.

use std::path::Path;

/// Without more, everybody is who they say they are, a file of the process's own keeps the
/// playlists, nothing is limited per minute, and nothing happens by the clock.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    variables: Vec<(String, String)>,
}

impl Terms {
    /// Limits as shipped.
    pub(crate) fn default_limits() -> Self {
        Self { variables: Vec::new() }.set("schedule.warm_at", "null")
    }

    pub(crate) fn lifted() -> Self {
        let limits = ["start", "remix", "status", "prefetch", "warm", "address"];
        limits.iter().fold(Self::default_limits(), |terms, limit| {
            terms.set(&format!("limits.{limit}_per_minute"), "1000000")
        })
    }

    /// Sets a key of the configuration, such as `moods.cache`.
    #[must_use]
    pub(crate) fn set(self, key: &str, value: &str) -> Self {
        let name = format!("RECOMMENDER_{}", key.replace('.', "__").to_uppercase());
        self.variable(&name, value)
    }

    #[must_use]
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Instead of the file of its own.
    #[must_use]
    pub(crate) fn database(self, url: &str) -> Self {
        self.variable("DATABASE_URL", url)
    }

    #[must_use]
    pub(crate) fn without_mood_cache(self) -> Self {
        self.set("moods.cache", "false")
    }

    /// Callers are whom a token of this algorithm and key names.
    #[must_use]
    pub(crate) fn tokens(self, algorithm: &str, key: &str) -> Self {
        self.set("auth.mode", "jwt").set("auth.jwt.algorithm", algorithm).set("auth.jwt.key", key)
    }

    pub(super) fn variables(&self, folder: &Path) -> Vec<(String, String)> {
        let mut variables = self.variables.clone();
        if !variables.iter().any(|(name, _)| name == "DATABASE_URL") {
            let file = folder.join("recommender.db");
            variables.push(("DATABASE_URL".to_owned(), format!("sqlite:{}", file.display())));
        }
        variables
    }
}
