//! The connection to the Redis or Valkey that replicas share: one server, or a cluster.
//!
//! Cache, leases and budget ask through one [`Link`], so that trouble is noticed once and for all.
//! The first answer that is late puts the server under suspicion: from then on look-ups do not even
//! try, so a server that freezes slows the requests of one moment by the time limit of one look-up,
//! and no others. Within [`VERDICT`] it either answers after all, as a busy machine does, and nothing
//! has happened; or it is away: everybody who still waits is let go, and the link probes in the
//! background, never on a request, until it is answered in time. What nobody waits for, and what
//! must not be said twice (leases, the budget), is patient until that verdict.
//!
//! Each up has a number. What was sent before a change may or may not have been carried out; those
//! who care compare numbers ([`Link::ups`]) and say again what they have to say.
//!
//! What the server refuses (out of memory, a wrong type) is no trouble of the link: it is counted,
//! logged once in a while, and the asker goes on without.

mod address;
mod event;
mod keeper;
mod wire;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use prometheus::Histogram;
use redis::{Cmd, FromRedisValue, RedisError};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, broadcast, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

pub use address::{AddressError, Nodes};
pub use event::Event;

use crate::clock::Offset;
use wire::Wire;

/// How long after the first late answer it is decided that the server is away.
const VERDICT: Duration = Duration::from_millis(200);
/// A timer that fires later than its limit by this part of it was held up by this process.
const STALL: u32 = 4;
/// Messages that may wait for a slow listener; what is lost is caught up by polling.
const EVENTS: usize = 1024;
/// Refusals of the server are logged at most this often.
const GRUMBLE: Duration = Duration::from_secs(60);

/// Where the server is and how patiently it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub nodes: Nodes,
    /// Begins every key and the name of the channel.
    pub prefix: String,
    /// The longest a request waits for an answer.
    pub lookup_timeout: Duration,
    pub connect_timeout: Duration,
    /// Commands under way at once; more wait, within their time limit.
    pub pool: usize,
}

/// The link as operators see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkState {
    pub up: bool,
    /// Why it is away; `None` when it is up or was not tried yet.
    pub away_because: Option<String>,
    /// Several nodes answer.
    pub cluster: bool,
    /// Commands sent since the start.
    pub commands: u64,
    /// Commands that were not answered in time.
    pub late: u64,
    /// Commands that the server refused.
    pub refused: u64,
    /// Times the link was lost.
    pub lost: u64,
    /// Commands under way, at most as many as the pool has places.
    pub under_way: usize,
    /// Commands that found no place in the pool in time and were not sent.
    pub crowded: u64,
}

/// See the module. Made once; the last one to go ends its tasks.
#[derive(Debug)]
pub struct Link {
    shared: Arc<Shared>,
    keeper: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
    line: Mutex<Line>,
    /// The number of the present up; `None` while away.
    ups: watch::Sender<Option<u64>>,
    /// An answer is late; look-ups do without until the verdict.
    suspected: AtomicBool,
    runtime: Handle,
    /// Set once the first attempt to connect has ended, well or not.
    settled: watch::Sender<bool>,
    under_way: Semaphore,
    events: broadcast::Sender<Event>,
    offset: Offset,
    commands: AtomicU64,
    late: AtomicU64,
    refused: AtomicU64,
    crowded: AtomicU64,
    round_trips: OnceLock<Histogram>,
}

#[derive(Debug, Default)]
struct Line {
    wire: Option<Wire>,
    cluster: bool,
    /// Ups so far.
    count: u64,
    lost: u64,
    away_because: Option<String>,
    grumbled: Option<Instant>,
}

/// Why a command brought nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// The link is away, or was too busy or too late: the command may or may not have been carried out.
    Unknown,
    /// The server said no.
    Refused,
}

/// The same, as far as the link cares.
enum Trouble {
    /// Too many others were under way: it was not even sent.
    Crowded,
    /// The server is suspected, or this process did not run.
    Late,
    Lost(RedisError),
    Refused(RedisError),
}

