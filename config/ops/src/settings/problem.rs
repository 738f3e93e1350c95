//! What is wrong with a configuration, as an operator wants to read it.
//!
//! All problems are shown, not only the first, each with its place, the line it is on and what
//! to do. Lines that may hold a secret are veiled, because messages end in logs.

use std::fmt;
use std::path::{Path, PathBuf};

use super::secret::veil_below;

/// Where a value was written. The order is the order of reading.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The file as a whole, or the configuration if there is none.
    Whole,
    /// Lines and columns count from 1, columns and widths in characters.
    File { line: usize, column: usize, width: usize },
    /// An environment variable.
    Variable(String),
    /// The key of a `--set key=value`.
    Set(String),
}

/// One fault: what, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub place: Place,
    pub message: String,
    pub help: Option<String>,
}

impl Problem {
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), help: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The configuration file, for messages that quote it.
#[derive(Clone, Debug, Default)]
pub(super) struct Source {
    pub(super) path: Option<PathBuf>,
    pub(super) text: String,
}

impl Source {
    fn name(&self) -> String {
        self.path.as_deref().unwrap_or(Path::new("configuration")).display().to_string()
    }
}

/// Why a configuration was refused: every problem found, shown one after the other.
#[derive(Clone)]
pub struct ConfigError {
    problems: Vec<Problem>,
    source: Source,
}

impl ConfigError {
    pub(super) fn new(mut problems: Vec<Problem>, source: Source) -> Self {
        problems.sort_by(|a, b| a.place.cmp(&b.place));
        problems.dedup();
        Self { problems, source }
    }

    /// How many problems were found, at least one.
    pub fn count(&self) -> usize {
        self.problems.len()
    }
}

impl std::error::Error for ConfigError {}

/// Like `Display`, because the text of the file may hold secrets.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            show(problem, &self.source, f)?;
        }
        Ok(())
    }
}

fn show(problem: &Problem, source: &Source, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Problem { place, message, help } = problem;
    let mut margin = 1;
    match place {
        Place::Whole => write!(f, "{}: {message}", source.name())?,
        Place::Variable(name) => write!(f, "environment variable {name}: {message}")?,
        Place::Set(key) if key.is_empty() => write!(f, "--set: {message}")?,
        Place::Set(key) => write!(f, "--set {key}: {message}")?,
        &Place::File { line, column, width } => {
            write!(f, "{}:{line}:{column}: {message}", source.name())?;
            margin = line.to_string().len();
            let mut lines = source.text.lines().skip(line.saturating_sub(2));
            let above = if line > 1 { lines.next() } else { None };
            let text = veil_below(above.unwrap_or_default(), lines.next().unwrap_or_default());
            let (text, column) = window(&text, column);
            let width = width.min(text.chars().count().saturating_sub(column - 1)).max(1);
            write!(f, "\n{:margin$} |\n{line} | {text}\n{:margin$} | ", "", "")?;
            // A tab before the caret stays a tab, so that the two stand under each other.
            for c in text.chars().take(column - 1) {
                f.write_str(if c == '\t' { "\t" } else { " " })?;
            }
            f.write_str(&"^".repeat(width))?;
        }
    }
    match help {
        Some(help) => write!(f, "\n{:margin$} = help: {help}", ""),
        None => Ok(()),
    }
}

/// The part of a long line around the column, and the column in it.
fn window(line: &str, column: usize) -> (String, usize) {
    const MOST: usize = 100;
    let line = line.trim_end();
    if line.chars().count() <= MOST {
        return (line.to_owned(), column);
    }
    let skipped = column.saturating_sub(MOST / 2);
    let mut part: String = line.chars().skip(skipped).take(MOST).collect();
    if line.chars().count() > skipped + MOST {
        part.push('…');
    }
    if skipped == 0 { (part, column) } else { (format!("…{part}"), column - skipped + 1) }
}
