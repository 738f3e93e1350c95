//! Configurations that must not start a service, and what their operator has to be told: where it is,
//! which key or value it is, and what to do about it.

mod proxy;
mod recommender;

use super::binary;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What somebody wrote, and what `check` must answer.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) case: &'static str,
    program: &'static str,
    file: File,
    env: Option<(&'static str, &'static str)>,
    set: Option<&'static str>,
    told: Vec<Told>,
}

/// What stands at the path given as `--config`.
#[derive(Debug)]
enum File {
    Bytes(&'static [u8]),
    Folder,
    Nothing,
}

/// One problem, as it must be told.
#[derive(Debug)]
struct Told {
    place: &'static str,
    named: &'static str,
    help: &'static str,
}

/// Every secret in the tables; none may be printed.
const SECRET: &str = "hunter2";

/// All of them, of both services.
pub(crate) fn all() -> Vec<Broken> {
    let mut all = proxy::table();
    all.extend(recommender::table());
    all
}

fn broken(program: &'static str, case: &'static str, text: &'static str) -> Broken {
    Broken { case, program, file: File::Bytes(text.as_bytes()), env: None, set: None, told: Vec::new() }
}

impl Broken {
    fn file(self, file: File) -> Self {
        Self { file, ..self }
    }

    fn env(self, name: &'static str, value: &'static str) -> Self {
        Self { env: Some((name, value)), ..self }
    }

    fn set(self, argument: &'static str) -> Self {
        Self { set: Some(argument), ..self }
    }

    /// A problem that must be told next: its place (line and column of the file, or the source), a
    /// text that names the key or value, and what its remedy begins with.
    fn told(mut self, place: &'static str, named: &'static str, help: &'static str) -> Self {
        self.told.push(Told { place, named, help });
        self
    }

    /// Lets the real binary check it. Gives what it printed, or what is wrong with that.
    pub(crate) fn check(&self) -> Result<String, String> {
        let folder = tempfile::tempdir().expect("a folder");
        self.write(folder.path());
        let mut command = binary::bare(Command::new(binary::path(self.program)));
        command.current_dir(folder.path()).args(["check", "--config", "broken.yaml"]);
        command.args(self.set.iter().flat_map(|set| ["--set", set])).envs(self.env);
        let output = command.output().expect("the binary runs");
        let printed = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
        let problems: Vec<_> = printed.split("\n\n").collect();
        let mut wrong = Vec::new();
        if output.status.code() != Some(1) {
            wrong.push(format!("{}", output.status));
        }
        if !output.stdout.is_empty() {
            wrong.push("it says something good".to_owned());
        }
        if problems.len() != self.told.len() {
            wrong.push(format!("{} problems instead of {}", problems.len(), self.told.len()));
        }
        wrong.extend(self.told.iter().zip(&problems).filter_map(|(told, problem)| told.missed_by(problem)));
        if printed.contains(SECRET) {
            wrong.push("a secret is shown".to_owned());
        }
        if wrong.is_empty() {
            Ok(printed)
        } else {
            Err(format!("{}: {}:\n{printed}", self.case, wrong.join(", ")))
        }
    }

    /// Beside the file there are a text that is no certificate and a folder.
    fn write(&self, folder: &Path) {
        let path = folder.join("broken.yaml");
        fs::write(folder.join("notes.txt"), "no certificate\n").expect("a file");
        fs::create_dir(folder.join("cache")).expect("a folder");
        match self.file {
            File::Bytes(bytes) => fs::write(path, bytes).expect("a file"),
            File::Folder => fs::create_dir(path).expect("a folder"),
            File::Nothing => {}
        }
    }
}

impl Told {
    fn missed_by(&self, problem: &str) -> Option<String> {
        let Self { place, named, help } = self;
        let place = if place.starts_with(|c: char| c.is_ascii_digit()) {
            format!("broken.yaml:{place}: ")
        } else {
            format!("{place}: ")
        };
        let remedy = problem.lines().find_map(|line| line.trim_start().strip_prefix("= help: "));
        if !problem.starts_with(&place) {
            Some(format!("not at {place}"))
        } else if !problem.lines().next().is_some_and(|line| line.contains(named)) {
            Some(format!("does not name {named}"))
        } else if !remedy.is_some_and(|remedy| remedy.starts_with(help)) {
            Some(format!("does not advise: {help}"))
        } else {
            None
        }
    }
}
