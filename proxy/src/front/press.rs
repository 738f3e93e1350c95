//! Compressed bodies, kept by their entity tag.
//!
//! A hit costs microseconds, compressing 40 rows ten times that; popular bodies are therefore
//! compressed once. The tag names the exact bytes, so nothing here can be stale.

use std::io::Write;

use bytes::Bytes;
use pingora::OrErr;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::coding::Coding;

/// Below this compressing saves nothing worth a round trip.
pub(super) const SMALLEST: usize = 1024;
const SHELF_BYTES: u64 = 32 * 1024 * 1024;
const SHELF_ENTRIES: usize = 8192;
const GZIP_LEVEL: u32 = 4;
const BROTLI_QUALITY: u32 = 4;
const BROTLI_WINDOW: u32 = 20;
const ZSTD_LEVEL: i32 = 3;

type Key = (Box<str>, Coding);

#[derive(Debug, Clone)]
struct Weight;

impl Weighter<Key, Bytes> for Weight {
    fn weight(&self, key: &Key, body: &Bytes) -> u64 {
        (key.0.len() + body.len() + 64) as u64
    }
}

/// Compresses and remembers.
pub(super) struct Press {
    shelf: Cache<Key, Bytes, Weight>,
}

impl Press {
    pub(super) fn new() -> Self {
        Self { shelf: Cache::with_weighter(SHELF_ENTRIES, SHELF_BYTES, Weight) }
    }

    /// `body` in `coding`.
    pub(super) fn press(&self, body: &Bytes, etag: Option<&str>, coding: Coding) -> pingora::Result<Bytes> {
        let key = etag.map(|etag| (Box::from(etag), coding));
        if let Some(pressed) = key.as_ref().and_then(|key| self.shelf.get(key)) {
            return Ok(pressed);
        }
        let pressed = compress(body, coding)
            .map(Bytes::from)
            .or_err(pingora::InternalError, "compressing an answer")?;
        if let Some(key) = key {
            self.shelf.insert(key, pressed.clone());
        }
        Ok(pressed)
    }
}

fn compress(body: &[u8], coding: Coding) -> std::io::Result<Vec<u8>> {
    let room = Vec::with_capacity(body.len() / 3);
    match coding {
        Coding::Identity => Ok(body.to_vec()),
        Coding::Gzip => {
            let level = flate2::Compression::new(GZIP_LEVEL);
            let mut encoder = flate2::write::GzEncoder::new(room, level);
            encoder.write_all(body)?;
            encoder.finish()
        }
        Coding::Brotli => {
            let mut encoder = brotli::CompressorWriter::new(room, 16 * 1024, BROTLI_QUALITY, BROTLI_WINDOW);
            encoder.write_all(body)?;
            encoder.flush()?;
            Ok(encoder.into_inner())
        }
        Coding::Zstd => zstd::bulk::compress(body, ZSTD_LEVEL),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn expand(coding: Coding, bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        match coding {
            Coding::Identity => plain.extend_from_slice(bytes),
            Coding::Gzip => {
                flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
            }
            Coding::Brotli => {
                brotli::Decompressor::new(bytes, 4096).read_to_end(&mut plain).unwrap();
            }
            Coding::Zstd => plain = zstd::stream::decode_all(bytes).unwrap(),
        }
        plain
    }

    #[rstest::rstest]
    fn every_coding_gives_the_body_back(
        #[values(Coding::Identity, Coding::Gzip, Coding::Brotli, Coding::Zstd)] coding: Coding,
    ) {
        let body = "{\"id\":\"a\"},".repeat(500);
        let pressed = compress(body.as_bytes(), coding).unwrap();
        assert_eq!(expand(coding, &pressed), body.as_bytes());
    }

    #[test]
    fn a_tagged_body_is_compressed_once() {
        let press = Press::new();
        let body = Bytes::from("a".repeat(4000));
        let first = press.press(&body, Some("t"), Coding::Gzip).unwrap();
        let again = press.press(&Bytes::from_static(b"other"), Some("t"), Coding::Gzip).unwrap();
        assert_eq!(first.as_ptr(), again.as_ptr());
    }
}
