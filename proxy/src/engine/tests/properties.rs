//! Any interleaving of clients, answers and failures keeps the engine's promises.

use std::collections::HashSet;

use proptest::prelude::*;
use tokio::task::JoinSet;

use super::budget::assert_limits;
use super::catalogue::{artist, exists, list, row, spotify, track};
use super::*;
use crate::api::RowKind;
use crate::upstream::CallError;
use scripted::Act;

/// A track and which of its ids is used.
type Written = (u32, bool);

#[derive(Debug, Clone)]
enum Want {
    List(RowKind, Vec<Written>),
    Row(RowKind, Written),
    Draw(u32),
    Search(u32),
    Page(u32),
}

#[derive(Debug, Clone)]
struct Step {
    pause: u64,
    who: u32,
    lane: Lane,
    want: Want,
    /// The client hangs up after so many milliseconds.
    patience: Option<u64>,
}

impl Want {
    fn target(&self) -> String {
        let id = |(n, by_spotify): &Written| if *by_spotify { spotify(*n) } else { track(*n) };
        match self {
            Self::List(RowKind::Track, ids) => tracks(ids.iter().map(id)),
            Self::List(_, ids) => features(ids.iter().map(id)),
            Self::Row(RowKind::Track, one) => format!("/v1/track/{}", id(one)),
            Self::Row(_, one) => format!("/v1/track/{}/audio-features", id(one)),
            Self::Draw(n) => format!("/v1/track/recommendation?size=5&seeds={}", track(*n)),
            Self::Search(n) => format!("/v1/track/search?searchText=song{n}&size=10"),
            Self::Page(n) => format!("/v1/artist/{}/track?size=10", artist(*n)),
        }
    }

    /// An answer is right or an error; a part is neither.
    fn check(&self, answer: &Answer) -> Result<(), TestCaseError> {
        let status = answer.status.as_u16();
        if answer.status.is_server_error() || status == 429 {
            prop_assert!(!matches!(status, 429 | 503) || answer.retry_after.is_some());
            prop_assert!(answer.retry_after.is_none_or(|told| (1..=300).contains(&told)));
            prop_assert!(!said(answer).contains("404"));
            return Ok(());
        }
        match self {
            Self::List(kind, ids) => {
                let mut seen = HashSet::new();
                let known = ids.iter().map(|(n, _)| *n).filter(|n| exists(*kind, *n) && seen.insert(*n));
                prop_assert_eq!(text(answer), list(*kind, known));
            }
            Self::Row(kind, (n, _)) if exists(*kind, *n) => prop_assert_eq!(text(answer), row(*kind, *n, 0)),
            Self::Row(..) => prop_assert_eq!((status, code(answer)), (404, Some(4041))),
            Self::Draw(_) | Self::Search(_) | Self::Page(_) => prop_assert_eq!(status, 200),
        }
        Ok(())
    }
}

/// Few enough tracks to meet often, some of them unknown upstream.
fn written() -> impl Strategy<Value = Written> {
    ((0..80_u32).prop_map(|n| if n < 65 { n } else { 20_000 + n }), any::<bool>())
}

fn want() -> impl Strategy<Value = Want> {
    let kind = || prop_oneof![Just(RowKind::Track), Just(RowKind::Features)];
    prop_oneof![
        4 => (kind(), prop::collection::vec(written(), 1..60)).prop_map(|(kind, ids)| Want::List(kind, ids)),
        3 => (kind(), written()).prop_map(|(kind, id)| Want::Row(kind, id)),
        1 => (0..4_u32).prop_map(Want::Draw),
        1 => (0..4_u32).prop_map(Want::Search),
        1 => (0..4_u32).prop_map(Want::Page),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let lane = prop_oneof![4 => Just(Lane::Interactive), 1 => Just(Lane::Refresh), 1 => Just(Lane::Warm)];
    let patience = prop_oneof![3 => Just(None), 1 => (0..3_000_u64).prop_map(Some)];
    let pause = prop_oneof![3 => Just(0), 2 => 0..20_u64, 1 => 0..4_000_u64];
    (pause, 0..5_u32, lane, want(), patience).prop_map(|(pause, who, lane, want, patience)| Step {
        pause,
        who,
        lane,
        want,
        patience,
    })
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => Just(Act::Well),
        3 => (0..20_000_u64).prop_map(|millis| Act::Slow(Duration::from_millis(millis))),
        1 => Just(Act::Status(503)),
        1 => prop::option::of(0..50_u64).prop_map(Act::Throttle),
        1 => Just(Act::Hang),
        1 => Just(Act::Fail(CallError::Connect("10.0.0.1:4049 refused".into()))),
        1 => Just(Act::Say(200, "application/json", r#"{"content":[{"id":"x"}]}"#)),
        1 => Just(Act::Say(403, "text/html", "<html>")),
        1 => Just(Act::Say(404, "application/json", r#"{"error":"no","path":"uri=/","status":4042}"#)),
    ]
}

async fn play(steps: Vec<Step>, acts: Vec<Act>) -> Result<(), TestCaseError> {
    let world = World::new();
    acts.into_iter().for_each(|act| world.upstream.script("", 1, act));
    let mut clients = JoinSet::new();
    for Step { pause, who, lane, want, patience } in steps.clone() {
        sleep(Duration::from_millis(pause)).await;
        let world = world.clone();
        clients.spawn(async move {
            let caller = Caller { lane, ..client(who) };
            let target = want.target();
            let asked = world.ask(&target, &caller);
            let patience = patience.map_or(DAY, Duration::from_millis);
            (want.clone(), tokio::time::timeout(patience, asked).await.ok())
        });
    }
    for (want, answer) in clients.join_all().await {
        // The script's 404s of other paths are relayed to single bodies, never to rows.
        if let Some(answer) = answer.filter(|answer| code(answer) != Some(4042)) {
            want.check(&answer)?;
        }
    }
    world.settled().await;
    assert_limits(&world.upstream.seen());

    // What was answered well is kept: never asked again, and right when all is well.
    world.upstream.recover();
    for Step { want, .. } in &steps {
        let mut answer = world.get(&want.target()).await;
        while matches!(answer.status.as_u16(), 429 | 503) {
            sleep(Duration::from_secs(answer.retry_after.expect("always told"))).await;
            answer = world.get(&want.target()).await;
        }
        prop_assert!(!answer.status.is_server_error(), "{}", text(&answer));
        want.check(&answer)?;
        let again = world.get(&want.target()).await;
        prop_assert_eq!((again.status, again.body), (answer.status, answer.body), "the same bytes on a hit");
    }
    let mut asked = HashSet::new();
    for seen in world.upstream.seen().iter().filter(|seen| seen.well) {
        let path = seen.target.split('?').next().unwrap_or_default().to_owned();
        if seen.ids.is_empty() {
            prop_assert!(asked.insert((seen.target.clone(), String::new())), "twice: {}", seen.target);
        }
        for id in &seen.ids {
            prop_assert!(asked.insert((path.clone(), id.clone())), "twice: {} {}", path, id);
        }
    }
    world.settled().await;
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_answer_is_whole_and_nothing_is_left_behind(
        steps in prop::collection::vec(step(), 1..40),
        acts in prop::collection::vec(act(), 0..30),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(play(steps, acts))?;
    }
}
