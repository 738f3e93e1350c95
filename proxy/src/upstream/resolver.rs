//! The upstream's current addresses, kept fresh in the background.
//!
//! No request ever waits for DNS: a task looks the name up at start, every [`REFRESH`], and soon
//! after somebody could not connect. A failed lookup never takes addresses away; the last good
//! ones stay until a lookup brings others. Only before the first outcome does a call wait, and
//! once that outcome is a failure it is told so at once instead of sitting out its timeout.
//!
//! The order is sticky. An address keeps its place while lookups return it, whatever order they
//! return, because the connection pool is keyed by address and a shuffled answer would orphan
//! idle connections. One that cannot be connected to goes to the back and stays there.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

/// Time between lookups while they succeed.
const REFRESH: Duration = Duration::from_secs(30);
/// Time to the next lookup after one failed or a connection did; also the least between two.
const SOON: Duration = Duration::from_secs(1);
/// A lookup that takes longer has failed. The system's resolver has its own, longer limits.
const LOOKUP_LIMIT: Duration = Duration::from_secs(10);

/// Where addresses come from; the tests bring their own.
#[async_trait]
pub(super) trait Lookup: Send + Sync + 'static {
    async fn lookup(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The operating system's resolver, on the runtime's blocking threads.
pub(super) struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }
}

/// What is known about the name.
#[derive(Debug, Clone)]
enum Known {
    /// No lookup has ended yet.
    Nothing,
    /// Never empty.
    Addresses(Arc<[SocketAddr]>),
    /// Every lookup so far failed; the last one's reason.
    Failure(Arc<str>),
}

/// The addresses, shared between callers and the task that keeps them.
pub(super) struct Addresses {
    known: watch::Sender<Known>,
    /// Wakes the task ahead of time. In its own `Arc` so that waiting keeps nothing else alive.
    hurry: Arc<Notify>,
}

impl Addresses {
    /// Addresses that a lookup has yet to bring.
    pub(super) fn unknown() -> Self {
        Self::starting_with(Known::Nothing)
    }

    /// The one address of a host given as a literal.
    pub(super) fn fixed(ip: IpAddr, port: u16) -> Self {
        Self::starting_with(Known::Addresses(Arc::from([SocketAddr::new(ip, port)])))
    }

    fn starting_with(known: Known) -> Self {
        Self { known: watch::Sender::new(known), hurry: Arc::default() }
    }

    /// The addresses in the order to try them, waiting for the first outcome if there is none.
    /// The error is the reason of the last failed lookup.
    pub(super) async fn get(&self) -> Result<Arc<[SocketAddr]>, Arc<str>> {
        let mut watched = self.known.subscribe();
        // The sender is `self`, so the wait cannot end in a closed channel.
        let known = match watched.wait_for(|k| !matches!(k, Known::Nothing)).await {
            Ok(known) => known.clone(),
            Err(_) => Known::Failure(Arc::from("the resolver is gone")),
        };
        match known {
            Known::Addresses(addresses) => Ok(addresses),
            Known::Failure(reason) => Err(reason),
            Known::Nothing => Err(Arc::from("no lookup has ended")),
        }
    }

    /// Moves an address that could not be connected to behind the others, and asks for a lookup.
    pub(super) fn unreachable(&self, address: SocketAddr) {
        self.known.send_if_modified(|known| {
            let Known::Addresses(current) = known else {
                return false;
            };
            *current = current
                .iter()
                .filter(|a| **a != address)
                .chain(current.iter().filter(|a| **a == address))
                .copied()
                .collect();
            false
        });
        self.hurry.notify_one();
    }

    /// Takes a lookup's outcome in. One log line per change of state, none for sameness.
    fn learn(&self, outcome: io::Result<Vec<SocketAddr>>, host: &str, failing: &mut bool) {
        let found = outcome.and_then(|found| {
            if found.is_empty() { Err(io::Error::other("the name has no address")) } else { Ok(found) }
        });
        match found {
            Ok(found) => {
                let changed = self.known.send_if_modified(|known| {
                    let old: &[SocketAddr] = match known {
                        Known::Addresses(old) => old,
                        Known::Nothing | Known::Failure(_) => &[],
                    };
                    let merged = merge(old, &found);
                    let changed = merged != old;
                    if changed {
                        *known = Known::Addresses(merged.into());
                    }
                    changed
                });
                if changed || *failing {
                    tracing::info!(host, addresses = ?found, "upstream resolved");
                }
                *failing = false;
            }
            Err(error) => {
                if !*failing {
                    tracing::warn!(host, %error, "upstream lookup fails, last addresses kept");
                }
                *failing = true;
                self.known.send_if_modified(|known| {
                    if matches!(known, Known::Addresses(_)) {
                        return false;
                    }
                    *known = Known::Failure(error.to_string().into());
                    true
                });
            }
        }
    }
}

