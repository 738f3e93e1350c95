//! No two tracks by one artist in a row, where a swap avoids it.

use crate::model::Phase;
use crate::ranking::{Candidate, diversity};

/// Swaps tracks inside their phase until no single swap leaves fewer such neighbours.
pub(super) fn part(ordered: &mut [(Candidate, Phase)]) {
    while let Some((a, b)) = better_swap(ordered) {
        ordered.swap(a, b);
    }
}

/// The nearest swap, which disturbs the order of the phase least.
pub(super) fn better_swap(ordered: &mut [(Candidate, Phase)]) -> Option<(usize, usize)> {
    let now = meetings(ordered);
    if now == 0 {
        return None;
    }
    let mut pairs: Vec<(usize, usize)> = (0..ordered.len())
        .flat_map(|a| (a + 1..ordered.len()).map(move |b| (a, b)))
        .filter(|&(a, b)| ordered[a].1 == ordered[b].1)
        .collect();
    pairs.sort_by_key(|(a, b)| (b - a, *a));
    pairs.into_iter().find(|&(a, b)| {
        ordered.swap(a, b);
        let then = meetings(ordered);
        ordered.swap(a, b);
        then < now
    })
}

/// Neighbours that share an artist.
pub(super) fn meetings(ordered: &[(Candidate, Phase)]) -> usize {
    let share = |a: &Candidate, b: &Candidate| {
        diversity::artists(a).any(|artist| diversity::artists(b).any(|other| other == artist))
    };
    ordered.windows(2).filter(|pair| share(&pair[0].0, &pair[1].0)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Source;
    use crate::ranking::testing::candidate;

    fn parted(list: &[(u128, Phase)]) -> Vec<u128> {
        let numbered = list.iter().zip(0..);
        let mut ordered: Vec<(Candidate, Phase)> = numbered
            .map(|((artist, phase), number)| (candidate(number, Source::Reccobeat).by(&[*artist]), *phase))
            .collect();
        part(&mut ordered);
        ordered.iter().map(|(candidate, _)| candidate.track.artists[0].id.as_u128() - 1_000_000).collect()
    }

    use Phase::{Build, Mid};

    #[test]
    fn neighbours_by_one_artist_are_parted_inside_their_phase() {
        assert_eq!(parted(&[(1, Mid), (1, Mid), (2, Mid), (3, Mid)]), [1, 2, 1, 3]);
    }

    #[test]
    fn also_where_phases_meet() {
        assert_eq!(parted(&[(2, Build), (1, Build), (1, Mid), (3, Mid)]), [1, 2, 1, 3]);
    }

    #[test]
    fn but_never_across_phases() {
        assert_eq!(parted(&[(1, Build), (1, Mid), (2, Phase::High)]), [1, 1, 2]);
    }

    #[test]
    fn a_good_order_is_left_alone() {
        assert_eq!(parted(&[(1, Mid), (2, Mid), (1, Mid)]), [1, 2, 1]);
    }
}
