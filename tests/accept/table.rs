//! The table as people read it: four columns, wrapped at words, a row as soon as it is known.

use crate::row::{Row, Seen};
use std::process::ExitCode;
use std::time::Duration;

const WIDTHS: [usize; 4] = [34, 40, 66, 4];

pub(crate) struct Table {
    rows: usize,
    failed: usize,
}

impl Table {
    pub(crate) fn begin() -> Self {
        print(["case", "must show", "seen", ""]);
        rule();
        Self { rows: 0, failed: 0 }
    }

    pub(crate) fn add(&mut self, row: &Row, seen: &Seen) {
        self.rows += 1;
        self.failed += usize::from(!seen.ok());
        let text = format!("{} ({:.1} s)", seen.text(), seen.took.as_secs_f64());
        print([row.case, row.must, &text, if seen.ok() { "ok" } else { "FAIL" }]);
        rule();
    }

    pub(crate) fn end(self, took: Duration) -> ExitCode {
        println!("{} rows, {} failed, {} s", self.rows, self.failed, took.as_secs());
        if self.failed == 0 && self.rows > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn rule() {
    println!("{}", WIDTHS.map(|width| "-".repeat(width)).join("-+-"));
}

fn print(cells: [&str; 4]) {
    let columns: Vec<Vec<String>> =
        cells.iter().zip(WIDTHS).map(|(cell, width)| wrapped(cell, width)).collect();
    let height = columns.iter().map(Vec::len).max().unwrap_or_default();
    for line in 0..height {
        let parts: Vec<String> = columns
            .iter()
            .zip(WIDTHS)
            .map(|(column, width)| format!("{:<width$}", column.get(line).map_or("", String::as_str)))
            .collect();
        println!("{}", parts.join(" | ").trim_end());
    }
}

/// Lines of at most `width` characters; a longer word stands alone, cut into pieces.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for piece in letters.chunks(width) {
            let last = lines.last_mut().expect("never empty");
            if !last.is_empty() && last.chars().count() + 1 + piece.len() > width {
                lines.push(piece.iter().collect());
            } else {
                if !last.is_empty() {
                    last.push(' ');
                }
                last.extend(piece);
            }
        }
    }
    lines
}
