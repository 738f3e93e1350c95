//! Tracks of another time, where both times are known.

use crate::model::TemporalContext;
use crate::ranking::Candidate;

/// Years on either side of a range that was not meant to the year.
const SLACK: u16 = 5;

/// Without a year range that is meant, or without a year of release, everything stays.
pub fn keeps(candidate: &Candidate, context: Option<&TemporalContext>) -> bool {
    let range = context.filter(|context| context.is_temporal).and_then(|context| {
        let [first, last] = context.year_range?;
        let named = context.decade.is_some() || context.era.is_some();
        let slack = if named { 0 } else { SLACK };
        Some(first.saturating_sub(slack)..=last.saturating_add(slack))
    });
    match (range, candidate.released) {
        (Some(range), Some(year)) => candidate.is_safe() || range.contains(&year),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::Source;
    use crate::ranking::testing::candidate;

    fn eighties(decade: Option<&str>, is_temporal: bool) -> TemporalContext {
        let decade = decade.map(str::to_owned);
        TemporalContext { decade, era: None, year_range: Some([1980, 1989]), is_temporal }
    }

    fn keeps_year(year: Option<u16>, context: &TemporalContext) -> bool {
        let mut track = candidate(1, Source::Reccobeat);
        track.released = year;
        keeps(&track, Some(context))
    }

    #[rstest]
    #[case(1974, false, false)]
    #[case(1975, true, false)]
    #[case(1979, true, false)]
    #[case(1980, true, true)]
    #[case(1989, true, true)]
    #[case(1990, true, false)]
    #[case(1994, true, false)]
    #[case(1995, false, false)]
    fn a_range_has_five_years_of_slack_unless_a_decade_was_named(
        #[case] year: u16,
        #[case] by_range: bool,
        #[case] by_decade: bool,
    ) {
        assert_eq!(keeps_year(Some(year), &eighties(None, true)), by_range);
        assert_eq!(keeps_year(Some(year), &eighties(Some("1980s"), true)), by_decade);
    }

    #[test]
    fn what_is_unknown_or_not_meant_decides_nothing() {
        assert!(keeps_year(None, &eighties(None, true)));
        assert!(keeps_year(Some(2020), &eighties(None, false)));
        assert!(keeps_year(
            Some(2020),
            &TemporalContext { year_range: None, ..eighties(Some("1980s"), true) }
        ));
        let mut track = candidate(1, Source::Reccobeat).mentioned();
        track.released = Some(2020);
        assert!(keeps(&track, Some(&eighties(None, true))));
        assert!(keeps(&track, None));
    }
}
