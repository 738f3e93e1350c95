use super::frame::BUCKETS;
use crate::telemetry::table::CALL_SECONDS;

/// The duration in seconds that this share of the calls did not exceed, as if those of a bucket
/// were spread evenly over it. Beyond the last bound nothing is known, so that bound is the answer.
/// `None` without a call.
pub(super) fn percentile(calls: &[u64; BUCKETS], share: f64) -> Option<f64> {
    let all: u64 = calls.iter().sum();
    if all == 0 {
        return None;
    }
    let rank = share * count(all);
    let mut below = 0.0;
    for (at, in_bucket) in calls.iter().map(|calls| count(*calls)).enumerate() {
        if in_bucket > 0.0 && below + in_bucket >= rank {
            let lower = at.checked_sub(1).map_or(0.0, |before| CALL_SECONDS[before]);
            let upper = CALL_SECONDS.get(at).copied().unwrap_or(lower);
            return Some(lower + (upper - lower) * (rank - below) / in_bucket);
        }
        below += in_bucket;
    }
    CALL_SECONDS.last().copied()
}

#[allow(clippy::cast_precision_loss)] // calls far below 2^52
fn count(calls: u64) -> f64 {
    calls as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(buckets: &[(usize, u64)]) -> [u64; BUCKETS] {
        let mut calls = [0; BUCKETS];
        for (at, count) in buckets {
            calls[*at] = *count;
        }
        calls
    }

    #[test]
    fn no_call_has_no_percentile() {
        assert_eq!(percentile(&calls(&[]), 0.5), None);
    }

    #[test]
    fn the_calls_of_a_bucket_are_spread_over_it() {
        let at = CALL_SECONDS.iter().position(|bound| *bound >= 1.0).expect("a bound of 1 s");
        let half_to_one = calls(&[(at, 10)]);
        assert_eq!(percentile(&half_to_one, 0.5), Some(0.75));
        assert_eq!(percentile(&half_to_one, 1.0), Some(1.0));
        let first = calls(&[(0, 4)]);
        assert_eq!(percentile(&first, 0.5), Some(CALL_SECONDS[0] / 2.0));
    }

    #[test]
    fn the_tail_is_found_past_the_many() {
        let one = CALL_SECONDS.iter().position(|bound| *bound >= 1.0).expect("a bound of 1 s");
        let mixed = calls(&[(one, 95), (one + 2, 5)]);
        let p99 = percentile(&mixed, 0.99).expect("there are calls");
        assert!(p99 > CALL_SECONDS[one + 1] && p99 <= CALL_SECONDS[one + 2], "{p99}");
        assert!(percentile(&mixed, 0.5).expect("there are calls") < 1.0);
    }

    #[test]
    fn beyond_the_last_bound_is_the_last_bound() {
        assert_eq!(percentile(&calls(&[(BUCKETS - 1, 3)]), 0.5), CALL_SECONDS.last().copied());
    }
}
