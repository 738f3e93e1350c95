//! The course of a list: how much of it belongs to which phase.

use crate::model::{Feature, Phase};
use crate::ranking::Candidate;
use crate::ranking::fit::mean;
use crate::ranking::shares::largest_remainder;

/// As they are heard.
pub(super) const PHASES: [Phase; 6] =
    [Phase::Opening, Phase::Build, Phase::Mid, Phase::High, Phase::Descent, Phase::Closure];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    Sustained,
    Ambient,
    Rollercoaster,
    ClassicBuild,
}

impl Curve {
    /// As in metadata and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sustained => "sustained",
            Self::Ambient => "ambient",
            Self::Rollercoaster => "rollercoaster",
            Self::ClassicBuild => "classic_build",
        }
    }

    /// For a list, by the mean and the range of the energies that are known.
    pub fn of(list: &[Candidate]) -> Self {
        let energies =
            || list.iter().filter_map(|candidate| Some(100.0 * candidate.features[Feature::Energy]?));
        let range = energies().fold(f64::NEG_INFINITY, f64::max) - energies().fold(f64::INFINITY, f64::min);
        match mean(energies()) {
            Some(mean) if mean > 75.0 => Self::Sustained,
            Some(mean) if mean < 35.0 => Self::Ambient,
            Some(_) if range > 50.0 => Self::Rollercoaster,
            _ => Self::ClassicBuild,
        }
    }

    /// Per cent of the list per phase, as they are heard.
    const fn shares(self) -> [usize; 6] {
        match self {
            Self::Sustained => [10, 10, 25, 40, 10, 5],
            Self::Ambient => [20, 15, 30, 5, 15, 15],
            Self::Rollercoaster => [10, 20, 15, 30, 15, 10],
            Self::ClassicBuild => [10, 25, 20, 25, 10, 10],
        }
    }

    /// Tracks per phase of a list of `count`, as they are heard.
    pub fn counts(self, count: usize) -> [usize; 6] {
        largest_remainder(count, self.shares())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::Source;
    use crate::ranking::testing::candidate;

    #[rstest]
    #[case(&[0.7, 0.82], Curve::Sustained)]
    #[case(&[0.7, 0.8], Curve::ClassicBuild)] // a mean of 75 is not over it
    #[case(&[0.1, 0.5], Curve::Ambient)]
    #[case(&[0.2, 0.5], Curve::ClassicBuild)] // a mean of 35 is not under it
    #[case(&[0.2, 0.75], Curve::Rollercoaster)]
    #[case(&[0.25, 0.75], Curve::ClassicBuild)] // a range of 50 is not over it
    #[case(&[0.5, 1.0, 1.0], Curve::Sustained)]
    #[case(&[], Curve::ClassicBuild)]
    fn energies_choose_the_curve(#[case] energies: &[f64], #[case] expected: Curve) {
        let known = energies
            .iter()
            .map(|energy| candidate(1, Source::Reccobeat).sounding(&[(Feature::Energy, *energy)]));
        let unknown = candidate(2, Source::Reccobeat);
        assert_eq!(Curve::of(&known.chain([unknown]).collect::<Vec<_>>()), expected);
    }

    #[rstest]
    #[case(Curve::Sustained, [2, 2, 5, 8, 2, 1])]
    #[case(Curve::Ambient, [4, 3, 6, 1, 3, 3])]
    #[case(Curve::Rollercoaster, [2, 4, 3, 6, 3, 2])]
    #[case(Curve::ClassicBuild, [2, 5, 4, 5, 2, 2])]
    fn twenty_tracks_are_shared_out_by_the_table(#[case] curve: Curve, #[case] expected: [usize; 6]) {
        assert_eq!(curve.counts(20), expected);
    }

    #[test]
    fn remainders_go_to_the_largest_then_the_earliest() {
        // Of 22: 2.2, 5.5, 4.4, 5.5, 2.2, 2.2: two places for the halves.
        assert_eq!(Curve::ClassicBuild.counts(22), [2, 6, 4, 6, 2, 2]);
        // Of 19: 1.9, 4.75, 3.8, 4.75, 1.9, 1.9: five places, 4.75 of the later one goes without.
        assert_eq!(Curve::ClassicBuild.counts(19), [2, 5, 4, 4, 2, 2]);
    }
}
