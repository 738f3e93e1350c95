//! Names and addresses, with lookups that say what the test wants.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::stub::{nowhere, ok, serve};
use super::{get, get_within, settings};
use crate::budget::Permit;
use crate::upstream::resolver::Lookup;
use crate::upstream::{CallError, Client, Target, TargetError, TargetSettings};

pub(super) const NAME: &str = "upstream.test";

/// Fails the first lookups, then finds the addresses.
struct Fixed {
    addresses: Vec<SocketAddr>,
    failures: AtomicUsize,
    /// Each lookup waits for it, if there is one.
    gate: Option<Arc<Notify>>,
    /// Told of each lookup that finds something.
    found: Arc<Notify>,
}

#[async_trait]
impl Lookup for Fixed {
    async fn lookup(&self, host: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        assert_eq!(host, NAME);
        if let Some(gate) = &self.gate {
            gate.notified().await;
        }
        let left = |n: usize| n.checked_sub(1);
        let order = Ordering::SeqCst;
        if self.failures.fetch_update(order, order, left).is_ok() {
            return Err(io::Error::other("no such name"));
        }
        self.found.notify_one();
        Ok(self.addresses.clone())
    }
}

fn client_with(settings: TargetSettings, lookup: Fixed) -> Client {
    let target = Target::with_lookup(settings, Arc::new(lookup)).unwrap();
    tokio::spawn(target.keep_resolved());
    Client::new(Arc::new(target))
}

/// A client whose upstream resolves to these addresses.
pub(super) fn client_at(settings: TargetSettings, addresses: &[SocketAddr]) -> Client {
    client_with(
        settings,
        Fixed {
            addresses: addresses.to_vec(),
            failures: AtomicUsize::new(0),
            gate: None,
            found: Arc::default(),
        },
    )
}

fn named() -> TargetSettings {
    TargetSettings { host: NAME.into(), ..settings(SocketAddr::from(([127, 0, 0, 1], 80))) }
}

#[tokio::test]
async fn a_call_waits_for_the_first_lookup() {
    let (address, seen) = serve(|wire| wire.always(ok("{}"))).await;
    let gate = Arc::new(Notify::new());
    let lookup = Fixed {
        addresses: vec![address],
        failures: AtomicUsize::new(0),
        gate: Some(Arc::clone(&gate)),
        found: Arc::default(),
    };
    let client = client_with(named(), lookup);
    let (ended, ()) = tokio::join!(get(&client, "/"), async {
        tokio::task::yield_now().await;
        assert_eq!(seen.connections(), 0);
        gate.notify_one();
    });
    assert_eq!(ended.unwrap().body, "{}");
    assert!(seen.requests()[0].contains(&format!("Host: {NAME}\r\n")));
}

#[tokio::test]
async fn a_call_waits_for_a_lookup_no_longer_than_its_own_limit() {
    let lookup = Fixed {
        addresses: Vec::new(),
        failures: AtomicUsize::new(0),
        gate: Some(Arc::default()),
        found: Arc::default(),
    };
    let client = client_with(named(), lookup);
    let ended = get_within(&client, Duration::from_millis(50)).await;
    assert!(matches!(ended, Err(CallError::Timeout(_))), "{ended:?}");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_a_connect_error_until_it_does() {
    let (address, _) = serve(|wire| wire.always(ok("{}"))).await;
    let found = Arc::new(Notify::new());
    let lookup = Fixed {
        addresses: vec![address],
        failures: AtomicUsize::new(1),
        gate: None,
        found: Arc::clone(&found),
    };
    let client = client_with(named(), lookup);
    let ended = get(&client, "/").await;
    let Err(CallError::Connect(reason)) = ended else {
        panic!("{ended:?}");
    };
    assert!(reason.contains(NAME) && reason.contains("no such name"), "{reason}");
    found.notified().await;
    assert_eq!(get(&client, "/").await.unwrap().body, "{}");
}

#[tokio::test]
async fn the_next_address_is_tried_and_remembered() {
    let (address, _) = serve(|wire| wire.always(ok("{}"))).await;
    let lookup = Fixed {
        addresses: vec![nowhere().await, address],
        failures: AtomicUsize::new(0),
        gate: None,
        found: Arc::default(),
    };
    let target = Arc::new(Target::with_lookup(named(), Arc::new(lookup)).unwrap());
    tokio::spawn(target.keep_resolved());
    get(&Client::new(Arc::clone(&target)), "/").await.unwrap();
    let peer = target.peer(&Permit::unmetered()).await.unwrap();
    assert_eq!(peer._address.as_inet(), Some(&address));
}

#[tokio::test]
async fn all_addresses_failing_is_one_connect_error() {
    let (one, two) = (nowhere().await, nowhere().await);
    let ended = get(&client_at(named(), &[one, two]), "/").await;
    let Err(CallError::Connect(reason)) = ended else {
        panic!("{ended:?}");
    };
    assert!(reason.contains(&one.to_string()) && reason.contains(&two.to_string()));
}

#[tokio::test]
async fn a_peer_has_every_limit_set() {
    let (address, _) = serve(|wire| wire.always(ok("{}"))).await;
    let settings = settings(address);
    let connect = settings.connect_timeout;
    let target = Target::new(settings).unwrap();
    let peer = target.peer(&Permit::unmetered()).await.unwrap();
    assert_eq!(peer._address.as_inet(), Some(&address));
    let options = &peer.options;
    assert_eq!(options.connection_timeout, Some(connect));
    assert_eq!(options.total_connection_timeout, Some(connect));
    assert!(options.read_timeout.is_some() && options.write_timeout.is_some());
    assert!(options.idle_timeout.is_some() && options.tcp_keepalive.is_some());
    assert!(options.verify_cert && options.verify_hostname && !peer.sni.is_empty());
}

#[test]
fn settings_that_make_no_upstream_are_refused() {
    let with = |change: fn(&mut TargetSettings)| {
        let mut bad = named();
        change(&mut bad);
        Target::new(bad).err().unwrap()
    };
    assert!(matches!(with(|s| s.host = "two words".into()), TargetError::Host(_)));
    assert!(matches!(with(|s| s.host = String::new()), TargetError::Host(_)));
    assert!(matches!(with(|s| s.prefix = "base".into()), TargetError::Prefix(_)));
    assert!(matches!(with(|s| s.prefix = "/b?c".into()), TargetError::Prefix(_)));
    assert!(matches!(with(|s| s.user_agent = "a\nb".into()), TargetError::UserAgent(_)));
}

#[test]
fn the_authority_names_an_unusual_port_and_brackets_ipv6() {
    let authority = |https, host: &str, port| {
        let settings = TargetSettings { https, host: host.into(), port, ..named() };
        let target = Target::new(settings).unwrap();
        target.authority().to_str().unwrap().to_owned()
    };
    assert_eq!(authority(true, "api.test", 443), "api.test");
    assert_eq!(authority(false, "api.test", 443), "api.test:443");
    assert_eq!(authority(false, "[::1]", 8080), "[::1]:8080");
    assert_eq!(authority(false, "::1", 80), "[::1]");
}
