//! HTTP/1.1 by hand.
//!
//! A web framework answers correctly, and that is the trouble: half of this simulator's work is to
//! answer *in*correctly: reset in the middle of a body, promise more bytes than come, never
//! answer. All of that needs the socket. What is left of HTTP/1.1 (heads, two kinds of body,
//! keep-alive) fits in two small files.

mod delivery;
mod inbox;

pub(crate) use delivery::{Delivery, Ending, Terms, deliver};
pub(crate) use inbox::{Broken, Head, Inbox};
