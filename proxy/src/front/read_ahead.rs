//! A slow reader must not hold an upstream slot.
//!
//! Pingora reads from the upstream no faster than the client does. So the first [`ENOUGH`] bytes
//! of a streamed answer are collected before any of them is written: an answer that fits gives its
//! permit back at the upstream's speed, a larger one is bounded by the write timeout and by the
//! limit for the whole stream.
//!
//! This is a Pingora module and not a filter of the proxy, because only modules are asked for
//! what they hold when a body ends without a last piece: with trailers, or with an empty HTTP/2
//! frame.

use std::any::Any;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use pingora::Result;
use pingora::modules::http::{HttpModule, HttpModuleBuilder, Module};

/// Bytes taken from the upstream before the client gets any.
const ENOUGH: usize = 256 * 1024;

/// One answer on its way. Does nothing until [`ReadAhead::begin`].
pub(super) struct ReadAhead<P> {
    permit: Option<P>,
    held: BytesMut,
    collecting: bool,
}

impl<P> ReadAhead<P> {
    fn idle() -> Self {
        Self { permit: None, held: BytesMut::new(), collecting: false }
    }

    /// Collects the answer of the permit's call.
    pub(super) fn begin(&mut self, permit: P) {
        self.permit = Some(permit);
        self.collecting = true;
    }

    /// The permit of the call that runs.
    pub(super) fn permit(&mut self) -> Option<&mut P> {
        self.permit.as_mut()
    }

    /// The call is over, however it ended.
    pub(super) fn end(&mut self) {
        self.permit = None;
        self.collecting = false;
    }

    fn pass(&mut self, body: &mut Option<Bytes>, last: bool) {
        if self.collecting {
            if let Some(bytes) = body.take() {
                self.held.extend_from_slice(&bytes);
            }
            if last || self.held.len() >= ENOUGH {
                self.collecting = false;
                *body = Some(self.held.split().freeze());
            }
        }
        if last {
            self.end();
        }
    }

    /// What is left when there is no last piece.
    fn rest(&mut self) -> Option<Bytes> {
        self.end();
        (!self.held.is_empty()).then(|| self.held.split().freeze())
    }
}

#[async_trait]
impl<P: Send + Sync + 'static> HttpModule for ReadAhead<P> {
    fn response_body_filter(&mut self, body: &mut Option<Bytes>, last: bool) -> Result<()> {
        self.pass(body, last);
        Ok(())
    }

    fn response_trailer_filter(&mut self, _: &mut Option<Box<HeaderMap>>) -> Result<Option<Bytes>> {
        Ok(self.rest())
    }

    fn response_done_filter(&mut self) -> Result<Option<Bytes>> {
        Ok(self.rest())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// Makes one for each request.
pub(super) struct ReadAheads<P>(std::marker::PhantomData<fn() -> P>);

impl<P> ReadAheads<P> {
    pub(super) fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<P: Send + Sync + 'static> HttpModuleBuilder for ReadAheads<P> {
    fn init(&self) -> Module {
        Box::new(ReadAhead::<P>::idle())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn begun() -> (ReadAhead<Arc<()>>, Arc<()>) {
        let permit = Arc::new(());
        let mut ahead = ReadAhead::idle();
        ahead.begin(permit.clone());
        (ahead, permit)
    }

    fn passed(ahead: &mut ReadAhead<Arc<()>>, piece: &[u8], last: bool) -> Option<Vec<u8>> {
        let mut body = Some(Bytes::copy_from_slice(piece));
        ahead.pass(&mut body, last);
        body.map(|bytes| bytes.to_vec())
    }

    #[test]
    fn a_small_answer_comes_in_one_piece_after_its_permit_is_free() {
        let (mut ahead, permit) = begun();
        assert_eq!(passed(&mut ahead, b"ab", false), None);
        assert_eq!(Arc::strong_count(&permit), 2);
        assert_eq!(passed(&mut ahead, b"c", true), Some(b"abc".to_vec()));
        assert_eq!(Arc::strong_count(&permit), 1);
    }

    #[test]
    fn a_large_answer_flows_and_keeps_its_permit_to_the_end() {
        let (mut ahead, permit) = begun();
        let piece = vec![b'x'; ENOUGH];
        assert_eq!(passed(&mut ahead, &piece, false), Some(piece));
        assert_eq!(passed(&mut ahead, b"ab", false), Some(b"ab".to_vec()));
        assert_eq!(Arc::strong_count(&permit), 2);
        assert_eq!(passed(&mut ahead, b"", true), Some(Vec::new()));
        assert_eq!(Arc::strong_count(&permit), 1);
    }

    #[test]
    fn an_end_without_a_last_piece_loses_nothing() {
        let (mut ahead, permit) = begun();
        assert_eq!(passed(&mut ahead, b"ab", false), None);
        assert_eq!(ahead.response_done_filter().unwrap(), Some(Bytes::from_static(b"ab")));
        assert_eq!(Arc::strong_count(&permit), 1);
        assert_eq!(ahead.response_done_filter().unwrap(), None);
    }

    #[test]
    fn trailers_lose_nothing() {
        let (mut ahead, permit) = begun();
        assert_eq!(passed(&mut ahead, b"ab", false), None);
        assert_eq!(ahead.response_trailer_filter(&mut None).unwrap(), Some(Bytes::from_static(b"ab")));
        assert_eq!(Arc::strong_count(&permit), 1);
    }

    #[test]
    fn an_answer_that_was_not_begun_is_left_alone() {
        let mut ahead = ReadAhead::idle();
        assert_eq!(passed(&mut ahead, b"ab", false), Some(b"ab".to_vec()));
    }
}
