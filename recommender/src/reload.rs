//! Another configuration for a service that runs.
//!
//! How often callers may ask and what is logged changes at once; everything else is made into parts at
//! the start and is named as waiting for a restart. A file with anything wrong in it changes nothing.

use std::sync::Arc;

use recobeat_ops::log::LogError;
use recobeat_ops::reload::{Change, Triggers, changes, listed};
use recobeat_ops::settings::Reading;
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::config::{Config, Limits, Loaded, Sources};
use crate::limits::Limiter;
use crate::profile::Profiler;

/// Changes what is logged.
type SetLevel = Box<dyn Fn(&str) -> Result<(), LogError> + Send + Sync>;

/// The configuration that runs, and what can be told otherwise.
pub struct Reload {
    reading: Reading,
    running: Config,
    limiter: Arc<Limiter>,
    profiler: Arc<Profiler>,
    set_level: SetLevel,
}

impl Reload {
    /// What was loaded from `sources` runs.
    pub fn new(
        sources: Sources,
        loaded: &Loaded,
        limiter: Arc<Limiter>,
        profiler: Arc<Profiler>,
        set_level: impl Fn(&str) -> Result<(), LogError> + Send + Sync + 'static,
    ) -> Self {
        profiler.metrics().configured(true);
        let (reading, running) = (Reading::new(sources, loaded), loaded.config.clone());
        Self { reading, running, limiter, profiler, set_level: Box::new(set_level) }
    }

    /// Reloads whenever it is told to. Never ends.
    pub async fn follow(mut self, mut triggers: Triggers) {
        loop {
            let by = triggers.next().await;
            self.reload(by).await;
        }
    }

    async fn reload(&mut self, by: &str) {
        let reading = self.reading.clone();
        let loaded = spawn_blocking(move || read(&reading));
        let loaded = loaded.await.unwrap_or_else(|error| Err(format!("cannot be read: {error}")));
        self.profiler.metrics().configured(loaded.is_ok());
        match loaded {
            Ok(loaded) => {
                self.take(by, &loaded.config);
                self.reading.taken(&loaded);
            }
            Err(error) => tracing::warn!(by, error, "configuration refused: what runs stays as it is"),
        }
    }

    fn take(&mut self, by: &str, read: &Config) {
        let next = live(&self.running, read);
        let applied = listed(&changes(&shown(&self.running), &shown(&next)));
        let restart = listed(&waiting(&next, read));
        if next != self.running {
            self.limiter.apply(next.limits.clone());
            if let Err(error) = (self.set_level)(&next.telemetry.log) {
                tracing::error!(%error, "the log stays as it was");
            }
            self.running = next;
        }
        if !restart.is_empty() {
            tracing::warn!(by, applied, restart, "configuration read: some keys need a restart");
        } else if applied.is_empty() {
            tracing::info!(by, "configuration read: nothing has changed");
        } else {
            tracing::info!(by, applied, "configuration reloaded");
        }
    }
}

fn read(reading: &Reading) -> Result<Loaded, String> {
    let loaded: Loaded = reading.again().map_err(|error| error.to_string())?;
    // What a start would refuse is no good file.
    loaded.config.telemetry.check().map_err(|error| error.to_string())?;
    Ok(loaded)
}

/// What runs, with the values of `read` where they can change at once.
fn live(running: &Config, read: &Config) -> Config {
    let mut next = running.clone();
    let Limits { body, concurrent_runs, .. } = running.limits;
    next.limits = Limits { body, concurrent_runs, ..read.limits.clone() };
    next.telemetry.log.clone_from(&read.telemetry.log);
    next
}

/// The keys that have other values as read than as they run.
fn waiting(running: &Config, read: &Config) -> Vec<Change> {
    let (from, to) = (shown(running), shown(read));
    let mut waiting = changes(&from, &to);
    // Two secrets look the same.
    for ((key, running), (_, read)) in secrets(running).into_iter().zip(secrets(read)) {
        if running != read && !waiting.iter().any(|change| change.key == key) {
            let pointer = format!("/{}", key.replace('.', "/"));
            let value = |shown: &Value| shown.pointer(&pointer).cloned().unwrap_or_default();
            waiting.push(Change { key: key.to_owned(), from: value(&from), to: value(&to) });
        }
    }
    waiting
}

