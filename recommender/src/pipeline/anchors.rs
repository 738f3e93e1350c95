//! Anchor tracks: what shows best which music is wanted.
//!
//! The pages of mentioned and recommended artists that are read for them are read once; the
//! strategies find them in the brief. The answers are kept together for a while, per user and prompt.

use uuid::Uuid;

use super::artists::{Known, RECOMMENDED};
use super::calls::{Calls, Limit, answers};
use super::features;
use super::run::Run;
use crate::model::{Source, Track};
use crate::ranking::anchors::{Origin, select};
use crate::ranking::{Candidate, Wanted};
use crate::recobeat::{Answer, Ask};
use crate::strategy::Brief;

/// Of a list to remix.
const OF_REMIX: usize = 5;
/// Of an artist the user named.
const OF_MENTIONED: usize = 5;
/// Of an artist recommended for the mood.
const OF_RECOMMENDED: usize = 3;
/// Requests for features of the user's tracks and of candidates.
const BATCHES: usize = 2;

/// Reads the pages that anchors come from, and what is known of starters and all tracks of the user.
pub(super) async fn gather(
    run: &mut Run,
    calls: &Calls,
    limit: Limit,
    user: &str,
    known: &Known,
    starters: &[Track],
    most: usize,
) {
    let asks = asks(&run.brief, known, most);
    let mut allowance = run.plan.grant_before_generation(asks.len());
    let asks = allowance.afford(asks);
    let prompt = run.brief.request.normalised_prompt();
    let name = [user, prompt.as_str()];
    let kept = if asks.is_empty() { None } else { calls.shelf().bundle(&name, &asks).await };
    let answered: Vec<(Ask, Answer)> = if let Some(kept) = kept {
        asks.into_iter().zip(kept).collect()
    } else {
        let (answered, failed) = answers(calls.all(asks.clone(), limit).await);
        calls.shelf().keep_bundle(&name, &asks, &answered).await;
        run.failed(failed);
        answered
    };
    for (ask, answer) in answered {
        if let (Ask::ArtistTracks { artist, page }, Answer::Tracks { rows, total_pages }) = (ask, answer) {
            run.brief.learn_page(artist, page, rows, total_pages);
        }
    }
    let mut tracks = worth_knowing(&run.brief, known);
    if !tracks.is_empty() {
        // Where nothing is known of the user, starters are asked about with what searches find.
        tracks.splice(0..0, starters.iter().cloned());
        let mut allowance = run.plan.grant_before_generation(BATCHES);
        let learned = features::fetch(&run.brief, calls, &tracks, &mut allowance, limit).await;
        run.plan.give_back(allowance);
        run.failed(learned.failed);
        run.notes.features_asked.extend(learned.looked_at);
        features::take(&mut run.brief, learned.rows);
    }
}

/// First pages of the artists that the user named or the mood recommends, and of those of named
/// tracks; no more than are read in all.
fn asks(brief: &Brief, known: &Known, most: usize) -> Vec<Ask> {
    let recommended = known.recommended.iter().take(RECOMMENDED);
    let mut artists: Vec<Uuid> = Vec::new();
    let of_tracks = brief.mentions.tracks.iter().flat_map(|track| &track.artists).map(|artist| artist.id);
    let named = brief.mentions.artists.iter().chain(recommended).map(|artist| artist.id);
    for artist in named.chain(of_tracks) {
        if !artists.contains(&artist) {
            artists.push(artist);
        }
    }
    artists.truncate(most.max(brief.mentions.artists.len()));
    let unread = artists.into_iter().filter(|artist| !brief.pages.contains_key(&(*artist, 0)));
    unread.map(|artist| Ask::ArtistTracks { artist, page: 0 }).collect()
}

/// Tracks whose features decide about anchors and seeds; the surest first.
fn worth_knowing(brief: &Brief, known: &Known) -> Vec<Track> {
    let lists = [
        brief.mentions.tracks.clone(),
        brief.remix_tracks.iter().take(OF_REMIX).cloned().collect(),
        brief.top_tracks.clone(),
        best_of_artists(brief, known).into_iter().map(|(track, _)| track).collect(),
        brief.remix_tracks.iter().skip(OF_REMIX).cloned().collect(),
    ];
    lists.concat()
}

/// The anchors, best first.
pub(super) fn choose(brief: &Brief, wanted: &Wanted<'_>, known: &Known) -> Vec<Candidate> {
    let candidate = |track: &Track| brief.candidate(track.clone(), Source::AnchorTrack);
    let mentioned = brief.mentions.tracks.iter().map(|track| {
        (Candidate { user_mentioned: true, protected: true, ..candidate(track) }, Origin::Mentioned)
    });
    let remix = brief.remix_tracks.iter().take(OF_REMIX).map(|track| (candidate(track), Origin::Mentioned));
    let of_artists = best_of_artists(brief, known);
    let of_artists = of_artists.iter().map(|(track, origin)| (candidate(track), *origin));
    let top = brief.top_tracks.iter().map(|track| (candidate(track), Origin::TopTrack));
    select(mentioned.chain(remix).chain(of_artists).chain(top).collect(), wanted)
}

fn best_of_artists(brief: &Brief, known: &Known) -> Vec<(Track, Origin)> {
    let best = |artist: Uuid, count: usize, origin: Origin| -> Vec<(Track, Origin)> {
        let mut rows = brief.pages.get(&(artist, 0)).map_or_else(Vec::new, |page| page.rows.clone());
        rows.retain(|track| !brief.refused(track));
        rows.sort_by_key(|track| (std::cmp::Reverse(track.popularity), track.id));
        rows.into_iter().take(count).map(|track| (track, origin)).collect()
    };
    let mentioned = brief.mentions.artists.iter();
    let mentioned = mentioned.map(|artist| best(artist.id, OF_MENTIONED, Origin::MentionedArtist));
    let recommended = known.recommended.iter().take(RECOMMENDED);
    let recommended = recommended.map(|artist| best(artist.id, OF_RECOMMENDED, Origin::RecommendedArtist));
    mentioned.chain(recommended).flatten().collect()
}
