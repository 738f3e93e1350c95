//! Whole runs against a catalogue in memory, on paused time.

mod artifacts;
mod caps;
mod failures;
mod mentions;
mod moods;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use super::{Failure, Finished, Input, NothingHeld, Parts, Pipeline, Progress};
use crate::cache::Cache;
use crate::config;
use crate::model::{MoodRequest, Recommendation, Status};
use crate::mood::Rules;
use crate::profile::Profiler;
use crate::recobeat::Catalogue;
use crate::recobeat::testing::Fake;

/// A pipeline with caches of its own.
struct Bench {
    pipeline: Pipeline,
    heard: Arc<Heard>,
}

/// All that a run has told.
#[derive(Debug, Default)]
struct Heard {
    steps: Mutex<Vec<(Status, String)>>,
    moods: Mutex<Vec<Value>>,
}

#[async_trait]
impl Progress for Heard {
    async fn at(&self, status: Status, step: &str) {
        self.steps.lock().unwrap().push((status, step.to_owned()));
    }

    async fn mood(&self, analysis: &Value) {
        self.moods.lock().unwrap().push(analysis.clone());
    }
}

impl Bench {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Parts)) -> Self {
        let cache = Arc::new(Cache::memory(5_000));
        let mut parts = Parts {
            run: config::Run::default(),
            moods: config::Moods::default(),
            rules: Arc::new(Rules::embedded()),
            analyst: None,
            profiler: Profiler::new(cache.clone()),
            cache,
        };
        change(&mut parts);
        Self { pipeline: Pipeline::new(parts), heard: Arc::default() }
    }

    async fn run(&self, fake: &Arc<Fake>, request: MoodRequest) -> Result<Finished, Failure> {
        self.run_on(fake.clone(), request).await
    }

    async fn run_on(&self, catalogue: Arc<dyn Catalogue>, request: MoodRequest) -> Result<Finished, Failure> {
        let input = Input {
            session: Uuid::nil(),
            user: "anna".into(),
            request,
            catalogue,
            deadline: config::Run::default().deadline,
            held: Arc::new(NothingHeld),
            progress: self.heard.clone(),
        };
        self.pipeline.run(input).await
    }

    fn steps(&self) -> Vec<(Status, String)> {
        self.heard.steps.lock().unwrap().clone()
    }
}

/// The list of a run with caches of its own.
async fn list(fake: &Arc<Fake>, request: MoodRequest) -> Vec<Recommendation> {
    Bench::new().run(fake, request).await.expect("a list").recommendations
}

/// The same requests give this byte by byte.
fn bytes(list: &[Recommendation]) -> String {
    serde_json::to_string(list).unwrap()
}

fn ids(list: &[Recommendation]) -> HashSet<Uuid> {
    list.iter().map(|one| one.reccobeat_id).collect()
}
