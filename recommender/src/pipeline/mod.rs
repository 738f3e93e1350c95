//! A run: from a checked request to a list.
//!
//! A run is a sequence of steps over one [`Run`] value. Each step is a pure function that says what
//! to ask, a thin shell that asks, and a pure function that takes the answers in; so every decision
//! can be tested without a catalogue, and equal answers give equal lists. Requests are counted
//! before they are sent ([`CallPlan`]), limits in time are those of the calls, and whatever has been
//! found when time is up is finished: the last steps ask nobody.

mod analyse;
mod anchors;
mod artifacts;
mod artists;
mod calls;
mod features;
mod finish;
mod gather;
mod generate;
mod improve;
mod mentions;
mod plan;
mod run;
mod seeds;
mod telling;
#[cfg(test)]
mod tests;
mod timing;

pub(crate) use generate::STRATEGIES;
pub use plan::CallPlan;
pub use run::{Notes, Pool, Run};
pub use timing::Timings;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use self::artifacts::Shelf;
use self::calls::Calls;
use self::finish::Draft;
use self::generate::Shop;
use self::telling::Telling;
use self::timing::Part;
use crate::cache::Cache;
use crate::config;
use crate::model::{Artist, Mood, MoodRequest, Recommendation, Status};
use crate::mood::{Analyst, Rules, fingerprint};
use crate::profile::{Profiler, names};
use crate::ranking::improve::{self as rule, Action};
use crate::recobeat::Catalogue;

/// What all runs share.
pub struct Parts {
    pub run: config::Run,
    pub moods: config::Moods,
    pub rules: Arc<Rules>,
    /// A second opinion on prompts.
    pub analyst: Option<Arc<dyn Analyst>>,
    pub cache: Arc<Cache>,
    pub profiler: Arc<Profiler>,
}

/// What one run starts from.
pub struct Input {
    pub session: Uuid,
    pub user: String,
    pub request: MoodRequest,
    /// Counts what it is asked; made for this run.
    pub catalogue: Arc<dyn Catalogue>,
    /// Of the whole run.
    pub deadline: Duration,
    /// The last resort for tracks.
    pub held: Arc<dyn HeldMoods>,
    pub progress: Arc<dyn Progress>,
}

/// Hears where a run stands. The order of the statuses never falls; ends are not told.
#[async_trait]
pub trait Progress: Send + Sync {
    /// `step` is free text, for example `generating_recommendations_artists_3_6`.
    async fn at(&self, status: Status, step: &str);
    /// The mood analysis as the API shows it; once.
    async fn mood(&self, analysis: &Value);
}

/// Lists of popular moods that are held.
#[async_trait]
pub trait HeldMoods: Send + Sync {
    /// The held list whose mood is nearest in target space; empty if none is held.
    async fn nearest(&self, mood: &Mood) -> Vec<Recommendation>;
}

/// Nothing is held.
pub struct NothingHeld;

#[async_trait]
impl HeldMoods for NothingHeld {
    async fn nearest(&self, _mood: &Mood) -> Vec<Recommendation> {
        Vec::new()
    }
}

/// A list, with at least one track.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    pub recommendations: Vec<Recommendation>,
    pub mood_analysis: Value,
    /// Without `calls`, which the maker of the catalogue knows.
    pub metadata: Value,
}

/// No track at all could be found.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// Which calls failed, and how.
    pub reason: String,
    pub metadata: Value,
}

/// Makes lists.
pub struct Pipeline {
    parts: Parts,
}

impl Pipeline {
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Runs to the end; dropping the future cancels the run, and nothing goes on.
    pub async fn run(&self, input: Input) -> Result<Finished, Failure> {
        let profiler = &self.parts.profiler;
        let began = Instant::now();
        let telling = Telling(input.progress.clone());
        telling.status(Status::AnalyzingMood).await;
        let mut run = self.analyse(input.request).await;
        telling.0.mood(&run.brief.mood.to_json()).await;

        telling.status(Status::GatheringSeeds).await;
        let artifacts = self.shelf(&run, &input.user).await;
        let time = input.deadline.saturating_sub(began.elapsed());
        let calls = Calls::new(input.catalogue, artifacts, time);
        let gathered = self.gather(&mut run, &calls, &telling, &input.user).await;

        telling.status(Status::GeneratingRecommendations).await;
        let shop = Shop {
            calls: &calls,
            profiler,
            telling: &telling,
            time: self.parts.run.strategy_timeout,
            parallel: self.parts.run.parallel_strategies,
        };
        let generating = Instant::now();
        generate::run_all(&mut run, &shop).await;
        run.timings.part(Part::InitialGeneration, generating.elapsed());

        telling.status(Status::EvaluatingQuality).await;
        let draft = self.improved(&mut run, &shop, gathered.spare_artists).await;
        calls.shelf().close().await;

        telling.status(Status::OptimizingRecommendations).await;
        let ordering = profiler.measure(names::PLAYLIST_ORDERING);
        let settling = Instant::now();
        let draft = self.settled(&mut run, draft, &*input.held).await;
        run.timings.part(Part::FinalProcessing, settling.elapsed());
        if calls.ended() {
            run.notes.partial.push(format!("the run's {} s were over", input.deadline.as_secs()));
        }
        if draft.merged.list.is_empty() {
            return Err(failure(&run, began.elapsed()));
        }
        let finished = finish::finished(run, draft, || began.elapsed());
        drop(ordering);
        profiler.metrics().listed(&finished.recommendations);
        Ok(finished)
    }

