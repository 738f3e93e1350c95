//! How many places of the list each source gets.

use crate::model::Source;

/// The sources in the order of the table: anchors, artists, seeds, fallback.
pub const SOURCES: [Source; 4] =
    [Source::AnchorTrack, Source::ArtistDiscovery, Source::Reccobeat, Source::Fallback];

/// Per cent of the list, by source, when the user named tracks or artists.
const WITH_MENTIONS: [usize; 4] = [40, 40, 15, 5];
const WITHOUT_MENTIONS: [usize; 4] = [0, 55, 35, 10];

/// How much more than its share a strategy may bring: what is over fills the gaps of the others.
pub const SURPLUS: usize = 3;

/// Places per source; they add up to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares([usize; 4]);

impl Shares {
    pub fn new(target: usize, with_mentions: bool) -> Self {
        Self(largest_remainder(target, if with_mentions { WITH_MENTIONS } else { WITHOUT_MENTIONS }))
    }

    pub fn of(self, source: Source) -> usize {
        self.0[source as usize]
    }
}

/// Splits `total` by `parts` (of their sum) into whole numbers that add up to it: first the whole
/// parts, then one each to the largest remainders; of equal ones, to the earlier.
pub fn largest_remainder<const N: usize>(total: usize, parts: [usize; N]) -> [usize; N] {
    let whole: usize = parts.iter().sum();
    if whole == 0 {
        return [0; N];
    }
    let mut split = parts.map(|part| total * part / whole);
    let missing = total - split.iter().sum::<usize>();
    let mut by_remainder: Vec<usize> = (0..N).collect();
    by_remainder.sort_by_key(|&column| std::cmp::Reverse(total * parts[column] % whole));
    by_remainder.into_iter().take(missing).for_each(|column| split[column] += 1);
    split
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(16, [7, 6, 2, 1], [0, 9, 6, 1])]
    #[case(19, [8, 7, 3, 1], [0, 10, 7, 2])]
    #[case(20, [8, 8, 3, 1], [0, 11, 7, 2])]
    #[case(22, [9, 9, 3, 1], [0, 12, 8, 2])]
    #[case(30, [12, 12, 5, 1], [0, 17, 10, 3])]
    fn shares_are_those_of_the_table(
        #[case] target: usize,
        #[case] with: [usize; 4],
        #[case] without: [usize; 4],
    ) {
        assert_eq!(SOURCES.map(|source| Shares::new(target, true).of(source)), with);
        assert_eq!(SOURCES.map(|source| Shares::new(target, false).of(source)), without);
    }

    #[test]
    fn equal_remainders_go_to_the_earlier_column() {
        // 30 × 15 % = 4.5 and 30 × 5 % = 1.5: one place for the two halves.
        assert_eq!(largest_remainder(30, [40, 40, 15, 5]), [12, 12, 5, 1]);
        assert_eq!(largest_remainder(2, [1, 1, 1]), [1, 1, 0]);
    }

    #[test]
    fn nothing_is_split_by_nothing() {
        assert_eq!(largest_remainder(7, [0, 0]), [0, 0]);
    }

    proptest! {
        #[test]
        fn parts_add_up_and_are_off_by_less_than_one(total in 0..200_usize, parts: [u8; 5]) {
            let parts = parts.map(usize::from);
            let whole: usize = parts.iter().sum();
            prop_assume!(whole > 0);
            let split = largest_remainder(total, parts);
            prop_assert_eq!(split.iter().sum::<usize>(), total);
            for (got, part) in split.into_iter().zip(parts) {
                prop_assert!((got * whole).abs_diff(total * part) < whole);
            }
        }
    }
}
