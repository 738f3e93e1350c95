//! Order and pages.

use crate::sample::{
    Engine,
    Engine::{Memory, Postgres, Sqlite},
    Ground, finished, list_of,
};
use recobeat_recommender::model::Status;
use recobeat_recommender::store::{Finished, ListQuery, SortBy, SortOrder};
use rstest::rstest;
use serde_json::json;
use std::collections::HashSet;
use uuid::Uuid;

fn sorted(sort_by: SortBy, sort_order: SortOrder) -> ListQuery {
    ListQuery { sort_by, sort_order, ..list_of("ann") }
}

/// Prompts and how many tracks each list has, in the order of their making.
async fn filled(ground: &Ground, lists: &[(&str, usize)]) -> Vec<Uuid> {
    let mut sessions = Vec::new();
    for (prompt, tracks) in lists {
        sessions.push(ground.completed("ann", prompt, &finished(*tracks)).await.session_id);
    }
    sessions
}

fn pick(sessions: &[Uuid], order: &[usize]) -> Vec<Uuid> {
    order.iter().map(|&n| sessions[n]).collect()
}

#[rstest]
#[case::newest(SortBy::CreatedAt, SortOrder::Descending, [4, 3, 2, 1, 0])]
#[case::oldest(SortBy::CreatedAt, SortOrder::Ascending, [0, 1, 2, 3, 4])]
#[case::longest(SortBy::TrackCount, SortOrder::Descending, [1, 4, 2, 0, 3])]
#[case::shortest(SortBy::TrackCount, SortOrder::Ascending, [3, 0, 2, 4, 1])]
#[case::by_name(SortBy::Name, SortOrder::Ascending, [1, 4, 0, 2, 3])]
#[case::by_name_down(SortBy::Name, SortOrder::Descending, [3, 2, 0, 4, 1])]
#[tokio::test]
async fn a_list_is_ordered_and_ties_by_age(
    #[values(Memory, Sqlite, Postgres)] engine: Engine,
    #[case] by: SortBy,
    #[case] order: SortOrder,
    #[case] expected: [usize; 5],
) {
    let ground = Ground::new(engine).await;
    let sessions =
        filled(&ground, &[("Calm", 2), ("autumn", 5), ("Éclat", 2), ("été", 1), ("BIRDS", 3)]).await;

    assert_eq!(ground.listed(&sorted(by, order)).await, pick(&sessions, &expected));
}

#[rstest]
#[tokio::test]
async fn equal_names_come_newest_first_and_a_name_beats_the_prompt(
    #[values(Memory, Sqlite, Postgres)] engine: Engine,
) {
    let ground = Ground::new(engine).await;
    let named = |name: &str| Finished { playlist_data: json!({ "name": name }), ..finished(1) };
    let first = ground.completed("ann", "zebra", &named("Calm")).await.session_id;
    let second = ground.completed("ann", "calm", &finished(1)).await.session_id;
    let third = ground.completed("ann", "apple", &named("dawn")).await.session_id;

    let up = ground.listed(&sorted(SortBy::Name, SortOrder::Ascending)).await;
    let down = ground.listed(&sorted(SortBy::Name, SortOrder::Descending)).await;

    assert_eq!(up, [second, first, third]);
    assert_eq!(down, [third, first, second]);
}

#[rstest]
#[tokio::test]
async fn pages_hold_each_row_once(
    #[values(Memory, Sqlite, Postgres)] engine: Engine,
    #[values(SortBy::CreatedAt, SortBy::Name, SortBy::TrackCount)] by: SortBy,
    #[values(SortOrder::Ascending, SortOrder::Descending)] order: SortOrder,
) {
    let ground = Ground::new(engine).await;
    // All tie: the clock is too coarse, names and counts are equal.
    let sessions = filled(&ground, &[("calm", 1); 11]).await;

    let mut seen = Vec::new();
    for page in 0..4 {
        let query = ListQuery { limit: 3, offset: page * 3, ..sorted(by, order) };
        let answer = ground.list(&query).await.unwrap();
        assert_eq!(answer.total, 11);
        seen.extend(answer.playlists.iter().map(|playlist| playlist.session_id));
    }

    assert_eq!(seen.len(), 11);
    assert_eq!(seen.iter().collect::<HashSet<_>>(), sessions.iter().collect::<HashSet<_>>());
    assert_eq!(ground.listed(&sorted(by, order)).await, seen);
}

#[rstest]
#[tokio::test]
async fn a_page_past_the_end_is_empty_and_knows_the_total(
    #[values(Memory, Sqlite, Postgres)] engine: Engine,
) {
    let ground = Ground::new(engine).await;
    filled(&ground, &[("calm", 1), ("calm", 1)]).await;

    let page = ground.list(&ListQuery { offset: u32::MAX, ..list_of("ann") }).await.unwrap();

    assert_eq!((page.playlists.len(), page.total), (0, 2));
}

#[rstest]
#[tokio::test]
async fn a_page_has_at_most_a_hundred_rows(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    for _ in 0..101 {
        ground.begun("ann", "calm").await;
    }

    let page = ground.list(&ListQuery { limit: u32::MAX, ..list_of("ann") }).await.unwrap();

    assert_eq!((page.playlists.len(), page.total), (100, 101));
}

#[rstest]
#[tokio::test]
async fn statuses_are_left_out(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let done = filled(&ground, &[("calm", 1)]).await;
    let pending = ground.begun("ann", "calm").await.session_id;
    let without = |statuses: &[Status]| ListQuery { exclude_statuses: statuses.to_vec(), ..list_of("ann") };

    assert_eq!(ground.listed(&without(&[Status::Pending, Status::Failed])).await, done);
    assert_eq!(ground.listed(&without(&[Status::Completed])).await, [pending]);
    assert!(ground.listed(&without(&Status::ALL)).await.is_empty());
    assert_eq!(ground.list(&without(&[Status::Completed])).await.unwrap().total, 1);
}
