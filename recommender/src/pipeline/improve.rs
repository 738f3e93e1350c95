//! A list that is not good enough is made better once, with the requests that are left.
//!
//! Whatever the action, nothing is thrown away: new candidates come beside the old ones and the list
//! is chosen again. So good and protected tracks stay, and the better of the two lists wins.

use std::collections::HashSet;

use uuid::Uuid;

use super::calls::answers;
use super::features;
use super::generate::{Shop, summary};
use super::run::{Pool, Run};
use crate::model::{Artist, Feature, PerFeature, Track, TrackId};
use crate::ranking::improve::{Action, MAX_NEGATIVES};
use crate::ranking::{Candidate, shares::Shares};
use crate::recobeat::{Answer, Ask, Draw};
use crate::strategy::{ArtistDiscovery, SeedBased, Strategy, draw, spread};

/// Seeds of one draw, at most.
const MOST_SEEDS: usize = 5;
/// All that one request can bring: there is room to look for artists that are not in the list yet.
const DRAW_SIZE: u8 = 100;

/// Carries out `action` on the list.
pub(super) async fn act(
    run: &mut Run,
    shop: &Shop<'_>,
    action: &Action,
    list: &[Candidate],
    spare_artists: &mut Vec<Artist>,
) {
    run.plan.open_reserve();
    note_negatives(run, action);
    let shares = Shares::new(run.brief.size.target, run.brief.has_mentions());
    let mut draws = draws(run, action, list);
    let pages = if *action == Action::GenerateMore { next_pages(run, spare_artists) } else { Vec::new() };
    // Half of the requests for rows: rows without features could not be chosen among.
    let mut allowance = run.plan.grant(usize::MAX);
    let rows = usize::try_from(allowance.left().div_ceil(2)).unwrap_or(usize::MAX);
    draws.extend(pages);
    draws.truncate(rows);
    let asks = allowance.afford(draws);
    // A second attempt: it may take half of what the first took.
    let limit = shop.calls.limit(shop.time / 2);
    let (of_draws, of_pages): (Vec<_>, Vec<_>) = shop
        .calls
        .all(asks, limit)
        .await
        .into_iter()
        .partition(|reply| matches!(reply.ask, Ask::Recommend(_)));
    let ((recommended, mut failed_draws), (read, failed_pages)) = (answers(of_draws), answers(of_pages));
    let by_seeds = SeedBased.tracks(&run.brief, shares.of(SeedBased.source()), &recommended);
    let by_artists = tracks_of(run, &read);
    let known: HashSet<Uuid> = run.candidates().iter().map(Candidate::id).collect();
    let present: HashSet<Uuid> =
        list.iter().flat_map(|candidate| &candidate.track.artists).map(|artist| artist.id).collect();
    // Artists that are in the list already have their places; others may still get one.
    let new = |tracks: Vec<Track>| -> Vec<Track> {
        let new = tracks.into_iter().filter(|track| !known.contains(&track.id));
        let mut new = spread(new.collect());
        new.sort_by_key(|track| track.artists.iter().any(|artist| present.contains(&artist.id)));
        new
    };
    let (by_seeds, by_artists) = (new(by_seeds), new(by_artists));
    let all = [by_seeds.clone(), by_artists.clone()].concat();
    let mut learned = features::fetch(&run.brief, shop.calls, &all, &mut allowance, limit).await;
    run.plan.give_back(allowance);
    run.notes.features_asked.extend(&learned.looked_at);
    failed_draws.append(&mut learned.failed);
    features::take(&mut run.brief, learned.rows);
    let looked_at = |tracks: Vec<Track>| -> Vec<Track> {
        tracks.into_iter().filter(|track| learned.looked_at.contains(&track.id)).collect()
    };
    let strategies: [(&dyn Strategy, Vec<Track>, Vec<String>); 2] = [
        (&ArtistDiscovery, looked_at(by_artists), failed_pages),
        (&SeedBased, looked_at(by_seeds), failed_draws),
    ];
    for (strategy, tracks, failed) in strategies {
        let candidates = strategy.candidates(&run.brief, shares.of(strategy.source()), tracks);
        let error = (!failed.is_empty()).then(|| summary(&failed));
        run.pools.push(Pool { name: strategy.name(), candidates, error });
    }
    run.notes.improvements.push(action.name());
}

