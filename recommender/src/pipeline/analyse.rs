//! What the request means: by rules, and by a second opinion where there is one.

use tokio::time::Instant;

use super::artifacts::key;
use super::plan::CallPlan;
use super::run::Run;
use super::timing::Part;
use super::{Pipeline, Timings};
use crate::cache::Category;
use crate::model::{Intent, Mood, MoodRequest};
use crate::mood::{Analyst, Opinion};
use crate::profile::names;
use crate::strategy::Brief;

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
        match self.opinion(&**analyst, request).await {
            Some(opinion) => opinion.merge(&self.parts.rules, request, (intent, mood)),
            None => (intent, mood),
        }
    }

    /// Kept by the prompt, which is all that it is of.
    async fn opinion(&self, analyst: &dyn Analyst, request: &MoodRequest) -> Option<Opinion> {
        let (cache, name) = (&self.parts.cache, key(&[&request.normalised_prompt()]));
        if self.parts.run.reuse {
            let kept = cache.get(Category::MoodAnalysis, &name).await;
            if kept.is_some() {
                return kept;
            }
        }
        let opinion = analyst.analyse(&request.mood_prompt).await.inspect_err(|error| {
            tracing::warn!(%error, "no second opinion on the mood; the rules stand");
        });
        let opinion = opinion.ok()?;
        if self.parts.run.reuse {
            cache.put(Category::MoodAnalysis, &name, &opinion).await;
        }
        Some(opinion)
    }
}
