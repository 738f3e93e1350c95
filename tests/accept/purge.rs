use crate::harness::replicas::Replicas;
use crate::harness::{Answer, Line, Setup, ids};
use crate::learning::{learn, lists};
use crate::row::{Seen, ms};
use recobeat_sim::{Fault, Rule};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::time::sleep;

const ENTRIES: u32 = 1_000_000;
/// Of these, what the other replicas hold in memory, too.
const SHARED: u32 = 20_000;
/// Looks, 2 ms apart, before a replica counts as deaf.
const LOOKS: u32 = 400;
const FEATURES: &str = "/v1/audio-features";

pub(crate) async fn million() -> Seen {
    let mut seen = Seen::default();
    let setup = Setup::lifted()
        .set("cache.memory.max_bytes", "2GiB")
        .set("cache.memory.max_entries", "4000000")
        .set("cache.jitter", "0");
    let replicas = Replicas::start(3, &setup).await;
    replicas.sim.add_fault(Rule::any(Fault::Endless));
    let begun = Instant::now();
    let mut broken = learn(replicas.proxies[0].addr, FEATURES, 0, ENTRIES).await;
    for proxy in &replicas.proxies {
        assert!(proxy.comes_to("recobeat_redis_writes_waiting", 0.0).await, "writes still wait");
    }
    for proxy in &replicas.proxies[1..] {
        broken += learn(proxy.addr, FEATURES, 0, SHARED).await;
    }
    let metric = async |name| replicas.proxies[0].metric(name).await.unwrap_or_default();
    let entries = metric("recobeat_memory_entries").await;
    let dropped = metric("recobeat_redis_writes_dropped_total").await;
    seen.must(broken == 0, format!("{ENTRIES} rows learned in {:.0} s", begun.elapsed().as_secs_f64()));
    seen.note(format!(
        "{entries} entries with their mappings in memory, {} keys in Redis, {dropped} writes given up because \
         they came faster than Redis takes them",
        replicas.redis.size().await
    ));

    // Each look asks for a row that nobody has asked for since, so that no look sees a refreshed one.
    let mut looks = Looks(0);
    let (local, all) = purged(&replicas, &mut looks).await;
    seen.must(local < Duration::from_millis(5), format!("locally {}", ms(local)));
    told(&mut seen, "all replicas", &all);
    let old = looks.still_fresh(&replicas, 100).await;
    seen.must(old == 0, format!("{old} of 300 rows looked at afterwards are fresh"));

    replicas.redis.flush().await;
    let old = looks.still_fresh(&replicas, 100).await;
    sleep(Duration::from_secs(2)).await;
    let old = old + looks.still_fresh(&replicas, 100).await;
    seen.must(old == 0, format!("after Redis lost its data {old} of 600"));

    let frozen = &replicas.proxies[2];
    looks.renew(&replicas).await;
    frozen.freeze();
    purge(&replicas).await;
    sleep(Duration::from_millis(500)).await;
    frozen.thaw();
    let woken = Instant::now();
    let known = known_at(frozen.addr, looks.take(LOOKS)).await - woken;
    told(&mut seen, "a replica that was frozen meanwhile, from its waking", &[known]);

    looks.renew(&replicas).await;
    replicas.redis.silence().await;
    let (_, all) = purged(&replicas, &mut looks).await;
    told(&mut seen, "with their channel cut", &all);
    seen
}

fn told(seen: &mut Seen, name: &str, times: &[Duration]) {
    let figures: Vec<String> = times.iter().map(|time| ms(*time)).collect();
    let in_time = times.iter().all(|time| *time <= Duration::from_millis(100));
    seen.must(in_time, format!("{name}: {}", figures.join(", ")));
}

/// How long the request took.
async fn purge(replicas: &Replicas) -> Duration {
    let answer = replicas.proxies[0].delete("/cache?category=features").await;
    assert!(answer.is_ok(), "{}", answer.brief());
    answer.took
}

/// How long the request took, and until when, counted from its beginning, each replica was seen to
/// know of it.
async fn purged(replicas: &Replicas, looks: &mut Looks) -> (Duration, Vec<Duration>) {
    let watches = replicas.proxies.iter().map(|proxy| tokio::spawn(known_at(proxy.addr, looks.take(LOOKS))));
    let watches: Vec<_> = watches.collect();
    sleep(Duration::from_millis(50)).await;
    let begun = Instant::now();
    let local = purge(replicas).await;
    let mut known = Vec::new();
    for watch in watches {
        let at = watch.await.expect("it is known in time");
        known.push(at.checked_duration_since(begun).expect("rows were fresh before the purge"));
    }
    (local, known)
}

/// When a replica was first seen to answer with what is no longer fresh.
async fn known_at(replica: SocketAddr, from: u32) -> Instant {
    let mut line = Line::to(replica).await;
    for at in from..from + LOOKS {
        if !line.get(&single(at)).await.is_fresh() {
            return Instant::now();
        }
        sleep(Duration::from_millis(2)).await;
    }
    panic!("a replica never knew of the purge")
}

fn single(at: u32) -> String {
    format!("/v1/track/{}/audio-features", ids::made_up(at, 1)[0])
}

/// Which of the shared rows have been looked at.
struct Looks(u32);

impl Looks {
    fn take(&mut self, count: u32) -> u32 {
        self.0 += count;
        assert!(self.0 <= SHARED, "not enough rows to look at");
        self.0 - count
    }

    /// Looks at the next row of one replica.
    async fn fresh(&mut self, replicas: &Replicas, replica: usize) -> bool {
        replicas.get(replica, &single(self.take(1))).await.is_fresh()
    }

    /// How many of so many looks at each replica see a fresh row.
    async fn still_fresh(&mut self, replicas: &Replicas, count: usize) -> usize {
        let mut fresh = 0;
        for _ in 0..count {
            for replica in 0..replicas.proxies.len() {
                fresh += usize::from(self.fresh(replicas, replica).await);
            }
        }
        fresh
    }

    /// Has all replicas hold fresh rows again, where looking goes on.
    async fn renew(&mut self, replicas: &Replicas) {
        for (replica, proxy) in replicas.proxies.iter().enumerate() {
            for list in lists(FEATURES, self.0, 2_000) {
                let answer = replicas.settled(replica, &list, Answer::is_fresh).await;
                assert!(
                    answer.is_fresh(),
                    "{} does not refresh: {}",
                    proxy.addr,
                    answer.header("cache-status")
                );
            }
        }
    }
}
