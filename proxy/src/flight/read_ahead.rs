//! Reading ahead: who has converted ids to tracks asks for their features next, one by one.
//!
//! So the features of newly seen tracks are asked for in the warm lane, forty in a call that a
//! single look-up would have made for one. That pays only with clients of that habit, so it is
//! watched: each row is given ten minutes to be asked for, and when fewer than a fifth of them
//! are, reading ahead pauses. While it pauses, it goes on watching the rows it would have read,
//! which costs no call, and resumes as soon as a fifth of them is asked for.
//!
//! Every look-up of features passes here. A table of tags answers nearly all of them without a
//! lock; rows that share a slot hide one another, so a few that were used count as unused.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::api::Uuid;
use crate::telemetry::{Metrics, ReadAheadRow};

/// How long a row may wait to be asked for.
const PATIENCE: Duration = Duration::from_secs(600);
/// Rows that make a verdict, and how many of them must have been asked for.
const SAMPLE: usize = 100;
const USED: usize = 20;
/// Rows watched at the same time. Beyond, nothing is read ahead.
const MOST: usize = 10_000;
/// Slots of the table, 256 KiB.
const SLOTS: usize = 1 << 16;

/// What is read ahead, and whether it pays.
#[derive(Debug)]
pub struct ReadAhead {
    on: AtomicBool,
    tags: Box<[AtomicU32]>,
    watch: Mutex<Watch>,
    paused: AtomicBool,
    metrics: Arc<Metrics>,
}

impl ReadAhead {
    pub fn new(on: bool, metrics: Arc<Metrics>) -> Self {
        let tags = (0..SLOTS).map(|_| AtomicU32::new(0)).collect();
        Self {
            on: AtomicBool::new(on),
            tags,
            watch: Mutex::default(),
            paused: AtomicBool::new(false),
            metrics,
        }
    }

    /// What is on watch while it is off counts as not asked for.
    pub fn turn(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    /// True when the features of this track are to be read now.
    pub(super) fn wants(&self, uuid: Uuid) -> bool {
        if !self.is_on() {
            return false;
        }
        let mut watch = self.watch();
        let wants = watch.begin(Instant::now(), uuid);
        if let Some(read) = wants {
            let (slot, tag) = self.tag(uuid);
            slot.store(tag, Ordering::Relaxed);
            self.metrics.read_ahead(if read { ReadAheadRow::Read } else { ReadAheadRow::Paused });
        }
        wants == Some(true)
    }

    /// Somebody asked for the features of this track.
    pub fn asked(&self, uuid: Uuid) {
        if !self.is_on() {
            return;
        }
        let (slot, tag) = self.tag(uuid);
        if slot.load(Ordering::Relaxed) == tag {
            slot.store(0, Ordering::Relaxed);
            if self.watch().asked(Instant::now(), uuid) {
                self.metrics.read_ahead(ReadAheadRow::Used);
            }
        }
    }

    fn watch(&self) -> Watching<'_> {
        let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        Watching { watch, paused: &self.paused }
    }

    fn tag(&self, uuid: Uuid) -> (&AtomicU32, u32) {
        let bits = uuid.to_bits();
        #[allow(clippy::cast_possible_truncation)] // both halves go in, the upper half comes out
        let mixed = (bits as u64 ^ (bits >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let tag = u32::try_from(mixed >> 32).unwrap_or_default().max(1);
        (&self.tags[usize::try_from(mixed >> 16).unwrap_or_default() % SLOTS], tag)
    }
}

/// The watch while it is looked after; a change of its verdict is told when done.
struct Watching<'r> {
    watch: MutexGuard<'r, Watch>,
    paused: &'r AtomicBool,
}

impl std::ops::Deref for Watching<'_> {
    type Target = Watch;

    fn deref(&self) -> &Watch {
        &self.watch
    }
}

impl std::ops::DerefMut for Watching<'_> {
    fn deref_mut(&mut self) -> &mut Watch {
        &mut self.watch
    }
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        let paused = self.watch.paused;
        if self.paused.swap(paused, Ordering::Relaxed) != paused {
            let what = if paused { "pauses: its rows are not asked for" } else { "resumes" };
            tracing::info!("reading features ahead {what}");
        }
    }
}

/// The rows on watch, as a state machine.
#[derive(Debug, Default)]
struct Watch {
    /// Oldest first.
    since: VecDeque<(Instant, Uuid)>,
    rows: HashMap<Uuid, Watched>,
    judged: usize,
    used: usize,
    paused: bool,
}

#[derive(Debug, Clone, Copy)]
struct Watched {
    /// Read, not only watched.
    read: bool,
    used: bool,
}

