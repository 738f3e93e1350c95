//! Progress for people: a bar on a terminal, a line every few seconds elsewhere.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::WarmError;
use crate::engine::warm::Estimate;

/// Between two lines where there is no terminal.
const EVERY: Duration = Duration::from_secs(5);

pub(super) struct Show {
    /// `None` where there is no terminal.
    bar: Option<ProgressBar>,
    begun: Instant,
    told: Instant,
}

/// What an order amounts to.
pub(super) fn told_plan(plan: &Estimate) -> String {
    let Estimate { total, held, missing_marks, wanted, calls, seconds } = *plan;
    let time = seconds.map_or_else(|| "never: the budget allows no calls".to_owned(), about);
    format!(
        "{total} items: {held} held, {missing_marks} known to be missing, {wanted} to fetch\n\
         {}, {time} at the present rate if nobody else needs it",
        counted(calls as u64)
    )
}

fn counted(calls: u64) -> String {
    if calls == 1 { "1 call".to_owned() } else { format!("{calls} calls") }
}

impl Show {
    pub(super) fn begin(plan: &Estimate) -> Self {
        eprintln!("{}", told_plan(plan));
        let bar = io::stderr().is_terminal().then(|| bar(plan.total));
        Self { bar, begun: Instant::now(), told: Instant::now() }
    }

    pub(super) fn progress(&mut self, told: &Value) {
        let text = progress(told, self.begun.elapsed());
        match &self.bar {
            Some(bar) => {
                bar.set_position(number(told, "done"));
                bar.set_message(text);
            }
            None if self.told.elapsed() >= EVERY => {
                self.told = Instant::now();
                eprintln!("{} of {}: {text}", number(told, "done"), number(told, "total"));
            }
            None => {}
        }
    }

    pub(super) fn failed(&self, told: &Value) {
        self.say(&format!("{}: {}", word(told, "item"), word(told, "reason")));
    }

    pub(super) fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }

    /// Takes the bar away.
    pub(super) fn leave(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }

    pub(super) fn end(&self, done: &Value) -> Result<(), WarmError> {
        self.leave();
        println!("{}", ended(done));
        match word(done, "outcome") {
            "complete" => Ok(()),
            "cancelled" => Err(WarmError::Ended("cancelled; the same command again asks for the rest")),
            _ => Err(WarmError::Ended("some items failed; the same command again asks for them")),
        }
    }
}

fn bar(total: usize) -> ProgressBar {
    let bar = ProgressBar::new(total as u64);
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {pos} of {len}  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn progress(told: &Value, took: Duration) -> String {
    let done = number(told, "fetched") + number(told, "missing");
    #[allow(clippy::cast_precision_loss)] // items far below 2^52
    let pace = done as f64 / took.as_secs_f64().max(1.0);
    let mut text = format!("{}, {pace:.1} rows/s", counted(number(told, "calls")));
    if let Some(left) = told["seconds_left"].as_u64() {
        let _ = write!(text, ", {} left", about(left));
    }
    if let Some(waiting) = told["waiting"].as_str() {
        let _ = write!(text, " ({waiting})");
    }
    text
}

fn ended(done: &Value) -> String {
    let count = |name| number(done, name);
    format!(
        "{}: {} held, {} fetched, {} missing upstream, {} failed, of {}; {} in {}",
        word(done, "outcome"),
        count("held"),
        count("fetched"),
        count("missing"),
        count("failed"),
        count("total"),
        counted(count("calls")),
        about(count("seconds")),
    )
}

fn number(told: &Value, name: &str) -> u64 {
    told[name].as_u64().unwrap_or_default()
}

fn word<'v>(told: &'v Value, name: &str) -> &'v str {
    told[name].as_str().unwrap_or_default()
}

/// A time as people say it.
fn about(seconds: u64) -> String {
    match seconds {
        0..90 => format!("{seconds} s"),
        90..5_400 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[test]
    fn a_plan_says_calls_and_time_and_what_they_leave_out() {
        let plan = Estimate {
            total: 20_000,
            held: 5_000,
            missing_marks: 40,
            wanted: 14_960,
            calls: 374,
            seconds: Some(280),
        };
        assert_eq!(
            told_plan(&plan),
            "20000 items: 5000 held, 40 known to be missing, 14960 to fetch\n\
             374 calls, 5 min at the present rate if nobody else needs it"
        );
        assert!(told_plan(&Estimate { seconds: None, ..plan }).contains("never"));
    }

    #[test]
    fn progress_tells_calls_pace_and_why_it_waits() {
        let told = json!({ "fetched": 80, "missing": 20, "calls": 3, "seconds_left": 600, "waiting": "people go first" });
        assert_eq!(
            progress(&told, Duration::from_secs(10)),
            "3 calls, 10.0 rows/s, 10 min left (people go first)"
        );
    }

    #[test]
    fn the_end_is_one_line() {
        let done = json!({ "outcome": "incomplete", "held": 1, "fetched": 2, "missing": 3, "failed": 4, "total": 10, "calls": 5, "seconds": 95 });
        assert_eq!(
            ended(&done),
            "incomplete: 1 held, 2 fetched, 3 missing upstream, 4 failed, of 10; 5 calls in 2 min"
        );
        assert_eq!((counted(0), counted(1)), ("0 calls".to_owned(), "1 call".to_owned()));
    }

    #[rstest]
    #[case(0, "0 s")]
    #[case(89, "89 s")]
    #[case(90, "2 min")]
    #[case(5_400, "1 h 30 min")]
    fn times_are_told_as_people_say_them(#[case] seconds: u64, #[case] text: &str) {
        assert_eq!(about(seconds), text);
    }
}