/// The addresses of `found`: those of `old` first and in their order, then the new ones with the
/// two families alternating (RFC 8305 §4), so that a dead family costs one attempt, not many.
fn merge(old: &[SocketAddr], found: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut merged: Vec<_> = old.iter().copied().filter(|a| found.contains(a)).collect();
    let mut seen: HashSet<_> = merged.iter().copied().collect();
    let new: Vec<_> = found.iter().copied().filter(|a| seen.insert(*a)).collect();
    let first_is_v4 = new.first().is_some_and(SocketAddr::is_ipv4);
    let (preferred, other): (Vec<_>, Vec<_>) = new.into_iter().partition(|a| a.is_ipv4() == first_is_v4);
    let mut other = other.into_iter();
    for address in preferred {
        merged.push(address);
        merged.extend(other.next());
    }
    merged.extend(other);
    merged
}

/// Looks the name up until nobody holds the addresses any more.
pub(super) async fn keep_resolved(
    addresses: Weak<Addresses>,
    lookup: Arc<dyn Lookup>,
    host: String,
    port: u16,
) {
    let mut failing = false;
    loop {
        let outcome = match timeout(LOOKUP_LIMIT, lookup.lookup(&host, port)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(io::Error::other("the lookup took too long")),
        };
        let hurry = {
            let Some(addresses) = addresses.upgrade() else {
                return;
            };
            addresses.learn(outcome, &host, &mut failing);
            Arc::clone(&addresses.hurry)
        };
        sleep(SOON).await;
        if !failing {
            tokio::select! {
                () = sleep(REFRESH.saturating_sub(SOON)) => {}
                () = hurry.notified() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// Fails while `answers` says so; counts how often it was asked.
    struct Scripted {
        asked: AtomicUsize,
        answer: fn(usize) -> io::Result<Vec<SocketAddr>>,
    }

    #[async_trait]
    impl Lookup for Scripted {
        async fn lookup(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
            (self.answer)(self.asked.fetch_add(1, Ordering::Relaxed))
        }
    }

    fn keep(answer: fn(usize) -> io::Result<Vec<SocketAddr>>) -> (Arc<Addresses>, Arc<Scripted>) {
        let addresses = Arc::new(Addresses::unknown());
        let lookup = Arc::new(Scripted { asked: AtomicUsize::new(0), answer });
        tokio::spawn(keep_resolved(Arc::downgrade(&addresses), lookup.clone(), "upstream.test".into(), 443));
        (addresses, lookup)
    }

    #[test]
    fn known_addresses_keep_their_order() {
        let old = [at("10.0.0.2:1"), at("10.0.0.1:1")];
        let found = [at("10.0.0.1:1"), at("10.0.0.3:1"), at("10.0.0.2:1")];
        assert_eq!(merge(&old, &found), [at("10.0.0.2:1"), at("10.0.0.1:1"), at("10.0.0.3:1")]);
    }

    #[test]
    fn new_addresses_alternate_between_the_families() {
        let found = [at("[::1]:1"), at("[::2]:1"), at("10.0.0.1:1")];
        assert_eq!(merge(&[], &found), [at("[::1]:1"), at("10.0.0.1:1"), at("[::2]:1")]);
    }

    #[test]
    fn vanished_and_repeated_addresses_are_dropped() {
        let old = [at("10.0.0.9:1")];
        let found = [at("10.0.0.1:1"), at("10.0.0.1:1")];
        assert_eq!(merge(&old, &found), [at("10.0.0.1:1")]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_lookup_keeps_the_last_good_addresses() {
        let (addresses, lookup) = keep(|n| match n {
            0 => Ok(vec![at("10.0.0.1:443")]),
            _ => Err(io::Error::other("no server")),
        });
        assert_eq!(*addresses.get().await.unwrap(), [at("10.0.0.1:443")]);
        sleep(REFRESH * 2).await;
        assert!(lookup.asked.load(Ordering::Relaxed) > 1);
        assert_eq!(*addresses.get().await.unwrap(), [at("10.0.0.1:443")]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_that_never_resolved_says_why_and_recovers() {
        let (addresses, _) = keep(|n| match n {
            0 | 1 => Err(io::Error::other("no such name")),
            _ => Ok(vec![at("10.0.0.1:443")]),
        });
        assert_eq!(&*addresses.get().await.unwrap_err(), "no such name");
        sleep(SOON * 3).await;
        assert_eq!(*addresses.get().await.unwrap(), [at("10.0.0.1:443")]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unreachable_address_goes_last_and_brings_a_lookup_forward() {
        let (addresses, lookup) = keep(|_| Ok(vec![at("10.0.0.1:443"), at("10.0.0.2:443")]));
        addresses.get().await.unwrap();
        addresses.unreachable(at("10.0.0.1:443"));
        sleep(SOON * 2).await;
        assert_eq!(lookup.asked.load(Ordering::Relaxed), 2);
        assert_eq!(*addresses.get().await.unwrap(), [at("10.0.0.2:443"), at("10.0.0.1:443")]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_task_ends_with_the_last_holder_of_the_addresses() {
        let (addresses, lookup) = keep(|_| Ok(vec![at("10.0.0.1:443")]));
        addresses.get().await.unwrap();
        drop(addresses);
        sleep(REFRESH * 10).await;
        assert_eq!(lookup.asked.load(Ordering::Relaxed), 2);
    }
}
