//! The tracks that recommendations are asked by.
//!
//! Those of the user, if there are any. Else words of the mood are searched for in titles, which says
//! little, and the tracks that are found are chosen by their features, which say much.

use super::calls::{Calls, Limit, answers};
use super::features;
use super::mentions::by_id;
use super::run::Run;
use crate::model::{MoodRequest, Source, Track, TrackId};
use crate::mood::Rules;
use crate::ranking::{Candidate, seeds};
use crate::recobeat::Ask;
use crate::strategy::Brief;

/// The shortest word that is searched for, in characters.
const SHORTEST: usize = 3;
/// Words of one round of searches.
const WORDS: usize = 3;
/// Rows that are enough to choose from: two batches of features.
const ENOUGH: usize = 80;
/// Batches of features for what searches found.
const BATCHES: usize = 2;
/// Lower limit of popularity for what searches found, 0 to 100.
const FLOOR: u8 = 15;

/// Reads the rows of the user's tracks, of tracks that must not come out, and of starter seeds, whose
/// rows it gives back.
pub(super) async fn read_tracks(
    run: &mut Run,
    calls: &Calls,
    limit: Limit,
    starters: &[TrackId],
) -> Vec<Track> {
    let request = &run.brief.request;
    let asks = Ask::tracks(&ids(request, starters));
    let mut allowance = run.plan.grant_before_generation(asks.len());
    let (known, failed) = answers(calls.all(allowance.afford(asks), limit).await);
    let find = |id: &TrackId| by_id(&known, id).cloned();
    let top = run.brief.request.top_tracks.iter().filter_map(|track| find(&track.id)).collect();
    let remix = run.brief.request.remix_tracks.iter().filter_map(|track| find(&track.id)).collect();
    let starters = starters.iter().filter_map(find).collect();
    // By the id of the row, which stays the same when a track has moved.
    let negative = |id: &TrackId| find(id).map_or_else(|| id.clone(), |track| track.id.into());
    let negatives = run.brief.negatives.iter().map(negative).collect();
    run.failed(failed);
    run.brief.negatives = negatives;
    run.brief.top_tracks = top;
    run.brief.remix_tracks = remix;
    starters
}

/// Each id once, in order.
fn ids(request: &MoodRequest, starters: &[TrackId]) -> Vec<TrackId> {
    let users = request.top_tracks.iter().chain(&request.remix_tracks).map(|track| &track.id);
    let mut ids: Vec<TrackId> = Vec::new();
    // A UUID is the row's own.
    let negatives = request.negative_tracks.iter().filter(|id| matches!(id, TrackId::Spotify(_)));
    for id in starters.iter().chain(users).chain(negatives) {
        if !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    ids
}

/// Nothing is known of what the user likes.
pub(super) fn are_lacking(brief: &Brief) -> bool {
    brief.mentions.tracks.is_empty()
        && brief.anchors.is_empty()
        && brief.top_tracks.is_empty()
        && brief.remix_tracks.is_empty()
}

/// Searches titles for words of the mood, then for their synonyms, then for words of any title; and
/// asks what the tracks that were found are like.
pub(super) async fn search(run: &mut Run, calls: &Calls, limit: Limit, rules: &Rules, starters: &[Track]) {
    let mut asked: Vec<String> = Vec::new();
    for words in rounds(&run.brief, rules) {
        let words: Vec<String> = words.into_iter().filter(|word| !asked.contains(word)).take(WORDS).collect();
        let asks: Vec<Ask> =
            words.iter().map(|text| Ask::SearchTracks { text: text.clone(), page: 0 }).collect();
        let mut allowance = run.plan.grant_before_generation(asks.len());
        let (found, failed) = answers(calls.all(allowance.afford(asks), limit).await);
        asked.extend(words);
        run.failed(failed);
        for track in found.into_iter().flat_map(|(_, answer)| answer.into_tracks()) {
            if !run.brief.searched.iter().any(|known| known.id == track.id) {
                run.brief.searched.push(track);
            }
        }
        if run.brief.searched.len() >= ENOUGH || (asked.len() > WORDS && !run.brief.searched.is_empty()) {
            break;
        }
    }
    let promising: Vec<Track> = starters.iter().cloned().chain(heard(&run.brief)).collect();
    let mut allowance = run.plan.grant_before_generation(BATCHES);
    let learned = features::fetch(&run.brief, calls, &promising, &mut allowance, limit).await;
    run.plan.give_back(allowance);
    run.failed(learned.failed);
    run.notes.features_asked.extend(learned.looked_at);
    features::take(&mut run.brief, learned.rows);
}

/// The words of each round; a later one is for when those before it found too little.
fn rounds(brief: &Brief, rules: &Rules) -> [Vec<String>; 3] {
    let usable = |word: &&String| word.chars().count() >= SHORTEST;
    let keywords: Vec<String> = brief.mood.search_keywords.iter().filter(usable).cloned().collect();
    let synonyms = keywords.iter().take(WORDS).flat_map(|word| rules.synonyms(word)).filter(usable).cloned();
    let synonyms = keywords.iter().skip(WORDS).cloned().chain(synonyms).collect();
    [keywords, synonyms, rules.common_title_words().to_vec()]
}

/// What was found, the less heard-of tracks last.
fn heard(brief: &Brief) -> Vec<Track> {
    let floor = brief.popularity_floor(FLOOR);
    let all = brief.searched.iter().filter(|track| !brief.refused(track)).cloned();
    let (heard, unheard): (Vec<Track>, Vec<Track>) =
        all.partition(|track| track.popularity.is_none_or(|value| value >= floor));
    heard.into_iter().chain(unheard).collect()
}

/// The seeds, best first: starters, then what the user named or likes, or what was found.
pub(super) fn choose(brief: &Brief, starters: &[Track]) -> Vec<Track> {
    let count = seeds::seed_count(brief.size.target);
    let mood = &brief.mood;
    let candidate = |track: &Track| brief.candidate(track.clone(), Source::Reccobeat);
    let all = |tracks: &[Track]| -> Vec<Candidate> {
        tracks.iter().filter(|track| !brief.refused(track)).map(candidate).collect()
    };
    let chosen = if are_lacking(brief) {
        let obscure = brief.popularity_floor(FLOOR) == 0;
        seeds::pool(all(starters), seeds::by_match(all(&brief.searched), mood, count, obscure), mood, count)
    } else {
        let first = [all(starters), all(&brief.mentions.tracks)].concat();
        let favourites = [all(&brief.top_tracks), all(&brief.remix_tracks)].concat();
        let favourites = if favourites.is_empty() { brief.anchors.clone() } else { favourites };
        seeds::pool(first, favourites, mood, count)
    };
    chosen.into_iter().map(|candidate| candidate.track).collect()
}
