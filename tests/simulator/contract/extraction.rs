//! Extraction (contract §8): a multipart upload in, nine numbers out.
//!
//! Nothing is listened to: the numbers are drawn from a hash of the file, so equal uploads give
//! equal answers and a test sees whether every byte arrived.

use super::Refusal;
use crate::dice::{Dice, scramble};

/// 5 MB, counted on the part itself.
const LARGEST_FILE: usize = 5 * 1024 * 1024;

pub(super) fn extract(content_type: Option<&str>, body: &[u8]) -> Result<String, Refusal> {
    let boundary = content_type
        .filter(|kind| kind.trim_start().to_ascii_lowercase().starts_with("multipart/form-data"))
        .and_then(boundary)
        .ok_or_else(|| Refusal::plain(415, 4002, "Content-Type must be multipart/form-data"))?;
    let file = part(body, &boundary, "audioFile")
        .ok_or_else(|| Refusal::plain(400, 4001, "Required part 'audioFile' is not present"))?;
    if file.is_empty() {
        return Err(Refusal::plain(400, 4002, "File 'audioFile' is empty"));
    }
    if file.len() > LARGEST_FILE {
        return Err(Refusal::plain(400, 4002, "File 'audioFile' exceeds 5 MB"));
    }
    let mut dice = Dice::new(file.iter().fold(0xF11E, |hash, byte| scramble(hash ^ u64::from(*byte))));
    let mut unit = || dice.unit();
    Ok(format!(
        concat!(
            r#"{{"acousticness":{:.3},"danceability":{:.3},"energy":{:.3},"instrumentalness":{:.3},"#,
            r#""liveness":{:.3},"loudness":{:.1},"speechiness":{:.3},"tempo":{:.1},"valence":{:.3}}}"#
        ),
        unit(),
        unit(),
        unit(),
        unit(),
        unit(),
        -30.0 * unit() - 2.0,
        unit(),
        60.0 + 120.0 * unit(),
        unit()
    ))
}

fn boundary(content_type: &str) -> Option<String> {
    let at = content_type.to_ascii_lowercase().find("boundary=")?;
    let value = content_type[at + "boundary=".len()..].split(';').next()?.trim();
    Some(value.trim_matches('"').to_owned()).filter(|boundary| !boundary.is_empty())
}

/// The content of the part called `name` (RFC 7578).
fn part<'a>(body: &'a [u8], boundary: &str, name: &str) -> Option<&'a [u8]> {
    let first = format!("--{boundary}");
    let next = format!("\r\n--{boundary}");
    let mut rest = &body[find(body, first.as_bytes())? + first.len()..];
    loop {
        if rest.starts_with(b"--") {
            return None;
        }
        let head_end = find(rest, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&rest[..head_end]);
        let content = &rest[head_end + 4..];
        let end = find(content, next.as_bytes())?;
        if head.contains(&format!("name=\"{name}\"")) || head.contains(&format!("name={name}")) {
            return Some(&content[..end]);
        }
        rest = &content[end + next.len()..];
    }
}

/// The first place of `needle`; skips from first byte to first byte, which is fast enough for 5 MB.
fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|byte| *byte == first) {
        if text[from + at..].starts_with(needle) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: Option<&str> = Some("multipart/form-data; boundary=xyz");

    fn form(name: &str, file: &[u8]) -> Vec<u8> {
        let mut body = b"--xyz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhi\r\n".to_vec();
        body.extend(
            format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.mp3\"\r\n\r\n")
                .bytes(),
        );
        body.extend(file);
        body.extend(b"\r\n--xyz--\r\n");
        body
    }

    #[test]
    fn nine_numbers_that_depend_on_every_byte() {
        let answer = extract(TYPE, &form("audioFile", b"abc")).expect("accepted");
        let value: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(value.len(), 9);
        assert!(!value.contains_key("id"));
        assert_eq!(extract(TYPE, &form("audioFile", b"abc")), Ok(answer.clone()));
        assert_ne!(extract(TYPE, &form("audioFile", b"abd")), Ok(answer));
    }

    #[test]
    fn a_missing_part_a_wrong_type_and_a_large_file_are_refused() {
        let status = |kind, body: &[u8]| match extract(kind, body) {
            Err(Refusal::Plain { http, code, .. }) => (http, code),
            other => panic!("{other:?}"),
        };
        assert_eq!(status(TYPE, &form("file", b"abc")), (400, 4001));
        assert_eq!(status(Some("application/json"), b"{}"), (415, 4002));
        assert_eq!(status(TYPE, &form("audioFile", &vec![7; LARGEST_FILE + 1])), (400, 4002));
        assert!(extract(TYPE, &form("audioFile", &vec![7; LARGEST_FILE])).is_ok());
    }
}
