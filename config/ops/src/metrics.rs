//! One table of metrics per service: what is counted is what is documented.
//!
//! A service writes its table once, in groups, by [`metrics!`](crate::metrics!). The macro makes of it the
//! struct that records, the registry that `/metrics` prints, and [`Group`]s, from which the reference in
//! `config/metrics.md` is written and dashboards and alerts are checked. A label names its values, as
//! far as they are known, by the type they come from, so that the reference cannot fall behind.

use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

/// One line of a table.
#[derive(Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    pub labels: &'static [&'static Label],
    pub help: &'static str,
}

/// Metrics about one subject.
#[derive(Debug)]
pub struct Group {
    pub title: &'static str,
    /// What an operator looks at first.
    pub look_at: &'static str,
    pub metrics: &'static [Metric],
}

#[derive(Debug)]
pub struct Label {
    pub name: &'static str,
    /// All values; what cannot be listed is described in angle brackets.
    pub values: fn() -> Vec<&'static str>,
}

/// What a metric is, named like the types of the `prometheus` crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Counter,
    IntCounter,
    IntCounterVec,
    Gauge,
    GaugeVec,
    Histogram,
    HistogramVec,
}

impl Kind {
    /// The type as Prometheus names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter | Self::IntCounter | Self::IntCounterVec => "counter",
            Self::Gauge | Self::GaugeVec => "gauge",
            Self::Histogram | Self::HistogramVec => "histogram",
        }
    }
}

/// The part of the reference about one service: a heading, then a table per group.
pub fn section(service: &str, groups: &[Group]) -> String {
    let mut text = format!("## {service}\n");
    for Group { title, look_at, metrics } in groups {
        let _ = write!(
            text,
            "\n### {title}\n\n{look_at}\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n"
        );
        for Metric { name, kind, labels, help } in *metrics {
            let labels: Vec<_> = labels.iter().map(|label| described(label)).collect();
            let _ = writeln!(text, "| `{name}` | {} | {} | {help} |", kind.name(), labels.join("; "));
        }
    }
    text
}

fn described(label: &Label) -> String {
    let values: Vec<_> = (label.values)()
        .into_iter()
        .map(|value| {
            if value.starts_with('<') {
                value.trim_matches(['<', '>']).to_owned()
            } else {
                format!("`{value}`")
            }
        })
        .collect();
    format!("`{}`: {}", label.name, values.join(", "))
}

/// `document` with the section of one service replaced, or added at the end.
pub fn with_section(document: &str, service: &str, section: &str) -> String {
    let heading = format!("## {service}\n");
    let Some(begin) = document.find(&heading) else { return format!("{document}\n{section}") };
    let rest = &document[begin + heading.len()..];
    match rest.find("\n## ") {
        Some(end) => format!("{}{section}{}", &document[..begin], &rest[end..]),
        None => format!("{}{section}", &document[..begin]),
    }
}

/// Whether the reference in the file at `path` says of a service what its table says: what the tests of
/// each service ask. Where `UPDATE_METRICS` is set, the file is brought in line instead.
///
/// # Errors
/// Those of the file.
pub fn reference_holds(path: impl AsRef<Path>, service: &str, groups: &[Group]) -> io::Result<bool> {
    let path = path.as_ref();
    let kept = fs::read_to_string(path)?;
    let written = with_section(&kept, service, &section(service, groups));
    if std::env::var_os("UPDATE_METRICS").is_some() {
        fs::write(path, &written)?;
        return Ok(true);
    }
    Ok(kept == written)
}

/// Metrics whose name does not tell what they are: counters, and nothing else, end in `_total`.
pub fn misnamed(groups: &[Group]) -> Vec<&'static str> {
    let metrics = groups.iter().flat_map(|group| group.metrics);
    let wrong = metrics.filter(|metric| {
        let counter = metric.kind.name() == "counter";
        let vector = matches!(metric.kind, Kind::IntCounterVec | Kind::GaugeVec | Kind::HistogramVec);
        metric.name.ends_with("_total") != counter || metric.labels.is_empty() == vector
    });
    wrong.map(|metric| metric.name).collect()
}

/// As it is released.
pub static VERSION: Label = Label { name: "version", values: || vec!["<as released>"] };

