//! Who may call, and how they show who they are.
//!
//! What is refused here would let in nobody or anybody: a way to sign in without a key, an open door
//! on a network, a public key taken for a secret, which everybody who has it could sign with.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Serialize;

use recobeat_ops::settings::kind::{Fault, Kind, Parsed, choice, file, optional, parsed, token, words};
use recobeat_ops::settings::secret::{debug_as_shown, hidden};
use recobeat_ops::settings::{Reader, defaults};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// Everybody is `local` (or says who they are by `x-user-id`); loopback only, never behind a
    /// forwarding proxy.
    Open,
    /// Bearer JWT.
    Jwt,
    /// A service token and `x-user-id`.
    Service,
}

#[derive(Clone, PartialEq, Serialize)]
pub struct Auth {
    pub mode: AuthMode,
    pub jwt: Jwt,
    #[serde(serialize_with = "hidden")]
    pub service_token: Option<String>,
    /// Opens the endpoints of operators. In `open` mode without one they are open too.
    #[serde(serialize_with = "hidden")]
    pub admin_token: Option<String>,
}

/// One algorithm, one key: HS* and RS* never share one.
#[derive(Clone, PartialEq, Serialize)]
pub struct Jwt {
    /// `HS256`, `HS384`, `HS512`, `RS256`, `RS384`, `RS512`, `ES256`, `ES384`, `EdDSA`.
    pub algorithm: String,
    /// The secret of HS*, the public key in PEM of the others.
    #[serde(serialize_with = "hidden")]
    pub key: Option<String>,
    /// A JWK set; keys are chosen by `kid`.
    pub jwks_file: Option<PathBuf>,
    /// Checked when set.
    pub issuer: Option<String>,
    /// Checked when set.
    pub audience: Option<String>,
}

debug_as_shown!(Auth, Jwt);

/// Characters of a secret at least: as many bytes as the shortest hash has (RFC 7518 §3.2).
const SECRET: usize = 32;

const ALGORITHMS: &[(&str, &str)] = &[
    ("RS256", "RS256"),
    ("RS384", "RS384"),
    ("RS512", "RS512"),
    ("ES256", "ES256"),
    ("ES384", "ES384"),
    ("EdDSA", "EdDSA"),
    ("HS256", "HS256"),
    ("HS384", "HS384"),
    ("HS512", "HS512"),
];

impl Auth {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let modes = &[("open", AuthMode::Open), ("jwt", AuthMode::Jwt), ("service", AuthMode::Service)];
        let auth = Self {
            mode: r.key("mode", AuthMode::Open, choice(modes)),
            jwt: r.section("jwt", Jwt::read),
            service_token: r.key("service_token", None, optional(token()).veiled()),
            admin_token: r.key("admin_token", None, optional(token()).veiled()),
        };
        if auth.mode == AuthMode::Jwt && auth.jwt.key.is_none() && auth.jwt.jwks_file.is_none() {
            r.refuse(
                &["mode", "jwt.key", "jwt.jwks_file"],
                "`auth.mode` is `jwt`, but there is no key to check tokens with",
                "set `auth.jwt.key`, best by RECOMMENDER_AUTH__JWT__KEY, or `auth.jwt.jwks_file`",
            );
        }
        if auth.mode == AuthMode::Service && auth.service_token.is_none() {
            r.refuse(
                &["mode", "service_token"],
                "`auth.mode` is `service`, but `auth.service_token` is not set",
                "set it, best by RECOMMENDER_AUTH__SERVICE_TOKEN; the calling service sends it as bearer token",
            );
        }
        if auth.service_token.is_some() && auth.service_token == auth.admin_token {
            r.refuse(
                &["admin_token", "service_token"],
                "`auth.admin_token` and `auth.service_token` are the same",
                "give operators a token of their own",
            );
        }
        auth
    }
}

impl Default for Auth {
    fn default() -> Self {
        defaults(Self::read)
    }
}

