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

    /// As many tracks as the strategy of that source should bring.
    pub fn with_surplus(self, source: Source) -> usize {
        SURPLUS * self.of(source)
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
