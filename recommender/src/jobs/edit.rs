//! Changes of a finished list by hand: one at a time per session.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::{Mutex as Lock, OwnedMutexGuard};
use uuid::Uuid;

use super::runs::{Hall, RunError, Runs, detached};
use crate::model::{AudioFeatures, Features, FeaturesSource, Phase, Playlist, Recommendation, Source};
use crate::model::{Status, TopTrack, Track, TrackId};
use crate::store::StoreError;

/// Lists do not grow without end.
const LONGEST: usize = 100;

/// Tracks are named by Spotify id or UUID; positions count from 0, and past the end is the end.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    Reorder { track_id: TrackId, new_position: usize },
    Remove { track_id: TrackId },
    Add { track: Box<Recommendation>, new_position: Option<usize> },
}

impl Edit {
    /// A track chosen by hand, at a position or at the end. It is protected, and as fitting as can be.
    pub fn add(track: Track, features: &Features, new_position: Option<usize>) -> Self {
        let mut features = *features;
        let popularity = crate::model::Feature::Popularity;
        features[popularity] = track.popularity.map(f64::from);
        let candidate = crate::ranking::Candidate::new(track, features, Source::AnchorTrack);
        let features_source: FeaturesSource = candidate.features_source();
        let track = candidate.track;
        Self::Add {
            track: Box::new(Recommendation {
                spotify_uri: track.spotify.as_ref().map(|id| format!("spotify:track:{id}")),
                track_id: track.spotify,
                reccobeat_id: track.id,
                track_name: track.title,
                artists: track.artists.into_iter().map(|artist| artist.name).collect(),
                confidence_score: 1.0,
                cohesion_score: 1.0,
                reasoning: "added by hand".into(),
                source: Source::AnchorTrack,
                duration_ms: track.duration_ms,
                popularity: track.popularity,
                isrc: track.isrc,
                audio_features: AudioFeatures::from(&features),
                features_source,
                user_mentioned: true,
                protected: true,
                position: 0,
                phase: Phase::Mid,
            }),
            new_position,
        }
    }

    /// The list afterwards; positions are those of the list.
    fn apply(self, mut list: Vec<Recommendation>) -> Result<Vec<Recommendation>, RunError> {
        let refused = |reason: &str| Err(RunError::Edit(reason.to_owned()));
        match self {
            Self::Reorder { track_id, new_position } => {
                let track = take(&mut list, &track_id)?;
                insert(&mut list, new_position, track);
            }
            Self::Remove { .. } if list.len() == 1 => return refused("the last track cannot be removed"),
            Self::Remove { track_id } => drop(take(&mut list, &track_id)?),
            Self::Add { .. } if list.len() >= LONGEST => return refused("the list is full"),
            Self::Add { track, .. } if list.iter().any(|held| held.reccobeat_id == track.reccobeat_id) => {
                return refused("the track is in the list already");
            }
            Self::Add { track, new_position } => {
                let end = list.len();
                insert(&mut list, new_position.unwrap_or(end), *track);
            }
        }
        for (position, track) in list.iter_mut().enumerate() {
            track.position = position;
        }
        Ok(list)
    }
}

fn take(list: &mut Vec<Recommendation>, id: &TrackId) -> Result<Recommendation, RunError> {
    let is_it = |track: &Recommendation| match id {
        TrackId::Uuid(uuid) => track.reccobeat_id == *uuid,
        TrackId::Spotify(spotify) => track.track_id.as_ref() == Some(spotify),
    };
    let position = list.iter().position(is_it);
    position.map(|at| list.remove(at)).ok_or(RunError::NoTrack)
}

/// A track belongs to the part of the list it is put into: to that of the track before it.
fn insert(list: &mut Vec<Recommendation>, position: usize, mut track: Recommendation) {
    let at = position.min(list.len());
    let neighbour = at.checked_sub(1).or(Some(0)).and_then(|near| list.get(near));
    track.phase = neighbour.map_or(track.phase, |near| near.phase);
    list.insert(at, track);
}

/// One lock per session that is being changed.
#[derive(Debug, Default)]
pub(super) struct Locks(Mutex<HashMap<Uuid, Weak<Lock<()>>>>);

impl Locks {
    async fn take(&self, session: Uuid) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.0.lock().expect("no panic while it is held");
            locks.retain(|_, lock| lock.strong_count() > 0);
            let held = locks.get(&session).and_then(Weak::upgrade);
            held.unwrap_or_else(|| {
                let lock = Arc::default();
                locks.insert(session, Arc::downgrade(&lock));
                lock
            })
        };
        lock.lock_owned().await
    }
}