impl Link {
    /// Connects in the background, on `runtime`.
    pub fn start(settings: Settings, runtime: &Handle) -> Arc<Self> {
        let shared = Arc::new(Shared {
            under_way: Semaphore::new(settings.pool.max(1)),
            settings,
            line: Mutex::default(),
            ups: watch::Sender::new(None),
            suspected: AtomicBool::new(false),
            runtime: runtime.clone(),
            settled: watch::Sender::new(false),
            events: broadcast::Sender::new(EVENTS),
            offset: Offset::default(),
            commands: AtomicU64::new(0),
            late: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            crowded: AtomicU64::new(0),
            round_trips: OnceLock::new(),
        });
        let keeper = runtime.spawn(keeper::keep(Arc::clone(&shared))).abort_handle();
        Arc::new(Self { shared, keeper })
    }

    /// Lets `histogram` hear how many seconds answers take. The first one is heeded.
    pub fn time(&self, histogram: Histogram) {
        let _ = self.shared.round_trips.set(histogram);
    }

    pub fn prefix(&self) -> &str {
        &self.shared.settings.prefix
    }

    /// The longest a request waits for what it looks up.
    pub fn lookup_timeout(&self) -> Duration {
        self.shared.settings.lookup_timeout
    }

    pub fn is_up(&self) -> bool {
        self.shared.ups.borrow().is_some()
    }

    /// The number of the present up, `None` while away. Each change is told.
    pub fn ups(&self) -> watch::Receiver<Option<u64>> {
        self.shared.ups.subscribe()
    }

    /// Server time minus local time, as last compared.
    pub fn offset(&self) -> Offset {
        self.shared.offset.clone()
    }

    /// One command, within the time limit of look-ups. `None`: the link is away (this command may
    /// have shown it), or the server refused.
    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Option<T> {
        if self.shared.suspected.load(Ordering::SeqCst) {
            return None;
        }
        let limit = self.shared.settings.lookup_timeout;
        self.send(command, limit, Duration::ZERO).await.ok()
    }

    /// The same, patient until it is certain that the server is away.
    pub async fn ask_within<T: FromRedisValue>(&self, command: &Cmd, limit: Duration) -> Option<T> {
        self.try_ask(command, limit).await.ok()
    }

    /// The same for those who care why there is no answer.
    pub async fn try_ask<T: FromRedisValue>(&self, command: &Cmd, limit: Duration) -> Result<T, Unanswered> {
        self.send(command, limit, 2 * VERDICT).await
    }

    async fn send<T: FromRedisValue>(
        &self,
        command: &Cmd,
        limit: Duration,
        patience: Duration,
    ) -> Result<T, Unanswered> {
        let (wire, up) = self.shared.wire().ok_or(Unanswered::Unknown)?;
        let sent = self.shared.send(wire, up, command, limit, patience).await;
        sent.map_err(|trouble| self.shared.complain(up, trouble))
    }

    /// Messages of all replicas, this one included, that came while somebody listened.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// Tells all replicas. May be lost: messages make things fast, never right.
    pub async fn announce(&self, event: &Event) {
        let mut command = redis::cmd("PUBLISH");
        command.arg(self.shared.channel()).arg(event.to_string());
        let _told: Option<i64> = self.ask(&command).await;
    }

    /// Waits until the first attempt to connect has ended, well or not; false when that takes
    /// longer.
    pub async fn settled(&self, limit: Duration) -> bool {
        let mut settled = self.shared.settled.subscribe();
        timeout(limit, settled.wait_for(|settled| *settled)).await.is_ok()
    }

