//! The cache in a real Redis, which is frozen, killed and started again under it.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::sleep;

use super::super::link::Patience;
use super::super::{Cache, Category};

/// A `redis-server` on a free port that keeps nothing on disk; ended when dropped.
struct Server {
    port: u16,
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Server {
    async fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("it is bound").port();
        drop(free);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut server = Self { port, folder, child: None };
        server.restart().await;
        server
    }

    /// Starts it again on its port, empty.
    async fn restart(&mut self) {
        self.kill();
        let child = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .arg("--dir")
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.expect("redis-server starts; install it with `make servers`"));
        for _ in 0..1000 {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("redis-server does not listen on port {}", self.port);
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("our own child");
            child.wait().expect("our own child");
        }
    }

    /// `STOP` freezes it, `CONT` lets it go on.
    fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("it runs").id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// A cache over it that is up. Only a test of time-outs has short ones: machines that run tests
    /// are busy.
    async fn cache(&self, look_up: Duration) -> Cache {
        let pause = Duration::from_millis(20);
        let patience = Patience { look_up, pause, write: Duration::from_secs(5), ..Patience::default() };
        let url = format!("redis://127.0.0.1:{}", self.port);
        let cache = Cache::patient(&url, 100, patience).expect("our own URL is good");
        cache.until(true).await;
        cache
    }

    async fn plain(&self) -> redis::aio::MultiplexedConnection {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.port)).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

const PATIENT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn replicas_share_entries_and_their_end() {
    let server = Server::start().await;
    let (one, two) = (server.cache(PATIENT).await, server.cache(PATIENT).await);
    one.put(Category::TopTracks, "ann", &[1, 2]).await;
    assert_eq!(two.get(Category::TopTracks, "ann").await, Some([1, 2]));
    assert_eq!(one.held(), 0, "memory only stands in");
    two.remove(Category::TopTracks, "ann").await;
    assert_eq!(one.get::<[u32; 2]>(Category::TopTracks, "ann").await, None);
}

#[tokio::test]
async fn a_category_is_cleared_for_all_replicas() {
    let server = Server::start().await;
    let (one, two) = (server.cache(PATIENT).await, server.cache(PATIENT).await);
    for user in ["ann", "bob"] {
        one.put(Category::TopTracks, user, &1).await;
    }
    one.put(Category::TopArtists, "ann", &2).await;
    assert_eq!(one.stats().await.categories["top_tracks"].entries, 2);
    assert_eq!(two.clear(Some(Category::TopTracks)).await, 2);
    assert_eq!(one.get::<u32>(Category::TopTracks, "ann").await, None);
    assert_eq!(one.get(Category::TopArtists, "ann").await, Some(2));
    one.put(Category::TopTracks, "ann", &3).await;
    assert_eq!(two.get(Category::TopTracks, "ann").await, Some(3));
    assert_eq!(one.stats().await.categories["top_tracks"].entries, 1);
}

#[tokio::test]
async fn keys_are_short_and_tell_nothing_and_entries_end() {
    let server = Server::start().await;
    let cache = server.cache(PATIENT).await;
    cache.put(Category::AnchorTracks, "ann@example.org\nsecret prompt", &1).await;
    let mut plain = server.plain().await;
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut plain).await.unwrap();
    assert!(keys.iter().all(|key| key.starts_with("recommender:anchor_tracks:") && key.len() < 70));
    let entry = keys.iter().find(|key| !key.ends_with("index")).unwrap();
    let left: i64 = redis::cmd("PTTL").arg(entry).query_async(&mut plain).await.unwrap();
    assert!((880_000..=900_000).contains(&left), "{left} ms");
    let body: String = redis::cmd("GET").arg(entry).query_async(&mut plain).await.unwrap();
    assert_eq!(body, r#"{"v":1,"g":0,"value":1}"#);
    // Another version's, or somebody's rubbish.
    let _: () = redis::cmd("SET").arg(entry).arg("{\"v\":2}").query_async(&mut plain).await.unwrap();
    assert_eq!(cache.get::<u32>(Category::AnchorTracks, "ann@example.org\nsecret prompt").await, None);
    assert!(!cache.is_away());
}

#[tokio::test]
async fn memory_stands_in_while_the_server_is_away() {
    let mut server = Server::start().await;
    let cache = server.cache(PATIENT).await;
    cache.put(Category::TopTracks, "ann", &1).await;
    server.kill();
    assert_eq!(cache.get::<u32>(Category::TopTracks, "ann").await, None);
    assert!(cache.is_away());
    cache.put(Category::TopTracks, "ann", &2).await;
    assert_eq!(cache.get(Category::TopTracks, "ann").await, Some(2));
    assert_eq!((cache.stats().await.state, cache.held()), ("away", 1));
    server.restart().await;
    cache.until(true).await;
    assert_eq!(cache.held(), 0);
    assert_eq!(cache.get::<u32>(Category::TopTracks, "ann").await, None);
    cache.put(Category::TopTracks, "ann", &3).await;
    assert_eq!(cache.get(Category::TopTracks, "ann").await, Some(3));
}

#[tokio::test]
async fn a_frozen_server_costs_one_look_up_its_patience_and_removals_are_made_up_for() {
    let server = Server::start().await;
    let cache = server.cache(Duration::from_millis(200)).await;
    let patient = server.cache(PATIENT).await;
    patient.put(Category::UserPlaylistStats, "ann", &1).await;
    patient.put(Category::TopTracks, "ann", &2).await;
    server.signal("STOP");
    // The look-up opens the breaker; nothing after it waits.
    assert_eq!(cache.get::<u32>(Category::UserPlaylistStats, "ann").await, None);
    assert!(cache.is_away());
    cache.remove(Category::UserPlaylistStats, "ann").await;
    server.signal("CONT");
    cache.until(true).await;
    assert_eq!(patient.get::<u32>(Category::UserPlaylistStats, "ann").await, None);
    assert_eq!(patient.get(Category::TopTracks, "ann").await, Some(2));
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_used_as_soon_as_it_is() {
    let mut server = Server::start().await;
    server.kill();
    let patience = Patience { pause: Duration::from_millis(20), ..Patience::default() };
    let cache = Cache::patient(&format!("redis://127.0.0.1:{}", server.port), 100, patience).unwrap();
    cache.put(Category::TopTracks, "ann", &1).await;
    assert_eq!(cache.get(Category::TopTracks, "ann").await, Some(1));
    server.restart().await;
    cache.until(true).await;
}

#[tokio::test]
async fn a_url_that_is_none_is_refused() {
    let error = Cache::redis("http://127.0.0.1", 100).unwrap_err().to_string();
    assert!(error.contains("redis://[user:password@]host"), "{error}");
}
