//! What a proxy printed, kept for the case that something goes wrong.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Lines of both streams in the order they came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// Reads until the stream ends. A full pipe would stop the proxy.
    pub(crate) fn follow(&self, stream: impl Read + Send + 'static) -> thread::JoinHandle<()> {
        let lines = Arc::clone(&self.0);
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        })
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// At least `count` lines, if they come: what a process printed last is read after its end.
    pub(crate) async fn settled(&self, count: usize) -> Vec<String> {
        for _ in 0..100 {
            if self.lines().len() >= count {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        self.lines()
    }

    /// Lines that report a change or worse about something that is named in them.
    pub(crate) fn about(&self, name: &str) -> Vec<String> {
        let lines = self.lines().into_iter();
        let told = ["INFO", "WARN", "ERROR"];
        lines.filter(|line| line.contains(name) && told.iter().any(|level| line.contains(level))).collect()
    }

    /// Lines in which the proxy itself says that something is wrong; its libraries complain of
    /// what is not worth a word.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let lines = self.lines().into_iter();
        let wrong = [" WARN recobeat_proxy", "ERROR recobeat_proxy"];
        lines.filter(|line| wrong.iter().any(|level| line.contains(level))).collect()
    }

    /// The last lines, indented.
    pub(crate) fn tail(&self) -> String {
        let lines = self.lines();
        let last = lines.len().saturating_sub(40);
        let last: Vec<String> = lines[last..].iter().map(|line| format!("    | {line}")).collect();
        last.join("\n")
    }
}
