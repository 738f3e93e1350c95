//! The whole product on its usual ports in front of a simulated upstream, with clients that go on until
//! Ctrl-C: something to look at, to explain, to warm and to break.
//!
//! The clients ask as services do: few titles often, many seldom. So the first minutes show a cache that
//! fills, and the operators' page has curves.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use recobeat_sim::{Behaviour, Latency, Settings, Simulator};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::harness::recommender::{Recommender, Terms};
use crate::harness::{Ask, Line, Proxy, Setup};

const HANDS: u64 = 3;
const PAUSE: Duration = Duration::from_secs(1);
const TOLD_EVERY: Duration = Duration::from_secs(10);
/// Titles that clients ask for; those behind them are left for `warm`.
const PLAYED: usize = 300;
const TO_WARM: usize = 400;
/// Of the proxy, to be changed while it runs.
const SETTINGS: &str = "config/proxy.yaml";

/// Runs until Ctrl-C; the reason when something does not start.
pub(crate) async fn steady() -> Result<(), String> {
    let simulator = Simulator::start(Settings {
        listen: local(9100),
        behaviour: Behaviour {
            latency: Latency::Fixed(Duration::from_millis(500)),
            rate_limit: Some("90/60s,4/1s".parse().expect("a valid limit")),
            ..Behaviour::default()
        },
        ..Settings::default()
    })
    .await
    .map_err(|error| format!("the simulated upstream cannot listen on {}: {error}", local(9100)))?;

    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    // Absolute: the proxy runs in a folder of its own. What is set here stays stronger.
    let settings = fs::canonicalize(SETTINGS).map_err(|error| format!("{SETTINGS}: {error}"))?;
    let setup = Setup::default_limits().file(&settings).read_ahead().disk(&folder.path().join("cache.redb"));
    let mut proxy = Proxy::spawn(&simulator.url(), &setup, 8080, 9090);
    if !proxy.becomes_ready().await {
        return Err(format!("the proxy does not start:\n{}", proxy.log.tail()));
    }
    let mut recommender =
        Recommender::spawn_at(local(8000), [proxy.addr, proxy.admin], &Terms::default_limits());
    if !recommender.becomes_ready().await {
        return Err(format!("the recommender does not start:\n{}", recommender.log.tail()));
    }
    introduce(&simulator)?;

    let tally = Arc::new(Tally::default());
    let titles = Arc::new(Titles::of(&simulator));
    for hand in 0..HANDS {
        tokio::spawn(ask_on(proxy.addr, Dice(hand), Arc::clone(&titles), Arc::clone(&tally)));
    }
    tokio::select! {
        () = tell(&tally, &simulator) => {}
        () = stopped() => {}
    }
    recommender.terminate();
    proxy.terminate();
    recommender.ends().await;
    proxy.ends().await;
    Ok(())
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn introduce(simulator: &Simulator) -> Result<(), String> {
    let tracks = simulator.catalogue().tracks();
    let file = Path::new("target/ids.txt");
    let ids: Vec<&str> =
        tracks[PLAYED..PLAYED + TO_WARM].iter().map(|track| track.spotify.as_str()).collect();
    fs::write(file, ids.join("\n") + "\n").map_err(|error| format!("{}: {error}", file.display()))?;
    println!("the operators' page   http://127.0.0.1:9090/");
    println!("a mood to a playlist  http://127.0.0.1:8000/");
    println!("the proxy             http://127.0.0.1:8080/v1/track?ids={}", ids[0]);
    println!("its settings          {SETTINGS}; a change that is saved is in force at once");
    println!("ids to warm           {} ({TO_WARM} that nobody asks for)", file.display());
    println!("Ctrl-C ends all of it\n");
    Ok(())
}

#[derive(Default)]
struct Tally {
    asked: AtomicUsize,
    at_once: AtomicUsize,
    failed: AtomicUsize,
}

async fn tell(tally: &Tally, simulator: &Simulator) {
    let mut ticks = interval(TOLD_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let take = |count: &AtomicUsize| count.swap(0, Ordering::Relaxed);
        let (asked, at_once, failed) = (take(&tally.asked), take(&tally.at_once), take(&tally.failed));
        println!(
            "10 s: {asked:3} requests, {at_once:3} answered from the cache, {failed} failed; upstream calls so far: {}",
            simulator.stats().calls
        );
    }
}

/// What clients ask for, most wanted first.
struct Titles {
    spotify: Vec<String>,
    with_features: Vec<String>,
    artists: Vec<String>,
}

impl Titles {
    fn of(simulator: &Simulator) -> Self {
        let catalogue = simulator.catalogue();
        let played = &catalogue.tracks()[..PLAYED];
        let featured = played.iter().filter(|track| track.features_row.is_some());
        Self {
            spotify: played.iter().map(|track| track.spotify.clone()).collect(),
            with_features: featured.map(|track| track.id.clone()).collect(),
            artists: catalogue.artists()[..20].iter().map(|artist| artist.id.clone()).collect(),
        }
    }

    /// Half of the requests convert ids, a third asks for features, the rest for draws and pages.
    fn next(&self, dice: &mut Dice) -> String {
        match dice.below(100) {
            0..50 => {
                let ids: Vec<&str> = (0..10).map(|_| dice.popular(&self.spotify)).collect();
                format!("/v1/track?ids={}", ids.join(","))
            }
            50..84 => format!("/v1/track/{}/audio-features", dice.popular(&self.with_features)),
            84..92 => {
                let seed = dice.popular(&self.with_features[..40]);
                format!("/v1/track/recommendation?size=20&seeds={seed}")
            }
            _ => format!("/v1/artist/{}/track?page=0&size=20", dice.popular(&self.artists)),
        }
    }
}

/// `SplitMix64`: the same wishes each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((bits >> 33) % n.max(1) as u64).expect("less than n")
    }

    /// The front of the list more often than its end: the least of three throws.
    fn popular<'a>(&mut self, of: &'a [String]) -> &'a str {
        let least = (0..3).map(|_| self.below(of.len())).min().unwrap_or_default();
        &of[least]
    }
}

async fn ask_on(to: SocketAddr, mut dice: Dice, titles: Arc<Titles>, tally: Arc<Tally>) {
    let mut line = Line::to(to).await;
    loop {
        let answer = line.try_ask(Ask::get(titles.next(&mut dice))).await;
        tally.asked.fetch_add(1, Ordering::Relaxed);
        match answer {
            Ok(answer) if answer.is_hit() => tally.at_once.fetch_add(1, Ordering::Relaxed),
            Ok(answer) if answer.is_ok() => 0,
            _ => tally.failed.fetch_add(1, Ordering::Relaxed),
        };
        sleep(PAUSE).await;
    }
}

async fn stopped() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
