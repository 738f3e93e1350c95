//! Reading ahead, over a catalogue in memory.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::super::Prefetch;
use super::super::testing::tracks;
use crate::model::{TopArtist, TopTrack};
use crate::recobeat::CallError;
use crate::recobeat::testing::{Fake, Method};

const SECOND: Duration = Duration::from_secs(1);

fn top_tracks(catalogue: &Fake, count: usize) -> Vec<TopTrack> {
    let of = |track: &crate::model::Track| TopTrack {
        id: track.id.into(),
        name: String::new(),
        artists: Vec::new(),
        popularity: None,
    };
    catalogue.all_tracks().iter().take(count).map(of).collect()
}

fn top_artists(catalogue: &Fake, count: usize, named: bool) -> Vec<TopArtist> {
    let of = |artist: &crate::model::Artist| TopArtist {
        id: (!named).then(|| artist.id.into()),
        name: artist.name.to_uppercase(),
        genres: Vec::new(),
        popularity: None,
    };
    catalogue.all_artists().iter().take(count).map(of).collect()
}

#[tokio::test(start_paused = true)]
async fn tracks_features_artists_and_their_first_pages_are_read() {
    let catalogue = Arc::new(Fake::new());
    let prefetch = Prefetch::new(catalogue.clone());
    assert!(prefetch.begin("ann", top_tracks(&catalogue, 30), top_artists(&catalogue, 30, false)));
    sleep(SECOND).await;
    let counts = [Method::Tracks, Method::Features, Method::Artists, Method::ArtistTracks]
        .map(|method| catalogue.count(method));
    assert_eq!(counts, [1, 1, 1, 15]);
}

#[tokio::test(start_paused = true)]
async fn artists_without_ids_are_found_by_their_names() {
    let catalogue = Arc::new(Fake::new());
    let prefetch = Prefetch::new(catalogue.clone());
    assert!(prefetch.begin("ann", Vec::new(), top_artists(&catalogue, 3, true)));
    sleep(SECOND).await;
    assert_eq!(catalogue.count(Method::SearchArtists), 3);
    assert_eq!(catalogue.count(Method::ArtistTracks), 3);
}

#[tokio::test(start_paused = true)]
async fn a_user_is_read_once_at_a_time() {
    let catalogue = Arc::new(Fake::new());
    catalogue.delay_all(SECOND);
    let prefetch = Prefetch::new(catalogue.clone());
    let begin = |user: &str| prefetch.begin(user, top_tracks(&catalogue, 5), Vec::new());
    assert!(begin("ann"));
    assert!(!begin("ann"));
    assert!(begin("bob"));
    sleep(SECOND * 5).await;
    assert!(begin("ann"));
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_replaces_what_began_by_itself() {
    let catalogue = Arc::new(Fake::new());
    catalogue.delay_all(SECOND * 100);
    let prefetch = Prefetch::new(catalogue.clone());
    assert!(prefetch.after("ann", &tracks(5)));
    sleep(SECOND).await;
    assert!(prefetch.begin("ann", top_tracks(&catalogue, 5), Vec::new()));
    assert!(!prefetch.after("ann", &tracks(5)));
    sleep(SECOND).await;
    assert_eq!(catalogue.count(Method::Tracks), 2);
    sleep(SECOND * 400).await;
    assert!(prefetch.after("ann", &tracks(5)));
}

#[tokio::test(start_paused = true)]
async fn errors_stop_nothing_and_leave_nothing() {
    let catalogue = Arc::new(Fake::new());
    catalogue.fail(Method::Tracks, CallError::Failed { status: 500 });
    let prefetch = Prefetch::new(catalogue.clone());
    assert!(prefetch.begin("ann", top_tracks(&catalogue, 5), top_artists(&catalogue, 2, false)));
    sleep(SECOND).await;
    assert_eq!((catalogue.count(Method::Features), catalogue.count(Method::ArtistTracks)), (1, 2));
    assert!(prefetch.begin("ann", Vec::new(), Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_is_given_up() {
    let catalogue = Arc::new(Fake::new());
    catalogue.delay_all(SECOND * 10_000);
    let prefetch = Prefetch::new(catalogue.clone());
    assert!(prefetch.after("ann", &tracks(5)));
    sleep(SECOND * 601).await;
    assert!(prefetch.after("ann", &tracks(5)));
}

#[tokio::test(start_paused = true)]
async fn a_finished_list_brings_its_features_and_artists() {
    let catalogue = Arc::new(Fake::new());
    let mut list = tracks(2);
    for (track, row) in list.iter_mut().zip(catalogue.all_tracks()) {
        track.reccobeat_id = row.id;
    }
    let prefetch = Prefetch::new(catalogue.clone());
    assert!(prefetch.after("ann", &list));
    sleep(SECOND).await;
    let counts = [Method::Tracks, Method::Features, Method::Artists, Method::ArtistTracks]
        .map(|method| catalogue.count(method));
    assert_eq!(counts, [1, 1, 1, 0]);
}
