//! Which index answers which question, on a table of 24,000 lists.
//!
//! The store's own statements are taken with their values from the server's log; questions that no
//! call asks yet are explained as they are written in the table of questions.

use crate::harness::playlists::{FREQUENT, RARE, filled, reads, user};
use crate::harness::postgres::Database;
use recobeat_recommender::model::Status;
use recobeat_recommender::store::{ListQuery, Postgres, SortBy, SortOrder, Store};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, query_scalar};

async fn explained(connection: &mut PgConnection, sql: &str) -> Vec<String> {
    let plan: Value = query_scalar(AssertSqlSafe(format!("EXPLAIN (FORMAT JSON) {sql}")))
        .fetch_one(connection)
        .await
        .unwrap();
    reads(&plan)
}

/// A store on a filled table, and what its calls were answered from.
struct Filled {
    database: Database,
    store: Postgres,
    seen: usize,
}

impl Filled {
    async fn new() -> Self {
        let database = Database::migrated().await;
        filled(&database, 24_000, 6).await;
        database.explain().await;
        let store = Postgres::open(&database.url).await.unwrap();
        // What the start itself asked is not looked at.
        let seen = database.plans(0).await.len();
        Self { database, store, seen }
    }

    /// What the next statements read that contain the text, so many of them.
    async fn reads(&mut self, statement: &str, count: usize) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        while found.len() < count {
            // One more each time: a statement whose plan never comes is told by the harness.
            let plans = self.database.plans(self.seen + 1).await;
            let plan = &plans[self.seen];
            self.seen += 1;
            if plan["Query Text"].as_str().is_some_and(|text| text.contains(statement)) {
                found.push(reads(plan));
            }
        }
        found
    }

    async fn list(&mut self, query: ListQuery) -> (Vec<String>, Vec<String>) {
        self.store.list(&query).await.unwrap();
        let mut reads = self.reads("FROM playlists WHERE user_id", 2).await;
        let page = reads.pop().unwrap();
        (reads.pop().unwrap(), page)
    }
}

fn list(user_number: usize) -> ListQuery {
    ListQuery { user_id: user(user_number), limit: 50, ..ListQuery::default() }
}

fn search(user_number: usize, text: &str) -> ListQuery {
    ListQuery { search: Some(text.into()), ..list(user_number) }
}

#[tokio::test]
async fn every_question_is_answered_from_its_index() {
    let mut filled = Filled::new().await;
    questions_of_the_store(&mut filled).await;
    questions_of_the_schema(&filled.database).await;
}

