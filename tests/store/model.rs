//! Random sequences of calls against a model of a few lines: every answer and every state agree.

use crate::sample::{
    Engine,
    Engine::{Memory, Postgres, Sqlite},
    Ground, finished, list_of, mood, run,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use recobeat_recommender::model::Status;
use recobeat_recommender::store::{NewRun, StoreError};
use rstest::rstest;
use serde_json::json;

/// Of the few runs there are, the one with this number.
type Run = usize;
const RUNS: usize = 3;

#[derive(Debug, Clone)]
enum Call {
    Advance(Run, Status),
    Analyse(Run),
    Complete(Run, usize),
    End(Run, Status),
    Edit(Run, bool, usize),
    Delete(Run, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Done,
    Absent,
    Passed(Status),
    Empty,
    Unfit,
}

#[derive(Debug, Clone, Copy)]
struct Model {
    status: Status,
    deleted: bool,
    tracks: usize,
}

impl Model {
    fn moves(&mut self, to: Status) -> Said {
        match self.status.then(to) {
            Ok(status) => self.status = status,
            Err(_) => return Said::Passed(self.status),
        }
        Said::Done
    }

    fn answers(&mut self, call: &Call) -> Said {
        match *call {
            Call::Advance(_, to) if to.is_end() => Said::Unfit,
            Call::Analyse(_) if self.status.is_end() => Said::Passed(self.status),
            Call::Analyse(_) => Said::Done,
            Call::Complete(_, 0) | Call::Edit(_, _, 0) => Said::Empty,
            Call::Complete(_, tracks) => {
                let said = self.moves(Status::Completed);
                if said == Said::Done {
                    self.tracks = tracks;
                }
                said
            }
            Call::End(_, to) if !matches!(to, Status::Failed | Status::Cancelled) => Said::Unfit,
            Call::Advance(_, to) | Call::End(_, to) => self.moves(to),
            Call::Edit(_, owner, _) | Call::Delete(_, owner) if self.deleted || !owner => Said::Absent,
            Call::Edit(..) if self.status != Status::Completed => Said::Passed(self.status),
            Call::Edit(_, _, tracks) => {
                self.tracks = tracks;
                Said::Done
            }
            Call::Delete(..) => {
                self.deleted = true;
                let _ = self.moves(Status::Cancelled);
                Said::Done
            }
        }
    }
}

fn call() -> impl Strategy<Value = Call> {
    let status = prop::sample::select(Status::ALL.to_vec());
    let end =
        prop::sample::select(vec![Status::Failed, Status::Cancelled, Status::Completed, Status::Pending]);
    let (run, owner) = (0..RUNS, prop::bool::weighted(0.8));
    prop_oneof![
        6 => (run.clone(), status).prop_map(|(run, status)| Call::Advance(run, status)),
        2 => run.clone().prop_map(Call::Analyse),
        2 => (run.clone(), 0_usize..4).prop_map(|(run, tracks)| Call::Complete(run, tracks)),
        1 => (run.clone(), end).prop_map(|(run, end)| Call::End(run, end)),
        3 => (run.clone(), owner, 0_usize..4).prop_map(|(run, owner, tracks)| Call::Edit(run, owner, tracks)),
        1 => (run, owner).prop_map(|(run, owner)| Call::Delete(run, owner)),
    ]
}

fn said<T>(answer: Result<T, StoreError>) -> Said {
    match answer {
        Ok(_) => Said::Done,
        Err(StoreError::Absent) => Said::Absent,
        Err(StoreError::Passed(status)) => Said::Passed(status),
        Err(StoreError::Empty) => Said::Empty,
        Err(StoreError::Unfit(_)) => Said::Unfit,
        Err(other) => panic!("{other}"),
    }
}

async fn made(ground: &Ground, user: &str, runs: &[(NewRun, i64)], call: &Call) -> Said {
    let name = |owner: bool| if owner { user } else { "somebody else" };
    let session = |run: Run| runs[run].0.session_id;
    match *call {
        Call::Advance(run, status) => said(ground.advance(session(run), status, None).await),
        Call::Analyse(run) => said(ground.analysed(session(run), &mood("joy")).await),
        Call::Complete(run, tracks) => said(ground.complete(session(run), &finished(tracks)).await),
        Call::End(run, status) => said(ground.end(session(run), status, "why", &json!({})).await),
        Call::Edit(run, owner, tracks) => {
            said(ground.edit(name(owner), session(run), &finished(tracks).recommendations).await)
        }
        Call::Delete(run, owner) => said(ground.delete(name(owner), runs[run].1).await),
    }
}

async fn agrees(ground: &Ground, calls: &[Call]) -> Result<(), TestCaseError> {
    let user = uuid::Uuid::new_v4().to_string();
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let new = run(&user, "calm");
        let id = ground.begin(&new).await.unwrap().id;
        runs.push((new, id));
    }
    let mut models = [Model { status: Status::Pending, deleted: false, tracks: 0 }; RUNS];

    for call in calls {
        let (Call::Advance(run, _)
        | Call::Analyse(run)
        | Call::Complete(run, _)
        | Call::End(run, _)
        | Call::Edit(run, ..)
        | Call::Delete(run, _)) = call;
        prop_assert_eq!(made(ground, &user, &runs, call).await, models[*run].answers(call), "{:?}", call);
        for ((new, id), model) in runs.iter().zip(&models) {
            match ground.by_session(new.session_id).await {
                Ok(held) => {
                    prop_assert!(!model.deleted);
                    prop_assert_eq!((held.id, held.status), (*id, model.status));
                    prop_assert_eq!(usize::try_from(held.track_count).unwrap(), model.tracks);
                    prop_assert_eq!(held.recommendations_data.len(), model.tracks);
                    prop_assert_eq!(held.completed_at.is_some(), held.status.is_end());
                }
                Err(error) => prop_assert!(model.deleted && matches!(error, StoreError::Absent)),
            }
        }
    }
    let seen: Vec<&Model> = models.iter().filter(|model| !model.deleted).collect();
    let stats = ground.user_stats(&user).await.unwrap();
    prop_assert_eq!(
        usize::try_from(stats.total_tracks).unwrap(),
        seen.iter().map(|row| row.tracks).sum::<usize>()
    );
    prop_assert_eq!(usize::try_from(stats.total_playlists).unwrap(), seen.len());
    prop_assert_eq!(ground.listed(&list_of(&user)).await.len(), seen.len());
    let unfinished = ground.unfinished().await.unwrap();
    let unfinished = unfinished.iter().filter(|playlist| playlist.user_id == user).count();
    prop_assert_eq!(unfinished, seen.iter().filter(|row| !row.status.is_end()).count());
    Ok(())
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn every_sequence_of_calls_agrees_with_the_model(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let handle = tokio::runtime::Handle::current();

    let outcome = tokio::task::block_in_place(|| {
        let config = ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() };
        TestRunner::new(config)
            .run(&prop::collection::vec(call(), 1..25), |calls| handle.block_on(agrees(&ground, &calls)))
    });

    outcome.unwrap();
}
