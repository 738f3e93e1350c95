//! What a search finds, and that nothing in it is anything but text.

use crate::sample::{
    Engine,
    Engine::{Memory, Postgres, Sqlite},
    Ground, finished, holding, list_of, search,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use recobeat_recommender::model::Status;
use recobeat_recommender::store::{Finished, ListQuery};
use rstest::rstest;
use serde_json::json;

#[rstest]
#[case::prompt("MIDNIGHT drive")]
#[case::name("nachtfahrt ü")]
#[case::emotion("Neutral")]
#[case::energy("low")]
#[case::status("completed")]
#[case::title("\"heroes\" \\ 100%_")]
#[case::artist("björk & 'Ø'")]
#[case::two_letters("jö")]
#[case::one_letter("ø")]
#[case::percent("0%_")]
#[case::quote("\"")]
#[case::backslash("\\")]
#[case::no_ascii("НОЧЬ")]
#[case::greek("οδοσ")]
#[tokio::test]
async fn a_part_of_any_text_finds_the_list(
    #[values(Memory, Sqlite, Postgres)] engine: Engine,
    #[case] text: &str,
) {
    let ground = Ground::new(engine).await;
    let end = Finished {
        playlist_data: json!({ "name": "NACHTFAHRT Über die ночь, ΟΔΟΣ" }),
        ..holding("\"Heroes\" \\ 100%_ [Live]", "Björk & 'ø'")
    };
    let held = ground.completed("ann", "A midnight Drive", &end).await;
    ground.begun("ann", "none of this").await;

    assert_eq!(ground.listed(&search("ann", text)).await, [held.session_id]);
}

#[rstest]
#[case::wildcards("%")]
#[case::one_letter_wildcard("_")]
#[case::escape("\\")]
#[case::wildcards_between("ca%lm")]
#[case::underscore_between("ca_m")]
#[case::sql("' OR '1'='1")]
#[case::more_sql("'; DROP TABLE playlists; --")]
#[case::brackets("[")]
#[case::json_quote("\"")]
#[case::key("track_name")]
#[case::regular_expression(".*")]
#[tokio::test]
async fn nothing_is_found_that_is_not_there(
    #[values(Memory, Sqlite, Postgres)] engine: Engine,
    #[case] text: &str,
) {
    let ground = Ground::new(engine).await;
    ground.completed("ann", "calm", &finished(3)).await;

    let page = ground.list(&search("ann", text)).await.unwrap();

    assert_eq!((page.playlists.len(), page.total), (0, 0));
    assert_eq!(ground.list(&list_of("ann")).await.unwrap().total, 1);
}

#[rstest]
#[tokio::test]
async fn a_blank_search_is_none(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let held = ground.begun("ann", "calm").await;

    assert_eq!(ground.listed(&search("ann", "")).await, [held.session_id]);
    assert_eq!(ground.listed(&search("ann", " \t")).await, [held.session_id]);
}

#[rstest]
#[tokio::test]
async fn a_very_long_search_is_answered(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    ground.completed("ann", "calm", &finished(3)).await;

    assert!(ground.listed(&search("ann", &"calm%_\\ ".repeat(20_000))).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn the_status_that_is_found_is_the_present_one(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let run = ground.begun("ann", "calm").await;
    ground.advance(run.session_id, Status::GatheringSeeds, None).await.unwrap();

    assert!(ground.listed(&search("ann", "pending")).await.is_empty());
    assert_eq!(ground.listed(&search("ann", "gathering_seeds")).await, [run.session_id]);
}

#[rstest]
#[tokio::test]
async fn search_and_excluded_statuses_go_together(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let done = ground.completed("ann", "calm sea", &finished(1)).await;
    let failed = ground.begun("ann", "calm sky").await;
    ground.end(failed.session_id, Status::Failed, "no track", &json!({})).await.unwrap();
    ground.begun("ann", "calm wood").await;
    let query = |text: &str| ListQuery {
        exclude_statuses: vec![Status::Failed, Status::Pending],
        ..search("ann", text)
    };

    assert_eq!(ground.listed(&query("calm")).await, [done.session_id]);
    assert_eq!(ground.listed(&query("ca")).await, [done.session_id]);
    assert_eq!(ground.list(&query("calm")).await.unwrap().total, 1);
    assert!(ground.listed(&query("sky")).await.is_empty());
}

/// Whatever a prompt holds, any part of it finds it, in any case.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn every_part_of_every_prompt_is_found(#[values(Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let texts = ("[a-zA-ZÀ-ÿ%_'\"\\\\ А-я\\n]{0,12}", "[a-zÀ-ÿ%_'\"\\\\0-9А-я]{1,8}", ".{0,6}");
    let handle = tokio::runtime::Handle::current();

    let outcome = tokio::task::block_in_place(|| {
        TestRunner::new(ProptestConfig { cases: 60, ..ProptestConfig::default() }).run(
            &texts,
            |(before, part, after)| {
                handle.block_on(async {
                    let user = uuid::Uuid::new_v4().to_string();
                    let held = ground.begun(&user, &format!("{before}{part}{after}")).await;
                    let found = ground.listed(&search(&user, &part.to_uppercase().replace("SS", "ß"))).await;
                    // Some letters change when they go up and come down; as written all are found.
                    let as_written = ground.listed(&search(&user, &part)).await;
                    let folds = part.to_uppercase().to_lowercase() == part;
                    prop_assert_eq!(as_written, [held.session_id]);
                    prop_assert!(!folds || part.contains('ß') || found == [held.session_id]);
                    Ok(())
                })
            },
        )
    });

    outcome.unwrap();
}
