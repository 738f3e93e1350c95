//! Tokens as an identity provider gives them out, and as forgers make them.
//!
//! The keys are for tests alone; they open nothing.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What tokens are signed with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Key {
    /// HS256.
    Secret(&'static str),
    /// RS256 with the key whose public half is [`Key::PUBLIC`].
    Private,
    /// RS256 with somebody else's key.
    Stranger,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Claims {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exp: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aud: Option<String>,
}

impl Key {
    pub(crate) const PUBLIC: &'static str = include_str!("rs256.pub.pem");
    pub(crate) const SECRET: Self = Self::Secret("a secret of more than thirty-two letters");

    /// The public key, taken for the secret of HS256.
    pub(crate) const CONFUSED: Self = Self::Secret(Self::PUBLIC);

    pub(crate) fn sign(self, claims: &Claims) -> String {
        let rsa = |pem: &str| EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a key of ours");
        let (algorithm, key) = match self {
            Self::Secret(secret) => (Algorithm::HS256, EncodingKey::from_secret(secret.as_bytes())),
            Self::Private => (Algorithm::RS256, rsa(include_str!("rs256.pem"))),
            Self::Stranger => (Algorithm::RS256, rsa(include_str!("stranger.pem"))),
        };
        encode(&Header::new(algorithm), claims, &key).expect("claims are JSON")
    }
}

impl Claims {
    /// Good for an hour.
    pub(crate) fn of(user: &str) -> Self {
        Self { sub: Some(user.to_owned()), exp: Some(now() + 3_600), iss: None, aud: None }
    }

    #[must_use]
    pub(crate) fn expired(self) -> Self {
        Self { exp: Some(now() - 3_600), ..self }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}
