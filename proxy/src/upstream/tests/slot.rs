//! The in-flight slot is held for the whole call and not a moment longer, however it ends.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::stub::{nowhere, ok, serve};
use super::{client, request, settings};
use crate::budget::{Budget, Lane, Limits, Permit};
use crate::upstream::{CallError, Client, Reply, Upstream};

fn budget() -> Budget {
    let limits =
        Limits { rate_per_minute: 80, min_interval: Duration::ZERO, max_in_flight: 1, adaptive: true };
    Budget::new(&limits, &Handle::current())
}

async fn permit(budget: &Budget) -> Permit {
    let nobody = IpAddr::from([127, 0, 0, 1]);
    budget.enqueue(Lane::Interactive, nobody).permit().await.unwrap()
}

/// One call with a permit of `budget`, and the slots held when it has ended.
async fn spend(budget: &Budget, client: &Client, limit: Duration) -> (Result<Reply, CallError>, usize) {
    let permit = permit(budget).await;
    assert_eq!(budget.snapshot().in_flight, 1);
    let mut limited = request("/");
    limited.timeout = limit;
    let ended = client.call(permit, limited).await;
    (ended, budget.snapshot().in_flight)
}

#[tokio::test]
async fn an_answer_frees_the_slot() {
    let (address, _) = serve(|wire| wire.always(ok("{}"))).await;
    let (ended, held) = spend(&budget(), &client(settings(address)), Duration::from_secs(10)).await;
    assert!(ended.is_ok(), "{ended:?}");
    assert_eq!(held, 0);
}

#[tokio::test]
async fn a_failure_frees_the_slot() {
    let nowhere = settings(nowhere().await);
    let (ended, held) = spend(&budget(), &client(nowhere), Duration::from_secs(10)).await;
    assert!(matches!(ended, Err(CallError::Connect(_))), "{ended:?}");
    assert_eq!(held, 0);
}

#[tokio::test]
async fn a_timeout_frees_the_slot() {
    let (address, _) = serve(|wire| wire.always("")).await;
    let (ended, held) = spend(&budget(), &client(settings(address)), Duration::from_millis(50)).await;
    assert!(matches!(ended, Err(CallError::Timeout(_))), "{ended:?}");
    assert_eq!(held, 0);
}

#[tokio::test]
async fn a_dropped_call_holds_the_slot_until_it_is_dropped() {
    let heard = Arc::new(Notify::new());
    let tell = Arc::clone(&heard);
    let (address, _) = serve(move |mut wire| {
        let heard = Arc::clone(&tell);
        async move {
            wire.hear().await;
            heard.notify_one();
            wire.hear().await;
        }
    })
    .await;
    let (budget, client) = (budget(), client(settings(address)));
    let mut call = client.call(permit(&budget).await, request("/"));
    tokio::select! {
        ended = &mut call => panic!("{ended:?}"),
        () = heard.notified() => {}
    }
    assert_eq!(budget.snapshot().in_flight, 1);
    drop(call);
    assert_eq!(budget.snapshot().in_flight, 0);
}
