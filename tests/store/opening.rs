//! What cannot be opened says why, and what to do.

use crate::harness::postgres::Database;
use crate::sample::{
    Engine,
    Engine::{Memory, Postgres, Sqlite},
    Ground, finished, list_of, run,
};
use recobeat_recommender::store::{StoreError, open, open_within};
use rstest::rstest;
use std::time::Duration;

async fn refusal(url: &str) -> String {
    open(url).await.err().expect("it does not open").to_string()
}

#[rstest]
#[case::nothing("", "no scheme")]
#[case::a_path("data/recommender.db", "no scheme")]
#[case::another_server("mysql://root:hunter2@localhost/x", "\"mysql\"")]
#[case::no_file("sqlite:", "names no file")]
#[tokio::test]
async fn a_url_that_means_nothing_is_told_with_those_that_do(#[case] url: &str, #[case] why: &str) {
    let error = refusal(url).await;

    assert!(error.contains(why) && error.contains("sqlite:PATH"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    assert!(matches!(open_within(url, Duration::from_secs(60)).await, Err(StoreError::Url(_))));
}

#[rstest]
#[case::malformed("postgres://ann:hunter2@localhost:port/x", "check database_url")]
#[case::nobody_there("postgres://ann:hunter2@127.0.0.1:9/x", "check that the server runs")]
#[tokio::test]
async fn a_server_that_is_not_there_is_told_without_its_password(#[case] url: &str, #[case] advice: &str) {
    let error = refusal(url).await;

    assert!(error.contains(advice), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_missing_database_is_to_be_created() {
    let database = Database::new().await;

    let error = refusal(&format!("{}_missing", database.url)).await;

    assert!(error.contains("CREATE DATABASE") && error.contains("_missing"), "{error}");
}

#[tokio::test]
async fn a_folder_is_no_file() {
    let folder = tempfile::tempdir().unwrap();

    let error = refusal(&format!("sqlite:{}", folder.path().display())).await;

    assert!(error.contains("check that the path is a file"), "{error}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();

    let error = refusal(&format!("sqlite:{}/below/it.db", file.path().display())).await;

    assert!(error.contains("cannot make the folder") && error.contains("below"), "{error}");
}

#[tokio::test]
async fn a_file_of_something_else_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    let letter = "Dear Ann, ".repeat(1_000);
    std::fs::write(&path, &letter).unwrap();

    let error = refusal(&format!("sqlite:{}", path.display())).await;

    assert!(error.contains("the file is something else"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), letter);
}

#[tokio::test]
async fn a_database_that_stays_away_is_never_replaced_by_memory() {
    let opened = open_within("postgres://ann@127.0.0.1:9/x", Duration::ZERO).await;

    assert!(matches!(opened.err(), Some(StoreError::Open { .. })));
}

#[rstest]
#[case("memory")]
#[case("sqlite::memory:")]
#[tokio::test]
async fn runs_are_kept_in_memory_where_the_operator_says_so(#[case] url: &str) {
    let store = open_within(url, Duration::ZERO).await.unwrap();

    let begun = store.begin(&run("ann", "calm")).await.unwrap();
    store.complete(begun.session_id, &finished(1)).await.unwrap();

    assert_eq!(store.engine(), "memory");
    assert_eq!(store.list(&list_of("ann")).await.unwrap().total, 1);
}

#[rstest]
#[case(Memory, "memory")]
#[case(Sqlite, "sqlite")]
#[case(Postgres, "postgres")]
#[tokio::test]
async fn an_engine_tells_its_name_and_answers(#[case] engine: Engine, #[case] name: &str) {
    let ground = Ground::new(engine).await;

    assert_eq!(ground.engine(), name);
    ground.ping().await.unwrap();
}

#[tokio::test]
async fn two_stores_in_memory_are_two() {
    let (one, other) = (Ground::new(Memory).await, Ground::new(Memory).await);

    one.begun("ann", "calm").await;

    assert_eq!(other.list(&list_of("ann")).await.unwrap().total, 0);
}
