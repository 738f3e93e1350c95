use crate::harness::redis::Redis;
use crate::harness::replicas::{Replicas, UP};
use crate::harness::stage::catalogue;
use crate::harness::{Proxy, Setup, Stage, ids};
use crate::learning::{learn, lists};
use crate::row::Seen;
use recobeat_sim::{Fault, Rule};
use std::time::{Duration, Instant};
use tokio::time::sleep;

const ROWS: u32 = 1_000_000;

/// Requests that leave so many facts of one kind, each with what comes along (mappings).
struct Kind {
    name: &'static str,
    facts: usize,
    targets: Vec<String>,
}

fn kinds() -> Vec<Kind> {
    // Artists first: rows of tracks bring theirs along.
    let artists: Vec<&str> =
        catalogue().artists().iter().take(500).map(|artist| artist.id.as_str()).collect();
    let albums: Vec<&str> = catalogue().albums().iter().take(500).map(|album| album.id.as_str()).collect();
    let seeds = ids::uuids(&ids::tracks(0, 500));
    let unknown = lists("/v1/album", 50_000, 5_000);
    vec![
        Kind { name: "artist", facts: artists.len(), targets: vec![ids::list("/v1/artist", &artists)] },
        Kind { name: "track", facts: 5_000, targets: lists("/v1/track", 0, 5_000) },
        Kind { name: "features", facts: 5_000, targets: lists("/v1/audio-features", 0, 5_000) },
        Kind { name: "album", facts: albums.len(), targets: vec![ids::list("/v1/album", &albums)] },
        Kind { name: "missing", facts: 5_000, targets: unknown },
        Kind {
            name: "search (1 row)",
            facts: 500,
            targets: (0..500)
                .map(|page| format!("/v1/artist/search?searchText=a&size=1&page={page}"))
                .collect(),
        },
        Kind {
            name: "recommendation (20 rows)",
            facts: 500,
            targets: seeds.iter().map(|id| format!("/v1/track/recommendation?size=20&seeds={id}")).collect(),
        },
    ]
}

/// What the tiers say they hold.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    memory: f64,
    disk: f64,
    redis: f64,
}

#[expect(clippy::cast_precision_loss, reason = "bytes far below 2^52")]
async fn held(proxy: &Proxy, redis: Option<&Redis>) -> Held {
    // What was written last is counted half a second later.
    sleep(Duration::from_millis(1_200)).await;
    let metric = async |name| proxy.metric(name).await.unwrap_or_default();
    let redis = match redis {
        Some(redis) => redis.figure("used_memory").await,
        None => 0,
    };
    Held {
        memory: metric("recobeat_memory_bytes").await,
        disk: metric("recobeat_disk_bytes").await,
        redis: redis as f64,
    }
}

pub(crate) async fn each_kind() -> Seen {
    let mut seen = Seen::default();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let on_disk = Stage::with(&Setup::lifted().disk(&folder.path().join("cache.redb"))).await;
    let in_redis = Replicas::start(1, &Setup::lifted()).await;
    for sim in [&on_disk.sim, &in_redis.sim] {
        sim.add_fault(Rule::any(Fault::Endless));
    }
    let proxy = &in_redis.proxies[0];
    let (disk, redis) = tokio::join!(per_fact(&on_disk.proxy, None), per_fact(proxy, Some(&in_redis.redis)));
    for (at, Kind { name, facts, .. }) in kinds().into_iter().enumerate() {
        let (memory, disk, redis) = (disk[at].memory, disk[at].disk, redis[at].redis);
        seen.must(
            memory > 0.0 && disk > 0.0 && redis > 0.0,
            format!("{name} ({facts}): disk {disk:.0} B, memory {memory:.0} B, Redis {redis:.0} B"),
        );
    }
    assert!(proxy.metric(UP).await == Some(1.0), "Redis was in use all the while");
    seen.note(
        "rows with their mappings, but features of tracks that are known; bodies with the rows they bring",
    );
    seen
}

/// For each kind, what one of its facts takes.
async fn per_fact(proxy: &Proxy, redis: Option<&Redis>) -> Vec<Held> {
    let mut before = held(proxy, redis).await;
    let mut taken = Vec::new();
    for Kind { facts, targets, .. } in kinds() {
        for target in &targets {
            let answer = proxy.get(target).await;
            assert!(answer.is_ok(), "{}", answer.brief());
        }
        let after = held(proxy, redis).await;
        #[expect(clippy::cast_precision_loss, reason = "thousands")]
        let facts = facts as f64;
        taken.push(Held {
            memory: (after.memory - before.memory) / facts,
            disk: (after.disk - before.disk) / facts,
            redis: (after.redis - before.redis) / facts,
        });
        before = after;
    }
    taken
}

/// Without a second tier; the bound by entries is lifted, because each row has its mapping beside it.
pub(crate) async fn million() -> Seen {
    const SAMPLE: u32 = 2_000;
    let mut seen = Seen::default();
    let setup =
        Setup::lifted().set("cache.memory.max_bytes", "1GiB").set("cache.memory.max_entries", "4000000");
    let stage = Stage::with(&setup).await;
    stage.sim.add_fault(Rule::any(Fault::Endless));
    let empty = stage.proxy.resident();
    let begun = Instant::now();
    let broken = learn(stage.proxy.addr, "/v1/audio-features", 0, ROWS).await;
    seen.must(broken == 0, format!("learned in {:.0} s", begun.elapsed().as_secs_f64()));
    let metric = async |name| stage.proxy.metric(name).await.unwrap_or_default();
    let (entries, bytes) = (metric("recobeat_memory_entries").await, metric("recobeat_memory_bytes").await);
    let resident = stage.proxy.resident();
    let mut kept = 0;
    for at in (0..ROWS).step_by((ROWS / SAMPLE) as usize) {
        let target = format!("/v1/track/{}/audio-features", ids::made_up(at, 1)[0]);
        kept += u32::from(stage.get(&target).await.is_hit());
    }
    seen.must(
        kept == SAMPLE,
        format!(
            "{kept} of {SAMPLE} rows asked, spread over all, are in memory: {:.1} %",
            f64::from(kept * 100) / f64::from(SAMPLE)
        ),
    );
    let mib = f64::from(1 << 20);
    seen.note(format!("{entries} entries (rows and mappings), {:.0} MiB by our count", bytes / mib));
    #[expect(clippy::cast_precision_loss, reason = "bytes far below 2^52")]
    let (resident, empty) = (resident as f64, empty as f64);
    seen.note(format!(
        "resident {:.0} MiB, {:.0} B per row; {:.0} MiB when empty",
        resident / mib,
        (resident - empty) / f64::from(ROWS),
        empty / mib
    ));
    seen
}
