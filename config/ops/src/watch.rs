//! Tells when the content that a path leads to has changed.
//!
//! Editors replace files by renaming, people delete and write again, mounted volumes swap a symlink
//! in the middle of the path. What all have in common is an event in a folder: that of the file, or
//! of one of the symlinks that lead to it. So folders are watched, never the file, and found anew
//! after each event. An event only says *look*: the bytes decide, so a touch or a rewrite of the
//! same text is no news, and nothing is lost with an event that is (a slow look happens anyway, for
//! file systems that tell nothing).

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::watch;

use crate::settings::Loaded;

/// After an event it has to be quiet for so long, for a change may take several steps; those who
/// never stop writing are looked at in between.
const QUIET: Duration = Duration::from_millis(200);
const UNREST: Duration = Duration::from_secs(2);
/// Between two looks where no events come: none at all, or none that is known to be missing.
const POLL: Duration = Duration::from_secs(3);
const SELDOM: Duration = Duration::from_secs(60);
/// Larger files are compared by their beginning.
const MOST_BYTES: u64 = 2 << 20;
/// Symlinks on the way; the system follows no more either.
const MOST_LINKS: usize = 40;

/// What the thread that looks is told.
#[derive(Debug, PartialEq, Eq)]
enum Word {
    Look,
    Stop,
}

/// A watch over one path. Ends when dropped.
#[derive(Debug)]
pub struct Watch {
    changes: watch::Receiver<u64>,
    stop: mpsc::Sender<Word>,
}

impl Watch {
    /// Watches for other content than was `seen`, which may have changed already. `None`: there was none,
    /// and `path` need not lead to anything yet.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(path: &Path, seen: Option<Vec<u8>>) -> std::io::Result<Self> {
        let (stop, words) = mpsc::channel();
        let (tell, changes) = watch::channel(0);
        let tap = stop.clone();
        let mut look = Look { path: path.to_owned(), seen, tell };
        thread::Builder::new().name("watch".to_owned()).spawn(move || {
            let mut folders = Folders::new(tap);
            // What happened since it was seen, before the folders were watched.
            let mut all = folders.watch(&look.path);
            look.again();
            while settled(&words, if all { SELDOM } else { POLL }) {
                all = folders.watch(&look.path);
                look.again();
            }
        })?;
        Ok(Self { changes, stop })
    }

    /// Watches the file of a service's settings, if it has one, for other content than was loaded. What
    /// prevents that is said.
    pub fn of_settings<T>(loaded: &Loaded<T>) -> Option<Self> {
        let cannot = |error: &std::io::Error| tracing::warn!(%error, "a change of the file does not reload");
        let path = loaded.path.as_deref()?;
        Self::start(path, Some(loaded.written.clone())).inspect_err(cannot).ok()
    }

    /// Waits until the content is another one than when this was last called, or than was seen at first.
    /// That a file has gone is a change as well. Never ends once nothing can be told any more.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // A thread that has ended need not be told to.
        let _ = self.stop.send(Word::Stop);
    }
}

/// Waits for an event and for the quiet after it, or for `patience` without one. False: stop.
fn settled(words: &Receiver<Word>, patience: Duration) -> bool {
    match words.recv_timeout(patience) {
        Ok(Word::Look) => {}
        Ok(Word::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
        Err(RecvTimeoutError::Timeout) => return true,
    }
    let until = Instant::now() + UNREST;
    while Instant::now() < until {
        match words.recv_timeout(QUIET) {
            Ok(Word::Look) => {}
            Ok(Word::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => break,
        }
    }
    true
}

/// The content as last seen.
struct Look {
    path: PathBuf,
    seen: Option<Vec<u8>>,
    tell: watch::Sender<u64>,
}

impl Look {
    fn again(&mut self) {
        let now = content(&self.path);
        if now != self.seen {
            self.seen = now;
            self.tell.send_modify(|changes| *changes += 1);
        }
    }
}

/// `None`: there is none to be read.
fn content(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The folders under watch.
struct Folders {
    /// `None`: this system tells nothing.
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
    /// That a folder cannot be watched was said.
    complained: bool,
}

impl Folders {
    fn new(tell: mpsc::Sender<Word>) -> Self {
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.map_or(true, |event| changes_something(event.kind)) {
                // Nobody listens any more: the watch has ended.
                let _ = tell.send(Word::Look);
            }
        });
        let (watcher, complained) = match watcher {
            Ok(watcher) => (Some(watcher), false),
            Err(error) => {
                tracing::warn!(%error, "files cannot be watched here: looking every {} s", POLL.as_secs());
                (None, true)
            }
        };
        Self { watcher, watched: BTreeSet::new(), complained }
    }

    /// Watches the folders that matter to `path` now, and no others. False when not all can be.
    fn watch(&mut self, path: &Path) -> bool {
        let Some(watcher) = &mut self.watcher else { return false };
        for folder in std::mem::take(&mut self.watched) {
            // It may have gone, and its watch with it.
            let _ = watcher.unwatch(&folder);
        }
        let mut all = true;
        for folder in folders(path) {
            match watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => drop(self.watched.insert(folder)),
                Err(error) => {
                    all = false;
                    if !std::mem::replace(&mut self.complained, true) {
                        let folder = folder.display();
                        tracing::warn!(%error, %folder, "cannot be watched: looking every {} s", POLL.as_secs());
                    }
                }
            }
        }
        all
    }
}

/// Reading is an event too, ours included.
fn changes_something(event: EventKind) -> bool {
    !matches!(event, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write))
}

/// The folder of what `path` leads to, and those of all symlinks on the way.
fn folders(path: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut ahead: VecDeque<OsString> = steps(&path).collect();
    let (mut at, mut links) = (PathBuf::new(), 0);
    while let Some(step) = ahead.pop_front() {
        if step == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&step);
        match fs::read_link(&next) {
            Ok(target) if links < MOST_LINKS => {
                links += 1;
                found.insert(at.clone());
                // A relative target goes on from here; the root of an absolute one replaces `at`.
                steps(&target).rev().for_each(|step| ahead.push_front(step));
            }
            _ => at = next,
        }
    }
    found.extend(at.parent().map(Path::to_owned));
    found
}

/// The parts of a path, the root as one of them.
fn steps(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    let parts = path.components().filter(|part| *part != Component::CurDir);
    parts.map(|part| part.as_os_str().to_owned())
}

#[cfg(test)]
mod tests;
