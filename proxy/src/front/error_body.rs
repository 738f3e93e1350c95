//! The upstream's first error form, so that clients parse our errors as they parse its own.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;

#[derive(Serialize)]
struct ErrorBody<'a> {
    timestamp: String,
    error: &'a str,
    path: String,
    status: u16,
}

/// `path` is the request's path; `at` is the moment the body carries, in UTC.
pub fn error_body(status: StatusCode, message: &str, path: &str, at: SystemTime) -> Bytes {
    let body = ErrorBody {
        timestamp: timestamp(at),
        error: message,
        path: format!("uri={path}"),
        status: service_code(status),
    };
    serde_json::to_vec(&body).map_or_else(|_| Bytes::from_static(b"{}"), Bytes::from)
}

/// The upstream's own code for an HTTP status; it is not the HTTP status.
pub fn service_code(status: StatusCode) -> u16 {
    match status.as_u16() {
        401 => 4011,
        403 => 4031,
        404 => 4042,
        429 => 4291,
        500.. => 5001,
        _ => 4002,
    }
}

/// `2026-01-02T03:04:05.678+00:00`
fn timestamp(at: SystemTime) -> String {
    let since = at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}+00:00",
        second / 3600,
        second / 60 % 60,
        second % 60,
        since.subsec_millis()
    )
}

/// Days since 1970-01-01 as a date of the Gregorian calendar (Hinnant's `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::epoch(0, "1970-01-01T00:00:00.000+00:00")]
    #[case::leap_day(1_709_164_800_000, "2024-02-29T00:00:00.000+00:00")]
    #[case::contract(1_767_323_045_678, "2026-01-02T03:04:05.678+00:00")]
    #[case::new_year(1_798_761_599_999, "2026-12-31T23:59:59.999+00:00")]
    fn a_timestamp_is_written_as_the_upstream_does(#[case] millis: u64, #[case] text: &str) {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        assert_eq!(timestamp(at), text);
    }

    #[test]
    fn the_body_has_the_upstreams_four_members_in_its_order() {
        let body = error_body(
            StatusCode::TOO_MANY_REQUESTS,
            "say \"later\"",
            "/v1/track",
            SystemTime::UNIX_EPOCH,
        );
        assert_eq!(
            body,
            r#"{"timestamp":"1970-01-01T00:00:00.000+00:00","error":"say \"later\"","path":"uri=/v1/track","status":4291}"#
        );
    }
}