impl Jwt {
    fn read(r: &mut Reader<'_>) -> Self {
        let claim = || optional(words("a text"));
        let jwt = Self {
            algorithm: r.key("algorithm", "RS256", choice(ALGORITHMS)).to_owned(),
            key: r.key("key", None, optional(key()).veiled()),
            jwks_file: r.key("jwks_file", None, optional(file("the path of a JWK set"))),
            issuer: r.key("issuer", None, claim()),
            audience: r.key("audience", None, claim()),
        };
        jwt.refuse_wrong_key(r);
        jwt
    }

    fn refuse_wrong_key(&self, r: &mut Reader<'_>) {
        let algorithm = &self.algorithm;
        let symmetric = algorithm.starts_with("HS");
        if self.jwks_file.is_some() && (symmetric || self.key.is_some()) {
            let (message, help) = if symmetric {
                (
                    format!("`auth.jwt.jwks_file` is set, but `{algorithm}` needs a secret"),
                    "set `auth.jwt.key`",
                )
            } else {
                ("`auth.jwt.jwks_file` and `auth.jwt.key` are both set".to_owned(), "keep one of the two")
            };
            r.refuse(&["jwks_file", "key", "algorithm"], message, help);
        }
        let Some(key) = &self.key else { return };
        let refusal = match (symmetric, pem(key)) {
            (true, Some(_)) => Some((
                format!("`auth.jwt.key` is a PEM key, but `{algorithm}` needs a secret"),
                "whoever has the public key could sign tokens: set `auth.jwt.algorithm` to RS256, ES256 or EdDSA, \
                 or give a random secret"
                    .to_owned(),
            )),
            (true, None) if key.len() < SECRET => Some((
                format!("`auth.jwt.key` has {} characters, which can be guessed", key.len()),
                format!("give a random secret of {SECRET} characters or more: openssl rand -hex 32"),
            )),
            (true, None) | (false, Some(Pem::Public)) => None,
            (false, Some(Pem::Private)) => Some((
                "`auth.jwt.key` is a private key".to_owned(),
                "give the public key, here one only checks: openssl pkey -in private.pem -pubout".to_owned(),
            )),
            (false, None) => Some((
                format!("`auth.jwt.key` is no public key in PEM, which `{algorithm}` needs"),
                "give all of it, from -----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY-----; for a secret set \
                 `auth.jwt.algorithm` to HS256"
                    .to_owned(),
            )),
        };
        if let Some((message, help)) = refusal {
            r.refuse(&["key", "algorithm"], message, help);
        }
    }
}

enum Pem {
    Public,
    Private,
}

/// What kind of key in PEM a text holds.
fn pem(text: &str) -> Option<Pem> {
    let begins = |label: &str| text.contains(&format!("-----BEGIN {label}"));
    let public = ["PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE"];
    if public.into_iter().any(begins) {
        Some(Pem::Public)
    } else {
        text.contains("-----BEGIN ").then_some(Pem::Private)
    }
}

/// A key; one in PEM may have come through the environment as one line with `\n` in it.
fn key() -> Parsed<String> {
    parsed("a secret, or a public key in PEM", |text| {
        if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
            return Err(Fault::why("has control characters"));
        }
        let one_line = text.contains("-----BEGIN ") && !text.contains('\n');
        Ok(if one_line { text.replace("\\n", "\n") } else { text.to_owned() })
    })
}

/// Refuses an open door on a network.
pub(super) fn refuse_open(r: &mut Reader<'_>, listen: SocketAddr, auth: &Auth) {
    if auth.mode == AuthMode::Open && !listen.ip().is_loopback() {
        r.refuse(
            &["listen", "auth.mode"],
            format!("`listen` is `{listen}`, which others can reach, but `auth.mode` is `open`"),
            "set `auth.mode` to jwt or service, or listen on 127.0.0.1: in `open` mode everybody is the same user",
        );
    }
}
