//! Where the proxy listens: the public side, its TLS, and the admin side.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Serialize;

use recobeat_ops::settings::Reader;
use recobeat_ops::settings::kind::{self, Kind, Parsed, file, optional, token};
use recobeat_ops::settings::secret::{debug_as_shown, hidden};

/// Certificate and key of the public listener, as PEM files that could be read at load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tls {
    /// The certificate, followed by its chain.
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// The admin listener. Off loopback it has a token.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Admin {
    pub listen: SocketAddr,
    /// The bearer token asked for, if any: visible ASCII, not empty. Never shown.
    #[serde(serialize_with = "hidden")]
    pub token: Option<String>,
}

debug_as_shown!(Admin);

impl Tls {
    pub(super) fn read(r: &mut Reader<'_>) -> Option<Self> {
        let cert = r.required("cert", file("a PEM file with a certificate").holding("BEGIN CERTIFICATE"));
        let key = r.required("key", file("a PEM file with a private key").holding("PRIVATE KEY"));
        Some(Self { cert: cert?, key: key? })
    }
}

impl Admin {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let admin = Self {
            listen: r.key("listen", SocketAddr::from(([127, 0, 0, 1], 9090)), address()),
            token: r.key("token", None, optional(token()).veiled()),
        };
        if !admin.listen.ip().is_loopback() && admin.token.is_none() {
            r.refuse(
                &["listen", "token"],
                format!(
                    "`admin.listen` is `{}`, which others can reach, but `admin.token` is not set",
                    admin.listen
                ),
                "set `admin.token`, best by RECOBEAT_ADMIN__TOKEN, or listen on 127.0.0.1: the admin \
                 side can purge the cache and shows the configuration",
            );
        }
        admin
    }
}

/// The key `listen` of the public side.
pub(super) fn read_listen(r: &mut Reader<'_>) -> SocketAddr {
    r.key("listen", SocketAddr::from(([127, 0, 0, 1], 8080)), address())
}

/// Refuses two listeners on one port.
pub(super) fn refuse_same(r: &mut Reader<'_>, listen: SocketAddr, admin: SocketAddr) {
    let (a, b) = (listen.ip(), admin.ip());
    let overlap = a == b || a.is_unspecified() || b.is_unspecified();
    // Port 0 takes any free port, each time another one.
    if overlap && listen.port() == admin.port() && listen.port() != 0 {
        r.refuse(
            &["admin.listen", "listen"],
            format!("`admin.listen` is `{admin}` and `listen` is `{listen}`, the same port"),
            "give the admin side a port of its own, such as 9090",
        );
    }
}

fn address() -> Parsed<SocketAddr> {
    kind::address("an address and port, such as 127.0.0.1:8080 or [::]:8080")
}