/// What must not come again.
fn note_negatives(run: &mut Run, action: &Action) {
    let worst: &[Uuid] = match action {
        Action::FilterAndReplace { outliers } => outliers,
        Action::ReseedFromClean { negatives, .. } => negatives,
        Action::AdjustFeatureWeights { .. } | Action::GenerateMore => &[],
    };
    let mut negatives: Vec<TrackId> = worst.iter().take(MAX_NEGATIVES).map(|id| TrackId::Uuid(*id)).collect();
    let of_request: Vec<TrackId> =
        run.brief.negatives.iter().filter(|id| !negatives.contains(id)).cloned().collect();
    negatives.extend(of_request);
    run.brief.negatives = negatives;
}

fn draws(run: &Run, action: &Action, list: &[Candidate]) -> Vec<Ask> {
    let brief = &run.brief;
    let by = |seeds: &[Track]| (!seeds.is_empty()).then(|| Draw { size: DRAW_SIZE, ..draw(brief, seeds) });
    let draw = match action {
        Action::FilterAndReplace { outliers } => by(&best(list, outliers)),
        Action::ReseedFromClean { seeds, negatives } => {
            let tracks = list.iter().filter(|candidate| seeds.contains(&candidate.id()));
            let tracks: Vec<Track> = tracks.map(|candidate| candidate.track.clone()).collect();
            by(&if tracks.is_empty() { best(list, negatives) } else { tracks })
        }
        Action::AdjustFeatureWeights { feature_weight } => {
            let seeds: Vec<Track> = brief.seeds.iter().take(MOST_SEEDS).cloned().collect();
            let weighted = |draw: Draw| Draw {
                targets: numeric_targets(run),
                feature_weight: Some(*feature_weight),
                ..draw
            };
            by(&seeds).map(weighted)
        }
        // Not the seeds of the first draws in their old company, but the best of the list.
        Action::GenerateMore => by(&best(list, &[])),
    };
    draw.map(Ask::Recommend).into_iter().collect()
}

/// The tracks of the list that fit best, without some.
fn best(list: &[Candidate], without: &[Uuid]) -> Vec<Track> {
    let mut order: Vec<&Candidate> =
        list.iter().filter(|candidate| !without.contains(&candidate.id())).collect();
    order.sort_by(|a, b| {
        let known = b.has_features().cmp(&a.has_features());
        known.then(b.cohesion.total_cmp(&a.cohesion)).then(a.id().cmp(&b.id()))
    });
    order.into_iter().take(MOST_SEEDS).map(|candidate| candidate.track.clone()).collect()
}

/// The middles of all target ranges; key, mode and popularity as whole numbers.
fn numeric_targets(run: &Run) -> PerFeature<Option<f64>> {
    let values = run.brief.mood.target_values();
    PerFeature::from_fn(|feature| {
        values[feature].map(|value| match feature {
            Feature::Key | Feature::Mode | Feature::Popularity => value.round(),
            _ => (value * 100.0).round() / 100.0,
        })
    })
}

/// The next artists; where there are none, the next pages of those that were read.
fn next_pages(run: &Run, spare: &mut Vec<Artist>) -> Vec<Ask> {
    let artists = std::mem::take(spare).into_iter().map(|artist| (artist.id, 0));
    let later = run.brief.artists.iter().filter_map(|artist| {
        let last = run.brief.pages.range((artist.id, 0)..=(artist.id, u32::MAX)).next_back()?;
        let next = last.0.1 + 1;
        (next < last.1.total_pages).then_some((artist.id, next))
    });
    artists.chain(later).map(|(artist, page)| Ask::ArtistTracks { artist, page }).collect()
}

fn tracks_of(run: &mut Run, read: &[(Ask, Answer)]) -> Vec<Track> {
    let mut tracks: Vec<Track> = Vec::new();
    for (ask, answer) in read {
        if let (Ask::ArtistTracks { artist, page }, Answer::Tracks { rows, total_pages }) = (ask, answer) {
            run.brief.learn_page(*artist, *page, rows.clone(), *total_pages);
            tracks.extend(rows.iter().filter(|track| !run.brief.refused(track)).cloned());
        }
    }
    tracks
}
