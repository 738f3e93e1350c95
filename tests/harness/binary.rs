//! The built binaries, and what their processes get from this one's surroundings: nothing.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Beside the running executable: `target/<profile>/`, or above it for tests.
pub(crate) fn path(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("the system knows this executable");
    let folder = own.parent().expect("an executable is in a folder");
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let binary = folder.join(name);
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => String::new(),
        Some(profile) => format!(" --profile {profile}"),
    };
    assert!(
        binary.is_file(),
        "{} is missing; build it with: cargo build{profile} --workspace --bins",
        binary.display()
    );
    binary
}

/// Takes away what would configure one of the services from outside, and lets its output be read.
pub(crate) fn bare(mut command: Command) -> Command {
    command
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("NO_COLOR", "1");
    for name in ["REDIS_URL", "VALKEY_URL", "DATABASE_URL"] {
        command.env_remove(name);
    }
    for (name, _) in std::env::vars() {
        if name.starts_with("RECOBEAT_") || name.starts_with("RECOMMENDER_") {
            command.env_remove(name);
        }
    }
    command
}
