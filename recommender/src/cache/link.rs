//! The way to Redis: limits on every wait, and a breaker.
//!
//! A request never waits for a connection and never tries twice. The first call that fails or is late
//! opens the breaker; from then on nobody asks, and a task of the link's own probes until the server
//! answers again. Removals that could not be made meanwhile are owed: their categories are cleared
//! before the link counts as up, under the same lock that decides whether a removal is owed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, RedisError, RedisResult, cmd};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::Category;
use super::entry::Key;
use super::memory::Memory;
use super::script;

/// How long which call may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// A look-up, on the way of a request.
    pub(super) look_up: Duration,
    /// A write, on the way of a run.
    pub(super) write: Duration,
    /// What operators ask for, and probes, with the time to connect.
    pub(super) slow: Duration,
    /// Between two probes.
    pub(super) pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            look_up: Duration::from_millis(50),
            write: Duration::from_millis(250),
            slow: Duration::from_secs(5),
            pause: Duration::from_secs(1),
        }
    }
}

/// The server does not answer; what is asked for counts as missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Away;

pub(super) struct Link {
    server: ConnectionManager,
    patience: Patience,
    /// True while the server answers.
    up: watch::Sender<bool>,
    /// Categories with removals that the server has not seen.
    owed: Mutex<BTreeSet<Category>>,
    /// Stands in while the server is away, and is emptied at both ends of that time.
    stand_in: Arc<Memory>,
}

impl Link {
    /// Probes at once; up as soon as the server has answered.
    pub(super) fn open(
        url: &str,
        patience: Patience,
        stand_in: Arc<Memory>,
    ) -> Result<Arc<Self>, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(patience.slow))
            .set_response_timeout(Some(patience.slow))
            .set_number_of_retries(0);
        let server = ConnectionManager::new_lazy_with_config(Client::open(url)?, config)?;
        let (up, states) = watch::channel(false);
        let link = Arc::new(Self { server, patience, up, owed: Mutex::default(), stand_in });
        tokio::spawn(keep(Arc::downgrade(&link), states));
        Ok(link)
    }

    pub(super) fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    #[cfg(test)]
    pub(super) fn states(&self) -> watch::Receiver<bool> {
        self.up.subscribe()
    }

    pub(super) async fn get(&self, key: Key) -> Result<Option<Arc<str>>, Away> {
        let held: (Option<u64>, Option<String>) = self.ask(&script::get(key), self.patience.look_up).await?;
        Ok(script::read(held.0, held.1))
    }

    pub(super) async fn put(&self, key: Key, body: &str) -> Result<(), Away> {
        self.ask(&script::put(key, body), self.patience.write).await
    }

    pub(super) async fn remove(&self, key: Key) {
        if self.owes(key.category) {
            return;
        }
        if self.ask::<()>(&script::remove(key), self.patience.write).await.is_err() {
            self.owe(key.category);
        }
    }

    /// How many entries there were; 0 while the server is away.
    pub(super) async fn clear(&self, category: Category) -> u64 {
        if self.owes(category) {
            return 0;
        }
        self.ask(&script::clear(category), self.patience.slow).await.unwrap_or_else(|Away| {
            self.owe(category);
            0
        })
    }

    pub(super) async fn count(&self, category: Category) -> u64 {
        self.ask(&script::count(category), self.patience.slow).await.unwrap_or_default()
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd, limit: Duration) -> Result<T, Away> {
        self.call(command, limit).await.map_err(|error| {
            self.lost(&error);
            Away
        })
    }

    async fn call<T: FromRedisValue>(&self, command: &Cmd, limit: Duration) -> RedisResult<T> {
        let mut server = self.server.clone();
        let answer = timeout(limit, command.query_async(&mut server)).await;
        answer.unwrap_or_else(|_| Err((redis::ErrorKind::Io, "no answer in time").into()))
    }

    fn lost(&self, error: &RedisError) {
        if self.up.send_if_modified(|up| std::mem::replace(up, false)) {
            self.stand_in.clear(None);
            tracing::warn!(%error, "the shared cache is away, memory stands in");
        }
    }

    fn debts(&self) -> MutexGuard<'_, BTreeSet<Category>> {
        self.owed.lock().expect("no panic while it is held")
    }

    /// Notes the debt if the server is away.
    fn owes(&self, category: Category) -> bool {
        let mut owed = self.debts();
        let away = !self.is_up();
        if away {
            owed.insert(category);
        }
        away
    }

    /// A removal has failed; so the link is down, or was just now.
    fn owe(&self, category: Category) {
        self.debts().insert(category);
        self.up.send_if_modified(|up| std::mem::replace(up, false));
    }

    /// Asks the server for a sign of life, pays what is owed, and counts as up.
    async fn probe(&self) -> RedisResult<()> {
        self.call::<()>(&cmd("PING"), self.patience.slow).await?;
        loop {
            let due = {
                let mut owed = self.debts();
                if owed.is_empty() {
                    self.stand_in.clear(None);
                    self.up.send_replace(true);
                    return Ok(());
                }
                owed.clone().into_iter().inspect(|category| _ = owed.remove(category)).collect::<Vec<_>>()
            };
            for category in due {
                let paid = self.call::<u64>(&script::clear(category), self.patience.slow).await;
                if let Err(error) = paid {
                    self.debts().insert(category);
                    return Err(error);
                }
            }
        }
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("up", &self.is_up()).finish_non_exhaustive()
    }
}

/// Probes whenever the link is down; ends with the link.
async fn keep(link: Weak<Link>, mut states: watch::Receiver<bool>) {
    let mut never_up = true;
    while states.wait_for(|up| !up).await.is_ok() {
        let Some(link) = link.upgrade() else { return };
        let pause = link.patience.pause;
        match link.probe().await {
            Ok(()) => {
                never_up = false;
                tracing::info!("the shared cache is up");
            }
            Err(error) => {
                // The loss of one that was up has been told.
                if std::mem::take(&mut never_up) {
                    tracing::warn!(%error, "the shared cache does not answer, memory stands in");
                }
                drop(link);
                sleep(pause).await;
            }
        }
    }
}
