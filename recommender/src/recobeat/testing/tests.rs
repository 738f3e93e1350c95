use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Call, Fake, Method, TRACKS_EACH};
use crate::model::{Feature, PerFeature, TrackId};
use crate::recobeat::{CallError, Catalogue, Draw};

fn draw(seeds: Vec<TrackId>, negatives: Vec<TrackId>) -> Draw {
    let targets = PerFeature::default();
    Draw { seeds, negatives, size: 20, targets, feature_weight: None, fresh: false }
}

fn id(fake: &Fake, n: usize) -> TrackId {
    fake.all_tracks()[n].id.into()
}

#[tokio::test]
async fn the_catalogue_is_the_same_each_time_and_its_ids_are_all_different() {
    let (one, other) = (Fake::new(), Fake::new());
    assert_eq!(one.all_tracks(), other.all_tracks());
    assert_eq!(one.all_tracks().len(), 600);
    let ids: HashSet<_> = one.all_tracks().iter().map(|track| track.id).collect();
    let spotify: HashSet<_> = one.all_tracks().iter().filter_map(|t| t.spotify.clone()).collect();
    assert_eq!((ids.len(), spotify.len()), (600, 594));
}

#[tokio::test]
async fn both_kinds_of_ids_name_a_track_and_unknown_ones_are_left_out() {
    let fake = Fake::new();
    let spotify = fake.all_tracks()[7].spotify.clone().expect("on Spotify").into();
    let rows = fake.tracks(&[spotify, id(&fake, 3), Uuid::nil().into()]).await.expect("rows");
    let titles: Vec<_> = rows.iter().map(|row| row.id).collect();
    assert_eq!(titles, [fake.all_tracks()[3].id, fake.all_tracks()[7].id]);
    assert_eq!(fake.features(&[id(&fake, 5)]).await, Ok(Vec::new()));
}

#[tokio::test]
async fn searches_find_parts_of_titles_in_any_case() {
    let fake = Fake::new();
    let page = fake.search_tracks("CALM", 0).await.expect("a page");
    assert!(page.rows.len() >= 10, "{}", page.rows.len());
    assert!(matches!(fake.search_tracks("ab", 0).await, Err(CallError::Refused { status: 400, .. })));
    assert_eq!(fake.search_artists("ferry", 0).await.expect("a page").rows.len(), 8);
}

#[tokio::test]
async fn what_the_upstream_refuses_is_refused() {
    let fake = Fake::new();
    let ids = |from: usize, to: usize| (from..to).map(|n| id(&fake, n)).collect::<Vec<_>>();
    let bad = [
        draw(Vec::new(), Vec::new()),
        draw(ids(0, 6), Vec::new()),
        draw(ids(0, 1), ids(1, 2)),
        draw(ids(0, 2), ids(0, 1)),
        draw(vec![Uuid::nil().into()], Vec::new()),
    ];
    for draw in bad {
        assert!(matches!(fake.recommend(&draw).await, Err(CallError::Refused { .. })), "{draw:?}");
    }
    assert_eq!(fake.recommend(&draw(ids(0, 3), ids(3, 5))).await.expect("rows").len(), 20);
}

#[tokio::test]
async fn a_fresh_draw_brings_other_rows() {
    let fake = Fake::new();
    let plain = draw(vec![id(&fake, 0)], Vec::new());
    let first = fake.recommend(&plain).await;
    assert_eq!(first, fake.recommend(&plain).await);
    assert_ne!(first, fake.recommend(&Draw { fresh: true, ..plain }).await);
}

#[tokio::test(start_paused = true)]
async fn failures_and_delays_come_as_scripted() {
    let fake = Fake::new();
    let error = CallError::Failed { status: 500 };
    fake.next(Method::Tracks, None);
    fake.next(Method::Tracks, Some(error.clone()));
    fake.delay(Method::Tracks, Duration::from_secs(3));
    let begun = Instant::now();
    assert!(fake.tracks(&[]).await.is_ok());
    assert_eq!(fake.tracks(&[]).await, Err(error.clone()));
    assert!(fake.tracks(&[]).await.is_ok());
    assert_eq!(begun.elapsed(), Duration::from_secs(9));
    fake.fail_all(&error);
    assert_eq!(fake.artists(&[]).await, Err(error));
    fake.heal();
    assert!(fake.artists(&[]).await.is_ok());
    assert_eq!((fake.calls().len(), fake.count(Method::Artists)), (5, 2));
}

#[tokio::test]
async fn an_artists_page_is_in_the_order_of_spotify_ids() {
    let fake = Fake::new();
    let artist = fake.all_artists()[2].id;
    let page = fake.artist_tracks(artist, 0).await.expect("a page");
    assert_eq!((page.rows.len(), page.total_pages), (TRACKS_EACH, 1));
    assert!(page.rows.iter().all(|row| row.artists[0].id == artist));
    let ids: Vec<_> =
        page.rows.iter().map(|row| row.spotify.as_ref().map(|id| id.as_str().to_lowercase())).collect();
    assert!(ids.is_sorted());
    assert_eq!(fake.calls(), [Call::ArtistTracks { artist, page: 0 }]);
    let unknown = fake.artist_tracks(Uuid::nil(), 0).await;
    assert!(matches!(unknown, Err(CallError::Refused { status: 404, .. })));
}

#[tokio::test]
async fn there_are_poorer_worlds() {
    let (bare, empty) = (Fake::without_features(), Fake::empty());
    let ids: Vec<TrackId> = bare.all_tracks().iter().map(|track| track.id.into()).collect();
    assert_eq!(bare.features(&ids).await, Ok(Vec::new()));
    assert_eq!((bare.requests(), bare.features_of(bare.all_tracks()[0].id)), (15, None));
    assert_eq!(empty.tracks(&ids).await, Ok(Vec::new()));
    let known = Fake::new().features_of(bare.all_tracks()[0].id).expect("known");
    assert!(known[Feature::Energy].is_some() && known[Feature::Popularity].is_none());
}

#[tokio::test(start_paused = true)]
async fn calls_at_once_are_counted_also_when_they_are_given_up() {
    let fake = Fake::new();
    fake.delay_all(Duration::from_secs(5));
    let searches = join_all((0..3).map(|page| fake.search_tracks("night", page)));
    assert!(tokio::time::timeout(Duration::from_secs(1), searches).await.is_err());
    fake.forget_calls();
    assert!(fake.search_tracks("night", 0).await.is_ok());
    assert_eq!((fake.most_at_once(), fake.calls().len()), (3, 1));
}
