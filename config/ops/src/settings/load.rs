//! From sources to settings: file, below environment, below `--set`.

use std::fmt;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::problem::{ConfigError, Place, Problem, Source};
use super::reader;
use super::service::{Service, Settings};
use super::tree::{Node, Origin, Value, from_environment, from_set, lay_over, parse};

/// No configuration is larger; a wrong path may be.
const MOST_BYTES: u64 = 1 << 20;
/// What to do about a file that was emptied.
const EMPTIED: &str = "write the settings again; to go by the defaults, restart, or write `{}` into it";
const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// What settings are read from, the weakest first. Kept for a reload.
#[derive(Clone, Default)]
pub struct Sources {
    /// The file. Without one, that of the service in the working directory if it is there.
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

    /// The same without the file. A service goes on when its file is made bad, and that is when it is asked
    /// most: where it listens is then looked for in the defaults, the environment and `--set`.
    #[must_use]
    pub fn beside_the_file(&self) -> Self {
        // Without a path there may be a file in the working directory.
        Self { path: Some("/dev/null".into()), ..self.clone() }
    }
}

/// Names only, because values may be secrets.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let env: Vec<_> = self.env.iter().map(|(name, _)| name).collect();
        let set: Vec<_> = self.set.iter().map(|set| set.split('=').next().unwrap_or_default()).collect();
        f.debug_struct("Sources").field("path", &self.path).field("env", &env).field("set", &set).finish()
    }
}

/// Settings and the file they came from.
#[derive(Clone)]
pub struct Loaded<T> {
    pub config: T,
    /// The file that was read, if any: the one to watch.
    pub path: Option<PathBuf>,
    /// What the file held when it was read, byte for byte: other content than this is news.
    pub written: Vec<u8>,
    /// There was nothing in it but blanks and comments, or no file.
    pub blank: bool,
}

/// Without the text of the file, because it may hold secrets.
impl<T: fmt::Debug> fmt::Debug for Loaded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("config", &self.config)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Reads and checks settings.
///
/// # Errors
/// Everything that is wrong with them, ready to be printed.
pub fn load<T: Settings>(sources: Sources) -> Result<Loaded<T>, ConfigError> {
    read(sources, true)
}

/// The same where an empty file may be wrong.
pub(super) fn read<T: Settings>(sources: Sources, may_be_blank: bool) -> Result<Loaded<T>, ConfigError> {
    let mut problems = Vec::new();
    let mut source = open(&T::SERVICE, sources.path, &mut problems);
    let written = source.text.clone().into_bytes();
    if source.text.starts_with(BYTE_ORDER_MARK) {
        source.text.remove(0);
    }
    let readable = problems.is_empty();
    let nothing = Node { value: Value::Null, place: Place::Whole };
    let parsed = parse(&source.text, &Origin::File, &mut problems);
    let blank = parsed.as_ref().is_some_and(Node::is_null);
    if blank && readable && !may_be_blank {
        problems.push(problem("empty, and was not when it was last read", EMPTIED));
    }
    let mut root = parsed.unwrap_or(nothing);
    lay_over(&mut root, from_environment(&T::SERVICE, sources.env, &mut problems));
    lay_over(&mut root, from_set(&T::SERVICE, &sources.set, &mut problems));
    let config = reader::read::<T>(root, &mut problems);
    if problems.is_empty() {
        Ok(Loaded { config, path: source.path, written, blank })
    } else {
        Err(ConfigError::new(problems, source))
    }
}

fn open(service: &Service, path: Option<PathBuf>, problems: &mut Vec<Problem>) -> Source {
    let path = match path {
        Some(path) => path,
        None if Path::new(service.file).exists() => PathBuf::from(service.file),
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
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.split(|byte| *byte == b'\n').count();
        problem(format!("not UTF-8 text: line {line} has a byte that is no character"), "save it as UTF-8")
    })
}

fn problem(message: impl Into<String>, help: &str) -> Problem {
    Problem::new(Place::Whole, message).help(help)
}
