//! Who is calling.
//!
//! Three modes, one question: the [`Gate`] turns what a request shows ([`Evidence`]) into a
//! [`Caller`], or says why not. `open` is for one machine only, so it asks where the request comes
//! from instead of what it carries. Operators are told apart by a token of their own, whatever the
//! mode: no user's token opens their endpoints, and theirs opens nobody's playlists.

mod jwt;
mod open;
mod secret;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::config::{self, AuthMode};
use jwt::Verifier;
use secret::Secret;

/// The user of a request in `open` mode that names none.
pub const LOCAL_USER: &str = "local";

/// Whose rows the request may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// 1 to 200 characters.
    pub user: String,
}

/// What a request shows of its sender.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    pub peer: Option<SocketAddr>,
    pub headers: &'a HeaderMap,
    /// A token from the query, where browsers cannot send headers.
    pub query_token: Option<&'a str>,
}

/// Why a request is turned away. The texts are for the sender and tell nothing about the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// 401: nothing was shown, or nothing that can be believed.
    #[error("{0}")]
    Unknown(&'static str),
    /// 403: who it is does not matter.
    #[error("{0}")]
    Forbidden(&'static str),
}

/// A configuration that would let in nobody, or anybody.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error(
        "auth.jwt.algorithm: `{0}` is unknown; give RS256, RS384, RS512, ES256, ES384, EdDSA, HS256, HS384 or HS512"
    )]
    Algorithm(String),
    #[error("auth.mode is jwt: set auth.jwt.key or auth.jwt.jwks_file")]
    NoKey,
    #[error("auth.jwt.key is no key for {algorithm}: {reason}")]
    Key { algorithm: String, reason: String },
    #[error("auth.jwt.jwks_file {path}: {reason}")]
    KeySet { path: String, reason: String },
    #[error("auth.mode is service: set auth.service_token")]
    NoServiceToken,
    #[error("{0} is empty or shorter than 16 characters: anybody could guess it")]
    WeakToken(&'static str),
    #[error("auth.service_token and auth.admin_token are the same: every user would be an operator")]
    SameTokens,
}

#[derive(Debug)]
enum Mode {
    Open(open::Neighbourhood),
    Jwt(Box<Verifier>),
    Service(Secret),
}

/// Answers for every request who sent it.
#[derive(Debug)]
pub struct Gate {
    mode: Mode,
    admin: Option<Secret>,
}

impl Gate {
    /// `cors` lists the origins that `open` mode trusts beside this machine's own.
    pub fn new(auth: &config::Auth, cors: &config::Cors) -> Result<Self, AuthError> {
        let admin = Secret::optional(auth.admin_token.as_deref(), "auth.admin_token")?;
        let mode = match auth.mode {
            AuthMode::Open => Mode::Open(open::Neighbourhood::new(&cors.allowed_origins)),
            AuthMode::Jwt => Mode::Jwt(Box::new(Verifier::new(&auth.jwt)?)),
            AuthMode::Service => {
                let token = Secret::optional(auth.service_token.as_deref(), "auth.service_token")?;
                Mode::Service(token.ok_or(AuthError::NoServiceToken)?)
            }
        };
        if auth.admin_token.is_some() && auth.admin_token == auth.service_token {
            return Err(AuthError::SameTokens);
        }
        Ok(Self { mode, admin })
    }

    /// The user who calls.
    pub fn caller(&self, evidence: Evidence<'_>) -> Result<Caller, Denied> {
        let user = match &self.mode {
            Mode::Open(neighbourhood) => {
                neighbourhood.check(evidence)?;
                named_user(evidence.headers)?.unwrap_or_else(|| LOCAL_USER.to_owned())
            }
            Mode::Jwt(verifier) => {
                let token = bearer(evidence).ok_or(Denied::Unknown("a bearer token is needed"))?;
                verifier.subject(token)?
            }
            Mode::Service(secret) => {
                let token =
                    bearer(evidence).ok_or(Denied::Unknown("the service's bearer token is needed"))?;
                if !secret.is(token) {
                    return Err(Denied::Unknown("the bearer token is not the service's"));
                }
                named_user(evidence.headers)?.ok_or(Denied::Unknown("x-user-id must name the user"))?
            }
        };
        Ok(Caller { user })
    }

    /// Lets operators pass, and nobody else.
    pub fn operator(&self, evidence: Evidence<'_>) -> Result<(), Denied> {
        match (&self.admin, &self.mode) {
            (Some(secret), _) => match bearer(evidence) {
                Some(token) if secret.is(token) => Ok(()),
                Some(_) => Err(Denied::Forbidden("the bearer token is not the operators'")),
                None => Err(Denied::Unknown("the operators' bearer token is needed")),
            },
            (None, Mode::Open(neighbourhood)) => neighbourhood.check(evidence),
            (None, _) => Err(Denied::Forbidden("closed: no token is set for operators")),
        }
    }

    /// Whether all users come through one service, and so from its address.
    pub fn is_behind_a_service(&self) -> bool {
        matches!(self.mode, Mode::Service(_))
    }

    /// As in the configuration.
    pub fn mode(&self) -> &'static str {
        match self.mode {
            Mode::Open(_) => "open",
            Mode::Jwt(_) => "jwt",
            Mode::Service(_) => "service",
        }
    }
}

/// The token of `Authorization: Bearer …`, else that of the query. Two headers are none.
fn bearer(evidence: Evidence<'_>) -> Option<&str> {
    let mut values = evidence.headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return evidence.query_token };
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// `x-user-id`, believed only where the mode says so.
fn named_user(headers: &HeaderMap) -> Result<Option<String>, Denied> {
    let mut values = headers.get_all("x-user-id").iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Denied::Unknown("x-user-id is there twice"));
    }
    let text = str::from_utf8(value.as_bytes()).ok();
    match text.and_then(user) {
        Some(user) => Ok(Some(user)),
        None => Err(Denied::Unknown("x-user-id must be 1 to 200 characters without blanks around")),
    }
}

/// A name that may own rows.
fn user(text: &str) -> Option<String> {
    // Refused, not trimmed: two names must not be one user.
    let good = !text.is_empty()
        && text.trim() == text
        && text.chars().count() <= 200
        && !text.chars().any(char::is_control);
    good.then(|| text.to_owned())
}