async fn questions_of_the_store(filled: &mut Filled) {
    let busy = 0;

    // A user's list, in every order.
    for (sort_by, index) in [
        (SortBy::CreatedAt, "ix_playlists_user_created"),
        (SortBy::TrackCount, "ix_playlists_user_tracks"),
        (SortBy::Name, "ix_playlists_user_name"),
    ] {
        for sort_order in [SortOrder::Ascending, SortOrder::Descending] {
            let (count, page) = filled.list(ListQuery { sort_by, sort_order, ..list(busy) }).await;
            assert_eq!(page, [index], "{sort_by:?} {sort_order:?}");
            assert!(count.len() == 1 && OF_A_USER.contains(&count[0].as_str()), "{count:?}");
        }
    }
    let without_failed = ListQuery { exclude_statuses: vec![Status::Failed], ..list(busy) };
    assert_eq!(filled.list(without_failed).await.1, ["ix_playlists_user_created"]);

    // Substrings: rare ones by trigrams; where nearly all rows hold it, or there is no trigram in it,
    // from the user's index.
    let (count, page) = filled.list(search(busy, RARE)).await;
    assert_eq!((count, page), (vec![TRIGRAMS.to_owned()], vec![TRIGRAMS.to_owned()]));
    for text in [FREQUENT, "qu", "%_", "é"] {
        let (count, page) = filled.list(search(busy, text)).await;
        for reads in [&count, &page] {
            let served = |index: &String| OF_A_USER.contains(&index.as_str()) || index == TRIGRAMS;
            assert!(!reads.is_empty() && reads.iter().all(served), "{text}: {reads:?}");
        }
        assert!(text == FREQUENT || page == ["ix_playlists_user_created"], "{text}: {page:?}");
    }
    // A user with a few lists: either will do.
    let (_, page) = filled.list(search(1_900, RARE)).await;
    assert!(page == [TRIGRAMS] || OF_A_USER.contains(&&*page[0]), "{page:?}");

    // Which of my lists hold a track.
    filled.store.holding_track(&user(busy), &format!("{:022}", 77)).await.unwrap();
    let reads = filled.reads("recommendations_data @>", 1).await.remove(0);
    let served = |index: &String| index == "ix_recommendations_data_gin" || OF_A_USER.contains(&&**index);
    assert!(!reads.is_empty() && reads.iter().all(served), "{reads:?}");

    // Figures, from the index alone.
    filled.store.user_stats(&user(busy)).await.unwrap();
    assert_eq!(filled.reads("coalesce(sum(track_count)", 1).await, [["ix_playlists_user_created"]]);

    // Runs to take up again.
    filled.store.unfinished().await.unwrap();
    assert_eq!(filled.reads("status NOT IN", 1).await, [["ix_playlists_unfinished"]]);

    // Emotions of a user, who is one of 2,000.
    filled.store.frequent_emotions(&user(busy)).await.unwrap();
    let reads = filled.reads("AS emotion", 1).await.remove(0);
    assert!(reads.len() == 1 && OF_A_USER.contains(&&*reads[0]), "{reads:?}");

    // One row, and the newest: only the plans count, the rows of the table are too plain to be read.
    let _ = filled.store.by_id(5).await;
    assert_eq!(filled.reads("WHERE id = $1", 1).await, [["playlists_pkey"]]);
    let _ = filled.store.recent(50).await;
    assert_eq!(filled.reads("ORDER BY id DESC", 1).await, [["playlists_pkey"]]);
}

const TRIGRAMS: &str = "ix_playlists_search_trgm";
/// All that begin with the user: for a count the smallest is the best.
const OF_A_USER: [&str; 6] = [
    "ix_playlists_user_created",
    "ix_playlists_user_status",
    "ix_playlists_user_tracks",
    "ix_playlists_user_name",
    "ix_mood_analysis_primary_emotion",
    "ix_mood_analysis_energy_level",
];

async fn questions_of_the_schema(database: &Database) {
    let connection = &mut database.connection().await;
    let questions = [
        (
            "user_id = 'user-0' AND deleted_at IS NULL AND mood_analysis_data->>'primary_emotion' = 'serene' \
             ORDER BY created_at DESC LIMIT 20",
            "ix_mood_analysis_primary_emotion",
        ),
        (
            "user_id = 'user-0' AND deleted_at IS NULL AND mood_analysis_data->>'energy_level' = 'low' \
             ORDER BY created_at DESC LIMIT 20",
            "ix_mood_analysis_energy_level",
        ),
        ("playlist_data->>'name' = 'Love Aabbcc'", "ix_playlist_data_name"),
        (r#"playlist_data @> '{"spotify_playlist_id": "0123"}'"#, "ix_playlist_data_gin"),
        (r#"mood_analysis_data @> '{"primary_emotion": "none"}'"#, "ix_mood_analysis_data_gin"),
        (
            r#"recommendations_data @> '[{"track_id": "0000000000000000000077"}]'"#,
            "ix_recommendations_data_gin",
        ),
        (
            "user_id = 'user-0' AND status = 'processing_edits' AND deleted_at IS NULL \
             ORDER BY created_at DESC LIMIT 20",
            "ix_playlists_user_status",
        ),
    ];

    for (question, index) in questions {
        let sql = format!("SELECT id FROM playlists WHERE {question}");
        assert_eq!(explained(connection, &sql).await, [index], "{question}");
    }
}
