use std::time::Duration;

use async_trait::async_trait;
use http::{Method, StatusCode};
use pingora::upstreams::peer::HttpPeer;

use crate::engine::{Answer, Caller};

/// What the front asks of the layers below.
#[async_trait]
pub trait Service: Send + Sync + 'static {
    /// The right to one upstream call; dropping it frees the slot it occupies.
    type Permit: Send + Sync + 'static;

    /// The answer to a request, `path` and `query` percent-encoded as they came.
    /// `None`: not ours to answer (unknown route, upload, other method), stream it through.
    async fn answer(
        &self,
        method: &Method,
        path: &str,
        query: Option<&str>,
        caller: &Caller,
    ) -> Option<Answer>;

    /// A permit for one call that is streamed through, or the refusal (429 or 503).
    async fn pass(&self, path: &str, caller: &Caller) -> Result<Self::Permit, Answer>;

    /// Where the permit's call goes, with its timeouts. Never resolves names: the addresses are
    /// kept fresh in the background, and only their first arrival is waited for.
    async fn peer(&self, path: &str, permit: &Self::Permit) -> Result<Box<HttpPeer>, Answer>;

    /// The permit's request is being sent now.
    fn departs(&self, permit: &mut Self::Permit) {
        let _ = permit;
    }

    /// A peer could not be connected to: others are better tried first.
    fn unreachable(&self, peer: &HttpPeer) {
        let _ = peer;
    }

    /// How a streamed call came out, so that a 429 met here pauses everyone too. A body that breaks
    /// off is reported twice: replied, then failed.
    fn observed(&self, outcome: Outcome) {
        let _ = outcome;
    }
}

/// What became of a call that was streamed through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The upstream answered.
    Replied {
        /// Its status.
        status: StatusCode,
        /// Its `Retry-After`, in either form, as a distance from now; not yet capped.
        retry_after: Option<Duration>,
    },
    /// No answer: not connected, timed out, or broken off.
    Failed,
}
