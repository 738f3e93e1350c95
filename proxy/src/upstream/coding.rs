//! Content codings of answers: gzip, which we ask for, and none.

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use http::HeaderValue;

use super::{BODY_CAP, CallError};

/// Undoes the coding that `Content-Encoding` names. The result is at most [`BODY_CAP`] bytes
/// long, so a small body cannot become a large one.
pub(super) fn decode<'a>(
    codings: impl IntoIterator<Item = &'a HeaderValue>,
    body: Bytes,
) -> Result<Bytes, CallError> {
    let mut named = codings
        .into_iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"));
    match (named.next(), named.next()) {
        (None, _) => Ok(body),
        // Answers without a body may still name the coding they would have had.
        (Some(_), None) if body.is_empty() => Ok(body),
        (Some(coding), None) if is_gzip(coding) => gunzip(&body),
        (Some(coding), _) => {
            let coding = String::from_utf8_lossy(coding);
            Err(CallError::Encoding(format!("{coding} was not asked for")))
        }
    }
}

/// RFC 9110 §8.4.1.3 makes the two names one.
fn is_gzip(coding: &[u8]) -> bool {
    coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip")
}

/// Decodes all members (RFC 1952 §2.2). Bytes after the last one that begin no other, a wrong
/// checksum and an early end are errors. Runs where it is called: a usual body of 100 kB takes
/// a fraction of a millisecond.
fn gunzip(body: &[u8]) -> Result<Bytes, CallError> {
    let mut decoded = Vec::with_capacity(body.len().saturating_mul(4).min(BODY_CAP));
    MultiGzDecoder::new(body)
        .take(BODY_CAP as u64 + 1)
        .read_to_end(&mut decoded)
        .map_err(|error| CallError::Encoding(format!("gzip: {error}")))?;
    if decoded.len() > BODY_CAP {
        return Err(CallError::TooLarge);
    }
    Ok(decoded.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn decode_as(coding: &'static str, body: impl Into<Bytes>) -> Result<Bytes, CallError> {
        decode([&HeaderValue::from_static(coding)], body.into())
    }

    #[test]
    fn a_body_without_coding_stays_as_it_is() {
        assert_eq!(decode([], "plain".into()).unwrap(), "plain");
        assert_eq!(decode_as("identity", "plain").unwrap(), "plain");
    }

    #[test]
    fn gzip_goes_by_both_names_in_any_case() {
        assert_eq!(decode_as("GZip", gzip(b"{}")).unwrap(), "{}");
        assert_eq!(decode_as("x-gzip", gzip(b"{}")).unwrap(), "{}");
    }

    #[test]
    fn members_follow_one_another() {
        let both = [gzip(b"{\"a\":"), gzip(b"1}")].concat();
        assert_eq!(decode_as("gzip", both).unwrap(), "{\"a\":1}");
    }

    #[test]
    fn a_cut_body_does_not_decode() {
        let mut cut = gzip(b"some text that is long enough to be cut");
        cut.truncate(cut.len() - 9);
        assert!(matches!(decode_as("gzip", cut), Err(CallError::Encoding(_))));
    }

    #[test]
    fn a_wrong_checksum_does_not_decode() {
        let mut bad = gzip(b"some text");
        let at = bad.len() - 6;
        bad[at] ^= 1;
        assert!(matches!(decode_as("gzip", bad), Err(CallError::Encoding(_))));
    }

    #[test]
    fn bytes_after_the_end_do_not_decode() {
        let trailed = [gzip(b"{}"), b"garbage after the end".to_vec()].concat();
        assert!(matches!(decode_as("gzip", trailed), Err(CallError::Encoding(_))));
    }

    #[test]
    fn a_small_body_cannot_become_a_large_one() {
        let at_cap = gzip(&vec![b' '; BODY_CAP]);
        assert_eq!(decode_as("gzip", at_cap).unwrap().len(), BODY_CAP);
        let over = gzip(&vec![b' '; BODY_CAP + 1]);
        assert!(matches!(decode_as("gzip", over), Err(CallError::TooLarge)));
    }

    #[test]
    fn other_codings_are_refused_by_name() {
        let refused = decode_as("br", "x").unwrap_err().to_string();
        assert!(refused.contains("br was not asked for"), "{refused}");
        assert!(decode_as("gzip, gzip", gzip(b"x")).is_err());
    }

    #[test]
    fn an_empty_body_needs_no_decoding() {
        assert_eq!(decode_as("gzip", "").unwrap(), "");
    }
}
