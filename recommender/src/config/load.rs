//! From sources to a configuration: file, below environment, below `--set`.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::problem::{ConfigError, Place, Problem, Source};
use super::tree::{Node, Origin, Value, from_environment, from_set, lay_over, parse};
use super::{Config, reader};

/// Read when no path is given, if it is there.
const DEFAULT_PATH: &str = "config/recommender.yaml";
/// No configuration is larger; a wrong path may be.
const MOST_BYTES: u64 = 1 << 20;

/// What a configuration is read from, the weakest first.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file. Without one, `config/recommender.yaml` in the working directory if it is there.
    pub path: Option<PathBuf>,
    /// Variables; those of others are skipped.
    pub env: Vec<(String, String)>,
    /// `key=value` arguments, in their order.
    pub set: Vec<String>,
}

impl Sources {
    /// With the variables of this process.
    pub fn of_process(path: Option<PathBuf>, set: Vec<String>) -> Self {
        let env = std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect();
        Self { path, env, set }
    }
}

impl Config {
    /// Reads and checks a configuration; the error names everything that is wrong, ready to be printed.
    pub fn load(sources: Sources) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let source = open(sources.path, &mut problems);
        let config = resolve(&source.text, sources.env, &sources.set, &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError::new(problems, source)) }
    }
}

/// The model from the text of a file and its overrides.
fn resolve(text: &str, env: Vec<(String, String)>, set: &[String], problems: &mut Vec<Problem>) -> Config {
    let nothing = Node { value: Value::Null, place: Place::Whole };
    let mut root = parse(text, &Origin::File, problems).unwrap_or(nothing);
    lay_over(&mut root, from_environment(env, problems));
    lay_over(&mut root, from_set(set, problems));
    reader::read(root, Config::read, problems)
}

fn open(path: Option<PathBuf>, problems: &mut Vec<Problem>) -> Source {
    let path = match path {
        Some(path) => path,
        None if Path::new(DEFAULT_PATH).exists() => PathBuf::from(DEFAULT_PATH),
        None => return Source::default(),
    };
    let text = read_text(&path).unwrap_or_else(|problem| {
        problems.push(problem);
        String::new()
    });
    Source { path: Some(path), text }
}

fn read_text(path: &Path) -> Result<String, Problem> {
    if path.is_dir() {
        return Err(problem("a folder, not a file", "name the YAML file in it"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes)).map_err(
        |error| {
            problem(
                format!("cannot be read: {error}"),
                "check the path (relative ones start from the working directory) and its permissions; \
                 without --config the defaults apply",
            )
        },
    )?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(problem("larger than 1MiB", "a configuration is a small YAML file: check the path"));
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(problem("UTF-16 text", "save it as UTF-8"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.split(|byte| *byte == b'\n').count();
        problem(format!("not UTF-8 text: line {line} has a byte that is no character"), "save it as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text))
}

fn problem(message: impl Into<String>, help: &str) -> Problem {
    Problem::new(Place::Whole, message).help(help)
}