impl Runs {
    /// Changes a finished list; one change at a time per session, so that none is lost.
    pub async fn edit(&self, user: &str, session: Uuid, edit: Edit) -> Result<Playlist, RunError> {
        let (hall, user) = (self.0.clone(), user.to_owned());
        detached(async move {
            let _only = hall.locks.take(session).await;
            let row = match hall.edit(&user, session, edit.clone()).await {
                // Another replica was first: once more, on its list.
                Err(RunError::Store(StoreError::Changed)) => hall.edit(&user, session, edit).await?,
                edited => edited?,
            };
            hall.parts.statistics.changed(&user).await;
            Ok(row)
        })
        .await
    }

    /// The tracks of an own finished list, to make another one of.
    pub async fn remix_tracks(&self, user: &str, id: i64) -> Result<Vec<TopTrack>, RunError> {
        let row = self.0.parts.store.by_id(id).await?;
        if row.user_id != user {
            return Err(RunError::Absent);
        }
        let tracks = completed(row)?.recommendations_data.into_iter().map(|track| TopTrack {
            id: track.track_id.map_or(TrackId::Uuid(track.reccobeat_id), TrackId::Spotify),
            name: track.track_name,
            artists: track.artists,
            popularity: track.popularity,
        });
        Ok(tracks.collect())
    }
}

impl Hall {
    async fn edit(&self, user: &str, session: Uuid, edit: Edit) -> Result<Playlist, RunError> {
        let row = completed(self.row(user, session).await?)?;
        let list = edit.apply(row.recommendations_data)?;
        Ok(self.parts.store.edit(user, session, row.updated_at, &list).await?)
    }
}

fn completed(row: Playlist) -> Result<Playlist, RunError> {
    if row.status == Status::Completed { Ok(row) } else { Err(RunError::NotCompleted(row.status)) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::tracks;
    use super::*;
    use proptest::prelude::*;

    fn id(n: u128) -> TrackId {
        TrackId::Uuid(Uuid::from_u128(n))
    }

    fn order(list: &[Recommendation]) -> Vec<u128> {
        list.iter().map(|track| track.reccobeat_id.as_u128()).collect()
    }

    #[test]
    fn a_track_moves_to_its_new_place() {
        let list = Edit::Reorder { track_id: id(1), new_position: 2 }.apply(tracks(4)).unwrap();
        assert_eq!(order(&list), [2, 3, 1, 4]);
        let list = Edit::Reorder { track_id: id(4), new_position: 0 }.apply(tracks(4)).unwrap();
        assert_eq!(order(&list), [4, 1, 2, 3]);
    }

    #[test]
    fn the_last_track_stays() {
        assert!(Edit::Remove { track_id: id(1) }.apply(tracks(1)).is_err());
        assert_eq!(order(&Edit::Remove { track_id: id(1) }.apply(tracks(2)).unwrap()), [2]);
    }

    #[test]
    fn a_track_is_added_once() {
        let new = || Box::new(tracks(9).pop().unwrap());
        let list = Edit::Add { track: new(), new_position: Some(1) }.apply(tracks(2)).unwrap();
        assert_eq!(order(&list), [1, 9, 2]);
        assert!(Edit::Add { track: new(), new_position: None }.apply(list).is_err());
    }

    #[test]
    fn a_track_that_is_not_there_cannot_be_changed() {
        assert!(Edit::Remove { track_id: id(7) }.apply(tracks(3)).is_err());
        assert!(Edit::Reorder { track_id: id(7), new_position: 0 }.apply(tracks(3)).is_err());
    }

    proptest! {
        #[test]
        fn an_order_keeps_all_tracks_and_numbers_them(
            count in 1..12_usize, which in 1..12_u128, to in 0..20_usize,
        ) {
            let which = which.min(count as u128);
            let edit = Edit::Reorder { track_id: id(which), new_position: to };
            let list = edit.apply(tracks(count)).unwrap();
            let mut sorted = order(&list);
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (1..=count as u128).collect::<Vec<_>>());
            prop_assert!(list.iter().enumerate().all(|(position, track)| track.position == position));
            prop_assert_eq!(list[to.min(count - 1)].reccobeat_id.as_u128(), which);
        }
    }
}
