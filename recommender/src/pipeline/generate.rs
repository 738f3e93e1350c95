//! The strategies, all at the same time.
//!
//! Each gets its requests up front, so none waits for what another leaves over. A call that fails or
//! is late takes nothing from the tracks that others have brought: a strategy fails only as far as
//! its own calls do, and without features its tracks come on defaults.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use uuid::Uuid;

use super::calls::{Calls, Limit, answers};
use super::features::{self, Learned};
use super::plan::{ANCHOR, ARTISTS, Allowance, FALLBACK, Need, SEEDS, Split, divide};
use super::run::{Pool, Run};
use super::telling::{StrategyWatch, Telling};
use crate::model::{Source, Track};
use crate::profile::{Profiler, names};
use crate::ranking::Candidate;
use crate::ranking::shares::{SURPLUS, Shares};
use crate::recobeat::{Answer, Ask};
use crate::strategy::{ArtistDiscovery, Brief, Fallback, SeedBased, Strategy, UserAnchor};

/// In the order of the plan's needs.
pub(crate) const STRATEGIES: [&dyn Strategy; 4] = [&UserAnchor, &ArtistDiscovery, &SeedBased, &Fallback];
/// Batches of features that each could make use of.
const BATCHES: [u32; 4] = [1, 3, 4, 1];

/// What one strategy has brought.
struct Gathered {
    answered: Vec<(Ask, Answer)>,
    tracks: Vec<Track>,
    learned: Learned,
    failed: Vec<String>,
    unspent: [Allowance; 2],
}

/// What the strategies have in common.
pub(super) struct Shop<'a> {
    pub(super) calls: &'a Calls,
    pub(super) profiler: &'a Arc<Profiler>,
    pub(super) telling: &'a Telling,
    pub(super) time: Duration,
    pub(super) parallel: bool,
}

/// Runs the strategies and puts what they have found into the run's pools.
pub(super) async fn run_all(run: &mut Run, shop: &Shop<'_>) {
    let shares = Shares::new(run.brief.size.target, run.brief.has_mentions());
    let splits = divide(&mut run.plan, needs(&run.brief, shares));
    let brief = &run.brief;
    let limit = shop.calls.limit(shop.time);
    let mut works = Vec::new();
    for (strategy, split) in STRATEGIES.into_iter().zip(splits) {
        works.push(gather(strategy, brief, shares.of(strategy.source()), split, shop, limit).boxed());
    }
    let gathered = if shop.parallel {
        join_all(works).await
    } else {
        let mut gathered = Vec::new();
        for work in works {
            gathered.push(work.await);
        }
        gathered
    };
    take(run, shares, gathered);
}

fn needs(brief: &Brief, shares: Shares) -> [Need; 4] {
    let mut needs = [Need::default(); 4];
    for at in [ANCHOR, ARTISTS, SEEDS, FALLBACK] {
        let strategy = STRATEGIES[at];
        if shares.of(strategy.source()) == 0 && at != FALLBACK {
            continue;
        }
        let rows = u32::try_from(strategy.asks(brief).len()).unwrap_or(u32::MAX);
        // Pages that have been read already are rows too.
        let has_rows = rows > 0 || !strategy.tracks(brief, shares.of(strategy.source()), &[]).is_empty();
        needs[at] = Need { rows, features: if has_rows { BATCHES[at] } else { 0 } };
    }
    needs
}

async fn gather(
    strategy: &dyn Strategy,
    brief: &Brief,
    share: usize,
    split: Split,
    shop: &Shop<'_>,
    limit: Limit,
) -> Gathered {
    let _measured = timer(strategy.source()).map(|name| shop.profiler.measure(name));
    let Split { mut rows, features: mut batches } = split;
    let asks = rows.afford(strategy.asks(brief));
    let watch = StrategyWatch { telling: shop.telling, source: strategy.source() };
    let replies = shop.calls.watched(asks, limit, strategy.stagger(), &watch).await;
    let (answered, mut failed) = answers(replies);
    let tracks = strategy.tracks(brief, share, &answered);
    let measured = (batches.left() > 0).then(|| shop.profiler.measure(names::FEATURE_ENRICHMENT));
    let mut learned = features::fetch(brief, shop.calls, &tracks, &mut batches, limit).await;
    drop(measured);
    failed.append(&mut learned.failed);
    if !failed.is_empty() {
        shop.profiler.metrics().strategy_failed(strategy.name());
    }
    Gathered { answered, tracks, learned, failed, unspent: [rows, batches] }
}

fn timer(source: Source) -> Option<&'static str> {
    match source {
        Source::AnchorTrack => Some(names::STRATEGY_USER_ANCHOR),
        Source::ArtistDiscovery => Some(names::STRATEGY_ARTIST_DISCOVERY),
        Source::Reccobeat => Some(names::STRATEGY_SEED_BASED),
        Source::Fallback => None,
    }
}

fn take(run: &mut Run, shares: Shares, gathered: Vec<Gathered>) {
    let target = run.brief.size.target;
    let mut found = Vec::new();
    for (strategy, mut one) in STRATEGIES.into_iter().zip(gathered) {
        one.unspent.into_iter().for_each(|unspent| run.plan.give_back(unspent));
        run.notes.features_asked.extend(&one.learned.looked_at);
        features::take(&mut run.brief, std::mem::take(&mut one.learned.rows));
        for (ask, answer) in one.answered {
            if let (Ask::ArtistTracks { artist, page }, Answer::Tracks { rows, total_pages }) = (ask, answer)
            {
                run.brief.learn_page(artist, page, rows, total_pages);
            }
        }
        found.push((strategy, one.tracks, one.learned.looked_at, one.failed));
    }
    let mut brought: HashSet<Uuid> = HashSet::new();
    for (strategy, tracks, looked_at, failed) in found {
        let share = match strategy.source() {
            // What all others lack is the fallback's to fill; it comes last.
            Source::Fallback if brought.len() < target => target,
            source => shares.of(source),
        };
        let mut tracks = tracks;
        if looked_at.is_empty() {
            tracks.truncate(share * SURPLUS);
        } else {
            tracks.retain(|track| looked_at.contains(&track.id) || run.brief.is_mentioned(track));
        }
        let candidates: Vec<Candidate> = strategy.candidates(&run.brief, share, tracks);
        brought.extend(candidates.iter().map(Candidate::id));
        let error = (!failed.is_empty()).then(|| summary(&failed));
        run.pools.push(Pool { name: strategy.name(), candidates, error });
    }
}

/// Each failure once, with how often it came.
pub(super) fn summary(failed: &[String]) -> String {
    let mut counted: Vec<(&String, usize)> = Vec::new();
    for text in failed {
        match counted.iter_mut().find(|(known, _)| *known == text) {
            Some((_, count)) => *count += 1,
            None => counted.push((text, 1)),
        }
    }
    let told = counted.into_iter().map(|(text, count)| match count {
        1 => text.clone(),
        many => format!("{text} ({many} times)"),
    });
    told.collect::<Vec<_>>().join("; ")
}
