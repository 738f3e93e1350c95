use http::StatusCode;
use serde_json::{Value, json};

use super::Service;

async fn first(service: &Service, user: &str) -> Value {
    service.get(user, "/api/playlists").await.json()["playlists"][0].clone()
}

#[tokio::test]
async fn lists_are_sorted_searched_and_cut() {
    let service = Service::open().await;
    for prompt in ["calm rain", "bright sun", "fail this"] {
        service.ended("ann", prompt).await;
    }
    let names = |list: Value| -> Vec<String> {
        let rows = list["playlists"].as_array().expect("a list").iter();
        rows.map(|row| row["mood_prompt"].as_str().expect("a prompt").to_owned()).collect()
    };
    let list =
        service.get("ann", "/api/playlists?sort_by=name&sort_order=asc&exclude_statuses=failed").await.json();
    assert_eq!((&list["total"], &list["limit"], &list["sort_by"]), (&json!(2), &json!(50), &json!("name")));
    assert_eq!(names(list), ["bright sun", "calm rain"]);
    let cut = service.get("ann", "/api/playlists?limit=1&offset=1").await.json();
    assert_eq!((&cut["total"], names(cut.clone()).len()), (&json!(3), 1));
    assert_eq!(names(service.get("ann", "/api/playlists?search=RAIN").await.json()), ["calm rain"]);
    assert_eq!(service.get("bob", "/api/playlists").await.json()["total"], 0);
}

#[tokio::test]
async fn wrong_parameters_are_all_named() {
    let service = Service::open().await;
    let reply =
        service.get("ann", "/api/playlists?limit=101&sort_by=id&sort_order=up&exclude_statuses=lost").await;
    assert_eq!(reply.fields(), ["limit", "exclude_statuses", "sort_by", "sort_order"]);
    assert_eq!(service.get("ann", "/api/playlists?limit=many").await.fields(), ["limit"]);
}

#[tokio::test]
async fn one_playlist_is_read_by_number_and_by_session_and_deleted() {
    let service = Service::open().await;
    let session = service.ended("ann", "calm").await;
    let id = first(&service, "ann").await["id"].clone();
    let by_id = service.get("ann", &format!("/api/playlists/{id}")).await;
    let by_session = service.get("ann", &format!("/api/playlists/session/{session}")).await;
    assert_eq!(by_id.status, StatusCode::OK);
    assert_eq!(by_id.text, by_session.text);
    let deleted = service.delete("ann", &format!("/api/playlists/{id}")).await;
    assert_eq!((deleted.status, &deleted.json()["playlist_id"]), (StatusCode::OK, &id));
    assert_eq!(service.get("ann", &format!("/api/playlists/{id}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_list_is_edited_by_hand() {
    let service = Service::open().await;
    let session = service.ended("ann", "calm").await;
    let path = format!("/api/playlists/{session}/edit");
    let third = format!("{:022}", 2);
    let moved = service
        .post("ann", &path, &json!({ "edit_type": "reorder", "track_id": third, "new_position": 0 }))
        .await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
    let removed = service.post("ann", &path, &json!({ "edit_type": "remove", "track_id": third })).await;
    assert_eq!(removed.json()["recommendation_count"], 15);
    let known = crate::recobeat::testing::Fake::new().all_tracks()[0].id;
    let added = service.post("ann", &path, &json!({ "edit_type": "add", "track_id": known })).await;
    assert_eq!((added.status, &added.json()["recommendation_count"]), (StatusCode::OK, &json!(16)));
    let row = service.get("ann", &format!("/api/playlists/session/{session}")).await.json();
    assert_eq!(row["recommendations_data"][15]["reccobeat_id"], json!(known));
}

#[tokio::test]
async fn an_edit_that_makes_no_sense_is_refused() {
    let service = Service::open().await;
    let session = service.ended("ann", "calm").await;
    let path = format!("/api/playlists/{session}/edit");
    let post = async |body: Value| service.post("ann", &path, &body).await;
    assert_eq!(post(json!({ "edit_type": "swap" })).await.fields(), ["edit_type"]);
    assert_eq!(post(json!({ "edit_type": "remove" })).await.fields(), ["track_id"]);
    assert_eq!(
        post(json!({ "edit_type": "reorder", "track_id": format!("{:022}", 1) })).await.fields(),
        ["new_position"]
    );
    let unknown = json!({ "edit_type": "add", "track_uri": format!("spotify:track:{}", "z".repeat(22)) });
    assert_eq!(post(unknown).await.fields(), ["track_uri"]);
    let unknown = json!({ "edit_type": "add", "track_id": "z".repeat(22) });
    assert_eq!(post(unknown).await.fields(), ["track_id"]);
    let absent = json!({ "edit_type": "remove", "track_id": "z".repeat(22) });
    assert_eq!(post(absent).await.fields(), ["track_id"]);
    let hanging = service.hanging("ann").await;
    let early = service
        .post(
            "ann",
            &format!("/api/playlists/{hanging}/edit"),
            &json!({ "edit_type": "remove", "track_id": format!("{:022}", 1) }),
        )
        .await;
    assert_eq!(early.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn figures_follow_every_change() {
    let service = Service::open().await;
    let summary = async || service.get("ann", "/api/playlists/stats/summary").await.json();
    assert_eq!(summary().await["total_playlists"], 0);
    service.ended("ann", "calm").await;
    let after = summary().await;
    assert_eq!(
        (&after["completed_playlists"], &after["total_tracks"], &after["user_id"]),
        (&json!(1), &json!(16), &json!("ann"))
    );
    assert_eq!(after["favourite_emotions"], json!([{ "emotion": "neutral", "count": 1 }]));
    let public = service.get("ann", "/api/stats/public").await.json();
    assert_eq!((&public["total_users"], &public["total_playlists"]), (&json!(1), &json!(1)));
    let id = first(&service, "ann").await["id"].clone();
    service.delete("ann", &format!("/api/playlists/{id}")).await;
    assert_eq!(summary().await["total_playlists"], 0);
    assert_eq!(service.get("ann", "/api/stats/public").await.json()["total_playlists"], 0);
}
