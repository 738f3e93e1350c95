//! The client against a stand-in for the proxy, over real sockets.

mod admin;
mod calls;
mod failures;

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::standin::{Reply, StandIn};
use super::{Client, Lane, RunClient, RunTag};
use crate::config;
use crate::model::{SpotifyId, TrackId};

const SPOTIFY: &str = "2ZyXwVuTsRqPoNmLkJiHgF";
const EMPTY: &str = r#"{"content":[]}"#;

fn uuid() -> Uuid {
    "7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d".parse().expect("a UUID")
}

fn spotify() -> SpotifyId {
    SPOTIFY.parse().expect("an id")
}

fn both() -> [TrackId; 2] {
    [uuid().into(), spotify().into()]
}

fn client(server: &StandIn) -> Client {
    let admin_url = Some(server.url.clone());
    let token = Some("secret".to_owned());
    let proxy = config::Proxy { url: server.url.clone(), admin_url, admin_token: token, concurrency: 2 };
    Client::new(&proxy).expect("a client")
}

fn run(server: &StandIn) -> RunClient {
    client(server).for_run(tag(Lane::Interactive))
}

fn tag(lane: Lane) -> RunTag {
    RunTag { session: Uuid::nil(), lane, deadline: None }
}

/// A run that ends in so many milliseconds.
fn ending(client: &Client, milliseconds: u64) -> RunClient {
    let deadline = Some(Instant::now() + Duration::from_millis(milliseconds));
    client.for_run(RunTag { deadline, ..tag(Lane::Interactive) })
}
