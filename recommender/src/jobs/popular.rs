//! Popular moods.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Clock, Runner};
use crate::cache::Cache;
use crate::config;
use crate::model::Recommendation;

/// A list that is kept for everybody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    pub mood: String,
    pub recommendations: Vec<Recommendation>,
    pub mood_analysis: Value,
    pub playlist_data: Value,
    pub metadata: Value,
    pub stored_at: DateTime<Utc>,
}

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
pub struct PopularMoods;

impl PopularMoods {
    /// `listed` are the moods of the rule tables; those of the configuration come after them.
    pub fn new(
        _config: &config::Moods,
        _listed: &[String],
        _cache: Arc<Cache>,
        _runner: Arc<dyn Runner>,
        _clock: Arc<dyn Clock>,
    ) -> Self {
        Self
    }

    /// The moods that are kept warm, in order.
    pub fn moods(&self) -> Vec<String> {
        todo!()
    }

    /// The list of a mood, fresh or stale; a stale one is refreshed in the background.
    pub async fn get(&self, _prompt: &str) -> Option<Held> {
        todo!()
    }

    pub async fn invalidate(&self, _prompt: &str) {
        todo!()
    }

    pub async fn coverage(&self) -> Coverage {
        todo!()
    }

    /// Makes these lists again (all without a choice), one at a time, in the background; which they are.
    pub fn warm(&self, _moods: Option<Vec<String>>) -> Vec<String> {
        todo!()
    }
}
