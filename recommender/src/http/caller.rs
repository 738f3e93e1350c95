//! Who calls, as arguments of handlers: a handler that takes none of these is open to everybody.
//!
//! The address is counted before the token is looked at, so that guessing is limited too.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;

use super::App;
use super::error::ApiError;
use crate::auth::{Caller, Evidence};
use crate::limits::Class;

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
        let evidence = counted(parts, app).await?;
        Ok(Self(app.gate.caller(evidence)?.user))
    }
}

impl FromRequestParts<App> for Listener {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = access_token(parts.uri.query().unwrap_or_default());
        let evidence = Evidence { query_token: token.as_deref(), ..counted(parts, app).await? };
        let Caller { user, .. } = app.gate.caller(evidence)?;
        Ok(Self(user))
    }
}

impl FromRequestParts<App> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let evidence = counted(parts, app).await?;
        app.gate.operator(evidence)?;
        Ok(Self)
    }
}

async fn counted<'a>(parts: &'a Parts, app: &App) -> Result<Evidence<'a>, ApiError> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    if let Some(peer) = peer {
        app.limiter.admit(Class::Address, &place(peer.ip()).to_string()).await?;
    }
    Ok(Evidence { peer, headers: &parts.headers, query_token: None })
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
