//! What a process's number is good for.

use rustix::process::{Pid, Signal, kill_process};

pub(super) fn signal(of: u32, signal: Signal) {
    let pid = i32::try_from(of).ok().and_then(Pid::from_raw).expect("a child has a pid");
    kill_process(pid, signal).expect("the child is ours to signal");
}

/// Bytes of memory that it has resident; 0 when it has ended.
pub(super) fn resident(of: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{of}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}
