//! What a change writes beside what it was given, and from which states it is allowed.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

use super::{Finished, StoreError, fold};
use crate::model::{Playlist, Recommendation, Status};

/// The states from which a run may become `next`, as the right side of an SQL `IN`.
pub(super) fn before(next: Status) -> String {
    let mut list = String::new();
    for status in Status::ALL.into_iter().filter(|status| status.then(next).is_ok()) {
        let comma = if list.is_empty() { "" } else { ", " };
        write!(list, "{comma}'{}'", status.name()).expect("a string takes all that is written to it");
    }
    format!("({list})")
}

/// All states of runs under way.
pub(super) fn under_way() -> String {
    before(Status::Completed)
}

/// How much is in a list.
pub(super) struct Measure {
    pub(super) tracks: i32,
    pub(super) duration_ms: i64,
}

impl Measure {
    /// Only a list with tracks may stand in a completed row.
    pub(super) fn of(list: &[Recommendation]) -> Result<Self, StoreError> {
        if list.is_empty() {
            return Err(StoreError::Empty);
        }
        let duration = list.iter().fold(0_u64, |sum, track| sum.saturating_add(track.duration_ms));
        Ok(Self {
            tracks: i32::try_from(list.len()).unwrap_or(i32::MAX),
            duration_ms: i64::try_from(duration).unwrap_or(i64::MAX),
        })
    }
}

/// The colours of a mood, where the analysis names them.
pub(super) struct Colours<'a> {
    pub(super) primary: Option<&'a str>,
    pub(super) secondary: Option<&'a str>,
    pub(super) tertiary: Option<&'a str>,
}

impl<'a> Colours<'a> {
    pub(super) fn of(mood_analysis: &'a Value) -> Self {
        let colour = |name: &str| mood_analysis["color_scheme"][name].as_str();
        Self { primary: colour("primary"), secondary: colour("secondary"), tertiary: colour("tertiary") }
    }
}

/// The end of a run, ready to be written.
pub(super) struct Completion<'a> {
    pub(super) list: Cow<'a, Value>,
    pub(super) mood: Cow<'a, Value>,
    pub(super) playlist: Cow<'a, Value>,
    pub(super) metadata: Cow<'a, Value>,
    pub(super) measure: Measure,
}

impl<'a> Completion<'a> {
    pub(super) fn of(end: &'a Finished) -> Result<Self, StoreError> {
        Ok(Self {
            measure: Measure::of(&end.recommendations)?,
            list: Cow::Owned(as_json(&end.recommendations)?),
            mood: fold::json(&end.mood_analysis),
            playlist: fold::json(&end.playlist_data),
            metadata: fold::json(&end.metadata),
        })
    }

    pub(super) fn colours(&self) -> Colours<'_> {
        Colours::of(&self.mood)
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.playlist["name"].as_str()
    }

    pub(super) fn spotify_playlist_id(&self) -> Option<&str> {
        self.playlist["spotify_playlist_id"].as_str()
    }
}

/// A list as it is kept.
pub(super) fn as_json(list: &[Recommendation]) -> Result<Value, StoreError> {
    let value = serde_json::to_value(list).map_err(|error| StoreError::Row(error.to_string()))?;
    Ok(fold::json(&value).into_owned())
}

/// Why an edit found no row to change; `held` is the row it looked for.
pub(super) fn not_edited(held: &Playlist, user: &str) -> StoreError {
    match held.status {
        _ if held.user_id != user => StoreError::Absent,
        Status::Completed => StoreError::Changed,
        status => StoreError::Passed(status),
    }
}

/// Refuses ends, which have calls of their own.
pub(super) fn must_be_a_step(status: Status) -> Result<(), StoreError> {
    if status.is_end() { Err(StoreError::Unfit(status)) } else { Ok(()) }
}

/// Refuses all but the ends without a list.
pub(super) fn must_be_an_end(status: Status) -> Result<(), StoreError> {
    let fits = matches!(status, Status::Failed | Status::Cancelled);
    if fits { Ok(()) } else { Err(StoreError::Unfit(status)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_allowed_from_all_states_that_are_not_later() {
        assert_eq!(before(Status::GatheringSeeds), "('pending', 'analyzing_mood', 'gathering_seeds')");
    }

    #[test]
    fn no_end_is_left() {
        let under_way = under_way();

        assert!(["completed", "failed", "cancelled"].iter().all(|end| !under_way.contains(end)));
        assert_eq!(under_way.matches('\'').count(), 2 * 9);
    }
}
