//! Uploads for the extraction endpoint.

use super::Ask;
use http::Method;

pub(crate) const PATH: &str = "/v1/analysis/audio-features";

/// A multipart upload of `size` bytes.
pub(crate) fn upload(size: usize) -> Ask {
    let mut body = b"--cut\r\nContent-Disposition: form-data; name=\"audioFile\"; filename=\"a.mp3\"\r\n\
        Content-Type: audio/mpeg\r\n\r\n"
        .to_vec();
    body.extend((0..size).map(|at| u8::try_from(at % 251).unwrap_or_default()));
    body.extend_from_slice(b"\r\n--cut--\r\n");
    Ask::new(Method::POST, PATH).header("content-type", "multipart/form-data; boundary=cut").body(body)
}
