//! What the request names: tracks and artists, found by id or by name.
//!
//! Titles and names are searched by one field only, and the right row may be on a later page. So all
//! pages that were read are looked at together, and further ones are asked for only where the first
//! has no row of that name.

use uuid::Uuid;

use super::calls::{Calls, Limit, answers};
use super::run::Run;
use crate::model::{Artist, MentionedTrack, MoodRequest, Priority, Track, TrackId};
use crate::mood::{artist_names, quoted_titles};
use crate::ranking::{artists, title};
use crate::recobeat::{Answer, Ask};
use crate::strategy::Mentions;

/// The shortest text that tracks can be searched by, in characters.
const SHORTEST: usize = 3;
/// Pages of a search that are read, at most.
const PAGES: u32 = 3;
/// Artists of one name that are told apart by their tracks.
const NAMESAKES: usize = 3;
/// Quoted titles, and capitalised names, that a prompt is searched for.
const FROM_PROMPT: usize = 2;

/// Everything that is looked for; the most important first.
#[derive(Debug, Clone, Default, PartialEq)]
struct Wanted {
    tracks: Vec<MentionedTrack>,
    artists: Vec<String>,
    /// From the prompt: taken only on an exact match, and not missed without one.
    quoted: Vec<String>,
    names: Vec<String>,
}

/// Finds what the request names, in two rounds: first pages, then what they leave open.
pub(super) async fn find(run: &mut Run, calls: &Calls, limit: Limit) {
    let wanted = wanted(&run.brief.request);
    let first = first_asks(&wanted);
    if run.plan.is_short_of(first.len()) {
        run.plan.open_reserve();
    }
    let mut known = Vec::new();
    ask(run, calls, limit, first, &mut known).await;
    let further = further_asks(&wanted, &known);
    ask(run, calls, limit, further, &mut known).await;
    run.brief.mentions = resolve(&wanted, &known);
    for (ask, answer) in known {
        if let (Ask::ArtistTracks { artist, page }, Answer::Tracks { rows, total_pages }) = (ask, answer) {
            run.brief.learn_page(artist, page, rows, total_pages);
        }
    }
}

async fn ask(run: &mut Run, calls: &Calls, limit: Limit, asks: Vec<Ask>, known: &mut Vec<(Ask, Answer)>) {
    let mut allowance = run.plan.grant_before_generation(asks.len());
    let asks = allowance.afford(asks);
    let (answered, failed) = answers(calls.all(asks, limit).await);
    run.failed(failed);
    known.extend(answered);
}

fn wanted(request: &MoodRequest) -> Wanted {
    let mut tracks = request.mentioned_tracks.clone();
    tracks.sort_by_key(|mention| mention.priority != Priority::High);
    let prompt = &request.mood_prompt;
    let help = |texts: Vec<String>| texts.into_iter().take(FROM_PROMPT).collect();
    Wanted {
        tracks,
        artists: request.mentioned_artists.clone(),
        quoted: help(quoted_titles(prompt)),
        names: help(artist_names(prompt)),
    }
}

fn first_asks(wanted: &Wanted) -> Vec<Ask> {
    let track_ids: Vec<TrackId> = wanted.tracks.iter().filter_map(|mention| mention.id.clone()).collect();
    let artist_ids: Vec<TrackId> = wanted.artists.iter().filter_map(|text| text.parse().ok()).collect();
    let titles = wanted.tracks.iter().filter(|mention| mention.id.is_none());
    let titles = titles.map(|mention| &mention.track_name).chain(&wanted.quoted);
    let titles = titles.filter_map(|text| search_title(text, 0));
    let names = wanted.artists.iter().filter(|text| text.parse::<TrackId>().is_err()).chain(&wanted.names);
    let names = names.map(|name| search_name(name, 0));
    let mut asks: Vec<Ask> = Ask::tracks(&track_ids);
    for ask in Ask::artists(&artist_ids).into_iter().chain(titles).chain(names) {
        if !asks.contains(&ask) {
            asks.push(ask);
        }
    }
    asks
}

