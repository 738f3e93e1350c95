//! Look-ups that come together travel together: one `MGET` for all that waited while others were
//! under way. On a cluster the library splits it by slot and sends each node its part at once.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::link::Link;

/// Reads under way at once; look-ups gather meanwhile.
const UNDER_WAY: usize = 8;
/// Keys of one read; more begin the next.
const KEYS: usize = 2_000;

type Values = Vec<Option<Vec<u8>>>;

/// One look-up: names of keys, and where its values go.
#[derive(Debug)]
pub(super) struct Ask {
    names: Vec<String>,
    answer: oneshot::Sender<Values>,
}

/// The values of `names`, in their order. `None`: the server is away.
pub(super) async fn read(reads: &mpsc::UnboundedSender<Ask>, names: Vec<String>) -> Option<Values> {
    let (answer, answered) = oneshot::channel();
    reads.send(Ask { names, answer }).ok()?;
    // An ask that fails is dropped.
    answered.await.ok()
}

/// Serves look-ups until nobody can ask any more.
pub(super) async fn run(link: Arc<Link>, mut asked: mpsc::UnboundedReceiver<Ask>) {
    let places = Arc::new(Semaphore::new(UNDER_WAY));
    while let Some(first) = asked.recv().await {
        // Never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let mut together = vec![first];
        let mut keys = together[0].names.len();
        while keys < KEYS
            && let Ok(next) = asked.try_recv()
        {
            keys += next.names.len();
            together.push(next);
        }
        let link = Arc::clone(&link);
        tokio::spawn(async move {
            fetch(&link, together).await;
            drop(place);
        });
    }
}

async fn fetch(link: &Link, together: Vec<Ask>) {
    let mut command = redis::cmd("MGET");
    for name in together.iter().flat_map(|ask| &ask.names) {
        command.arg(name);
    }
    let Some(values) = link.ask::<Values>(&command).await else { return };
    let mut values = values.into_iter();
    for ask in together {
        let own = values.by_ref().take(ask.names.len()).collect();
        // Whoever asked may have left.
        let _ = ask.answer.send(own);
    }
}
