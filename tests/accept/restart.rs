use crate::harness::{Answer, Setup, Stage, crowd, raw};
use crate::learning::{LIST, lists};
use crate::row::{Seen, ms};
use recobeat_sim::{Fault, Match, Rule};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::sleep;

const ROWS: u32 = 20_000;
const GIB: u64 = 1 << 30;
/// A padded answer takes 256 KiB of the file.
const PADDING: usize = 240_000;
const FILE: &str = "recobeat_disk_file_bytes";
const BYTES: &str = "recobeat_disk_bytes";

pub(crate) async fn small() -> Seen {
    trial(0).await
}

/// As full as it gets without evicting.
pub(crate) async fn large() -> Seen {
    trial(4 * GIB - 200 * (1 << 20)).await
}

async fn trial(filled: u64) -> Seen {
    let mut seen = Seen::default();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut stage = Stage::with(&Setup::lifted().disk(&folder.path().join("cache.redb"))).await;
    stage.sim.add_fault(Rule::any(Fault::Endless));
    if filled > 0 {
        let begun = Instant::now();
        let (answers, dropped) = fill(&stage, filled).await;
        let file = stage.proxy.metric(FILE).await.unwrap_or_default();
        seen.note(format!("filled with {answers} answers in {:.0} s", begun.elapsed().as_secs_f64()));
        seen.must(dropped == 0.0, format!("{dropped} writes dropped"));
        seen.note(format!("file of {:.2} GiB", file / f64::from(1 << 30)));
    }

    // Learning goes on until the kill, 1.5 s after the last of the rows that count.
    let mut learned: Vec<(String, Answer, Instant)> = Vec::new();
    let mut kill_at = None;
    for list in lists("/v1/track", 0, 10 * ROWS) {
        let answer = stage.get(&list).await;
        learned.push((list, answer, Instant::now()));
        if learned.len() == (ROWS / LIST) as usize {
            kill_at = Some(Instant::now() + Duration::from_millis(1_500));
        }
        if kill_at.is_some_and(|at| at <= Instant::now()) {
            break;
        }
    }
    stage.proxy.kill();
    let killed = Instant::now();
    learned.retain(|(_, _, at)| killed.duration_since(*at) > Duration::from_secs(1));

    let started = Instant::now();
    stage.proxy.relaunch();
    while TcpStream::connect(stage.proxy.addr).await.is_err() {
        assert!(stage.proxy.exit_status().is_none(), "{}", stage.proxy.log.tail());
        sleep(Duration::from_millis(1)).await;
    }
    let opened = Instant::now();
    stage.sim.clear_log();
    let first = first_hit(&stage, &learned[0].0, opened).await;
    let mut hits = 0;
    let mut same = 0;
    for (list, before, _) in &learned {
        let after = stage.get(list).await;
        hits += usize::from(after.is_hit());
        same += usize::from(after.body == before.body);
    }
    let all = learned.len();
    let rows = all * LIST as usize;
    seen.must(
        hits == all && rows >= ROWS as usize,
        format!("of {rows} rows stored more than 1 s before the kill {} are hits", hits * LIST as usize),
    );
    seen.must(same == all, format!("{} lists with other bytes", all - same));
    seen.must(stage.calls() == 0, format!("{} calls for them", stage.calls()));
    seen.note(format!("listener open {} after the start", ms(opened - started)));
    let in_time = first.is_some_and(|time| time < Duration::from_secs(1));
    seen.must(in_time, format!("first hit {} after that", first.map_or("never".to_owned(), ms)));
    let warnings = stage.proxy.log.warnings();
    seen.must_be_none(&warnings);
    seen
}

/// From the opening of the listener to the end of the first answer from the cache.
async fn first_hit(stage: &Stage, list: &str, opened: Instant) -> Option<Duration> {
    let request = format!("GET {list} HTTP/1.1\r\nHost: proxy\r\n\r\n");
    let fate = raw::send(stage.proxy.addr, request.as_bytes(), Duration::from_secs(10)).await;
    fate.text.to_lowercase().contains("cache-status: recobeat; hit").then(|| opened.elapsed())
}

/// Answers and dropped writes.
async fn fill(stage: &Stage, bytes: u64) -> (usize, f64) {
    let searches = Match::Path("/v1/track/search".to_owned());
    let rule = stage.sim.add_fault(Rule::new(searches, Fault::Padded { bytes: PADDING }));
    let mut asked = 0;
    // Pages of a search that finds nothing: no rows are learned.
    let target =
        |at: usize| format!("/v1/track/search?searchText=qqqq&page={}&size={}", at % 1_000, at / 1_000 + 1);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let enough = bytes as f64;
    while stage.proxy.metric(BYTES).await.is_some_and(|now| now < enough) {
        let targets: Vec<String> = (asked..asked + 100).map(target).collect();
        asked += crowd::in_turn(stage.proxy.addr, 2, 8, &targets).await.len();
        // What waits for the disk is bounded; nothing shall be dropped.
        let written = f64::from(u32::try_from(asked).unwrap_or(u32::MAX));
        while stage.proxy.metric("recobeat_disk_writes_total").await.is_some_and(|now| now < written - 100.0)
        {
            sleep(Duration::from_millis(5)).await;
        }
    }
    stage.sim.remove_fault(rule);
    let dropped = stage.proxy.metric("recobeat_disk_writes_dropped_total").await;
    (asked, dropped.unwrap_or(f64::NAN))
}
