//! Who calls, as arguments of handlers: a handler that takes none of these is open to everybody.
//!
//! The address is counted before the token is looked at, so that guessing is limited too. Where all
//! users come through one service, its address says nothing: only those who show no good token count.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;

use super::App;
use super::error::ApiError;
use crate::auth::{Caller, Denied, Evidence};
use crate::limits::Class;

/// Whoever it is, counted by address.
#[derive(Debug)]
pub(super) struct Anyone;

/// A user, named.
#[derive(Debug)]
pub(super) struct User(pub(super) String);

/// A user whose browser cannot send headers: the token may stand in the query, `access_token`.
#[derive(Debug)]
pub(super) struct Listener(pub(super) String);

/// Whoever runs the service.
#[derive(Debug)]
pub(super) struct Operator;

impl FromRequestParts<App> for User {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        Ok(Self(caller(parts, app, None).await?.user))
    }
}

impl FromRequestParts<App> for Listener {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = access_token(parts.uri.query().unwrap_or_default());
        Ok(Self(caller(parts, app, token.as_deref()).await?.user))
    }
}

impl FromRequestParts<App> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        admitted(parts, app, None, |evidence| app.gate.operator(evidence)).await.map(|()| Self)
    }
}

impl FromRequestParts<App> for Anyone {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        counted(peer(parts), app).await.map(|()| Self)
    }
}

async fn caller(parts: &Parts, app: &App, query_token: Option<&str>) -> Result<Caller, ApiError> {
    admitted(parts, app, query_token, |evidence| app.gate.caller(evidence)).await
}

/// What the gate says, with the address counted.
async fn admitted<T>(
    parts: &Parts,
    app: &App,
    query_token: Option<&str>,
    ask: impl FnOnce(Evidence<'_>) -> Result<T, Denied>,
) -> Result<T, ApiError> {
    let peer = peer(parts);
    let behind = app.gate.is_behind_a_service();
    if !behind {
        counted(peer, app).await?;
    }
    let answer = ask(Evidence { peer, headers: &parts.headers, query_token });
    if behind && answer.is_err() {
        counted(peer, app).await?;
    }
    Ok(answer?)
}

fn peer(parts: &Parts) -> Option<SocketAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
}

async fn counted(peer: Option<SocketAddr>, app: &App) -> Result<(), ApiError> {
    if let Some(peer) = peer {
        app.limiter.admit(Class::Address, &place(peer.ip()).to_string()).await?;
    }
    Ok(())
}

/// One household has 2⁶⁴ addresses of version 6.
fn place(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        ip @ IpAddr::V4(_) => ip,
    }
}

fn access_token(query: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("access_token="))?;
    percent_encoding::percent_decode_str(value).decode_utf8().ok().map(Into::into)
}
