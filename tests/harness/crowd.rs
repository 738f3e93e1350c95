//! Many clients at once.

use super::line::Lost;
use super::{Answer, Ask, Line};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// Sends each request on a connection of its own, all at the same moment: the connections stand
/// before the first request leaves. Answers in the order of the requests.
pub(crate) async fn at_once(to: SocketAddr, asks: Vec<Ask>) -> Vec<Answer> {
    spread(asks.into_iter().map(|ask| (to, ask)).collect()).await
}

/// The same to several proxies.
pub(crate) async fn spread(asks: Vec<(SocketAddr, Ask)>) -> Vec<Answer> {
    let answers = try_spread(asks).await;
    answers.into_iter().map(|answer| answer.unwrap_or_else(|lost| panic!("{lost}"))).collect()
}

pub(crate) async fn try_at_once(to: SocketAddr, asks: Vec<Ask>) -> Vec<Result<Answer, Lost>> {
    try_spread(asks.into_iter().map(|ask| (to, ask)).collect()).await
}

async fn try_spread(asks: Vec<(SocketAddr, Ask)>) -> Vec<Result<Answer, Lost>> {
    let barrier = Arc::new(Barrier::new(asks.len()));
    let mut crowd = JoinSet::new();
    for (position, (to, ask)) in asks.into_iter().enumerate() {
        let barrier = Arc::clone(&barrier);
        crowd.spawn(async move {
            let mut line = Line::to(to).await;
            barrier.wait().await;
            (position, line.try_ask(ask).await)
        });
    }
    in_order(crowd).await
}

/// Works a list off in order, `hands` requests at a time, from a client address of its own.
/// Answers in the order of the list.
pub(crate) async fn in_turn(to: SocketAddr, client: u8, hands: usize, targets: &[String]) -> Vec<Answer> {
    let from = IpAddr::V4(Ipv4Addr::new(127, 0, 0, client));
    let waiting: VecDeque<(usize, String)> = targets.iter().cloned().enumerate().collect();
    let waiting = Arc::new(Mutex::new(waiting));
    let mut crowd = JoinSet::new();
    for _ in 0..hands {
        let waiting = Arc::clone(&waiting);
        crowd.spawn(async move {
            let mut line = Line::between(from, to).await;
            let mut done = Vec::new();
            let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            while let Some((position, target)) = next() {
                done.push((position, line.get(&target).await));
            }
            done
        });
    }
    let mut answers: Vec<(usize, Answer)> = crowd.join_all().await.into_iter().flatten().collect();
    answers.sort_unstable_by_key(|(position, _)| *position);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

async fn in_order<T: 'static>(crowd: JoinSet<(usize, T)>) -> Vec<T> {
    let mut results = crowd.join_all().await;
    results.sort_unstable_by_key(|(position, _)| *position);
    results.into_iter().map(|(_, result)| result).collect()
}
