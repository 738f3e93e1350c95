//! Structured logs on standard error: events with fields, for people or for machines.
//!
//! Each event carries its fields, `request_id` and `trace_id` among them, so a line needs no other to be
//! understood. What is logged can be changed while the process runs; how it is written cannot, because
//! whoever reads the lines would meet two forms in one stream.

use std::io::{self, IsTerminal};

use serde::Serialize;
use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// For people at a terminal.
    Pretty,
    /// One JSON object a line: `timestamp`, `level`, `target` and the event's fields beside each other.
    Json,
}

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("cannot log as `telemetry.log` says: {0}")]
    Directives(#[from] tracing_subscriber::filter::ParseError),
    #[error("this process logs already")]
    Started,
    #[error("the log has ended")]
    Ended,
}

/// Changes what is logged from now on.
#[derive(Debug, Clone)]
pub struct LogHandle {
    filter: reload::Handle<EnvFilter, Registry>,
    quiet: &'static str,
}

impl LogHandle {
    /// `directives` as in `telemetry.log`: a level, or levels by part of the program.
    ///
    /// # Errors
    /// Directives that cannot be read; what was logged before stays so.
    pub fn set_level(&self, directives: &str) -> Result<(), LogError> {
        let filter = filter(self.quiet, directives)?;
        self.filter.reload(filter).map_err(|_| LogError::Ended)
    }
}

/// Begins to log. `quiet` are directives that `directives` overrule: what libraries say that is of no
/// use to operators.
///
/// # Errors
/// Directives that cannot be read, or a second start within one process.
pub fn start(quiet: &'static str, directives: &str, form: Form) -> Result<LogHandle, LogError> {
    let (subscriber, handle) = subscriber(quiet, directives, form, io::stderr)?;
    subscriber.try_init().map_err(|_| LogError::Started)?;
    Ok(handle)
}

fn subscriber<W>(
    quiet: &'static str,
    directives: &str,
    form: Form,
    writer: W,
) -> Result<(impl Subscriber + Send + Sync, LogHandle), LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(filter(quiet, directives)?);
    let lines: Box<dyn Layer<_> + Send + Sync> = match form {
        Form::Pretty => {
            let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            fmt::layer().with_ansi(colour).with_writer(writer).boxed()
        }
        Form::Json => fmt::layer().json().flatten_event(true).with_writer(writer).boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(filter).with(lines);
    Ok((subscriber, LogHandle { filter: handle, quiet }))
}

fn filter(quiet: &str, directives: &str) -> Result<EnvFilter, LogError> {
    // A level for a part of the program is stronger than one for all, and who says `off` wants nothing.
    let off = directives.split(',').any(|directive| directive.trim().eq_ignore_ascii_case("off"));
    let quiet = if off { "" } else { quiet };
    Ok(EnvFilter::try_new([quiet, directives].join(","))?)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing::subscriber::with_default;

    use super::*;

    /// What was logged, a line each.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        fn taken(&self) -> Vec<Value> {
            let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }
    }

    fn logging(directives: &str) -> (Lines, impl Subscriber + Send + Sync, LogHandle) {
        let lines = Lines::default();
        let writer = lines.clone();
        let (subscriber, handle) =
            subscriber("noisy=error", directives, Form::Json, move || writer.clone()).unwrap();
        (lines, subscriber, handle)
    }

    #[test]
    fn a_line_is_an_object_with_its_fields_beside_time_level_and_target() {
        let (lines, subscriber, _) = logging("info");
        with_default(subscriber, || {
            tracing::info!(request_id = "7", trace_id = None::<&str>, "answered");
        });
        let [line] = &lines.taken()[..] else { panic!("one line") };
        assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')));
        assert_eq!(line["target"], json!(module_path!()));
        assert_eq!((&line["level"], &line["message"]), (&json!("INFO"), &json!("answered")));
        assert_eq!((&line["request_id"], line.get("trace_id")), (&json!("7"), None));
    }

    #[test]
    fn the_level_changes_while_the_process_runs_and_what_libraries_say_stays_quiet() {
        let (lines, subscriber, handle) = logging("warn");
        with_default(subscriber, || {
            let speak = || {
                tracing::debug!("spoken");
                tracing::warn!(target: "noisy", "chatter");
            };
            speak();
            assert_eq!(lines.taken().len(), 0);
            handle.set_level("debug").unwrap();
            speak();
            assert_eq!(lines.taken().len(), 1);
            assert!(matches!(handle.set_level("tests=inof"), Err(LogError::Directives(_))));
            speak();
            assert_eq!(lines.taken().len(), 1, "a level that cannot be read changes nothing");
            handle.set_level("off").unwrap();
            speak();
            assert_eq!(lines.taken().len(), 0);
        });
    }

    #[test]
    fn off_silences_libraries_too_and_a_part_can_be_let_speak() {
        for (directives, said) in [("error", 2), ("off", 0), ("OFF", 0), ("off,own=error", 1), ("own=off", 1)]
        {
            let (lines, subscriber, _) = logging(directives);
            with_default(subscriber, || {
                tracing::error!(target: "own", "spoken");
                tracing::error!(target: "noisy", "chatter");
            });
            assert_eq!(lines.taken().len(), said, "{directives}");
        }
    }
}
