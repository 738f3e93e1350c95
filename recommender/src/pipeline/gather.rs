//! Everything that is to be known before tracks are looked for.
//!
//! What does not depend on each other is asked at the same time: mentions, the user's tracks, artists.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::calls::Calls;
use super::run::Run;
use super::telling::Telling;
use super::timing::Gathering;
use super::{Pipeline, anchors, artists, finish, mentions, seeds};
use crate::model::{Artist, Status, TrackId};
use crate::profile::names;

/// What gathering leaves beside the brief.
pub(super) struct Gathered {
    /// Artists that would be read next.
    pub(super) spare_artists: Vec<Artist>,
}

impl Pipeline {
    /// Fills the brief: mentions, anchors, seeds, artists.
    pub(super) async fn gather(
        &self,
        run: &mut Run,
        calls: &Calls,
        telling: &Telling,
        user: &str,
    ) -> Gathered {
        let _measured = self.parts.profiler.measure(names::SEED_GATHERING);
        let began = Instant::now();
        let limit = calls.early_limit(self.parts.run.strategy_timeout);
        let most = self.parts.run.max_artists;

        let took = timed(mentions::find(run, calls, limit)).await.1;
        run.timings.gathering(Gathering::SearchUserTracks, took);
        let ids = self.starters(run);
        let (starters, took) = timed(seeds::read_tracks(run, calls, limit, &ids)).await;
        run.timings.gathering(Gathering::FetchTopTracks, took);
        let (known, took) = timed(artists::find(run, calls, limit, most)).await;
        run.timings.gathering(Gathering::FetchTopArtists, took);

        telling.part(Status::GatheringSeeds, "anchors").await;
        let took = timed(anchors::gather(run, calls, limit, user, &known, &starters, most)).await.1;
        run.brief.anchors = anchors::choose(&run.brief, &finish::wanted(run, &self.parts.rules), &known);
        run.timings.gathering(Gathering::SelectAnchors, took);

        telling.part(Status::GatheringSeeds, "pool").await;
        let building = Instant::now();
        if seeds::are_lacking(&run.brief) {
            seeds::search(run, calls, limit, &self.parts.rules, &starters).await;
        }
        run.brief.seeds = seeds::choose(&run.brief, &starters);
        run.timings.gathering(Gathering::BuildSeedPool, building.elapsed());

        let discovering = Instant::now();
        let wanted = finish::wanted(run, &self.parts.rules);
        let (artists, spare_artists) = artists::choose(&run.brief, &wanted, &known, most);
        run.brief.artists = artists;
        run.timings.gathering(Gathering::DiscoverArtists, discovering.elapsed());
        run.timings.gathering(Gathering::Total, began.elapsed());
        Gathered { spare_artists }
    }

    /// Seeds that the operator has set for the mood, each once.
    fn starters(&self, run: &Run) -> Vec<TrackId> {
        let mut ids: Vec<TrackId> = Vec::new();
        for name in self.parts.rules.starters(&run.brief.request.mood_prompt) {
            let set = self.parts.moods.starter_seeds.get(&name).into_iter().flatten();
            for id in set.filter_map(|id| id.parse().ok()) {
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        ids
    }
}

async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    let done = work.await;
    (done, began.elapsed())
}
