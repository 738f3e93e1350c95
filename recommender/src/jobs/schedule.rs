//! The daily warming, at an hour and minute of UTC: a day of it always has 24 hours.
//!
//! The time of day is looked at once a minute instead of slept for: a machine that was asleep, or whose
//! clock was set, warms late once rather than not at all, and never twice for one day's time.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::{Clock, PopularMoods};
use crate::config;

/// Between two looks at the clock.
const LOOK_EVERY: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Schedule;

impl Schedule {
    /// Makes the lists of popular moods that are not fresh each day at the hour and minute (UTC) of the
    /// configuration; none without one.
    pub fn spawn(
        config: &config::Schedule,
        moods: PopularMoods,
        clock: Arc<dyn Clock>,
    ) -> Option<JoinHandle<()>> {
        let at = config.warm_at?;
        Some(tokio::spawn(async move {
            let mut due = next(clock.now(), at);
            loop {
                let now = clock.now();
                if now >= due {
                    tracing::info!(%due, "warming popular moods");
                    moods.refresh(moods.moods());
                    due = next(now, at);
                }
                sleep((due - now).to_std().unwrap_or_default().min(LOOK_EVERY)).await;
            }
        }))
    }
}

/// The first such time after `now`.
pub(super) fn next(now: DateTime<Utc>, (hour, minute): (u32, u32)) -> DateTime<Utc> {
    let midnight = now.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    let today = midnight + TimeDelta::minutes(i64::from(hour) * 60 + i64::from(minute));
    if today > now { today } else { today + TimeDelta::days(1) }
}
