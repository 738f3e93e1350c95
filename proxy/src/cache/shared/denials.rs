//! Which requests are denied, for people: the server cannot be walked by kind of key, so the texts
//! of denials stand in one sorted set as well, by the time they were stored. It is a list of where
//! to look, not of what holds: whoever reads it looks each of them up.

use std::time::Duration;

use redis::Cmd;

use crate::cache::key::Key;
use crate::cache::queue::Write;
use crate::link::Link;

/// Denials that are listed.
const MOST: isize = 10_000;
/// Nobody waits for the list but an operator.
const LIMIT: Duration = Duration::from_secs(1);

/// What a write changes in the list. A new denial also ends those that are older than its own life
/// is long.
pub(super) fn notes(link: &Link, key: &Key, write: &Write) -> Vec<Cmd> {
    let Key::Denied(text) = key else { return Vec::new() };
    match write {
        Write::Put(entry) => {
            let stored_at = entry.stored_at.0;
            let life = (u64::from(entry.fresh_for) + u64::from(entry.stale_for)) * 1000;
            let mut add = redis::cmd("ZADD");
            add.arg(name(link)).arg(stored_at).arg(&**text);
            let mut end = redis::cmd("ZREMRANGEBYSCORE");
            end.arg(name(link)).arg("-inf").arg(stored_at.saturating_sub(life));
            vec![add, end]
        }
        Write::Forget => {
            let mut remove = redis::cmd("ZREM");
            remove.arg(name(link)).arg(&**text);
            vec![remove]
        }
    }
}

/// Keys of denials, newest first. `None`: the server is away.
pub(super) async fn list(link: &Link) -> Option<Vec<Key>> {
    let mut newest = redis::cmd("ZREVRANGE");
    newest.arg(name(link)).arg(0).arg(MOST - 1);
    let texts: Vec<String> = link.ask_within(&newest, LIMIT).await?;
    Some(texts.into_iter().map(|text| Key::Denied(text.into())).collect())
}

fn name(link: &Link) -> String {
    format!("{}:denied", link.prefix())
}
