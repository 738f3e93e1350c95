//! What is learned is kept: on disk, in Redis, by several replicas, beyond its time.

use crate::row::{Row, row};
use crate::{ahead, away, damage, expired, leader, purge, refused, restart, room, shared_budget};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        row(
            "warm 20,000 rows, kill -9 while more are learned, restart",
            "100 % of the rows stored more than 1 s before the kill are hits, 0 upstream calls for them, \
             first hit within 1 s of the listener opening",
            restart::small,
        ),
        row(
            "the same with a file of 4 GiB (filled with search answers padded to 240 kB)",
            "the same",
            restart::large,
        ),
        row(
            "disk file truncated · overwritten with noise · disk full · read-only",
            "proxy serves; one clear line; metric set",
            damage::all,
        ),
        row(
            "3 replicas + Redis, 1,000 cold requests for one key spread over them, upstream 0.4 s",
            "1 upstream call, one answer: for a row, a search, a recommendation",
            leader::at_once,
        ),
        row(
            "the same with the leader queued for 20 s",
            "1 upstream call, one answer: for a row, a search, a recommendation",
            leader::queued,
        ),
        row(
            "3 replicas + Redis, 60 s of random cold load",
            "≤ 80 calls in any 60 s, gaps ≥ 0.73 s, ≤ 6 in flight in total",
            shared_budget::load,
        ),
        row(
            "3 replicas + Redis, two of them with refreshes waiting, interactive requests to the third",
            "none waits behind another replica's refreshes: at most one gap, and its call",
            shared_budget::refreshes,
        ),
        row(
            "Redis killed under load, and returning (3 replicas, 8 clients, keys held in memory)",
            "0 client errors; none slowed more than 60 ms; one log line per change; ≤ 80 calls per 60 s in \
             total all the while; writes of the outage are in Redis afterwards",
            away::killed,
        ),
        row(
            "Redis frozen under load, and returning (3 replicas, 8 clients, keys held in memory)",
            "the same, and none slowed that began more than 100 ms after the freeze",
            away::frozen,
        ),
        row("Redis absent at the start, and coming under load", "the same", away::absent),
        row(
            "category purge with 1,000,000 entries, 3 replicas + Redis",
            "< 5 ms locally, all replicas ≤ 100 ms; holds after Redis lost its data and after a replica \
             missed the message",
            purge::million,
        ),
        row(
            "the same bad recommendation (2 unknown seeds) 100 times in 10 spellings",
            "1 upstream call; with negatives 1 + the fallback tiers that apply, once",
            refused::spellings,
        ),
        row(
            "entry expires while upstream answers 503 · 429 · hangs · resets",
            "stale served at once with Age and Cache-Status, refreshed once it is back",
            expired::all,
        ),
        row(
            "60 ids converted, then features asked one by one, read-ahead on, default limits",
            "≤ 5 upstream calls in all",
            ahead::singles,
        ),
        row("the 81 requests of one service with read-ahead on", "≤ 16 upstream calls", ahead::workload),
        row("bytes per stored row", "printed for each kind on disk, in memory and in Redis", room::each_kind),
        row(
            "1,000,000 feature rows in a memory tier of 1 GiB",
            "they fit, or the note says what they take",
            room::million,
        ),
    ]
}
