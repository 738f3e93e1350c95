//! Which artists are read.
//!
//! In the order of what speaks for them: the user named them, the mood recommends them, the user
//! hears them, they made a track that does. Where nothing is known of the user, the artists of the
//! tracks that searches found are ranked by how near their tracks are to the mood.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::calls::{Calls, Limit, answers};
use super::mentions::{artist_by_id, namesakes, search_name};
use super::run::Run;
use crate::model::{Artist, ArtistName, TopArtist, Track, TrackId};
use crate::ranking::artists::{Pruning, distinct, estimated_popularity, genre_match, prune};
use crate::ranking::{Wanted, title};
use crate::recobeat::{Answer, Ask};
use crate::strategy::Brief;

/// Artists recommended for a mood that become candidates for anchors.
pub(super) const RECOMMENDED: usize = 5;
/// Left after pruning; more would only be worth it with a source of genres.
const KEEP: usize = 30;

/// Artists of the request, found.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) recommended: Vec<Artist>,
    pub(super) favourites: Vec<Artist>,
}

/// Looks up the recommended artists and the user's favourites.
pub(super) async fn find(run: &mut Run, calls: &Calls, limit: Limit, most: usize) -> Known {
    let asks = asks(&run.brief, most);
    let mut allowance = run.plan.grant_before_generation(asks.len());
    let (known, failed) = answers(calls.all(allowance.afford(asks), limit).await);
    run.failed(failed);
    take(&run.brief, &known)
}

/// All ids in one request, then a search per name that no id stands for.
fn asks(brief: &Brief, most: usize) -> Vec<Ask> {
    let favourites = &brief.request.top_artists;
    let ids: Vec<TrackId> = favourites.iter().filter_map(|artist| artist.id.clone()).collect();
    let with_id = |name: &str| {
        favourites.iter().any(|artist| artist.id.is_some() && title::fold(&artist.name) == title::fold(name))
    };
    let recommended = brief.mood.artist_recommendations.iter().map(String::as_str);
    let nameless = favourites.iter().filter(|artist| artist.id.is_none()).map(|artist| artist.name.as_str());
    let mut asks = Ask::artists(&ids);
    for name in recommended.chain(nameless).filter(|name| !with_id(name)).take(most) {
        let search = search_name(name, 0);
        if !asks.contains(&search) {
            asks.push(search);
        }
    }
    asks
}

fn take(brief: &Brief, known: &[(Ask, Answer)]) -> Known {
    let by_id = |id: &TrackId| {
        let rows = known.iter().filter_map(|(ask, answer)| match (ask, answer) {
            (Ask::Artists(_), Answer::Artists { rows, .. }) => Some(rows),
            _ => None,
        });
        rows.into_iter().find_map(|rows| artist_by_id(rows, id)).cloned()
    };
    let by_name = |name: &str| namesakes(known, name).into_iter().next();
    let told = |artist: &TopArtist| {
        let found = artist.id.as_ref().map_or_else(|| by_name(&artist.name), by_id)?;
        Some(Artist { genres: artist.genres.clone(), popularity: artist.popularity, ..found })
    };
    let mut favourites: Vec<Artist> = brief.request.top_artists.iter().filter_map(told).collect();
    let wished = |artist: &Artist| {
        genre_match(&artist.genres, brief.mood.genre_keywords.iter().map(String::as_str)).unwrap_or(0.0)
    };
    favourites.sort_by(|a, b| wished(b).total_cmp(&wished(a)));
    let recommended = brief.mood.artist_recommendations.iter().filter_map(|name| {
        let favourite = favourites.iter().find(|artist| title::fold(&artist.name) == title::fold(name));
        favourite.cloned().or_else(|| by_name(name))
    });
    Known { recommended: distinct(recommended.collect()), favourites: distinct(favourites) }
}

/// The artists to be read, best first, at most `most`; and those that come after them.
pub(super) fn choose(
    brief: &Brief,
    wanted: &Wanted<'_>,
    known: &Known,
    most: usize,
) -> (Vec<Artist>, Vec<Artist>) {
    let of_tracks = |tracks: &[Track]| -> Vec<Artist> { tracks.iter().flat_map(artists_of).collect() };
    let anchors: Vec<Track> = brief.anchors.iter().map(|anchor| anchor.track.clone()).collect();
    let candidates = [
        brief.mentions.artists.clone(),
        known.recommended.clone(),
        known.favourites.clone(),
        of_tracks(&brief.mentions.tracks),
        of_tracks(&anchors),
        of_tracks(&brief.top_tracks),
        of_tracks(&brief.remix_tracks),
        brief.seeds.iter().filter_map(lead).collect(),
        by_fit(brief),
    ];
    let pruning = Pruning { allow_obscure: brief.request.allow_obscure_artists, keep: KEEP.max(most) };
    let mut candidates = distinct(candidates.concat());
    for artist in candidates.iter_mut().filter(|artist| artist.popularity.is_none()) {
        let page = brief.pages.get(&(artist.id, 0));
        artist.popularity = page.and_then(|page| estimated_popularity(&page.rows));
    }
    let told = prune(candidates, wanted, &pruning);
    let after = told.iter().skip(most).cloned().collect();
    (told.into_iter().take(most).collect(), after)
}

/// Artists of searched tracks, by the nearest of their tracks.
fn by_fit(brief: &Brief) -> Vec<Artist> {
    let mut nearest: BTreeMap<Uuid, (f64, &ArtistName)> = BTreeMap::new();
    for track in &brief.searched {
        let Some(distance) = brief.distance(track) else { continue };
        // A guest may be from another music altogether.
        let Some(artist) = track.artists.first() else { continue };
        let best = nearest.entry(artist.id).or_insert((distance, artist));
        best.0 = best.0.min(distance);
    }
    let mut ranked: Vec<(f64, &ArtistName)> = nearest.into_values().collect();
    ranked.sort_by(|(a, one), (b, other)| a.total_cmp(b).then(one.id.cmp(&other.id)));
    ranked.into_iter().map(|(_, artist)| bare(artist)).collect()
}

fn artists_of(track: &Track) -> Vec<Artist> {
    track.artists.iter().map(bare).collect()
}

fn lead(track: &Track) -> Option<Artist> {
    track.artists.first().map(bare)
}

/// All that a track's row tells of its artist.
fn bare(artist: &ArtistName) -> Artist {
    Artist { id: artist.id, spotify: None, name: artist.name.clone(), genres: Vec::new(), popularity: None }
}