    pub fn state(&self) -> LinkState {
        let shared = &self.shared;
        let line = shared.lock();
        LinkState {
            up: line.wire.is_some(),
            away_because: line.away_because.clone(),
            cluster: line.cluster,
            commands: shared.commands.load(Ordering::Relaxed),
            late: shared.late.load(Ordering::Relaxed),
            refused: shared.refused.load(Ordering::Relaxed),
            lost: line.lost,
            under_way: shared.settings.pool.max(1).saturating_sub(shared.under_way.available_permits()),
            crowded: shared.crowded.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn channel(&self) -> String {
        format!("{}:events", self.settings.prefix)
    }

    fn wire(&self) -> Option<(Wire, u64)> {
        let line = self.lock();
        Some((line.wire.clone()?, line.count))
    }

    /// Waits for `limit`, and when the server is suspected then for `patience` more.
    async fn send<T: FromRedisValue>(
        self: &Arc<Self>,
        mut wire: Wire,
        up: u64,
        command: &Cmd,
        limit: Duration,
        patience: Duration,
    ) -> Result<T, Trouble> {
        let mut ups = self.ups.subscribe();
        // A burst of our own is no sign of trouble: the clock starts when it is sent.
        let Ok(place) = timeout(limit, self.under_way.acquire()).await else {
            self.crowded.fetch_add(1, Ordering::Relaxed);
            return Err(Trouble::Crowded);
        };
        self.commands.fetch_add(1, Ordering::Relaxed);
        let (begun, witness) = (Instant::now(), wire.clone());
        let mut sent = pin!(wire.send(command));
        let sent = async {
            if let Ok(answered) = timeout(limit, &mut sent).await {
                return Ok(answered);
            }
            // Late by more than the timer itself: this process did not run.
            if begun.elapsed() <= limit + limit / STALL {
                self.suspect(witness, up, limit);
            }
            timeout(patience, sent).await.map_err(|_| Trouble::Late)
        };
        let answered = tokio::select! {
            biased;
            answered = sent => answered?,
            // It is certain: nothing will come any more.
            _ = ups.wait_for(Option::is_none) => return Err(Trouble::Crowded),
        };
        drop(place);
        self.round_trips.get().into_iter().for_each(|times| times.observe(begun.elapsed().as_secs_f64()));
        let value = answered
            .map_err(|error| if is_lost(&error) { Trouble::Lost(error) } else { Trouble::Refused(error) })?;
        T::from_redis_value(value).map_err(|error| Trouble::Refused(error.into()))
    }

    /// Asks once more, for a verdict. A cluster's nodes cannot vouch for each other: there, late is
    /// away.
    fn suspect(self: &Arc<Self>, mut wire: Wire, up: u64, limit: Duration) {
        let late = format!("no answer within {limit:?}");
        if wire.is_cluster() {
            return self.down(up, late);
        }
        if self.suspected.swap(true, Ordering::SeqCst) {
            return;
        }
        let shared = Arc::clone(self);
        self.runtime.spawn(async move {
            match timeout(VERDICT, wire.send(&redis::cmd("PING"))).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => shared.down(up, error.to_string()),
                Err(_) => shared.down(up, late),
            }
            shared.suspected.store(false, Ordering::SeqCst);
        });
    }

    fn complain(&self, up: u64, trouble: Trouble) -> Unanswered {
        match trouble {
            Trouble::Crowded => {}
            Trouble::Late => drop(self.late.fetch_add(1, Ordering::Relaxed)),
            Trouble::Lost(error) => self.down(up, error.to_string()),
            Trouble::Refused(error) => {
                self.grumble(&error);
                return Unanswered::Refused;
            }
        }
        Unanswered::Unknown
    }

    fn grumble(&self, error: &RedisError) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let mut line = self.lock();
        let lately = line.grumbled.is_some_and(|at| at.elapsed() < GRUMBLE);
        if !lately {
            line.grumbled = Some(Instant::now());
            tracing::warn!(%error, "Redis refuses a command");
        }
    }

    /// Ends the up of this number; nothing when it has ended already.
    fn down(&self, up: u64, reason: String) {
        let mut line = self.lock();
        if line.count == up && line.wire.take().is_some() {
            line.lost += 1;
            tracing::warn!(reason, "Redis is away: going on without it");
            line.away_because = Some(reason);
            self.ups.send_replace(None);
        }
    }

    fn up(&self, wire: Wire) -> u64 {
        let mut line = self.lock();
        line.count += 1;
        line.cluster = wire.is_cluster();
        line.wire = Some(wire);
        let first = line.count == 1 && line.away_because.is_none();
        line.away_because = None;
        let cluster = line.cluster;
        if first {
            tracing::info!(servers = %self.settings.nodes, cluster, "Redis is connected");
        } else {
            tracing::info!(servers = %self.settings.nodes, cluster, "Redis is back");
        }
        self.ups.send_replace(Some(line.count));
        line.count
    }
}

fn is_lost(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_connection_dropped()
        || error.is_connection_refusal()
        || error.is_timeout()
        || error.is_unrecoverable_error()
        || error.is_cluster_error()
        // It starts, is shut out of its cluster, or follows a primary now: nothing can be done.
        || matches!(error.code(), Some("LOADING" | "MASTERDOWN" | "READONLY" | "NOAUTH" | "WRONGPASS"))
}
