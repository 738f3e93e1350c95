use crate::harness::redis::{Redis, Terms};
use crate::harness::replicas::Replicas;
use crate::harness::{Line, Setup, ids};
use crate::row::{Seen, ms};
use crate::shared_budget::{Asked, Cold, client, keeps_within};
use recobeat_sim::{Fault, Latency, Rule};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

const REPLICAS: usize = 3;
const CLIENTS: usize = 8;
const KEYS: usize = 200;
/// Before, while and after Redis is away.
const PHASES: [Duration; 3] = [Duration::from_secs(10), Duration::from_secs(30), Duration::from_secs(25)];
/// What the change may cost whoever asks at that moment, and how long the moment is.
const SLOWED: Duration = Duration::from_millis(60);
const MOMENT: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Killed,
    Frozen,
    Absent,
}

pub(crate) async fn killed() -> Seen {
    trial(How::Killed).await
}

pub(crate) async fn frozen() -> Seen {
    trial(How::Frozen).await
}

pub(crate) async fn absent() -> Seen {
    trial(How::Absent).await
}

/// One answer to somebody who asks for what is in memory.
struct Warm {
    begun: Instant,
    took: Duration,
    hit: bool,
}

async fn trial(how: How) -> Seen {
    let mut seen = Seen::default();
    let (redis, up) = match how {
        How::Absent => (Redis::absent(Terms::default()), 0.0),
        _ => (Redis::start().await, 1.0),
    };
    let mut replicas = Replicas::before(redis, REPLICAS, &Setup::default_limits()).await;
    replicas.all_say(up).await;
    replicas.sim.add_fault(Rule::any(Fault::Endless));
    for replica in 0..REPLICAS {
        let known =
            replicas.get(replica, &ids::list("/v1/track", &ids::spotify(&ids::tracks(0, KEYS)))).await;
        assert_eq!(known.row_ids().len(), KEYS, "{}", known.brief());
    }
    replicas.sim.settings(|behaviour| behaviour.latency = Latency::Fixed(Duration::from_millis(400)));
    replicas.sim.clear_log();

    let begun = Instant::now();
    let [gone, back, end] = [PHASES[0], PHASES[0] + PHASES[1], PHASES.iter().sum()].map(|at| begun + at);
    let addresses: Vec<SocketAddr> = replicas.proxies.iter().map(|proxy| proxy.addr).collect();
    let warm: Vec<_> = (0..CLIENTS).map(|at| tokio::spawn(warm(addresses[at % REPLICAS], at, end))).collect();
    let cold = Arc::new(Cold::default());
    let cold: Vec<_> = addresses.iter().map(|to| tokio::spawn(client(*to, Arc::clone(&cold), end))).collect();
    sleep_until(gone).await;
    match how {
        How::Killed => replicas.redis.kill(),
        How::Frozen => replicas.redis.freeze(),
        How::Absent => {}
    }
    sleep_until(back).await;
    match how {
        How::Frozen => replicas.redis.thaw(),
        How::Killed | How::Absent => replicas.redis.start_again().await,
    }

    let mut answers = Vec::new();
    for client in warm {
        answers.extend(client.await.expect("no panic"));
    }
    judge_warm(&mut seen, &answers, gone);
    let mut learned: Vec<Vec<Asked>> = Vec::new();
    for client in cold {
        learned.push(client.await.expect("no panic"));
    }
    let asked: Vec<&Asked> = learned.iter().flatten().collect();
    let errors = asked.iter().filter(|asked| !matches!(asked.answer.code(), 200 | 429)).count();
    let slowest = asked.iter().map(|asked| asked.answer.took).max().unwrap_or_default();
    seen.must(
        errors == 0,
        format!("{errors} errors in {} cold requests, slowest {}", asked.len(), ms(slowest)),
    );
    // Away, each replica keeps its share of the budget: the gap is that of one replica.
    keeps_within(&mut seen, &replicas.sim.stats(), false);
    judge_log(&mut seen, &replicas);
    let outage = |asked: &&Asked| asked.answer.is_ok() && asked.at > gone + MOMENT && asked.at < back;
    let outage: Vec<&str> = learned[0].iter().filter(outage).map(|asked| asked.target.as_str()).collect();
    judge_replay(&mut seen, &replicas, &outage).await;
    seen
}

async fn warm(to: SocketAddr, first: usize, end: Instant) -> Vec<Warm> {
    let mut line = Line::to(to).await;
    let tracks = ids::tracks(0, KEYS);
    let mut answers = Vec::new();
    for track in tracks.iter().cycle().skip(first * KEYS / CLIENTS) {
        let begun = Instant::now();
        if begun >= end {
            break;
        }
        let answer = line.get(&format!("/v1/track/{}", track.id)).await;
        answers.push(Warm { begun, took: answer.took, hit: answer.is_hit() });
        sleep(Duration::from_millis(5)).await;
    }
    answers
}

fn judge_warm(seen: &mut Seen, answers: &[Warm], gone: Instant) {
    let wrong = answers.iter().filter(|answer| !answer.hit).count();
    seen.must(wrong == 0, format!("{wrong} errors in {} requests for what is in memory", answers.len()));
    let slowest = |of: &dyn Fn(Instant) -> bool| {
        answers.iter().filter(|answer| of(answer.begun)).map(|answer| answer.took).max().unwrap_or_default()
    };
    let before = slowest(&|begun| begun < gone - MOMENT);
    let after = slowest(&|begun| begun >= gone - MOMENT);
    let later = slowest(&|begun| begun > gone + MOMENT);
    seen.note(format!("slowest before {}", ms(before)));
    // The machine itself is slow at times; that shows before, too.
    seen.must(after <= SLOWED + before, format!("slowest since the change {}", ms(after)));
    seen.must(later <= SLOWED + before, format!("of those that began 100 ms later {}", ms(later)));
}

fn judge_log(seen: &mut Seen, replicas: &Replicas) {
    for proxy in &replicas.proxies {
        let (away, back) = (proxy.log.about("Redis is away").len(), proxy.log.about("Redis is back").len());
        let warnings = proxy.log.warnings();
        seen.must((away, back) == (1, 1), format!("{away} + {back} log lines"));
        if warnings.len() != away {
            seen.must_be_none(&warnings);
        }
    }
}

/// What one replica learned while Redis was away another has from Redis now.
async fn judge_replay(seen: &mut Seen, replicas: &Replicas, outage: &[&str]) {
    for proxy in &replicas.proxies {
        assert!(proxy.comes_to("recobeat_redis_writes_waiting", 0.0).await, "writes still wait");
    }
    replicas.sim.clear_log();
    let mut there = 0;
    for target in outage {
        there += usize::from(replicas.get(1, target).await.is_hit());
    }
    seen.must(
        there == outage.len() && !outage.is_empty(),
        format!("{there} of {} answers learned in the outage are in Redis", outage.len()),
    );
    seen.must(replicas.calls() == 0, format!("{} calls for them", replicas.calls()));
}
