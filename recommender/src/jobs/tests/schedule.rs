//! The daily warming, on paused time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rstest::rstest;
use tokio::time::sleep;

use super::super::Clock;
use super::super::schedule::{Schedule, next};
use super::super::testing::{Act, House, PausedClock, moment};
use crate::config;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// A clock that can be set.
struct Settable(PausedClock, AtomicI64);

impl Clock for Settable {
    fn now(&self) -> DateTime<Utc> {
        self.0.now() + TimeDelta::seconds(self.1.load(SeqCst))
    }
}

fn clock(text: &str) -> Arc<Settable> {
    Arc::new(Settable(PausedClock::at(text), AtomicI64::new(0)))
}

fn spawn(house: &House, clock: &Arc<Settable>) {
    let at_three = config::Schedule { warm_at: Some((3, 0)) };
    Schedule::spawn(&at_three, house.moods.clone(), clock.clone()).unwrap();
}

#[rstest]
#[case(moment(10, 2, 59, 59), moment(10, 3, 0, 0))]
#[case(moment(10, 3, 0, 0), moment(11, 3, 0, 0))]
#[case(moment(10, 23, 0, 0), moment(11, 3, 0, 0))]
// Clocks of people go forward in this night; those of UTC do not.
#[case(moment(29, 0, 30, 0), moment(29, 3, 0, 0))]
fn the_next_time_is_the_first_one_after_now(#[case] now: DateTime<Utc>, #[case] due: DateTime<Utc>) {
    assert_eq!(next(now, (3, 0)), due);
}

proptest! {
    #[test]
    fn the_next_time_is_within_a_day(seconds in 0..4_000_000_000_i64, hour in 0..24_u32, minute in 0..60_u32) {
        let now = DateTime::from_timestamp(seconds, 0).unwrap();
        let due = next(now, (hour, minute));
        prop_assert!(due > now && due <= now + TimeDelta::days(1));
        prop_assert_eq!(due.format("%H:%M:%S").to_string(), format!("{hour:02}:{minute:02}:00"));
    }
}

#[tokio::test(start_paused = true)]
async fn moods_are_warmed_at_the_hour_each_day() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    spawn(&house, &clock("2026-01-02T01:00:00Z"));
    sleep(HOUR * 2 - SECOND).await;
    assert!(house.script.prompts().is_empty());
    sleep(SECOND * 10).await;
    assert_eq!(house.script.prompts().len(), 2);
    sleep(HOUR * 24).await;
    assert_eq!(house.script.prompts().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_time_that_was_slept_through_is_made_up_for_once() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    let clock = clock("2026-01-02T01:00:00Z");
    spawn(&house, &clock);
    sleep(SECOND).await;
    clock.1.store(50 * 3600, SeqCst);
    sleep(SECOND * 70).await;
    assert_eq!(house.script.prompts().len(), 2);
    // Set back again: the time of that day has been.
    clock.1.store(49 * 3600, SeqCst);
    sleep(HOUR * 3).await;
    assert_eq!(house.script.prompts().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_fresh_is_not_made_again() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    house.moods.warm(Some(vec!["party vibes".into()]));
    spawn(&house, &clock("2026-01-02T02:00:00Z"));
    sleep(HOUR + SECOND * 10).await;
    assert_eq!(house.script.prompts(), ["party vibes", "calm and relaxing"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_time_nothing_is_scheduled() {
    let house = House::of([Act::Makes(SECOND, 20)]);
    let never = config::Schedule { warm_at: None };
    assert!(Schedule::spawn(&never, house.moods.clone(), clock("2026-01-02T01:00:00Z")).is_none());
}
