//! The two header fields of an answer that mean something to the engine.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{CONTENT_TYPE, RETRY_AFTER};

/// The longest `Retry-After` told, so that nobody downstream overflows a clock with it.
const LONGEST: Duration = Duration::from_hours(24);

/// `Content-Type` without its parameters, in lower case (RFC 9110 §8.3.1).
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next()?.trim();
    (!essence.is_empty()).then(|| essence.to_ascii_lowercase())
}

/// `Retry-After` as a distance from `now` (RFC 9110 §10.2.3): whole seconds, or an HTTP date in
/// any of its three forms. A date that has passed is zero, more than [`LONGEST`] is that, and
/// anything else is as good as absent.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = value.parse().map_or(LONGEST, Duration::from_secs);
        return Some(seconds.min(LONGEST));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default().min(LONGEST))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110's examples.
    const EXAMPLE: Duration = Duration::from_secs(784_111_777);

    fn with(name: http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[rstest]
    #[case::seconds("15", Some(15))]
    #[case::zero("0", Some(0))]
    #[case::too_many_digits("99999999999999999999", Some(86_400))]
    #[case::days("1000000", Some(86_400))]
    #[case::far_date("Sat, 06 Nov 2094 08:49:37 GMT", Some(86_400))]
    #[case::date("Sun, 06 Nov 1994 08:49:37 GMT", Some(7))]
    #[case::old_date_form("Sunday, 06-Nov-94 08:49:37 GMT", Some(7))]
    #[case::asctime("Sun Nov  6 08:49:37 1994", Some(7))]
    #[case::past("Sun, 06 Nov 1994 08:49:00 GMT", Some(0))]
    #[case::signed("+15", None)]
    #[case::fraction("1.5", None)]
    #[case::words("soon", None)]
    #[case::empty("", None)]
    fn retry_after_is_read_in_every_form(#[case] value: &str, #[case] seconds: Option<u64>) {
        let now = SystemTime::UNIX_EPOCH + EXAMPLE - Duration::from_secs(7);
        assert_eq!(retry_after(&with(RETRY_AFTER, value), now), seconds.map(Duration::from_secs));
    }

    #[rstest]
    #[case::plain("application/json", Some("application/json"))]
    #[case::parameters("Application/JSON ; charset=UTF-8", Some("application/json"))]
    #[case::empty("", None)]
    #[case::parameters_only("; charset=utf-8", None)]
    fn the_media_type_is_the_essence(#[case] value: &str, #[case] essence: Option<&str>) {
        let found = media_type(&with(CONTENT_TYPE, value));
        assert_eq!(found.as_deref(), essence);
    }

    #[test]
    fn absent_fields_are_nothing() {
        assert_eq!(media_type(&HeaderMap::new()), None);
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::now()), None);
    }
}
