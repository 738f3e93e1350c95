use crate::harness::proxy::{Running, run};
use crate::harness::{Ask, Setup, Stage, ids};
use crate::row::{Row, Seen, ms, row};
use http::Method;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Starts a minute that are as good as unlimited, and yet differ from file to file.
const FIRST_RATE: usize = 60_000;
const RELOADS: usize = 10;
const CLIENTS: usize = 8;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        row(
            "reload: the file is edited ten times while 8 clients keep asking",
            "each in force without a failed request or a dropped connection",
            reloaded,
        ),
        row(
            "explain: lists of known and unknown ids, then really asked",
            "explaining makes no call; calls and outcome are as told",
            explained,
        ),
        row(
            "warm: dry run of 2,000 ids, then a kill in the middle of it",
            "calls as planned; the same command goes on and asks only for the rest",
            warmed,
        ),
    ]
}

async fn reloaded() -> Seen {
    let mut seen = Seen::default();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("proxy.yaml");
    let text = |rate: usize| format!("budget: {{ rate_per_minute: {rate}, min_interval: 0ms }}\n");
    fs::write(&path, text(FIRST_RATE)).expect("ours");
    let stage = Stage::with(&Setup::default_limits().file(&path)).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = Vec::new();
    for client in 0..CLIENTS {
        let (mut line, stop) = (stage.line().await, Arc::clone(&stop));
        clients.push(tokio::spawn(async move {
            let (mut asked, mut failed) = (0_usize, 0_usize);
            while !stop.load(Ordering::Relaxed) {
                let page = (asked + client) % 20;
                let answer = line.get(&format!("/v1/track/search?searchText=love&page={page}")).await;
                asked += 1;
                failed += usize::from(!answer.is_ok());
            }
            (asked, failed, line.opened)
        }));
    }
    let mut slowest = Duration::ZERO;
    for reload in 1..=RELOADS {
        let begun = Instant::now();
        fs::write(&path, text(FIRST_RATE + reload)).expect("ours");
        let applied = r#"recobeat_config_reloads_total{outcome="applied"}"#;
        #[allow(clippy::cast_precision_loss)] // ten
        let in_force = stage.proxy.comes_to(applied, reload as f64).await;
        seen.must_be_none(&if in_force { vec![] } else { vec![format!("reload {reload} not in force")] });
        slowest = slowest.max(begun.elapsed());
    }
    stop.store(true, Ordering::Relaxed);
    let (mut asked, mut failed, mut opened) = (0, 0, 0);
    for client in clients {
        let of_client = client.await.expect("no panic");
        asked += of_client.0;
        failed += of_client.1;
        opened += of_client.2;
    }
    seen.must(failed == 0, format!("{failed} of {asked} requests failed"));
    seen.must(opened == CLIENTS, format!("{opened} connections"));
    seen.note(format!("in force at most {} after the edit", ms(slowest)));
    seen
}

async fn explained() -> Seen {
    const LISTS: usize = 40;
    let mut seen = Seen::default();
    let stage = Stage::with(&Setup::lifted()).await;
    let tracks = ids::tracks(0, 1_000);
    stage.get(&ids::list("/v1/track", &ids::spotify(&tracks[..300]))).await;
    stage.sim.clear_log();
    let (mut told_calls, mut made_calls, mut wrong) = (0, 0, Vec::new());
    for list in 0..LISTS {
        // Windows of 7 to 85 ids that slide over the known part and beyond it.
        let ids = ids::spotify(&tracks[list * 13..list * 13 + 7 + list * 2]);
        let url = ids::list("/v1/track", &ids);
        let before = stage.calls();
        let explain = Ask::get(format!("/explain?url={}", url.replace('?', "%3F").replace(',', "%2C")));
        let told = stage.proxy.admin_ask(explain).await.json();
        if stage.calls() != before {
            wrong.push(format!("explaining {url} made a call"));
        }
        let answer = stage.get(&url).await;
        let made = stage.calls() - before;
        let calls = told["upstream"]["calls"].as_u64().unwrap_or_default();
        told_calls += calls;
        made_calls += made as u64;
        let hit = told["answer"] == "hit";
        if calls != made as u64 || hit != answer.is_hit() {
            wrong.push(format!(
                "told {} with {calls} calls, was {} with {made}",
                told["answer"],
                answer.brief()
            ));
        }
    }
    seen.must(
        told_calls == made_calls && made_calls > 0,
        format!("{told_calls} calls told, {made_calls} made"),
    );
    seen.must_be_none(&wrong);
    seen.note(format!("{LISTS} lists"));
    seen
}

async fn warmed() -> Seen {
    const IDS: usize = 2_000;
    let mut seen = Seen::default();
    let folder = tempfile::tempdir().expect("a folder");
    let setup = Setup::default_limits()
        .disk(&folder.path().join("cache.redb"))
        .set("budget.rate_per_minute", "600")
        .set("budget.min_interval", "100ms")
        .set("budget.adaptive", "false");
    let mut stage = Stage::with(&setup).await;
    let file = folder.path().join("ids.txt");
    let tracks = ids::tracks(0, IDS);
    fs::write(&file, ids::spotify(&tracks).join("\n")).expect("ours");
    let (file, admin) = (file.display().to_string(), format!("http://{}", stage.proxy.admin));
    let warm = ["warm", "--rows", "track", "--file", &file, "--admin", &admin];
    let (code, plan, _) = run(&[&warm[..], &["--dry-run"]].concat());
    let said = plan.lines().nth(1).unwrap_or_default().to_owned();
    seen.must(code == Some(0) && stage.calls() == 0, format!("dry run: {said}"));
    let begun = Instant::now();
    let mut command = Running::start(&warm);
    while stage.calls() < 25 && begun.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(20)).await;
    }
    stage.proxy.kill();
    let before = stage.calls();
    stage.proxy.start_again().await;
    let code = command.ends().await;
    let calls = stage.calls();
    seen.must(code == Some(0), format!("killed after {before} calls, done after {calls}"));
    // The calls under way and the last second of ten starts may be lost with the process.
    seen.must(calls <= IDS / 40 + 16, format!("{} calls asked anew", calls.saturating_sub(IDS / 40)));
    let (code, ..) = run(&warm);
    seen.must(code == Some(0) && stage.calls() == calls, "again: 0 calls");
    let post = Ask::new(Method::POST, "/warm").body(r#"{"ids":["no id"]}"#.to_owned());
    seen.must(stage.proxy.admin_ask(post).await.code() == 400, "a bad id is refused");
    seen
}
