//! Purges reach all replicas, and outlive the server's data.
//!
//! The barriers of everybody stand in one hash, beside a version that changes with them. Each
//! replica looks at the version twenty times a second and reads the barriers when it has changed;
//! a message only makes it look at once. What the hash lacks is added by whoever knows it, so the
//! barriers are back, from any replica that lives, after the server has lost them. Both sides only
//! ever take the later of two times, so it does not matter who says what when.
//!
//! Until the barriers of an up have been heeded the tier is not read: an entry may have been purged
//! while this replica was away.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use redis::Cmd;
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

use super::Inner;
use crate::cache::barrier::Barrier;
use crate::cache::scope::Scope;
use crate::cache::store::Store;
use crate::clock::Timestamp;
use crate::link::{Event, Link};

/// How old what a replica knows of the others' purges may be.
const LOOK: Duration = Duration::from_millis(50);
/// The barriers of ten thousand ids take longer to read than a look-up may.
const LIMIT: Duration = Duration::from_secs(1);

const SCRIPT: &str = include_str!("purge.lua");

/// Of what this replica has heeded: the number of the up, and the version then.
type Seen = (u64, Option<String>);

/// Runs until the store is gone.
pub(super) async fn run(inner: Arc<Inner>, store: Weak<Store>) {
    let mut ups = inner.link.ups();
    let mut events = inner.link.events();
    let mut seen: Option<Seen> = None;
    loop {
        let Ok(Some(up)) = ups.wait_for(Option::is_some).await.map(|up| *up) else { return };
        let Some(store) = store.upgrade() else { return };
        let news = inner.purged.swap(false, Ordering::SeqCst);
        let known = seen.take().filter(|(number, _)| *number == up && !news);
        seen = look(&inner.link, &store, up, known).await;
        match &seen {
            Some(_) => drop(inner.heeded.send_replace(up)),
            // Not told yet: it stays news.
            None => drop(inner.purged.fetch_or(news, Ordering::SeqCst)),
        }
        drop(store);
        if news && seen.is_some() {
            inner.link.announce(&Event::Purged).await;
        }
        pause(&inner, &mut events).await;
    }
}

/// Heeds and tells purges unless `known` is what the server says. `None`: it did not answer.
async fn look(link: &Link, store: &Store, up: u64, known: Option<Seen>) -> Option<Seen> {
    loop {
        // Before the barriers: what changes in between is seen the next time.
        let version: Option<String> =
            link.ask_within(redis::cmd("GET").arg(name(link, "version")), link.lookup_timeout()).await?;
        if known.as_ref().is_some_and(|(_, known)| *known == version) {
            return Some((up, version));
        }
        let barriers = name(link, "barriers");
        let lines: Vec<(String, String)> =
            link.ask_within(redis::cmd("HGETALL").arg(&barriers), LIMIT).await?;
        let theirs: Vec<_> = lines.iter().filter_map(|(scope, times)| read(scope, times)).collect();
        store.heed(&theirs);
        let oldest = store.oldest();
        let dead = theirs.iter().filter(|(_, barrier)| barrier.latest() < Some(oldest));
        let dead: Vec<String> = dead.map(|(scope, _)| scope.to_string()).collect();
        if !dead.is_empty() {
            let _dropped: u64 = link.ask_within(redis::cmd("HDEL").arg(&barriers).arg(dead), LIMIT).await?;
        }
        let lacking = store.barriers().beyond(&theirs);
        if lacking.is_empty() {
            return Some((up, version));
        }
        // Once more after telling: the version to know is one that everything here was seen under.
        let _version: String = link.ask_within(&tell(link, &lacking), LIMIT).await?;
    }
}

async fn pause(inner: &Inner, events: &mut Receiver<Event>) {
    let told = async {
        // What is lost here is caught up by looking.
        while !matches!(events.recv().await, Ok(Event::Purged) | Err(_)) {}
    };
    tokio::select! {
        () = inner.purge.notified() => {}
        _ = timeout(LOOK, told) => {}
    }
}

fn tell(link: &Link, barriers: &[(Scope, Barrier)]) -> Cmd {
    let millis = |at: Option<Timestamp>| at.map_or(0, |at| at.0);
    let mut command = redis::cmd("EVAL");
    command.arg(SCRIPT).arg(2).arg(name(link, "barriers")).arg(name(link, "version"));
    for (scope, barrier) in barriers {
        command.arg(scope.to_string()).arg(millis(barrier.soft)).arg(millis(barrier.hard));
    }
    command
}

/// `None`: of a later version, not understood here.
fn read(scope: &str, times: &str) -> Option<(Scope, Barrier)> {
    let (soft, hard) = times.split_once(' ')?;
    let at = |millis: &str| millis.parse().map(|millis| Some(Timestamp(millis)).filter(|at| at.0 > 0)).ok();
    Some((scope.parse().ok()?, Barrier { soft: at(soft)?, hard: at(hard)? }))
}

fn name(link: &Link, what: &str) -> String {
    format!("{{{}:purge}}:{what}", link.prefix())
}
