//! Barriers as an entry of the second tier, so that they outlive the process.
//!
//! One list under a key that no request has. It is stored a second after its latest barrier: a file
//! that is full evicts by age, so everything the barriers are about is gone before they are.

use bytes::Bytes;

use super::barrier::Barrier;
use super::entry::Entry;
use super::key::Key;
use super::scope::Scope;
use crate::clock::Timestamp;

/// Scope, soft, hard; times in milliseconds since 1970.
type Line = (String, Option<u64>, Option<u64>);

pub(super) fn key() -> Key {
    Key::Body("purges".into())
}

pub(super) fn write(barriers: &[(Scope, Barrier)], now: Timestamp) -> Entry {
    let millis = |at: Option<Timestamp>| at.map(|at| at.0);
    let line =
        |(scope, barrier): &(Scope, Barrier)| (scope.to_string(), millis(barrier.soft), millis(barrier.hard));
    let lines: Vec<Line> = barriers.iter().map(line).collect();
    let latest = barriers.iter().filter_map(|(_, barrier)| barrier.latest()).max();
    Entry {
        body: Bytes::from(serde_json::to_vec(&lines).expect("strings and integers always serialise")),
        status: 200,
        stored_at: Timestamp(latest.unwrap_or_default().max(now).0 + 1_000),
        fresh_for: u32::MAX,
        stale_for: 0,
    }
}

/// Lines of a later version that are not understood here are left out.
pub(super) fn read(entry: &Entry) -> Vec<(Scope, Barrier)> {
    let lines: Vec<Line> = serde_json::from_slice(&entry.body).unwrap_or_default();
    let barrier = |soft: Option<u64>, hard: Option<u64>| Barrier {
        soft: soft.map(Timestamp),
        hard: hard.map(Timestamp),
    };
    let lines = lines.into_iter();
    lines.filter_map(|(scope, soft, hard)| Some((scope.parse().ok()?, barrier(soft, hard)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn barriers_are_read_as_they_were_written() {
        let barrier = Barrier { soft: Some(Timestamp(1)), hard: Some(Timestamp(2)) };
        let barriers = vec![
            (Scope::All, barrier),
            (Scope::Key(Key::Body("=/x?\"\n".into())), Barrier { soft: None, ..barrier }),
        ];
        assert_eq!(read(&write(&barriers, Timestamp(0))), barriers);
    }

    #[test]
    fn what_is_not_understood_is_left_out() {
        let body = Bytes::from_static(br#"[["mood:sad",1,null],["all",5,null]]"#);
        let entry = Entry { body, ..write(&[], Timestamp(0)) };
        assert_eq!(read(&entry), [(Scope::All, Barrier { soft: Some(Timestamp(5)), hard: None })]);
    }
}
