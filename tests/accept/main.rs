//! `make accept`: what the services promise, row by row, with the figures seen.
//!
//! The real binary on loopback sockets in front of the simulator; calls and the gaps between them
//! are read from the simulator's log, times from this program's own clients on the same machine.
//! Arguments select rows by a part of their name. Exits 1 when a row fails.

#[path = "../harness/mod.rs"]
mod harness;

mod ahead;
mod away;
mod check;
mod crowd;
mod damage;
mod expired;
mod faults;
mod flood;
mod kept;
mod leader;
mod learning;
mod malformed;
mod operating;
mod outage;
mod overlap;
mod playlists;
mod purge;
mod recommended;
mod recommender;
mod refused;
mod relink;
mod restart;
mod room;
mod row;
mod service;
mod shared_budget;
mod spellings;
mod split;
mod table;

use row::{Row, row};
use std::process::ExitCode;
use std::time::Instant;
use table::Table;

fn rows() -> Vec<Row> {
    vec![
        row(
            "one service: 81 different requests, 10 at once, cold, default limits",
            "≤ 20 upstream calls; again: 0 calls, p99 < 5 ms (a cache of URLs: 81)",
            service::one,
        ),
        row(
            "the same service on 8 clients at the same time, cold, default limits",
            "≤ 22 upstream calls in all; again: 0 calls",
            service::eight,
        ),
        row("1,000 at once for one cold key: 200", "1 upstream call, one answer for all", crowd::answered),
        row(
            "1,000 at once for one cold key: 503",
            "1 flight: 1 upstream call and its 2 retries, one answer for all",
            crowd::unavailable,
        ),
        row(
            "1,000 at once for one cold key: no-store",
            "1 upstream call, one answer for all",
            crowd::no_store,
        ),
        row(
            "1,000 at once for one cold key: 429, then 200",
            "1 upstream call and its repetition after the hold; all wait it out and get the 200",
            crowd::held,
        ),
        row(
            "200 clients, lists of 20 out of 2,000 ids, overlapping, cold, lifted limits",
            "every id asked upstream exactly once; batches ≥ 90 % full",
            overlap::lists,
        ),
        row("upstream killed, cache warm", "every hit answered, none waits", outage::warm),
        row(
            "ids as a,b · a%2Cb · repeated · permuted · duplicates · 50 · 500 · mixed with UUIDs",
            "one set of rows; nothing asked twice; the same bytes on miss and hit",
            spellings::all,
        ),
        row(
            "one of three parts of a split list fails",
            "5xx for the whole, the good rows kept",
            split::one_part_fails,
        ),
        row(
            "recommended tracks asked afterwards by UUID and by Spotify id",
            "hits",
            recommended::known_afterwards,
        ),
        row(
            "an answer with a row under another id than asked (relinked track)",
            "the asked id is not marked missing without a call of its own",
            relink::asked_alone,
        ),
        row(
            "malformed requests, all at once, beside a decent client",
            "a clear 4xx or a closed connection within 12 s; no 5xx, no hang, no effect on others",
            malformed::refused,
        ),
        row(
            "every fault of the simulator on every endpoint kind",
            "an error to the client, nothing wrong stored, the next request fine",
            faults::matrix,
        ),
        row(
            "500 distinct cold requests at once, default limits",
            "≤ 80 calls in any 60 s, gaps ≥ 0.73 s, ≤ 6 in flight; overflow refused within 50 ms; \
             Retry-After integer and true for those who come back as told",
            flood::distinct,
        ),
    ]
}

#[tokio::main]
async fn main() -> ExitCode {
    let selected: Vec<String> = std::env::args().skip(1).collect();
    let begun = Instant::now();
    let mut table = Table::begin();
    let all = rows()
        .into_iter()
        .chain(kept::rows())
        .chain(recommender::rows())
        .chain(playlists::rows())
        .chain(check::rows())
        .chain(operating::rows());
    for row in all {
        if selected.is_empty() || selected.iter().any(|part| row.case.contains(part.as_str())) {
            table.add(&row, &row.run().await);
        }
    }
    table.end(begun.elapsed())
}