impl Watch {
    /// Puts a row on watch. Whether it is to be read; `None` when it is on watch already or there
    /// is no room.
    fn begin(&mut self, now: Instant, uuid: Uuid) -> Option<bool> {
        self.judge(now);
        if self.rows.len() >= MOST || self.rows.contains_key(&uuid) {
            return None;
        }
        let read = !self.paused;
        self.since.push_back((now, uuid));
        self.rows.insert(uuid, Watched { read, used: false });
        Some(read)
    }

    /// True when it was read ahead and is asked for the first time, in time.
    fn asked(&mut self, now: Instant, uuid: Uuid) -> bool {
        self.judge(now);
        let Some(row) = self.rows.get_mut(&uuid) else { return false };
        let first = !row.used;
        row.used = true;
        first && row.read
    }

    /// Takes the rows off watch whose time is over, and draws the conclusion.
    fn judge(&mut self, now: Instant) {
        let over = |(since, _): &(Instant, Uuid)| *since + PATIENCE <= now;
        while let Some((_, uuid)) = self.since.front().copied().filter(over) {
            self.since.pop_front();
            let row = self.rows.remove(&uuid);
            self.judged += 1;
            self.used += usize::from(row.is_some_and(|row| row.used));
            if self.judged == SAMPLE {
                self.paused = self.used < USED;
                (self.judged, self.used) = (0, 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    fn uuid(n: usize) -> Uuid {
        Uuid::from_bits(n as u128)
    }

    /// Puts a hundred rows on watch, asks for some of them, and lets their time pass. How many
    /// were to be read.
    async fn round(watch: &mut Watch, first: usize, asked: usize) -> usize {
        let read = (first..first + SAMPLE).filter(|n| watch.begin(Instant::now(), uuid(*n)) == Some(true));
        let read = read.count();
        advance(PATIENCE / 2).await;
        for n in first..first + asked {
            assert_eq!(watch.asked(Instant::now(), uuid(n)), read > 0);
            assert!(!watch.asked(Instant::now(), uuid(n)), "counted once");
        }
        advance(PATIENCE / 2).await;
        watch.judge(Instant::now());
        read
    }

    #[tokio::test(start_paused = true)]
    async fn it_pauses_below_a_fifth_and_resumes_at_it_without_reading_in_between() {
        let mut watch = Watch::default();
        assert_eq!(round(&mut watch, 0, USED).await, SAMPLE);
        assert_eq!(round(&mut watch, 100, USED - 1).await, SAMPLE);
        assert_eq!(round(&mut watch, 200, USED - 1).await, 0, "paused");
        assert_eq!(round(&mut watch, 300, USED).await, 0, "still paused while it watches");
        assert_eq!(round(&mut watch, 400, 0).await, SAMPLE, "resumed");
    }

    #[tokio::test(start_paused = true)]
    async fn few_rows_are_no_verdict() {
        let mut watch = Watch::default();
        for n in 0..SAMPLE - 1 {
            watch.begin(Instant::now(), uuid(n));
        }
        advance(PATIENCE).await;
        assert_eq!(watch.begin(Instant::now(), uuid(500)), Some(true));
        advance(PATIENCE).await;
        assert_eq!(watch.begin(Instant::now(), uuid(501)), Some(false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_row_asked_for_too_late_counts_as_unused() {
        let mut watch = Watch::default();
        for n in 0..SAMPLE {
            watch.begin(Instant::now(), uuid(n));
        }
        advance(PATIENCE).await;
        assert!((0..SAMPLE).all(|n| !watch.asked(Instant::now(), uuid(n))));
        assert!(watch.paused);
    }

    #[tokio::test(start_paused = true)]
    async fn a_row_is_watched_once_and_not_too_many_at_a_time() {
        let mut watch = Watch::default();
        assert!((0..MOST).all(|n| watch.begin(Instant::now(), uuid(n)) == Some(true)));
        assert_eq!(watch.begin(Instant::now(), uuid(0)), None);
        assert_eq!(watch.begin(Instant::now(), uuid(MOST)), None);
        assert_eq!((watch.since.len(), watch.rows.len()), (MOST, MOST));
    }

    #[tokio::test(start_paused = true)]
    async fn switched_off_nothing_is_read_or_watched() {
        let off = ReadAhead::new(false, Arc::default());
        assert!(!off.wants(uuid(1)));
        off.asked(uuid(1));
        assert_eq!(off.watch().rows.len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_asked_for_is_noticed_and_counted() {
        let metrics = Arc::new(Metrics::default());
        let ahead = ReadAhead::new(true, Arc::clone(&metrics));
        assert!((0..50).all(|n| ahead.wants(uuid(n))));
        (0..20).chain(40..60).for_each(|n| ahead.asked(uuid(n)));
        let rows = [ReadAheadRow::Read, ReadAheadRow::Used, ReadAheadRow::Paused]
            .map(|row| metrics.read_ahead_rows(row));
        assert_eq!(rows, [50, 30, 0]);
    }
}
