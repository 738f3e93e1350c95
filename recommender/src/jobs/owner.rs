//! Who runs a run.
//!
//! Several replicas share one database, and a run that looks unfinished may be well alive in another
//! one. So each row names its process: one that is on this machine and dead has certainly left its runs,
//! and they are taken up at once. Of all others nothing is known but their heartbeats.

use std::fmt;
use std::fs;

/// A process, told apart from all others on all machines and after all restarts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    /// Host, boot and process namespace: within it, process numbers mean something.
    place: String,
    pid: u32,
    /// Clock ticks from the boot to the start of the process: numbers are used again, this is not.
    started: u64,
}

impl Owner {
    pub(super) fn this_process() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let host = read("/proc/sys/kernel/hostname");
        let boot = read("/proc/sys/kernel/random/boot_id");
        let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default().display().to_string();
        let pid = std::process::id();
        Self { place: format!("{host}/{boot}/{namespace}"), pid, started: started(pid).unwrap_or(0) }
    }

    /// Whether the owner of that name has certainly ended.
    pub(super) fn knows_dead(&self, name: &str) -> bool {
        self.judge(name, started)
    }

    fn judge(&self, name: &str, started: impl Fn(u32) -> Option<u64>) -> bool {
        let Some(other) = Self::named(name) else { return false };
        // Without a start of our own, the starts of others cannot be read either.
        self.started != 0 && other.place == self.place && started(other.pid) != Some(other.started)
    }

    fn named(name: &str) -> Option<Self> {
        let mut parts = name.rsplitn(3, ' ');
        let started = parts.next()?.parse().ok()?;
        let pid = parts.next()?.parse().ok()?;
        Some(Self { place: parts.next()?.to_owned(), pid, started })
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.place, self.pid, self.started)
    }
}

/// None for a process that has ended, or waits for its parent to notice.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets, which may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(place: &str, pid: u32, started: u64) -> Owner {
        Owner { place: place.into(), pid, started }
    }

    #[test]
    fn a_name_is_read_back() {
        let this = Owner::this_process();
        assert_eq!(Owner::named(&this.to_string()), Some(this));
    }

    #[test]
    fn this_process_is_alive() {
        let this = Owner::this_process();
        assert!(!this.knows_dead(&this.to_string()));
    }

    #[test]
    fn a_number_that_is_used_again_is_another_process() {
        let this = owner("a/b/c", 7, 100);
        let running = |pid| (pid == 7).then_some(100);
        assert!(this.judge(&owner("a/b/c", 7, 50).to_string(), running));
        assert!(this.judge(&owner("a/b/c", 8, 50).to_string(), running));
        assert!(!this.judge(&owner("a/b/c", 7, 100).to_string(), running));
    }

    #[test]
    fn nothing_is_known_of_other_machines_and_of_unreadable_names() {
        let this = owner("a/b/c", 7, 100);
        assert!(!this.judge(&owner("x/b/c", 8, 50).to_string(), |_| None));
        assert!(!this.judge("", |_| None));
        assert!(!this.judge("somebody else's spelling", |_| None));
    }
}