/// Later pages where no row has the name, first pages of tracks where several artists have it.
fn further_asks(wanted: &Wanted, known: &[(Ask, Answer)]) -> Vec<Ask> {
    let mut asks = Vec::new();
    for mention in wanted.tracks.iter().filter(|mention| mention.id.is_none()) {
        if pick_title(known, &mention.track_name, &mention.artist_name).is_none_or(|(_, sure)| !sure) {
            asks.extend(later(known, |page| search_title(&mention.track_name, page)));
        }
    }
    for name in wanted.artists.iter().filter(|text| text.parse::<TrackId>().is_err()).chain(&wanted.names) {
        let namesakes = namesakes(known, name);
        match namesakes.len() {
            0 if wanted.artists.contains(name) => {
                asks.extend(later(known, |page| Some(search_name(name, page))));
            }
            0 | 1 => {}
            _ => asks.extend(namesakes.iter().map(|one| Ask::ArtistTracks { artist: one.id, page: 0 })),
        }
    }
    asks
}

/// The pages after the first that exist, of those that are read.
fn later(known: &[(Ask, Answer)], ask: impl Fn(u32) -> Option<Ask>) -> Vec<Ask> {
    let first = ask(0).and_then(|first| known.iter().find(|(asked, _)| *asked == first));
    let pages = match first {
        Some((_, Answer::Tracks { total_pages, .. } | Answer::Artists { total_pages, .. })) => *total_pages,
        _ => 0,
    };
    (1..pages.min(PAGES)).filter_map(ask).collect()
}

fn resolve(wanted: &Wanted, known: &[(Ask, Answer)]) -> Mentions {
    let mut found = Mentions::default();
    for mention in &wanted.tracks {
        let track = match &mention.id {
            Some(id) => by_id(known, id),
            None => pick_title(known, &mention.track_name, &mention.artist_name).map(|(track, _)| track),
        };
        match track {
            Some(track) if found.tracks.iter().any(|other| other.id == track.id) => {}
            Some(track) => found.tracks.push(track.clone()),
            None => found.unresolved.push(described(mention)),
        }
    }
    for text in &wanted.artists {
        match artist(known, text) {
            Some(artist) => found.artists.push(artist),
            None => found.unresolved.push(text.clone()),
        }
    }
    for quoted in &wanted.quoted {
        let track = pick_title(known, quoted, "").map(|(track, _)| track);
        let track = track.filter(|track| title::fold(&track.title) == title::fold(quoted));
        if let Some(track) = track.filter(|track| found.tracks.iter().all(|other| other.id != track.id)) {
            found.tracks.push(track.clone());
        }
    }
    found.artists.extend(wanted.names.iter().filter_map(|name| artist(known, name)));
    found.artists = artists::distinct(found.artists);
    found
}

fn described(mention: &MentionedTrack) -> String {
    match (&mention.id, mention.track_name.as_str(), mention.artist_name.as_str()) {
        (Some(id), "", _) => id.to_string(),
        (_, title, "") => title.to_owned(),
        (_, title, artist) => format!("{title} – {artist}"),
    }
}

/// The row with that id, whichever kind it is; or else the row of another id that answers for it.
pub(super) fn by_id<'a>(known: &'a [(Ask, Answer)], id: &TrackId) -> Option<&'a Track> {
    let lists = known.iter().filter_map(|(ask, answer)| match (ask, answer) {
        (Ask::Tracks(ids), Answer::Tracks { rows, .. }) => Some((ids, rows)),
        _ => None,
    });
    let same = lists.clone().flat_map(|(_, rows)| rows).find(|track| has_id(track, id));
    same.or_else(|| lists.clone().find_map(|(ids, rows)| relinked(ids, rows, id)))
}

fn has_id(track: &Track, id: &TrackId) -> bool {
    match id {
        TrackId::Uuid(id) => track.id == *id,
        TrackId::Spotify(id) => track.spotify.as_ref() == Some(id),
    }
}

/// A track may have moved to another id, under which its row comes. Where just one id and one row of
/// an answer are left over, they belong together.
fn relinked<'a>(ids: &[TrackId], rows: &'a [Track], id: &TrackId) -> Option<&'a Track> {
    let mut lost = ids.iter().filter(|id| !rows.iter().any(|track| has_id(track, id)));
    let mut strays = rows.iter().filter(|track| !ids.iter().any(|id| has_id(track, id)));
    match (lost.next(), lost.next(), strays.next(), strays.next()) {
        (Some(only), None, Some(stray), None) if only == id => Some(stray),
        _ => None,
    }
}

