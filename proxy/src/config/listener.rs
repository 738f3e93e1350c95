//! Where the proxy listens: the public side, its TLS, and the admin side.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::kind::{Fault, Kind, Parsed, file, optional, parsed};
use super::reader::Reader;
use super::secret::HIDDEN;

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

impl Tls {
    pub(super) fn read(r: &mut Reader<'_>) -> Option<Self> {
        let cert = r.required("cert", file("a PEM file with a certificate", "BEGIN CERTIFICATE"));
        let key = r.required("key", file("a PEM file with a private key", "PRIVATE KEY"));
        Some(Self { cert: cert?, key: key? })
    }
}

impl Admin {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let admin = Self {
            listen: r.key("listen", SocketAddr::from(([127, 0, 0, 1], 9090)), address()),
            token: r.key(
                "token",
                None,
                optional(parsed("visible ASCII characters without spaces", token)).veiled(),
            ),
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

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token.as_ref().map(|_| HIDDEN);
        f.debug_struct("Admin").field("listen", &self.listen).field("token", &token).finish()
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
    parsed("an address and port, such as 127.0.0.1:8080 or [::]:8080", |text| {
        text.parse().map_err(|_| {
            let port = text.rsplit(':').next().unwrap_or_default();
            let fault = Fault::wrong();
            if text.starts_with("localhost:") {
                fault.help(format!("names are not looked up: write 127.0.0.1:{port}"))
            } else if port.parse::<u16>().is_ok() && text.trim_start_matches(':') == port {
                fault.help(format!(
                    "write 127.0.0.1:{port} for this machine only, 0.0.0.0:{port} for all networks"
                ))
            } else {
                fault.help("write an IP address, a colon and a port up to 65535")
            }
        })
    })
}

fn token(text: &str) -> Result<String, Fault> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err(Fault::why("has characters that cannot stand in a header"))
    }
}

#[allow(clippy::ref_option)] // the signature serde asks for
fn hidden<S: Serializer>(token: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    token.as_ref().map(|_| HIDDEN).serialize(serializer)
}
