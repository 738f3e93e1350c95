//! A list that is held for everybody.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::jobs::drive::named;
use crate::model::{Playlist, Recommendation};
use crate::pipeline;
use crate::store::Finished;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    pub mood: String,
    pub recommendations: Vec<Recommendation>,
    pub mood_analysis: Value,
    pub metadata: Value,
    pub stored_at: DateTime<Utc>,
}

impl Held {
    pub(super) fn of(mood: &str, list: &pipeline::Finished, now: DateTime<Utc>) -> Self {
        Self {
            mood: mood.to_owned(),
            recommendations: list.recommendations.clone(),
            mood_analysis: list.mood_analysis.clone(),
            metadata: list.metadata.clone(),
            stored_at: now,
        }
    }

    /// As the end of a run that had nothing to do: its times are none, and its origin is told.
    pub(crate) fn as_list(&self, row: &Playlist) -> Finished {
        let mut metadata = self.metadata.clone();
        if let Some(entries) = metadata.as_object_mut() {
            for times in ["seed_gathering_timing", "orchestration_timings", "step_timings", "calls"] {
                entries.shift_remove(times);
            }
            entries.insert("total_duration".into(), json!(0.0));
            let origin = json!({"mood": self.mood, "stored_at": self.stored_at});
            entries.insert("popular_mood".into(), origin);
        }
        Finished {
            recommendations: self.recommendations.clone(),
            mood_analysis: self.mood_analysis.clone(),
            playlist_data: named(&row.mood_prompt, row.created_at),
            metadata,
        }
    }
}