    /// The artifacts that the run may use.
    async fn shelf(&self, run: &Run, user: &str) -> Shelf {
        if !self.parts.run.reuse {
            return Shelf::none();
        }
        let brief = &run.brief;
        let names = (&brief.mood.artist_recommendations, &brief.mood.genre_keywords);
        let mood = fingerprint(&brief.request, &brief.mood);
        Shelf::open(self.parts.cache.clone(), user, &mood, &format!("{names:?}")).await
    }

    /// The best list of all rounds.
    async fn improved(&self, run: &mut Run, shop: &Shop<'_>, mut spare_artists: Vec<Artist>) -> Draft {
        let rules = &self.parts.rules;
        let mut best = self.evaluated(run);
        for round in 1..=self.parts.run.rounds {
            let size = run.brief.size;
            let action = rule::next(&best.quality, &best.merged.list, &size, round);
            // A good list that is short is still short, and there are requests left for this.
            let more = || (best.quality.count < size.target).then_some(Action::GenerateMore);
            let Some(action) = action.or_else(more) else { break };
            shop.telling.part(Status::OptimizingRecommendations, action.name()).await;
            let began = Instant::now();
            let measured = shop.profiler.measure(names::IMPROVEMENT_STRATEGIES);
            improve::act(run, shop, &action, &best.merged.list, &mut spare_artists).await;
            drop(measured);
            run.timings.part(Part::ImprovementStrategies, began.elapsed());
            let next = finish::draft(run, rules);
            let gain = next.quality.overall - best.quality.overall;
            let longer = best.quality.count < size.minimum && next.quality.count > best.quality.count;
            if gain > 0.0 || longer {
                best = next;
            }
            if gain < rule::WORTHWHILE_GAIN {
                break;
            }
        }
        // A round that did not win leaves nothing behind, nor does it refuse anything to the winner.
        run.brief.negatives.clone_from(&best.negatives);
        best
    }

    fn evaluated(&self, run: &mut Run) -> Draft {
        let began = Instant::now();
        let _measured = self.parts.profiler.measure(names::QUALITY_EVALUATION);
        let draft = finish::draft(run, &self.parts.rules);
        run.timings.part(Part::QualityEvaluation, began.elapsed());
        draft
    }

    /// The list after the last pass; one that is too short because something failed is filled from a
    /// held list.
    async fn settled(&self, run: &mut Run, draft: Draft, held: &dyn HeldMoods) -> Draft {
        let rules = &self.parts.rules;
        let mut draft = finish::settle(run, rules, draft);
        let count = draft.merged.list.len();
        let short = (1..run.brief.size.minimum).contains(&count);
        if short && run.pools.iter().any(|pool| pool.error.is_some()) {
            let more = finish::from_held(run, held.nearest(&run.brief.mood).await);
            if !more.is_empty() {
                run.pools.push(Pool { name: "fallback", candidates: more.clone(), error: None });
                draft.merged.overflow.extend(more);
                draft = finish::settle(run, rules, draft);
                let borrowed = draft.merged.list.len().saturating_sub(count);
                run.notes
                    .partial
                    .push(format!("{borrowed} tracks are borrowed from a popular mood that is near"));
            }
        }
        draft
    }
}

/// Says which calls failed, and how.
fn failure(run: &Run, took: Duration) -> Failure {
    let reasons = finish::reasons(run);
    let reason = if reasons.is_empty() {
        "no track was found for this request".to_owned()
    } else {
        format!("no track was found: {}", reasons.join("; "))
    };
    Failure { reason, metadata: finish::metadata_of_failure(run, took) }
}