/// The best row of that title, and whether its artist is the one that was named. First an artist of
/// just that name, then one that contains it, then the most popular row of the title.
fn pick_title<'a>(known: &'a [(Ask, Answer)], name: &str, by: &str) -> Option<(&'a Track, bool)> {
    let (wanted, by) = (title::normalise(name), title::fold(by));
    let rows = known.iter().filter_map(|(ask, answer)| match (ask, answer) {
        (Ask::SearchTracks { text, .. }, Answer::Tracks { rows, .. }) if text == name.trim() => Some(rows),
        _ => None,
    });
    let nearness = |track: &Track| {
        let names: Vec<String> = track.artists.iter().map(|artist| title::fold(&artist.name)).collect();
        match () {
            () if by.is_empty() || names.contains(&by) => 2,
            () if names.iter().any(|name| name.contains(&by)) => 1,
            () => 0,
        }
    };
    let equal = rows.flatten().filter(|track| title::normalise(&track.title) == wanted);
    let best = equal.max_by_key(|track| (nearness(track), track.popularity, std::cmp::Reverse(track.id)))?;
    Some((best, nearness(best) > 0))
}

/// By id, or the artist of that name; of several, the one with the most popular tracks.
fn artist(known: &[(Ask, Answer)], text: &str) -> Option<Artist> {
    if let Ok(id) = text.parse::<TrackId>() {
        let mut rows = known.iter().filter_map(|(ask, answer)| match (ask, answer) {
            (Ask::Artists(_), Answer::Artists { rows, .. }) => Some(rows),
            _ => None,
        });
        return rows.find_map(|rows| artist_by_id(rows, &id)).cloned();
    }
    let heard = |artist: &Artist| {
        let rows = tracks_of(known, artist.id);
        rows.iter().filter_map(|track| track.popularity).max()
    };
    let namesakes = namesakes(known, text);
    namesakes.into_iter().max_by_key(|artist| (heard(artist), std::cmp::Reverse(artist.id)))
}

/// Of either kind of id.
pub(super) fn artist_by_id<'a>(rows: &'a [Artist], id: &TrackId) -> Option<&'a Artist> {
    rows.iter().find(|artist| match id {
        TrackId::Uuid(id) => artist.id == *id,
        TrackId::Spotify(id) => artist.spotify.as_ref() == Some(id),
    })
}

/// The first artists of exactly that name, in the order of the search.
pub(super) fn namesakes(known: &[(Ask, Answer)], name: &str) -> Vec<Artist> {
    let wanted = title::fold(name);
    let rows = known.iter().filter_map(|(ask, answer)| match (ask, answer) {
        (Ask::SearchArtists { text, .. }, Answer::Artists { rows, .. }) if text == name.trim() => Some(rows),
        _ => None,
    });
    let equal = rows.flatten().filter(|artist| title::fold(&artist.name) == wanted).cloned();
    artists::distinct(equal.collect()).into_iter().take(NAMESAKES).collect()
}

fn tracks_of(known: &[(Ask, Answer)], artist: Uuid) -> &[Track] {
    let page = Ask::ArtistTracks { artist, page: 0 };
    match known.iter().find(|(ask, _)| *ask == page) {
        Some((_, Answer::Tracks { rows, .. })) => rows,
        _ => &[],
    }
}

fn search_title(text: &str, page: u32) -> Option<Ask> {
    let text = text.trim();
    (text.chars().count() >= SHORTEST).then(|| Ask::SearchTracks { text: text.to_owned(), page })
}