/// Defines `Metrics`, which records, and `GROUPS`, which describes; a group about the process comes with
/// it. The calling crate depends on `prometheus`.
///
/// ```text
/// metrics! {
///     "name_build_info";
///     "Group", "What to look at." {
///         field: IntCounterVec("name_total", [LABEL], "Help"),
///         field: HistogramVec("name_seconds", [LABEL], "Help", BUCKETS),
///     }
/// }
/// ```
#[macro_export]
macro_rules! metrics {
    ($build:literal; $($groups:tt)*) => {
        $crate::metrics! { @table $($groups)*
            "Process", "Linux only, but for the version. A memory that grows beyond its bound, or files near \
                        their limit, come before an end that nobody ordered." {
                build: GaugeVec($build, [$crate::metrics::VERSION],
                    "1, with the version that runs"),
                process_memory: Gauge("process_resident_memory_bytes", [],
                    "Memory in use, bytes"),
                process_cpu: Counter("process_cpu_seconds_total", [],
                    "Processor time spent, seconds"),
                process_files: Gauge("process_open_fds", [],
                    "Open files and sockets"),
                process_most_files: Gauge("process_max_fds", [],
                    "Files and sockets that may be open; 0 without a limit"),
                process_threads: Gauge("process_threads", [],
                    "Threads"),
                process_started: Gauge("process_start_time_seconds", [],
                    "When the process began, seconds since 1970"),
            }
        }

        impl Metrics {
            /// The text exposition format, after `read` has set what is read only when somebody looks.
            pub(super) fn print_after(&self, read: impl FnOnce()) -> String {
                let _one_at_a_time = self.scrape.lock().unwrap_or_else(::std::sync::PoisonError::into_inner);
                read();
                self.build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
                if let Some(process) = $crate::process::Process::read() {
                    self.process_memory.set(process.resident_bytes);
                    self.process_cpu.inc_by((process.cpu_seconds - self.process_cpu.get()).max(0.0));
                    self.process_files.set(process.open_files);
                    self.process_most_files.set(process.most_files);
                    self.process_threads.set(process.threads);
                    self.process_started.set(process.started);
                }
                let families = self.registry.gather();
                ::prometheus::TextEncoder::new().encode_to_string(&families).expect("a String takes all")
            }
        }

        /// Brings a counter up to a total that is counted elsewhere.
        pub(super) fn reach(counter: &::prometheus::IntCounter, total: u64) {
            counter.inc_by(total.saturating_sub(counter.get()));
        }
    };
    (@table $($title:literal, $look_at:literal {
        $($field:ident: $kind:ident($name:expr, [$($label:expr),*], $help:literal $(, $buckets:expr)?),)*
    })*) => {
        /// Every metric of the service, by subject.
        pub static GROUPS: &[$crate::metrics::Group] = &[$($crate::metrics::Group {
            title: $title,
            look_at: $look_at,
            metrics: &[$($crate::metrics::Metric {
                name: $name,
                kind: $crate::metrics::Kind::$kind,
                labels: &[$(&$label),*],
                help: $help,
            },)*],
        },)*];

        /// What is counted. Each has a registry of its own, so tests do not meet.
        #[derive(Debug)]
        pub struct Metrics {
            registry: ::prometheus::Registry,
            /// One scrape at a time: totals counted elsewhere are brought up to date by it.
            scrape: ::std::sync::Mutex<()>,
            $($(pub(super) $field: ::prometheus::$kind,)*)*
        }

        impl Default for Metrics {
            fn default() -> Self {
                const VALID: &str = "names and labels in the table are valid and unique";
                let registry = ::prometheus::Registry::new();
                $($(
                    let $field =
                        $crate::metrics!(@make $kind $name, $help, &[$($label.name),*] $(, $buckets)?).expect(VALID);
                    registry.register(Box::new($field.clone())).expect(VALID);
                )*)*
                Self { registry, scrape: ::std::sync::Mutex::default(), $($($field,)*)* }
            }
        }
    };
    (@make IntCounterVec $name:expr, $help:expr, $labels:expr) => {
        ::prometheus::IntCounterVec::new(::prometheus::Opts::new($name, $help), $labels)
    };
    (@make GaugeVec $name:expr, $help:expr, $labels:expr) => {
        ::prometheus::GaugeVec::new(::prometheus::Opts::new($name, $help), $labels)
    };
    (@make HistogramVec $name:expr, $help:expr, $labels:expr, $buckets:expr) => {
        ::prometheus::HistogramVec::new(
            ::prometheus::HistogramOpts::new($name, $help).buckets($buckets.to_vec()),
            $labels,
        )
    };
    (@make Histogram $name:expr, $help:expr, $labels:expr, $buckets:expr) => {
        ::prometheus::Histogram::with_opts(
            ::prometheus::HistogramOpts::new($name, $help).buckets($buckets.to_vec()),
        )
    };
    (@make $kind:ident $name:expr, $help:expr, $labels:expr) => {
        ::prometheus::$kind::new($name, $help)
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    static GROUPS: &[Group] = &[Group {
        title: "Requests",
        look_at: "All of them.",
        metrics: &[Metric {
            name: "x_total",
            kind: Kind::IntCounterVec,
            labels: &[&Label { name: "status", values: || vec!["<HTTP status>", "failed"] }],
            help: "Calls",
        }],
    }];

    #[test]
    fn a_section_lists_every_metric_with_its_labels_and_their_values() {
        assert_eq!(
            section("service", GROUPS),
            "## service\n\n### Requests\n\nAll of them.\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n\
             | `x_total` | counter | `status`: HTTP status, `failed` | Calls |\n"
        );
    }

    #[test]
    fn a_section_takes_the_place_of_the_one_before_and_no_other() {
        let document = with_section(&with_section("# Metrics\n", "a", "## a\nold\n"), "b", "## b\nkept\n");
        assert_eq!(with_section(&document, "a", "## a\nnew\n"), "# Metrics\n\n## a\nnew\n\n## b\nkept\n");
        assert_eq!(with_section(&document, "b", "## b\nnew\n"), "# Metrics\n\n## a\nold\n\n## b\nnew\n");
    }
}
