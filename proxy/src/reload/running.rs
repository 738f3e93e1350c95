use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use recobeat_ops::reload::{Triggers, listed};
use recobeat_ops::settings::Reading;
use serde_json::Value;
use tokio::sync::Mutex as Turn;
use tokio::task::spawn_blocking;

use super::change::{changes, shown};
use super::fixed::{contradiction, fixed, kept};
use super::report::{Outcome, Pending, Report, Standing};
use crate::config::{Config, Loaded, Sources};
use crate::telemetry::Metrics;

/// Lets the parts go by a configuration.
type Apply = Box<dyn Fn(&Config) + Send + Sync>;

/// The configuration that runs, and how it is read anew.
pub struct Running {
    config: ArcSwap<Config>,
    apply: Apply,
    metrics: Arc<Metrics>,
    standing: Mutex<Standing>,
    /// One reload at a time.
    reading: Turn<Reading>,
}

impl Running {
    /// What was loaded from `sources` runs; `apply` lets the parts go by another one.
    pub fn new(
        sources: Sources,
        loaded: &Loaded,
        metrics: Arc<Metrics>,
        apply: impl Fn(&Config) + Send + Sync + 'static,
    ) -> Arc<Self> {
        let standing = Standing { good: true, loaded_at: now(), restart: Vec::new(), error: None };
        metrics.configured(true, standing.loaded_at, 0);
        Arc::new(Self {
            config: ArcSwap::from_pointee(loaded.config.clone()),
            apply: Box::new(apply),
            metrics,
            standing: Mutex::new(standing),
            reading: Turn::new(Reading::new(sources, loaded)),
        })
    }

    /// The defaults with this token, for tests of what only looks.
    #[cfg(test)]
    pub(crate) fn defaults(metrics: &Arc<Metrics>, token: Option<&str>) -> Arc<Self> {
        let mut config = Config::default();
        config.admin.token = token.map(str::to_owned);
        let loaded = Loaded { config, path: None, written: Vec::new(), blank: true };
        Self::new(Sources::default(), &loaded, Arc::clone(metrics), |_| {})
    }

    /// What runs now.
    pub fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// What runs now in the form of the file, secrets hidden.
    pub fn shown(&self) -> Value {
        shown(&self.config.load())
    }

    pub fn standing(&self) -> Standing {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reloads whenever it is told to. Never ends.
    pub async fn follow(self: Arc<Self>, mut triggers: Triggers) {
        loop {
            let by = triggers.next().await;
            self.reload(by).await;
        }
    }

    /// Reads the configuration anew and goes by it. `by` is what the log says told it to.
    pub async fn reload(&self, by: &str) -> Report {
        let mut turn = self.reading.lock().await;
        let reading = turn.clone();
        let loaded = spawn_blocking(move || reading.again::<Config>().map_err(|error| error.to_string()));
        let loaded = loaded.await.unwrap_or_else(|error| Err(format!("cannot be read: {error}")));
        let report = match loaded {
            Ok(loaded) => {
                let report = self.take(&loaded.config);
                if report.outcome != Outcome::Refused {
                    turn.taken(&loaded);
                }
                report
            }
            Err(error) => refused(error),
        };
        self.note(by, &report);
        report
    }

    /// Goes by what was read, as far as it can.
    fn take(&self, read: &Config) -> Report {
        // What a start would refuse is no good file.
        if let Err(error) = read.telemetry.check() {
            return refused(error.to_string());
        }
        let running = self.config();
        let next = kept(read.clone(), &running);
        if let Some(contradiction) = contradiction(&next) {
            return refused(contradiction);
        }
        let applied = changes(&running, &next);
        let pending = changes(&next, read).into_iter().map(|change| Pending {
            why: fixed(&change.key).map_or("", |fixed| fixed.why).to_owned(),
            key: change.key,
            running: change.from,
            file: change.to,
        });
        let restart = pending.collect();
        if applied.is_empty() {
            return Report { outcome: Outcome::Unchanged, applied, restart, error: None };
        }
        (self.apply)(&next);
        self.config.store(Arc::new(next));
        Report { outcome: Outcome::Applied, applied, restart, error: None }
    }

    fn note(&self, by: &str, report: &Report) {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        standing.error.clone_from(&report.error);
        standing.good = report.outcome != Outcome::Refused;
        if standing.good {
            standing.restart.clone_from(&report.restart);
            standing.loaded_at = now();
        }
        self.metrics.reloaded(report.outcome.name());
        self.metrics.configured(standing.good, standing.loaded_at, standing.restart.len());
        drop(standing);
        let (applied, restart) = (listed(&report.applied), listed(&report.restart));
        match report.outcome {
            Outcome::Refused => {
                let error = report.error.as_deref().unwrap_or_default();
                tracing::warn!(by, error, "configuration refused: what runs stays as it is");
            }
            _ if !report.restart.is_empty() => {
                tracing::warn!(by, applied, restart, "configuration read: some keys need a restart");
            }
            Outcome::Applied => tracing::info!(by, applied, "configuration reloaded"),
            Outcome::Unchanged => tracing::info!(by, "configuration read: nothing has changed"),
        }
    }
}

fn refused(error: String) -> Report {
    Report { outcome: Outcome::Refused, applied: Vec::new(), restart: Vec::new(), error: Some(error) }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