pub(super) fn search_name(text: &str, page: u32) -> Ask {
    Ask::SearchArtists { text: text.trim().to_owned(), page }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ArtistName;

    fn row(n: u128, title: &str, by: &str, popularity: u8) -> Track {
        Track {
            id: Uuid::from_u128(n),
            spotify: None,
            title: title.into(),
            artists: vec![ArtistName { id: Uuid::from_u128(900 + n), name: by.into() }],
            duration_ms: 1,
            isrc: None,
            popularity: Some(popularity),
        }
    }

    fn page(text: &str, page: u32, total_pages: u32, rows: Vec<Track>) -> (Ask, Answer) {
        (search_title(text, page).expect("long enough"), Answer::Tracks { rows, total_pages })
    }

    fn mention(title: &str, artist: &str) -> Wanted {
        let one = MentionedTrack {
            id: None,
            track_name: title.into(),
            artist_name: artist.into(),
            priority: Priority::High,
        };
        Wanted { tracks: vec![one], ..Wanted::default() }
    }

    #[test]
    fn the_named_artist_counts_more_than_popularity() {
        let rows = vec![
            row(1, "Lanterns", "Someone Else", 99),
            row(2, "Lanterns (Remastered 2011)", "Nova Ferry", 3),
            row(3, "Lanterns", "Nova Ferry Trio", 50),
            row(4, "Paper Lanterns", "Nova Ferry", 80),
        ];
        let known = [page("Lanterns", 0, 1, rows.clone())];
        let pick = |by| pick_title(&known, "Lanterns", by).map(|(track, sure)| (track.id.as_u128(), sure));
        assert_eq!(pick("nova ferry"), Some((2, true)));
        assert_eq!(pick("ferry trio"), Some((3, true)));
        assert_eq!(pick("Nobody"), Some((1, false)));
        assert_eq!(pick(""), Some((1, true)));
        assert_eq!(pick_title(&known, "Lantern", "").map(|(track, _)| track.id), None);
    }

    #[test]
    fn one_row_under_another_id_belongs_to_the_one_id_without_a_row() {
        let ids: Vec<TrackId> = (1..=3).map(|n| TrackId::Uuid(Uuid::from_u128(n))).collect();
        let known = |numbers: &[u128]| {
            let rows = numbers.iter().map(|n| row(*n, "Any", "A", 1)).collect();
            vec![(Ask::Tracks(ids.clone()), Answer::Tracks { rows, total_pages: 1 })]
        };
        let found = |numbers: &[u128]| {
            let known = known(numbers);
            ids.iter().map(|id| by_id(&known, id).map(|track| track.id.as_u128())).collect::<Vec<_>>()
        };
        assert_eq!(found(&[3, 9, 1]), [Some(1), Some(9), Some(3)]);
        assert_eq!(found(&[3, 9]), [None, None, Some(3)]);
        assert_eq!(found(&[3, 8, 9, 1]), [Some(1), None, Some(3)]);
    }

    #[test]
    fn later_pages_are_read_only_where_the_first_leaves_doubt() {
        let wanted = mention("Lanterns", "Nova Ferry");
        let sure = [page("Lanterns", 0, 9, vec![row(1, "Lanterns", "Nova Ferry", 1)])];
        assert_eq!(further_asks(&wanted, &sure), []);
        let doubt = [page("Lanterns", 0, 9, vec![row(1, "Lanterns", "Others", 1)])];
        let next = |at| Ask::SearchTracks { text: "Lanterns".into(), page: at };
        assert_eq!(further_asks(&wanted, &doubt), [next(1), next(2)]);
        let two = [page("Lanterns", 0, 2, Vec::new())];
        assert_eq!(further_asks(&wanted, &two), [next(1)]);
    }

    #[test]
    fn a_row_on_a_later_page_resolves_a_mention() {
        let wanted = mention("Lanterns", "Nova Ferry");
        let known = [
            page("Lanterns", 0, 3, vec![row(1, "Lanterns", "Others", 90)]),
            page("Lanterns", 2, 3, vec![row(2, "LANTERNS", "Nova Ferry", 1)]),
        ];
        let found = resolve(&wanted, &known);
        assert_eq!(found.tracks.iter().map(|track| track.id.as_u128()).collect::<Vec<_>>(), [2]);
        assert!(found.unresolved.is_empty());
    }

    #[test]
    fn of_artists_with_one_name_the_most_heard_is_meant() {
        let artist = |n: u128| Artist {
            id: Uuid::from_u128(n),
            spotify: None,
            name: "The Choir".into(),
            genres: Vec::new(),
            popularity: None,
        };
        let wanted = Wanted { artists: vec!["the choir".into()], ..Wanted::default() };
        let rows = vec![artist(1), artist(2)];
        let mut known = vec![(search_name("the choir", 0), Answer::Artists { rows, total_pages: 1 })];
        let pages = further_asks(&wanted, &known);
        assert_eq!(pages.len(), 2);
        for (ask, popularity) in pages.into_iter().zip([20, 70]) {
            let rows = vec![row(5, "Any", "The Choir", popularity)];
            known.push((ask, Answer::Tracks { rows, total_pages: 1 }));
        }
        assert_eq!(resolve(&wanted, &known).artists, [artist(2)]);
    }

    #[test]
    fn titles_in_quotes_are_taken_only_as_they_stand() {
        let wanted = Wanted { quoted: vec!["Paper Lanterns".into()], ..Wanted::default() };
        let near = [page("Paper Lanterns", 0, 1, vec![row(1, "Paper Lanterns (Live)", "A", 1)])];
        assert!(resolve(&wanted, &near).tracks.is_empty());
        let same = [page("Paper Lanterns", 0, 1, vec![row(1, "paper lanterns", "A", 1)])];
        assert_eq!(resolve(&wanted, &same).tracks.len(), 1);
    }
}
