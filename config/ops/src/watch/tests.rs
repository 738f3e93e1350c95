//! Real files, real symlinks. Changes are waited for; that there is none is shown by the next one
//! being the first to be told.

use std::os::unix::fs::symlink;

use tempfile::TempDir;
use tokio::time::timeout;

use super::*;

/// A change is told well before a look that happens anyway.
const SOON: Duration = Duration::from_secs(20);

struct Scene {
    folder: TempDir,
    watch: Watch,
}

impl Scene {
    /// `make` fills a folder and says what in it is to be watched.
    fn new(make: impl FnOnce(&Path) -> PathBuf) -> Self {
        let folder = TempDir::new().unwrap();
        let path = make(folder.path());
        let watch = Watch::start(&path, content(&path)).unwrap();
        Self { folder, watch }
    }

    fn of_file() -> Self {
        Self::new(|folder| {
            fs::write(folder.join("a.yaml"), "one").unwrap();
            folder.join("a.yaml")
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    async fn changes(&mut self) -> bool {
        timeout(SOON, self.watch.changed()).await.is_ok()
    }

    /// How often a change was told so far.
    fn told(&self) -> u64 {
        *self.watch.changes.borrow()
    }
}

/// As volumes are mounted from configuration maps: path → ..data/a.yaml, ..data → a folder.
fn volume(folder: &Path) -> PathBuf {
    fs::create_dir(folder.join("..1")).unwrap();
    fs::write(folder.join("..1/a.yaml"), "one").unwrap();
    symlink("..1", folder.join("..data")).unwrap();
    symlink("..data/a.yaml", folder.join("a.yaml")).unwrap();
    folder.join("a.yaml")
}

/// Puts another folder behind `..data`, at once, and removes the one before.
fn swap(folder: &Path, from: &str, to: &str, text: &str) {
    fs::create_dir(folder.join(to)).unwrap();
    fs::write(folder.join(to).join("a.yaml"), text).unwrap();
    symlink(to, folder.join("..data_tmp")).unwrap();
    fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    fs::remove_dir_all(folder.join(from)).unwrap();
}

#[tokio::test]
async fn what_is_written_in_place_is_told() {
    let mut scene = Scene::of_file();
    scene.write("a.yaml", "two");
    assert!(scene.changes().await);
    scene.write("a.yaml", "three");
    assert!(scene.changes().await);
}

#[tokio::test]
async fn what_was_written_between_the_load_and_the_watch_is_told() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.yaml");
    fs::write(&path, "two").unwrap();
    let loaded = Loaded { config: (), path: Some(path.clone()), written: b"one".to_vec(), blank: false };
    let mut watch = Watch::of_settings(&loaded).unwrap();
    assert!(timeout(SOON, watch.changed()).await.is_ok());
    // That was the only change.
    assert!(timeout(3 * QUIET, watch.changed()).await.is_err());
    fs::write(&path, "three").unwrap();
    assert!(timeout(SOON, watch.changed()).await.is_ok());
}

#[tokio::test]
async fn a_file_renamed_over_it_is_told() {
    let mut scene = Scene::of_file();
    for text in ["two", "three"] {
        scene.write(".a.yaml.swp", text);
        fs::rename(scene.path(".a.yaml.swp"), scene.path("a.yaml")).unwrap();
        assert!(scene.changes().await, "{text}");
    }
}

#[tokio::test]
async fn a_file_that_goes_and_comes_again_is_told_twice() {
    let mut scene = Scene::of_file();
    fs::remove_file(scene.path("a.yaml")).unwrap();
    assert!(scene.changes().await);
    scene.write("a.yaml", "one");
    assert!(scene.changes().await);
}

#[tokio::test]
async fn a_swapped_symlink_on_the_way_is_told_each_time() {
    let mut scene = Scene::new(volume);
    swap(scene.folder.path(), "..1", "..2", "two");
    assert!(scene.changes().await);
    swap(scene.folder.path(), "..2", "..3", "three");
    assert!(scene.changes().await);
}

#[tokio::test]
async fn what_a_symlink_leads_to_is_watched_in_its_own_folder() {
    let elsewhere = TempDir::new().unwrap();
    let real = elsewhere.path().join("real.yaml");
    fs::write(&real, "one").unwrap();
    let mut scene = Scene::new(|folder| {
        symlink(&real, folder.join("a.yaml")).unwrap();
        folder.join("a.yaml")
    });
    fs::write(&real, "two").unwrap();
    assert!(scene.changes().await);
}

#[tokio::test]
async fn a_folder_that_does_not_exist_yet_is_looked_for() {
    let mut scene = Scene::new(|folder| folder.join("later/a.yaml"));
    fs::create_dir(scene.path("later")).unwrap();
    scene.write("later/a.yaml", "one");
    assert!(scene.changes().await);
    scene.write("later/a.yaml", "two");
    assert!(scene.changes().await);
}

#[tokio::test]
async fn touches_other_files_and_equal_text_are_no_change() {
    let mut scene = Scene::of_file();
    let file = fs::File::options().append(true).open(scene.path("a.yaml")).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    scene.write("b.yaml", "other");
    scene.write("a.yaml", "one");
    scene.write(".swp", "one");
    fs::rename(scene.path(".swp"), scene.path("a.yaml")).unwrap();
    // A look at this very moment finds nothing, and what follows is the first change.
    let quiet = timeout(3 * QUIET, scene.watch.changed()).await;
    assert!(quiet.is_err(), "told {} times", scene.told());
    scene.write("a.yaml", "two");
    assert!(scene.changes().await);
    assert_eq!(scene.told(), 1);
}

#[tokio::test]
async fn many_writes_of_one_moment_are_few_changes() {
    let mut scene = Scene::of_file();
    for n in 0..100 {
        scene.write("a.yaml", &format!("text {n}"));
    }
    assert!(scene.changes().await);
    while timeout(3 * QUIET, scene.watch.changed()).await.is_ok() {}
    assert!(scene.told() <= 3, "told {} times", scene.told());
}

#[test]
fn reading_and_our_own_looks_are_no_events() {
    use notify::event::{CreateKind, ModifyKind};
    let close = |mode| EventKind::Access(AccessKind::Close(mode));
    assert!(!changes_something(EventKind::Access(AccessKind::Open(AccessMode::Any))));
    assert!(!changes_something(close(AccessMode::Read)));
    assert!(changes_something(close(AccessMode::Write)));
    assert!(changes_something(EventKind::Create(CreateKind::File)));
    assert!(changes_something(EventKind::Modify(ModifyKind::Any)));
}

#[test]
fn the_folders_are_those_of_each_symlink_and_of_the_file() {
    let scene = TempDir::new().unwrap();
    let folder = scene.path().canonicalize().unwrap();
    let path = volume(&folder);
    assert_eq!(folders(&path), BTreeSet::from([folder.clone(), folder.join("..1")]));
    fs::create_dir(folder.join("etc")).unwrap();
    symlink("../a.yaml", folder.join("etc/b.yaml")).unwrap();
    let through = folders(&folder.join("etc/./b.yaml"));
    assert_eq!(through, BTreeSet::from([folder.clone(), folder.join("..1"), folder.join("etc")]));
}

#[test]
fn symlinks_in_a_circle_come_to_an_end() {
    let folder = TempDir::new().unwrap();
    symlink("b", folder.path().join("a")).unwrap();
    symlink("a", folder.path().join("b")).unwrap();
    assert!(!folders(&folder.path().join("a")).is_empty());
}

#[tokio::test]
async fn a_dropped_watch_ends_its_thread() {
    let Scene { watch, folder: _kept } = Scene::of_file();
    let changes = watch.changes.clone();
    drop(watch);
    let ended = async {
        let mut changes = changes;
        while changes.changed().await.is_ok() {}
    };
    assert!(timeout(SOON, ended).await.is_ok());
}
