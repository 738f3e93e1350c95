//! Against a stand-in for Spotify, with answers of the documented shapes.

use std::time::Duration;

use rstest::rstest;

use super::{Source, SpotifyError, Token, WebApi};
use crate::config;
use crate::recobeat::standin::{Reply, StandIn};

const TRACKS: &str = r#"{"href":"x","limit":20,"next":null,"offset":0,"previous":null,"total":3,"items":[
    {"id":"2ZyXwVuTsRqPoNmLkJiHgF","name":"Paper Lanterns","type":"track","popularity":64,"duration_ms":1,
     "artists":[{"id":"1AbCdEfGhIjKlMnOpQrStU","name":"Nova Ferry"},{"id":"x","name":""},{}]},
    {"id":null,"name":"no id"},
    {"id":"1AbCdEfGhIjKlMnOpQrStU","name":"Bare"}]}"#;
const ARTISTS: &str = r#"{"items":[
    {"id":"1AbCdEfGhIjKlMnOpQrStU","name":"Nova Ferry","genres":["indie pop","chillwave"],"popularity":51},
    {"id":"2ZyXwVuTsRqPoNmLkJiHgF","name":"Quiet"},7]}"#;
const PLAYLIST: &str = r#"{"items":[
    {"is_local":false,"track":{"id":"2ZyXwVuTsRqPoNmLkJiHgF","name":"A","type":"track","artists":[]}},
    {"is_local":true,"track":{"id":null,"name":"B","type":"track"}},
    {"is_local":false,"track":null},
    {"is_local":false,"track":{"id":"1AbCdEfGhIjKlMnOpQrStU","name":"C","type":"episode"}},
    {"is_local":false,"item":{"id":"1AbCdEfGhIjKlMnOpQrStU","name":"D","type":"track"}}]}"#;

fn token() -> Token {
    Token::parse("secret").expect("a token")
}

fn api(server: &StandIn, milliseconds: u64) -> WebApi {
    let (api_url, timeout) = (format!("{}/v1/", server.url), Duration::from_millis(milliseconds));
    WebApi::new(&config::Spotify { enabled: true, api_url, timeout }).expect("a client")
}

async fn tops(reply: Reply, milliseconds: u64) -> Result<usize, SpotifyError> {
    let server = StandIn::saying(reply).await;
    let outcome = api(&server, milliseconds).top_tracks(&token()).await;
    assert!(server.seen().len() <= 1, "asked once, whatever comes");
    outcome.map(|tracks| tracks.len())
}

#[tokio::test]
async fn top_tracks_are_read_with_the_users_token() {
    let server = StandIn::saying(Reply::json(TRACKS)).await;
    let tracks = api(&server, 10_000).top_tracks(&token()).await.expect("tracks");
    let names: Vec<_> = tracks.iter().map(|track| (track.name.as_str(), track.popularity)).collect();
    assert_eq!(names, [("Paper Lanterns", Some(64)), ("Bare", None)]);
    assert_eq!(
        (tracks[0].id.to_string(), tracks[0].artists.as_slice()),
        ("2ZyXwVuTsRqPoNmLkJiHgF".to_owned(), ["Nova Ferry".to_owned()].as_slice())
    );
    assert_eq!(server.targets(), ["/v1/me/top/tracks?time_range=medium_term&limit=20"]);
    assert_eq!(server.seen()[0].header("authorization"), Some("Bearer secret"));
}

#[tokio::test]
async fn top_artists_come_with_genres() {
    let server = StandIn::saying(Reply::json(ARTISTS)).await;
    let artists = api(&server, 10_000).top_artists(&token()).await.expect("artists");
    assert_eq!(artists[0].genres, ["indie pop", "chillwave"]);
    assert_eq!((artists.len(), artists[0].popularity, artists[1].popularity), (2, Some(51), None));
    assert!(artists[1].genres.is_empty());
    assert_eq!(server.targets(), ["/v1/me/top/artists?time_range=medium_term&limit=15"]);
}

#[tokio::test]
async fn a_playlist_gives_its_tracks_alone() {
    let server = StandIn::saying(Reply::json(PLAYLIST)).await;
    let playlist = "37i9dQZF1DXcBWIGoYBM5M".parse().expect("an id");
    let tracks = api(&server, 10_000).playlist_tracks(&token(), &playlist).await.expect("tracks");
    assert_eq!(tracks.iter().map(|track| track.name.as_str()).collect::<Vec<_>>(), ["A", "D"]);
    assert_eq!(server.targets(), ["/v1/playlists/37i9dQZF1DXcBWIGoYBM5M/tracks?limit=50"]);
}

#[rstest]
#[case::expired(401, SpotifyError::Expired)]
#[case::scopes(403, SpotifyError::Forbidden)]
#[case::unknown(404, SpotifyError::Unknown)]
#[case::busy(429, SpotifyError::Busy { retry_after: Some(Duration::from_secs(7)) })]
#[case::broken(500, SpotifyError::Failed { status: 500 })]
#[case::away(503, SpotifyError::Failed { status: 503 })]
#[case::elsewhere(302, SpotifyError::Failed { status: 302 })]
#[tokio::test]
async fn each_failure_has_its_kind(#[case] status: u16, #[case] expected: SpotifyError) {
    let reply = Reply::json(r#"{"error":{"status":1,"message":"secret"}}"#).status(status);
    let reply = reply.with("retry-after", "7").with("location", "/elsewhere");
    let error = tops(reply, 10_000).await.expect_err("a failure");
    assert_eq!(error, expected);
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[rstest]
#[case::page(Reply::json("<html>").with("content-type", "text/html"))]
#[case::truncated(Reply::json(r#"{"items":[{"id":"2Z"#))]
#[case::broken_off(Reply::json(r#"{"items":["#).breaks_off())]
#[case::no_items(Reply::json(r#"{"tracks":[]}"#))]
#[case::too_large(Reply::json(vec![b' '; 2 * 1024 * 1024 + 1]))]
#[tokio::test]
async fn what_is_no_answer_is_told_as_such(#[case] reply: Reply) {
    let outcome = tops(reply, 10_000).await;
    assert!(matches!(outcome, Err(SpotifyError::Shape(_))), "{outcome:?}");
}

#[rstest]
#[case::no_status(Reply::json("{}").silent())]
#[case::half_a_body(Reply::json(r#"{"items":["#).stalls())]
#[tokio::test]
async fn nobody_waits_longer_than_the_limit(#[case] reply: Reply) {
    assert_eq!(tops(reply, 60).await, Err(SpotifyError::TimedOut(Duration::from_millis(60))));
}

#[tokio::test]
async fn nobody_at_home_is_an_error_like_others() {
    let gone = StandIn::saying(Reply::json("{}")).await.url.clone();
    let config = config::Spotify { enabled: true, api_url: gone, timeout: Duration::from_secs(10) };
    let outcome = WebApi::new(&config).expect("a client").top_artists(&token()).await;
    assert!(matches!(outcome, Err(SpotifyError::Unreachable(_))), "{outcome:?}");
}
