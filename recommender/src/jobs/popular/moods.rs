//! The moods, and what is held of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::held::Held;
use super::key;
use super::usage::Usage;
use super::warming::Warming;
use crate::cache::{Cache, Category};
use crate::config;
use crate::jobs::{Clock, Runner};
use crate::model::MoodRequest;
use crate::pipeline::Finished;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Coverage {
    /// Moods in the list.
    pub total: usize,
    /// Of these, held and fresh.
    pub held: usize,
    /// 0 to 1.
    pub coverage: f64,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct PopularMoods(pub(super) Arc<Moods>);

pub(super) struct Moods {
    config: config::Moods,
    /// Without repetitions; those of the tables come first.
    listed: Vec<String>,
    cache: Arc<Cache>,
    clock: Arc<dyn Clock>,
    usage: Mutex<Usage>,
    pub(super) runner: Arc<dyn Runner>,
    pub(super) deadline: Duration,
    pub(super) warming: Mutex<Warming>,
}

impl PopularMoods {
    /// `listed` are the moods of the rule tables; those of the configuration come after them. `deadline`
    /// is that of one run.
    pub fn new(
        config: config::Moods,
        listed: &[String],
        deadline: Duration,
        cache: Arc<Cache>,
        runner: Arc<dyn Runner>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let mut distinct: Vec<String> = Vec::new();
        for mood in listed.iter().chain(&config.own) {
            if !distinct.iter().any(|held| key(held) == key(mood)) {
                distinct.push(mood.clone());
            }
        }
        Self(Arc::new(Moods {
            config,
            listed: distinct,
            cache,
            clock,
            usage: Mutex::default(),
            runner,
            deadline,
            warming: Mutex::default(),
        }))
    }

    /// The moods that are kept warm, in order: of the tables, of the configuration, promoted ones.
    pub fn moods(&self) -> Vec<String> {
        let usage = self.0.usage.lock().expect("no panic while it is held");
        self.0.listed.iter().chain(usage.promoted()).cloned().collect()
    }

    /// The list of a mood, fresh or stale; a stale one is made again in the background.
    pub async fn get(&self, mood: &str) -> Option<Held> {
        let held: Held = self.0.cache.get(Category::PopularMoodCache, &key(mood)).await?;
        if !self.0.is_fresh(&held) {
            self.refresh(vec![held.mood.clone()]);
        }
        Some(held)
    }

    /// Holds a list, of a mood that is listed or of any other.
    pub async fn store(&self, mood: &str, list: &Finished) {
        let held = Held::of(mood, list, self.0.clock.now());
        self.0.cache.put(Category::PopularMoodCache, &key(mood), &held).await;
    }

    /// Forgets the list of a mood; whether one was held.
    pub async fn invalidate(&self, mood: &str) -> bool {
        let held = self.0.peek(mood).await.is_some();
        self.0.cache.remove(Category::PopularMoodCache, &key(mood)).await;
        held
    }

    pub async fn coverage(&self) -> Coverage {
        let moods = self.moods();
        let mut held = 0;
        for mood in &moods {
            held += usize::from(self.0.holds_fresh(mood).await);
        }
        #[allow(clippy::cast_precision_loss, reason = "a share for people")]
        let coverage = if moods.is_empty() { 0.0 } else { held as f64 / moods.len() as f64 };
        Coverage { total: moods.len(), held, coverage }
    }

    /// What answers a request at once: the list of its mood, if the request has nothing of its user's.
    pub(crate) async fn answer(&self, user: &str, request: &MoodRequest) -> Option<Held> {
        if !request.is_prompt_only() {
            return None;
        }
        self.used(user, request);
        if self.0.config.cache { self.get(&request.mood_prompt).await } else { None }
    }

    /// A user's run of a listed mood has made the list that the worker would make. A partial one is no
    /// list for others.
    pub(crate) async fn learn(&self, request: &MoodRequest, list: &Finished) {
        let prompt = request.normalised_prompt();
        let listed = || self.moods().into_iter().find(|mood| key(mood) == prompt);
        if request.is_prompt_only()
            && !is_partial(list)
            && let Some(mood) = listed()
        {
            self.store(&mood, list).await;
        }
    }

    fn used(&self, user: &str, request: &MoodRequest) {
        let prompt = request.normalised_prompt();
        if self.0.listed.iter().any(|mood| key(mood) == prompt) {
            return;
        }
        let mut usage = self.0.usage.lock().expect("no panic while it is held");
        if usage.note(user, &prompt, self.0.config.promote_after) {
            tracing::info!("a prompt that is used often is a popular mood now");
        }
    }
}

impl Moods {
    pub(super) async fn holds_fresh(&self, mood: &str) -> bool {
        self.peek(mood).await.is_some_and(|held| self.is_fresh(&held))
    }

    async fn peek(&self, mood: &str) -> Option<Held> {
        self.cache.peek(Category::PopularMoodCache, &key(mood)).await
    }

    fn is_fresh(&self, held: &Held) -> bool {
        let age = (self.clock.now() - held.stored_at).to_std().unwrap_or_default();
        age < self.config.fresh_for
    }
}

/// Time or calls ran out, or a strategy failed: the reasons stand in the metadata.
pub(super) fn is_partial(list: &Finished) -> bool {
    match &list.metadata["partial"] {
        Value::Null | Value::Bool(false) => false,
        Value::Array(reasons) => !reasons.is_empty(),
        _ => true,
    }
}
