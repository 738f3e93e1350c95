//! Two ways to write a moment: the ISO form of the upstream's error bodies and the date of HTTP
//! headers (RFC 9110 §5.6.7). Small enough to own; the civil calendar is Hinnant's algorithm.

use std::time::{SystemTime, UNIX_EPOCH};

struct Moment {
    year: u64,
    month: u64,
    day: u64,
    weekday: usize,
    seconds: u64,
    millis: u32,
}

/// `2026-01-02T03:04:05.678+00:00`
pub(crate) fn iso(time: SystemTime) -> String {
    let at = Moment::of(time);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+00:00",
        at.year,
        at.month,
        at.day,
        at.seconds / 3600,
        at.seconds / 60 % 60,
        at.seconds % 60,
        at.millis
    )
}

/// `Fri, 02 Jan 2026 03:04:05 GMT`
pub(crate) fn http_date(time: SystemTime) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 13] =
        ["", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let at = Moment::of(time);
    let month = usize::try_from(at.month).map_or("Jan", |month| MONTHS[month]);
    format!(
        "{}, {:02} {month} {:04} {:02}:{:02}:{:02} GMT",
        DAYS[at.weekday],
        at.day,
        at.year,
        at.seconds / 3600,
        at.seconds / 60 % 60,
        at.seconds % 60
    )
}

impl Moment {
    fn of(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let days = since.as_secs() / 86_400;
        let shifted = days + 719_468;
        let era_day = shifted % 146_097;
        let era_year = (era_day - era_day / 1_460 + era_day / 36_524 - era_day / 146_096) / 365;
        let year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
        let march_month = (5 * year_day + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        Self {
            year: era_year + shifted / 146_097 * 400 + u64::from(month <= 2),
            month,
            day: year_day - (153 * march_month + 2) / 5 + 1,
            weekday: usize::try_from((days + 4) % 7).unwrap_or(0),
            seconds: since.as_secs() % 86_400,
            millis: since.subsec_millis(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_known_moment_reads_right_in_both_forms() {
        let time = UNIX_EPOCH + Duration::from_millis(784_111_777_250);
        assert_eq!(iso(time), "1994-11-06T08:49:37.250+00:00");
        assert_eq!(http_date(time), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn a_leap_day_exists() {
        let time = UNIX_EPOCH + Duration::from_hours(474_768);
        assert_eq!(iso(time), "2024-02-29T00:00:00.000+00:00");
    }
}
