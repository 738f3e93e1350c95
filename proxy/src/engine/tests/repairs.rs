//! Recommendations that the upstream would refuse, corrected before they are asked.

use rstest::rstest;

use super::catalogue::{spotify, track};
use super::*;
use crate::guard;
use crate::telemetry::Outcome;

fn draw(seeds: impl IntoIterator<Item = String>, negatives: impl IntoIterator<Item = String>) -> String {
    let negatives = joined(negatives);
    let negatives = if negatives.is_empty() { negatives } else { format!("&negativeSeeds={negatives}") };
    format!("/v1/track/recommendation?size=5&seeds={}{negatives}", joined(seeds))
}

#[rstest]
#[case::repeated(draw([spotify(2), spotify(1), spotify(2)], []), draw([spotify(1), spotify(2)], []), "repeated")]
#[case::six_seeds(draw((1..7).map(spotify), []), draw((1..6).map(spotify), []), "surplus")]
#[case::overlap(
    draw((1..4).map(spotify), [spotify(3), spotify(9)]),
    draw((1..4).map(spotify), [spotify(9)]),
    "overlap"
)]
#[case::balance(draw([spotify(1)], [spotify(9)]), draw([spotify(1)], []), "balance")]
#[case::several(
    draw((1..8).map(spotify), (6..13).map(spotify)),
    draw((1..6).map(spotify), [spotify(6), spotify(7)]),
    "surplus,balance"
)]
#[tokio::test(start_paused = true)]
async fn a_repaired_request_is_the_sound_one(
    #[case] given: String,
    #[case] sound: String,
    #[case] repairs: &str,
) {
    let world = World::new();
    let repaired = world.get(&given).await;
    assert_eq!((repaired.status.as_u16(), repaired.outcome), (200, Outcome::Miss));
    assert!(
        repaired.cache_status.ends_with(&format!("; repaired=\"{repairs}\"")),
        "{}",
        repaired.cache_status
    );
    let plain = world.get(&sound).await;
    assert_eq!((plain.body, plain.outcome), (repaired.body.clone(), Outcome::Hit));
    assert!(!plain.cache_status.contains("repaired"), "{}", plain.cache_status);
    let again = world.get(&given).await;
    assert_eq!((again.body, again.outcome), (repaired.body, Outcome::Hit));
    assert!(again.cache_status.contains("repaired"));
    assert_eq!(world.upstream.calls(), 1);
    let sent = &world.upstream.seen()[0].target;
    assert!(!sent.contains('%') && sent.len() <= sound.len(), "written anew: {sent}");
    let metrics = world.engine.metrics().render(&world.engine.gauges());
    for repair in repairs.split(',') {
        assert!(metrics.contains(&format!("recobeat_repairs_total{{kind=\"{repair}\"}} 2")), "{repair}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_sound_request_is_sent_as_given() {
    let world = World::new();
    let target = format!("/v1/track/recommendation?seeds={}%2C{}&size=05", spotify(2), spotify(1));
    let answer = world.get(&target).await;
    assert_eq!(world.upstream.seen()[0].target, target);
    assert!(!answer.cache_status.contains("repaired"));
}

#[tokio::test(start_paused = true)]
async fn what_was_repaired_into_a_request_of_no_seeds_is_still_refused_here() {
    let world = World::new();
    let refused = world.get(&format!("/v1/track/recommendation?size=5&negativeSeeds={}", spotify(1))).await;
    assert_eq!((refused.status.as_u16(), refused.outcome), (400, Outcome::Denied));
    assert_eq!(world.upstream.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_understood_is_not_repaired() {
    let world = World::new();
    let target = format!("{}&market=de", draw((1..7).map(spotify), []));
    let answer = world.get(&target).await;
    assert_eq!(world.upstream.seen()[0].target, target);
    assert!(!answer.cache_status.contains("repaired"));
}

#[tokio::test(start_paused = true)]
async fn without_repair_everything_goes_as_it_is() {
    let world = World::with(&Settings {
        guard: guard::Settings { repair: false, ..guard::Settings::default() },
        ..Settings::default()
    });
    let target = draw((1..7).map(spotify), (1..7).map(spotify));
    let answer = world.get(&target).await;
    assert_eq!((world.upstream.seen()[0].target.as_str(), answer.status.as_u16()), (target.as_str(), 200));
    assert!(!answer.cache_status.contains("repaired"));
}

#[tokio::test(start_paused = true)]
async fn tracks_known_to_be_missing_are_left_out() {
    let world = World::new();
    world.get(&tracks([spotify(40_000), track(40_001)])).await;
    let given = draw([spotify(1), spotify(40_000), spotify(2)], [track(40_001)]);
    let answer = world.get(&given).await;
    assert!(answer.cache_status.ends_with("; repaired=\"missing\""), "{}", answer.cache_status);
    assert_eq!(world.upstream.seen()[1].target, answered_as(&draw([spotify(1), spotify(2)], [])));
    let lost = world.get(&draw([spotify(40_000)], [])).await;
    assert_eq!((lost.status.as_u16(), lost.outcome), (400, Outcome::Miss), "one seed must remain");
}

#[tokio::test(start_paused = true)]
async fn two_spellings_of_one_track_overlap() {
    let world = World::new();
    world.get(&tracks([spotify(1)])).await;
    let answer = world.get(&draw([spotify(1), spotify(2), spotify(3)], [track(1)])).await;
    assert!(answer.cache_status.ends_with("; repaired=\"overlap\""), "{}", answer.cache_status);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_held_is_not_left_for_a_better_request() {
    let world = World::new();
    let given = draw([spotify(1), spotify(40_000)], []);
    let first = world.get(&given).await;
    assert_eq!(first.status, 200);
    world.get(&tracks([spotify(40_000)])).await;
    let calls = world.upstream.calls();
    let again = world.get(&given).await;
    assert_eq!((again.body, again.outcome), (first.body, Outcome::Hit));
    assert_eq!(world.upstream.calls(), calls);
    // A new draw is asked anyway, and better without what is missing.
    let anew = world.ask(&given, &Caller { no_cache: true, ..caller() }).await;
    assert!(anew.cache_status.contains("repaired=\"missing\""), "{}", anew.cache_status);
}

/// A target as the proxy writes it: lists sorted, size after seeds.
fn answered_as(target: &str) -> String {
    let (path, query) = target.split_once('?').expect("a query");
    let mut pairs: Vec<_> = query.split('&').collect();
    pairs.sort_unstable();
    format!("{path}?{}", pairs.join("&"))
}
