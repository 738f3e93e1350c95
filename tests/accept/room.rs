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
    let artists: Vec<&str> =
        catalogue().artists().iter().take(500).map(|artist| artist.id.as_str()).collect();
    let albums: Vec<&str> = catalogue().albums().iter().take(500).map(|album| album.id.as_str()).collect();
    let seeds = ids::uuids(&ids::tracks(0, 500));
    let unknown = lists("/v1/album", 50_000, 5_000);
    vec![
        Kind { name: "track", facts: 5_000, targets: lists("/v1/track", 0, 5_000) },
        Kind { name: "features", facts: 5_000, targets: lists("/v1/audio-features", 0, 5_000) },
        Kind { name: "artist", facts: artists.len(), targets: vec![ids::list("/v1/artist", &artists)] },
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
    resident: f64,
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
        resident: proxy.resident() as f64,
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
    for kind in kinds() {
        let disk = per_fact(&on_disk.proxy, None, &kind).await;
        let redis = per_fact(&in_redis.proxies[0], Some(&in_redis.redis), &kind).await;
        let Kind { name, facts, .. } = kind;
        seen.must(
            disk.disk > 0.0 && disk.memory > 0.0 && redis.redis > 0.0,
            format!(
                "{name} ({facts}): disk {:.0} B, memory {:.0} B (resident {:.0} B), Redis {:.0} B",
                disk.disk, disk.memory, disk.resident, redis.redis
            ),
        );
    }
    assert!(in_redis.proxies[0].metric(UP).await == Some(1.0), "Redis was in use all the while");
    seen.note("each with its mappings; a body with the rows it brings");
    seen
}

async fn per_fact(proxy: &Proxy, redis: Option<&Redis>, kind: &Kind) -> Held {
    let before = held(proxy, redis).await;
    for target in &kind.targets {
        let answer = proxy.get(target).await;
        assert!(answer.is_ok(), "{}", answer.brief());
    }
    let after = held(proxy, redis).await;
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    let facts = kind.facts as f64;
    Held {
        memory: (after.memory - before.memory) / facts,
        resident: (after.resident - before.resident) / facts,
        disk: (after.disk - before.disk) / facts,
        redis: (after.redis - before.redis) / facts,
    }
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
