use crate::harness::recommender::{Event, Events, Scene};
use recobeat_sim::Latency;
use std::time::Duration;

async fn slow() -> Scene {
    let scene = Scene::lifted().await;
    scene.sim.settings(|behaviour| behaviour.latency = Latency::Fixed(Duration::from_millis(100)));
    scene
}

fn numbers(events: &[Event]) -> Vec<u64> {
    events.iter().map(|event| event.id.expect("every event has a number")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_told_as_it_goes() {
    let scene = slow().await;
    let ann = scene.caller("ann");
    let session = ann.start_mood("late night vibes").await;
    let mut stream = Events::of(&ann, &session, None).await;
    assert_eq!(stream.status, 200);
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    let events = stream.rest().await;
    let (last, before) = events.split_last().expect("events");
    assert_eq!(last.name, "complete", "{last:?}");
    assert!(before.len() >= 3 && before.iter().all(|event| event.name == "status"), "{before:?}");
    assert!(numbers(&events).windows(2).all(|two| two[0] < two[1]), "{:?}", numbers(&events));
    assert!(before.iter().any(|event| event.data["status"] == "gathering_seeds"), "{before:?}");
    assert_eq!(ann.status(&session).await.json()["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_where_it_was_cut() {
    let scene = slow().await;
    let ann = scene.caller("ann");
    let session = ann.start_mood("late night vibes").await;
    let mut stream = Events::of(&ann, &session, None).await;
    let mut seen = vec![stream.next().await.expect("an event"), stream.next().await.expect("an event")];
    drop(stream);
    let mut resumed = Events::of(&ann, &session, seen[1].id).await;
    seen.extend(resumed.rest().await);
    let whole = Events::of(&ann, &session, None).await.rest().await;
    assert_eq!(seen, whole, "nothing is told twice, nothing is left out");
    let after =
        Events::of(&ann, &session, Some(whole[whole.len() - 2].id.expect("a number"))).await.rest().await;
    assert_eq!(after, whole[whole.len() - 1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_run_ends_its_stream_with_an_error() {
    let scene = Scene::lifted().await;
    scene.sim.add_fault(recobeat_sim::Rule::any(recobeat_sim::Fault::Refuse {
        status: 500,
        code: 5001,
        message: "out of order".to_owned(),
    }));
    let ann = scene.caller("ann");
    let session = ann.start_mood("late night vibes").await;
    let events = Events::of(&ann, &session, None).await.rest().await;
    let last = events.last().expect("an event");
    assert_eq!(last.name, "error", "{last:?}");
    let status = ann.status(&session).await.json();
    assert_eq!(status["status"], "failed");
    assert!(status["error"].as_str().is_some_and(|error| !error.is_empty()), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_stream_is_kept_alive() {
    let scene = Scene::lifted().await;
    scene.sim.settings(|behaviour| behaviour.latency = Latency::Fixed(Duration::from_secs(7)));
    let ann = scene.caller("ann");
    let session = ann.start_mood("late night vibes").await;
    let mut stream = Events::of(&ann, &session, None).await;
    while stream.comments == 0 {
        assert!(stream.next().await.is_some(), "the stream ended without a comment");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_name_of_a_stream_serves_too() {
    let scene = Scene::lifted().await;
    let ann = scene.caller("ann");
    let session = ann.start_mood("party vibes").await;
    let mut stream = Events::open(&ann, &format!("/api/agents/recommendations/{session}/events"), None).await;
    assert_eq!(stream.status, 200);
    assert_eq!(stream.rest().await.last().map(|event| event.name.clone()).as_deref(), Some("complete"));
}
