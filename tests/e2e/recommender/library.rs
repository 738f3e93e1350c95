//! The playlists that are kept, and the statistics over them.

use crate::harness::recommender::{Caller, Scene, escaped, list};
use serde_json::Value;

async fn page(caller: &Caller, query: &str) -> Value {
    let answer = caller.get(&format!("/api/playlists{query}")).await;
    assert!(answer.is_ok(), "{query}: {}", answer.brief());
    answer.json()
}

fn prompts(page: &Value) -> Vec<&str> {
    list(page, "playlists").iter().filter_map(|row| row["mood_prompt"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn playlists_are_kept_listed_searched_and_deleted() {
    let scene = Scene::lifted().await;
    let ann = scene.caller("ann");
    for prompt in ["party vibes", "chill evening", "sad and melancholy"] {
        ann.make_mood(prompt).await;
    }
    scene.caller("ben").make_mood("party vibes").await;

    let all = page(&ann, "").await;
    assert_eq!(prompts(&all), ["sad and melancholy", "chill evening", "party vibes"], "newest first");
    assert_eq!((&all["total"], &all["limit"], &all["offset"]), (&3.into(), &50.into(), &0.into()));
    let sorted = page(&ann, "?sort_by=name&sort_order=asc&limit=2&offset=1").await;
    assert_eq!(prompts(&sorted), ["party vibes", "sad and melancholy"]);
    assert_eq!(sorted["total"], 3);
    assert_eq!(prompts(&page(&ann, "?search=MELANCH").await), ["sad and melancholy"]);
    assert_eq!(prompts(&page(&ann, "?search=%25").await), Vec::<&str>::new(), "a percent sign is a letter");
    assert_eq!(prompts(&page(&ann, "?exclude_statuses=completed,failed").await), Vec::<&str>::new());

    let row = &list(&all, "playlists")[0];
    let id = row["id"].as_i64().expect("a number");
    let whole = ann.get(&format!("/api/playlists/{id}")).await.json();
    assert_eq!(whole["session_id"], row["session_id"]);
    let title = list(&whole, "recommendations_data")[0]["track_name"].as_str().expect("a title").to_owned();
    let found = page(&ann, &format!("?search={}", escaped(&title))).await;
    assert!(prompts(&found).contains(&"sad and melancholy"), "{title}: {found}");

    let deleted = ann.delete(&format!("/api/playlists/{id}")).await;
    assert_eq!((deleted.code(), &deleted.json()["playlist_id"]), (200, &id.into()), "{}", deleted.brief());
    assert_eq!(prompts(&page(&ann, "").await), ["chill evening", "party vibes"]);
    assert_eq!(ann.get(&format!("/api/playlists/{id}")).await.code(), 404);
    let session = row["session_id"].as_str().expect("a session");
    assert_eq!(ann.results(session).await.code(), 404);
    assert_eq!(ann.delete(&format!("/api/playlists/{id}")).await.code(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_follow_every_change() {
    let scene = Scene::lifted().await;
    let ann = scene.caller("ann");
    let summary = async || ann.get("/api/playlists/stats/summary").await.json();
    let public = async || scene.recommender.nobody().get("/api/stats/public").await.json();
    assert_eq!(summary().await["total_playlists"], 0);
    assert_eq!(public().await["total_users"], 0);

    let results = ann.make_mood("party vibes").await;
    let own = summary().await;
    let count = list(&results, "recommendations").len();
    assert_eq!((&own["total_playlists"], &own["completed_playlists"]), (&1.into(), &1.into()), "{own}");
    assert_eq!((&own["total_tracks"], &own["saved_playlists"]), (&count.into(), &0.into()), "{own}");
    assert_eq!(own["user_id"], "ann");
    let all = public().await;
    assert_eq!((&all["total_users"], &all["total_playlists"]), (&1.into(), &1.into()), "{all}");
    assert_eq!(all["completed_playlists"], 1);

    let row = ann.get("/api/playlists").await.json();
    let id = &list(&row, "playlists")[0]["id"];
    assert_eq!(ann.delete(&format!("/api/playlists/{id}")).await.code(), 200);
    assert_eq!(summary().await["total_playlists"], 0);
    assert_eq!(public().await["total_playlists"], 0);
}
