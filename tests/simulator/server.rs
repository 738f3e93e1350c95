//! The simulator as a running server: start, stop, start again.

use crate::call::{Arrival, Call, Stats};
use crate::catalogue::Catalogue;
use crate::contract::{Endpoint, Refusal, Reply};
use crate::control;
use crate::fault::Rule;
use crate::lock::held;
use crate::settings::{Behaviour, Settings};
use crate::wire::{Broken, Delivery, Ending, Head, Inbox, Terms, deliver};
use crate::world::World;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

const BACKLOG: u32 = 4096;

/// A RecoBeat upstream on a socket. It runs on the runtime it was started on, until it is stopped
/// or dropped.
#[derive(Debug)]
pub struct Simulator {
    world: Arc<World>,
    addr: SocketAddr,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    /// Dropping it stops the server, too.
    stop: watch::Sender<()>,
    done: JoinHandle<()>,
}

impl Simulator {
    /// Grows the catalogue and listens. Fails if the address cannot be bound.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        let (seed, tracks) = (settings.seed, settings.tracks);
        let grown = tokio::task::spawn_blocking(move || Catalogue::grow(seed, tracks)).await;
        let catalogue = Arc::new(grown.map_err(io::Error::other)?);
        Self::start_with(catalogue, settings).await
    }

    /// Like [`Simulator::start`] with a catalogue that is already there, so that many tests can
    /// share one; `seed` and `tracks` of the settings are not used.
    #[expect(clippy::unused_async, reason = "needs a runtime, and says so by being async")]
    pub async fn start_with(catalogue: Arc<Catalogue>, settings: Settings) -> io::Result<Self> {
        let world = Arc::new(World::new(catalogue, settings.behaviour));
        let listener = listen(settings.listen)?;
        let addr = listener.local_addr()?;
        let running = Mutex::new(Some(Running::start(listener, &world)));
        Ok(Self { world, addr, running })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn catalogue(&self) -> &Catalogue {
        &self.world.catalogue
    }

    /// All API calls since the start or the last clearing, in order of arrival.
    pub fn log(&self) -> Vec<Call> {
        self.world.ledger.calls()
    }

    pub fn clear_log(&self) {
        self.world.ledger.clear();
    }

    /// Figures over [`Simulator::log`].
    pub fn stats(&self) -> Stats {
        self.world.ledger.stats()
    }

    /// Adds a rule behind those in force and returns its number.
    pub fn add_fault(&self, rule: Rule) -> u64 {
        held(&self.world.board).add(rule)
    }

    /// Takes a rule back; false if there is none with this number.
    pub fn remove_fault(&self, id: u64) -> bool {
        held(&self.world.board).remove(id)
    }

    pub fn clear_faults(&self) {
        held(&self.world.board).clear();
    }

    /// Changes the behaviour from the next call on.
    pub fn settings(&self, change: impl FnOnce(&mut Behaviour)) {
        self.world.change(change);
    }

    /// Kills the upstream: the listener closes and every connection is reset. Log, faults and
    /// settings stay. Returns when the port is free.
    pub async fn stop(&self) {
        let running = held(&self.running).take();
        if let Some(Running { stop, done }) = running {
            drop(stop);
            // The task ends by itself; that it panicked has been printed already.
            let _ = done.await;
        }
    }

    /// Comes back on the same address after [`Simulator::stop`]; does nothing while running.
    #[expect(clippy::unused_async, reason = "needs a runtime, and says so by being async")]
    pub async fn restart(&self) -> io::Result<()> {
        let mut running = held(&self.running);
        if running.is_none() {
            *running = Some(Running::start(listen(self.addr)?, &self.world));
        }
        Ok(())
    }
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

impl Running {
    fn start(listener: TcpListener, world: &Arc<World>) -> Self {
        let (stop, stopped) = watch::channel(());
        let done = tokio::spawn(accept(listener, Arc::clone(world), stopped));
        Self { stop, done }
    }
}

async fn accept(listener: TcpListener, world: Arc<World>, mut stopped: watch::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            _ = stopped.changed() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&world), stopped.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(mut stream: TcpStream, world: Arc<World>, mut stopped: watch::Receiver<()>) {
    // Small answers must not wait for the acknowledgement of earlier ones.
    let _ = stream.set_nodelay(true);
    let ending = tokio::select! {
        ending = converse(&mut stream, &world) => ending,
        _ = stopped.changed() => Ending::Reset,
    };
    if ending == Ending::Reset {
        let _ = stream.set_zero_linger();
    }
}

/// One request after the other.
async fn converse(stream: &mut TcpStream, world: &World) -> Ending {
    let mut inbox = Inbox::default();
    loop {
        let answered = match inbox.head(stream).await {
            Ok(None) => return Ending::Close,
            Ok(Some(head)) => exchange(stream, &mut inbox, &head, world).await,
            Err(broken) => Err(broken),
        };
        match answered {
            Ok(Ending::KeepAlive) => {}
            Ok(ending) => return ending,
            Err(broken) => return complain(stream, &broken).await,
        }
    }
}

async fn exchange(
    stream: &mut TcpStream,
    inbox: &mut Inbox,
    head: &Head,
    world: &World,
) -> Result<Ending, Broken> {
    let terms = Terms { keep_alive: head.keep_alive, head_only: head.method == "HEAD" };
    if head.path.starts_with(control::PREFIX) {
        let body = inbox.body(stream, head).await?;
        let reply = control::answer(world, head, &body);
        return Ok(deliver(stream, &reply, Delivery::Whole, terms, None).await?);
    }
    let open = world.ledger.arrive(&Arrival {
        method: &head.method,
        path: &head.path,
        query: &head.query,
        endpoint: Endpoint::of(&head.path).0,
        headers: &head.headers,
    });
    let admitted = world.admit(head, &open);
    let body = inbox.body(stream, head).await?;
    let verdict = match admitted {
        Ok(()) => world.judge(head, &body, &open),
        Err(verdict) => verdict,
    };
    if !verdict.after.is_zero() {
        tokio::time::sleep(verdict.after).await;
    }
    Ok(deliver(stream, &verdict.reply, verdict.delivery, terms, Some(open)).await?)
}

/// Says what was wrong with a request that could not be read, as far as anybody listens.
async fn complain(stream: &mut TcpStream, broken: &Broken) -> Ending {
    let status = match broken {
        Broken::Malformed(_) => 400,
        Broken::HeadTooLarge => 431,
        Broken::BodyTooLarge => 413,
        Broken::Io(_) => return Ending::Close,
    };
    let reply: Reply = Refusal::plain(status, 4002, broken.to_string()).reply("");
    let terms = Terms { keep_alive: false, head_only: false };
    let _ = deliver(stream, &reply, Delivery::Whole, terms, None).await;
    Ending::Close
}
