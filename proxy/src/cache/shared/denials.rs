//! Which requests are denied, for people: the server cannot be walked by kind of key, so the texts
//! of denials stand in one sorted set as well, by the time they were stored. It is a list of where
//! to look, not of what holds: whoever reads it looks each of them up.

use redis::Cmd;

use crate::cache::key::Key;
use crate::cache::queue::Write;
use crate::link::Link;

/// Denials that are listed; the oldest go first.
const MOST: isize = 10_000;

/// What a write changes in the list.
pub(super) fn note(link: &Link, key: &Key, write: &Write) -> Option<Cmd> {
    let Key::Denied(text) = key else { return None };
    let mut command = match write {
        Write::Put(_) => redis::cmd("ZADD"),
        Write::Forget => redis::cmd("ZREM"),
    };
    command.arg(name(link));
    if let Write::Put(entry) = write {
        command.arg(entry.stored_at.0);
    }
    command.arg(&**text);
    Some(command)
}

/// Keys of denials, newest first. `None`: the server is away.
pub(super) async fn list(link: &Link) -> Option<Vec<Key>> {
    let _dropped: u64 = link.ask(redis::cmd("ZREMRANGEBYRANK").arg(name(link)).arg(0).arg(-MOST - 1)).await?;
    let texts: Vec<String> = link.ask(redis::cmd("ZREVRANGE").arg(name(link)).arg(0).arg(-1)).await?;
    Some(texts.into_iter().map(|text| Key::Denied(text.into())).collect())
}

fn name(link: &Link) -> String {
    format!("{}:denied", link.prefix())
}