/// All that is not shown as it is.
fn secrets(config: &Config) -> [(&'static str, Option<&str>); 7] {
    let Config { proxy, database_url, redis_url, auth, llm, .. } = config;
    [
        ("proxy.admin_token", proxy.admin_token.as_deref()),
        ("database_url", Some(database_url.as_str())),
        ("redis_url", redis_url.as_deref()),
        ("auth.jwt.key", auth.jwt.key.as_deref()),
        ("auth.service_token", auth.service_token.as_deref()),
        ("auth.admin_token", auth.admin_token.as_deref()),
        ("llm.api_key", llm.api_key.as_deref()),
    ]
}

/// In the form of the file, secrets hidden.
fn shown(config: &Config) -> Value {
    serde_json::to_value(config).expect("a configuration is made of names, numbers and texts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Cache;
    use crate::jobs::Coverage;
    use crate::telemetry::Gauges;

    fn config(set: &[&str]) -> Config {
        let set = set.iter().map(ToString::to_string).collect();
        // A file that is empty, whatever the working directory holds.
        let file = tempfile::NamedTempFile::new().unwrap();
        Config::load(Sources { path: Some(file.path().to_owned()), env: Vec::new(), set }).unwrap().config
    }

    #[test]
    fn limits_and_log_change_at_once_and_everything_else_waits() {
        let read = config(&[
            "limits.start_per_minute=3",
            "limits.concurrent_runs=2",
            "telemetry.log=debug",
            "run.max_artists=5",
        ]);
        let running = config(&[]);
        let next = live(&running, &read);
        let applied = changes(&shown(&running), &shown(&next));
        let keys: Vec<_> = applied.iter().map(|change| change.key.as_str()).collect();
        assert_eq!(keys, ["limits.start_per_minute", "telemetry.log"]);
        let waiting = waiting(&next, &read);
        let keys: Vec<_> = waiting.iter().map(|change| change.key.as_str()).collect();
        assert_eq!(keys, ["limits.concurrent_runs", "run.max_artists"]);
    }

    fn metrics(profiler: &Profiler) -> String {
        profiler.metrics().render(&Gauges {
            active: 0,
            refusals: Vec::new(),
            cache: Vec::new(),
            cache_up: true,
            moods: Coverage { total: 0, held: 0, coverage: 0.0 },
            connections: None,
        })
    }

    #[tokio::test]
    async fn what_is_refused_changes_nothing_and_is_a_metric_until_it_is_right_again() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let sources = Sources { path: Some(file.path().to_owned()), ..Sources::default() };
        let loaded = Config::load(sources.clone()).unwrap();
        let limiter = Arc::new(Limiter::in_memory(loaded.config.limits.clone()));
        let profiler = Profiler::new(Arc::new(Cache::memory(10)));
        let mut reload = Reload::new(sources, &loaded, limiter, Arc::clone(&profiler), |_: &str| Ok(()));
        for (text, rate, good) in [
            ("limits: { start_per_minute: 3 }", 3, 1),
            ("limits: { start_per_minut: 4 }", 3, 0),
            // A file that was emptied.
            ("", 3, 0),
            ("limits: { start_per_minute: 4 }", 4, 1),
        ] {
            std::fs::write(file.path(), text).unwrap();
            reload.reload("a test").await;
            assert_eq!(reload.running.limits.start_per_minute, rate, "{text}");
            let told = metrics(&profiler);
            assert!(told.contains(&format!("\nrecommender_config_good {good}\n")), "{text}: {told}");
        }
    }

    #[test]
    fn traces_are_refused_by_a_binary_that_cannot_export_them() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let sources = Sources { path: Some(file.path().to_owned()), ..Sources::default() };
        let reading = Reading::new(sources.clone(), &Config::load(sources).unwrap());
        let endpoint = "http://127.0.0.1:4318";
        std::fs::write(file.path(), format!("telemetry: {{ otlp_endpoint: '{endpoint}' }}")).unwrap();
        let refused = recobeat_ops::trace::check(Some(endpoint)).err().map(|error| error.to_string());
        assert_eq!(read(&reading).err(), refused);
    }

    /// This word for every secret.
    fn config_with(word: &str) -> Config {
        let mut config = config(&[]);
        let secret = || Some(word.to_owned());
        config.proxy.admin_token = secret();
        config.database_url = format!("postgres://me:{word}@host/db");
        config.redis_url = Some(format!("redis://:{word}@host"));
        config.auth.jwt.key = secret();
        config.auth.service_token = secret();
        config.auth.admin_token = secret();
        config.llm.api_key = secret();
        config
    }

    #[test]
    fn every_other_secret_is_named_as_waiting_and_not_shown() {
        let (running, mut read) = (config_with("sesame"), config_with("hunter2"));
        read.run.max_artists += 1;
        let waiting = waiting(&running, &read);
        let keys: Vec<_> = waiting.iter().map(|change| change.key.as_str()).collect();
        assert_eq!(keys[0], "run.max_artists");
        assert_eq!(keys[1..], secrets(&read).map(|(key, _)| key));
        let told = listed(&waiting);
        assert!(told.contains("auth.admin_token *** → ***"), "{told}");
        assert!(told.contains("redis_url redis://***@host → redis://***@host"), "{told}");
        assert!(!told.contains("sesame") && !told.contains("hunter2"), "{told}");
    }
}
