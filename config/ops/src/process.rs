//! What Linux knows of this process, under the names that Prometheus' own clients use.

use std::fs;

/// One look; all numbers as gauges want them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Process {
    pub resident_bytes: f64,
    /// Of all threads, in user and kernel mode.
    pub cpu_seconds: f64,
    pub open_files: f64,
    /// 0: no limit.
    pub most_files: f64,
    pub threads: f64,
    /// Seconds since 1970.
    pub started: f64,
}

/// Times in `/proc` are in hundredths of a second on every architecture that Rust's Linux targets have
/// (`USER_HZ`), whatever the kernel's own tick is.
const TICKS: f64 = 100.0;

impl Process {
    /// `None` where there is no `/proc`.
    pub fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let limits = fs::read_to_string("/proc/self/limits").ok()?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let system = fs::read_to_string("/proc/stat").ok()?;
        // The listing itself is open meanwhile.
        let open_files = fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1);
        Some(Self { open_files: count(open_files), ..Self::of(&stat, &limits, &status, &system)? })
    }

    fn of(stat: &str, limits: &str, status: &str, system: &str) -> Option<Self> {
        // The name in parentheses may contain anything, blanks and parentheses too.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        // Numbered from the state, the third field of proc(5).
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        let [user, kernel, threads, begun] = [14, 15, 20, 22].map(field);
        let booted: f64 = value(system, "btime")?.parse().ok()?;
        let kilobytes: f64 = value(status, "VmRSS:")?.parse().ok()?;
        Some(Self {
            resident_bytes: kilobytes * 1024.0,
            cpu_seconds: (user? + kernel?) / TICKS,
            open_files: 0.0,
            most_files: value(limits, "Max open files")?.parse().unwrap_or_default(),
            threads: threads?,
            started: booted + begun? / TICKS,
        })
    }
}

/// The first word after `name` at the beginning of a line.
fn value<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.split_ascii_whitespace().next())
}

#[allow(clippy::cast_precision_loss)] // far below 2^52
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_read_whatever_the_process_is_called() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 12 0 6000 1 2";
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096  files\n";
        let process = Process::of(stat, limits, "Name:\ta\nVmRSS:\t  2048 kB\n", "cpu 1 2\nbtime 1000\n");
        let expected = Process {
            resident_bytes: 2_097_152.0,
            cpu_seconds: 3.0,
            open_files: 0.0,
            most_files: 1024.0,
            threads: 12.0,
            started: 1060.0,
        };
        assert_eq!(process, Some(expected));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_found() {
        let process = Process::read().expect("Linux has /proc");
        assert!(process.resident_bytes > 100_000.0 && process.open_files >= 3.0 && process.threads >= 1.0);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
        assert!((now - 100_000.0..=now + 1.0).contains(&process.started), "{}", process.started);
    }
}
