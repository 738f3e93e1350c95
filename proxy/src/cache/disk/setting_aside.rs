//! A file that cannot be used is moved aside, not deleted: somebody may want to look at it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const MARK: &str = ".damaged-";

/// Renames `path` to `<path>.damaged-<unix time>`. Only the latest is kept: each may be as large as
/// the bound, and the disk must not fill with ruins.
pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    earlier(path).into_iter().for_each(|ruin| drop(fs::remove_file(ruin)));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!("{MARK}{now}"));
    let aside = PathBuf::from(aside);
    fs::rename(path, &aside)?;
    Ok(aside)
}

fn earlier(path: &Path) -> Vec<PathBuf> {
    let Some(name) = path.file_name() else { return Vec::new() };
    let mut start = OsString::from(name);
    start.push(MARK);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let Ok(files) = fs::read_dir(folder) else { return Vec::new() };
    let is_ruin = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        name.strip_prefix(start.as_encoded_bytes())
            .is_some_and(|time| !time.is_empty() && time.iter().all(u8::is_ascii_digit))
    };
    files.filter_map(|file| Some(file.ok()?.path())).filter(is_ruin).collect()
}
