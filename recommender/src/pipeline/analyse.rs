//! What the request means: by rules, and by a second opinion where there is one.

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::artifacts::key;
use super::plan::CallPlan;
use super::run::Run;
use super::timing::Part;
use super::{Pipeline, Timings};
use crate::cache::Category;
use crate::model::{Intent, Mood, MoodRequest};
use crate::profile::names;
use crate::strategy::Brief;

/// A second opinion as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Opinion {
    intent: Intent,
    mood: Mood,
}

impl Pipeline {
    /// Makes the run: intent, mood, size, and what may be asked.
    pub(super) async fn analyse(&self, request: MoodRequest) -> Run {
        let (rules, profiler) = (&self.parts.rules, &self.parts.profiler);
        let mut timings = Timings::default();
        let began = Instant::now();
        let measured = profiler.measure(names::INTENT_ANALYSIS);
        let intent = rules.intent(&request);
        drop(measured);
        timings.part(Part::IntentAnalysis, began.elapsed());

        let began = Instant::now();
        let measured = profiler.measure(names::MOOD_ANALYSIS);
        let mood = rules.mood(&request, &intent);
        let (intent, mood) = self.second_opinion(&request, intent, mood).await;
        drop(measured);
        timings.part(Part::MoodAnalysis, began.elapsed());

        let size = rules.size(&request, &mood);
        let plan = CallPlan::new(self.parts.run.max_calls, self.parts.run.rounds);
        let mut run = Run::new(Brief::new(request, intent, mood, size), plan);
        run.timings = timings;
        run
    }

    /// The rules stand where nobody else is asked, and where that fails.
    async fn second_opinion(&self, request: &MoodRequest, intent: Intent, mood: Mood) -> (Intent, Mood) {
        let Some(analyst) = &self.parts.analyst else { return (intent, mood) };
        // Fields of the request are worked into the opinion, so they belong to its name.
        let name = key(&[&request.normalised_prompt(), &format!("{request:?}")]);
        if self.parts.run.reuse {
            let kept: Option<Opinion> = self.parts.cache.get(Category::MoodAnalysis, &name).await;
            if let Some(Opinion { intent, mood }) = kept {
                return (intent, mood);
            }
        }
        match analyst.analyse(request, (intent.clone(), mood.clone())).await {
            Ok((intent, mood)) => {
                let opinion = Opinion { intent, mood };
                if self.parts.run.reuse {
                    self.parts.cache.put(Category::MoodAnalysis, &name, &opinion).await;
                }
                (opinion.intent, opinion.mood)
            }
            Err(error) => {
                tracing::warn!(%error, "no second opinion on the mood; the rules stand");
                (intent, mood)
            }
        }
    }
}
