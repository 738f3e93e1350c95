//! The one thread that opens, writes, sweeps and closes the file.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::file::{File, Size, Trouble};
use super::setting_aside::set_aside;
use super::{Phase, Shared, State, Sweep};
use crate::cache::queue::Batch;

/// How long the first write of a batch waits for company. With the commit itself this stays below
/// half a second.
const GATHER: Duration = Duration::from_millis(300);
/// Bytes that make a batch worth writing at once.
pub(super) const FULL: usize = 4 << 20;
/// Pause between steps of evicting and sweeping: they are never in a hurry.
const PAUSE: Duration = Duration::from_millis(20);
/// Entries looked at in one step of a sweep.
const SWEPT: usize = 4_096;
/// How often a file that could not be opened is tried again.
pub(super) const RETRY: Duration = Duration::from_secs(10);

enum Job {
    Open,
    Commit(Arc<File>, Batch, u64),
    Evict(Arc<File>),
    Sweep(Arc<File>, Sweep),
    Abandon(Trouble),
    Stop,
}

pub(super) fn run(shared: &Shared) {
    let mut pace = Pace::default();
    loop {
        match next(shared, &mut pace) {
            Job::Open => open(shared, &mut pace),
            Job::Commit(file, batch, asked) => match file.apply(&batch) {
                Ok(size) => {
                    pace.replaced = false;
                    committed(shared, &file, size, Some((&batch, asked)));
                }
                Err(trouble) => {
                    let mut state = shared.lock();
                    state.leaving = Batch::default();
                    state.queue.put_back(&batch);
                    drop(state);
                    drop(file);
                    abandon(shared, &mut pace, &trouble);
                }
            },
            Job::Evict(file) => match file.evict() {
                Ok(size) => committed(shared, &file, size, None),
                Err(trouble) => abandon(shared, &mut pace, &trouble),
            },
            Job::Sweep(file, sweep) => match file.sweep(&sweep.cursor, SWEPT, sweep.now) {
                Ok((cursor, size)) => {
                    size.into_iter().for_each(|size| committed(shared, &file, size, None));
                    shared.lock().sweep = cursor.map(|cursor| Sweep { cursor, ..sweep });
                    shared.progress.notify_all();
                }
                Err(trouble) => abandon(shared, &mut pace, &trouble),
            },
            Job::Abandon(trouble) => abandon(shared, &mut pace, &trouble),
            Job::Stop => break,
        }
    }
    stop(shared);
}

/// When what may be done next.
#[derive(Default)]
struct Pace {
    /// `None`: at once.
    open_at: Option<Instant>,
    commit_at: Option<Instant>,
    step_at: Option<Instant>,
    /// A damaged file was replaced, and nothing has been written since: if the new one is damaged
    /// as well, it is not the file's fault.
    replaced: bool,
}

/// Waits for something to do.
fn next(shared: &Shared, pace: &mut Pace) -> Job {
    let mut state = shared.lock();
    loop {
        let now = Instant::now();
        let Some(file) = state.file.clone() else {
            if state.phase >= Phase::Stopping {
                return Job::Stop;
            }
            match pace.open_at.filter(|at| *at > now) {
                None => return Job::Open,
                Some(at) => state = wait(shared, state, Some(at - now)),
            }
            continue;
        };
        if let Some(trouble) = state.complaint.take() {
            return Job::Abandon(trouble);
        }
        if state.queue.is_empty() {
            (state.flush, pace.commit_at) = (false, None);
            if state.phase >= Phase::Stopping {
                return Job::Stop;
            }
        } else {
            let at = *pace.commit_at.get_or_insert(now + GATHER);
            if at <= now || state.flush || state.phase >= Phase::Stopping || state.queue.weight() > FULL {
                pace.commit_at = None;
                state.leaving = state.queue.take();
                return Job::Commit(file, Arc::clone(&state.leaving), state.asked);
            }
        }
        let may_step = pace.step_at.is_none_or(|at| at <= now);
        let step = state.size.over || state.sweep.is_some();
        if step && may_step {
            pace.step_at = Some(now + PAUSE);
            return match state.sweep.clone() {
                Some(sweep) if !state.size.over => Job::Sweep(file, sweep),
                _ => Job::Evict(file),
            };
        }
        drop(file);
        let step_at = pace.step_at.filter(|_| step);
        let until = [pace.commit_at, step_at].into_iter().flatten().min();
        state = wait(shared, state, until.map(|at| at.saturating_duration_since(now)));
    }
}

