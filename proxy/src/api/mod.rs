//! The `RecoBeat` API as data: endpoints, ids, canonical requests, rows and error bodies.
//!
//! Everything here is a pure function of bytes; nothing knows of caches, clocks or sockets.

mod endpoint;
mod error_body;
mod id;
mod query;
mod recommendation;
mod request;
mod row;

#[cfg(test)]
mod request_tests;

pub use endpoint::{ENDPOINTS, Endpoint, Entity, RowKind, Shape};
pub use error_body::{ErrorBody, ErrorCode, complaints};
pub use id::{Id, SpotifyId, Uuid};
pub use query::Malformed;
pub use recommendation::Recommendation;
pub use request::{Body, Call, Draw, Request, Row, Rows, classify, classify_target};
pub use row::{Extracted, ParsedRow, WrongShape, extract, join};
