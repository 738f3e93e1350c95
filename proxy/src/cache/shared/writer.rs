//! Carries writes out, a batch at a time, while the server is up.
//!
//! A batch is what has gathered while the one before was under way, so the first write after a
//! quiet time leaves at once and a flood leaves in large steps. What the server did not confirm
//! before it went away goes back to the queue, behind nothing that is newer: it is replayed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use redis::Cmd;
use tokio::time::Instant;

use super::{Inner, RECENT, denials, name};
use crate::cache::entry::Entry;
use crate::cache::form;
use crate::cache::key::Key;
use crate::cache::queue::{Batch, Write};
use crate::clock::{Clock, Timestamp};
use crate::link::{Link, Unanswered};

/// Writes of one batch under way at once, on one connection.
const UNDER_WAY: usize = 32;
/// Nobody waits for a write: it may take longer than a look-up.
const LIMIT: Duration = Duration::from_secs(1);

const SCRIPT: &str = include_str!("write.lua");

/// Writes until the tier is dropped.
pub(super) async fn run(inner: Arc<Inner>) {
    let mut ups = inner.link.ups();
    loop {
        if ups.wait_for(Option::is_some).await.is_err() {
            return;
        }
        let Some((batch, asked)) = take(&inner) else {
            inner.work.notified().await;
            continue;
        };
        let writes: Vec<(Key, Write)> =
            batch.iter().map(|(key, (_, write))| (key.clone(), write.clone())).collect();
        let outcomes: Vec<(Key, Outcome)> = stream::iter(writes)
            .map(|(key, write)| carry_out(Arc::clone(&inner.link), key, write))
            .buffer_unordered(UNDER_WAY)
            .collect()
            .await;
        settle(&inner, &batch, outcomes, asked);
    }
}

enum Outcome {
    Done,
    Refused,
    Unknown,
}

fn take(inner: &Inner) -> Option<(Batch, u64)> {
    let mut state = inner.lock();
    if state.queue.is_empty() {
        return None;
    }
    state.leaving = state.queue.take();
    Some((Arc::clone(&state.leaving), state.asked))
}

async fn carry_out(link: Arc<Link>, key: Key, write: Write) -> (Key, Outcome) {
    let command = command(&link, &key, &write);
    let outcome = match link.try_ask::<redis::Value>(&command, LIMIT).await {
        Ok(_) => Outcome::Done,
        Err(Unanswered::Refused) => Outcome::Refused,
        Err(Unanswered::Unknown) => Outcome::Unknown,
    };
    if matches!(outcome, Outcome::Done) {
        for note in denials::notes(&link, &key, &write) {
            let _noted: Option<u64> = link.ask_within(&note, LIMIT).await;
        }
    }
    (key, outcome)
}

fn command(link: &Link, key: &Key, write: &Write) -> Cmd {
    let name = name(link.prefix(), key);
    let Write::Put(entry) = write else {
        let mut command = redis::cmd("UNLINK");
        command.arg(name);
        return command;
    };
    let left = left(entry, Clock::Shared(link.offset()).now());
    let value = form::value(&form::key(key), key, entry);
    let mut command = redis::cmd("EVAL");
    command.arg(SCRIPT).arg(1).arg(name).arg(value).arg(left).arg(entry.stored_at.0);
    command
}

/// Milliseconds until it can be served no more, at least one.
fn left(entry: &Entry, now: Timestamp) -> u64 {
    let lifetime = (u64::from(entry.fresh_for) + u64::from(entry.stale_for)) * 1000;
    (entry.stored_at.0 + lifetime).saturating_sub(now.0).max(1)
}

fn settle(inner: &Inner, batch: &Batch, outcomes: Vec<(Key, Outcome)>, asked: u64) {
    let mut state = inner.lock();
    let mut unknown = HashMap::new();
    for (key, outcome) in outcomes {
        match outcome {
            Outcome::Done => state.written += 1,
            Outcome::Refused => state.refused += 1,
            Outcome::Unknown => {
                batch
                    .get(&key)
                    .into_iter()
                    .for_each(|write| drop(unknown.insert(key.clone(), write.clone())));
            }
        }
    }
    state.leaving = Batch::default();
    let all_done = unknown.is_empty();
    if !all_done {
        state.queue.put_back(&Arc::new(unknown));
    }
    let now = Instant::now();
    state.recent.push_back((now, Arc::clone(batch)));
    while state.recent.front().is_some_and(|(done, _)| *done + RECENT < now) {
        state.recent.pop_front();
    }
    drop(state);
    if all_done {
        inner.done.send_replace(asked);
    }
}