fn wait<'s>(
    shared: &'s Shared,
    state: MutexGuard<'s, State>,
    limit: Option<Duration>,
) -> MutexGuard<'s, State> {
    match limit {
        Some(limit) => shared.work.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0,
        None => shared.work.wait(state).unwrap_or_else(PoisonError::into_inner),
    }
}

fn committed(shared: &Shared, file: &File, size: Size, batch: Option<(&Batch, u64)>) {
    let blocks = file.blocks();
    let mut state = shared.lock();
    if let Some((batch, asked)) = batch {
        state.leaving = Batch::default();
        state.written += batch.len() as u64;
        state.done = asked;
    }
    state.epoch += 1;
    state.evicted += size.evicted;
    (state.size, state.file_bytes) = (size, blocks);
    drop(state);
    shared.progress.notify_all();
}

fn open(shared: &Shared, pace: &mut Pace) {
    let open = || File::open(&shared.path, &shared.max_bytes, &shared.opener);
    let mut opened = open();
    if let Err(Trouble::Damaged(reason)) = &opened
        && !pace.replaced
    {
        pace.replaced = true;
        opened = move_aside(shared, reason).and_then(|()| open());
    }
    match opened {
        Ok((file, size)) => {
            let file_bytes = file.blocks();
            let mut state = shared.lock();
            if state.away.take().is_some() {
                tracing::info!(path = %shared.path.display(), entries = size.entries, "the disk tier is back");
            } else if state.phase == Phase::Opening {
                tracing::info!(path = %shared.path.display(), entries = size.entries, "the disk tier is open");
            }
            state.file = Some(Arc::new(file));
            state.epoch += 1;
            (state.size, state.file_bytes) = (size, file_bytes);
            state.enter(Phase::Settled);
            drop(state);
            shared.up.store(true, Ordering::Relaxed);
        }
        Err(trouble) => {
            pace.open_at = Some(Instant::now() + shared.retry);
            went_away(shared, &trouble);
        }
    }
    shared.progress.notify_all();
}

/// Makes room for a new file.
fn move_aside(shared: &Shared, reason: &str) -> Result<(), Trouble> {
    let path = &shared.path;
    let aside = set_aside(path).map_err(|error| {
        Trouble::Unavailable(format!("damaged ({reason}), and it cannot be moved aside: {error}"))
    })?;
    tracing::warn!(
        path = %path.display(),
        aside = %aside.display(),
        reason,
        "the cache file cannot be used: moved aside, starting with an empty one"
    );
    shared.lock().set_aside += 1;
    Ok(())
}

/// Lets go of the file; it is opened anew, at once when it only needs to be replaced.
fn abandon(shared: &Shared, pace: &mut Pace, trouble: &Trouble) {
    shared.up.store(false, Ordering::Relaxed);
    let mut state = shared.lock();
    let file = state.file.take();
    state.epoch += 1;
    state.complaint = None;
    drop(state);
    // Closing may write, and may fail: not under the lock.
    drop(file);
    match trouble {
        Trouble::Damaged(reason) if !pace.replaced => {
            pace.replaced = true;
            pace.open_at = None;
            if let Err(trouble) = move_aside(shared, reason) {
                went_away(shared, &trouble);
            }
        }
        _ => {
            pace.open_at = Some(Instant::now() + shared.retry);
            went_away(shared, trouble);
        }
    }
    shared.progress.notify_all();
}

fn went_away(shared: &Shared, trouble: &Trouble) {
    let mut state = shared.lock();
    state.enter(Phase::Settled);
    let before = state.away.replace(trouble.to_string());
    drop(state);
    if before.is_none() {
        tracing::warn!(
            path = %shared.path.display(),
            reason = %trouble,
            "the disk tier is away: serving from memory alone"
        );
    }
}

fn stop(shared: &Shared) {
    shared.up.store(false, Ordering::Relaxed);
    let mut state = shared.lock();
    let file = state.file.take();
    state.epoch += 1;
    drop(state);
    drop(file);
    let mut state = shared.lock();
    state.enter(Phase::Stopped);
    drop(state);
    shared.progress.notify_all();
}
