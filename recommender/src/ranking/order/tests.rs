//! Whole lists.

use proptest::collection::vec;
use proptest::prelude::*;

use super::curve::PHASES;
use super::*;
use crate::model::{Feature, Source};
use crate::ranking::testing::{any_candidate, candidate};

fn sounding(number: u128, energy: f64, valence: f64) -> Candidate {
    candidate(number, Source::Reccobeat).sounding(&[(Feature::Energy, energy), (Feature::Valence, valence)])
}

fn told(ordered: &[(Candidate, Phase)]) -> Vec<(u128, Phase)> {
    ordered.iter().map(|(candidate, phase)| (candidate.id().as_u128(), *phase)).collect()
}

#[test]
fn ten_tracks_of_a_classic_build() {
    // Of ten 1, 2.5, 2, 2.5, 1 and 1: one place for the two halves, so build has 3 and high 2.
    let energies = [0.42, 0.44, 0.46, 0.50, 0.52, 0.55, 0.65, 0.70, 0.80, 0.90];
    let list = energies.into_iter().zip(1..).map(|(energy, number)| sounding(number, energy, 0.5)).collect();
    let expected = [
        (1, Phase::Opening), // 0.42 to 0.70 suit alike: the smallest id
        (3, Phase::Build),   // 50, 52 and 46 are nearer to 50 than 55
        (4, Phase::Build),
        (5, Phase::Build),
        (7, Phase::Mid), // what the others left
        (8, Phase::Mid),
        (9, Phase::High), // over 70 the higher; intensities 40 and 45
        (10, Phase::High),
        (6, Phase::Descent), // of 55, 65 and 70 the nearest to 45
        (2, Phase::Closure), // below 50 only 2 and 3, chosen second: the smaller id
    ];
    assert_eq!(told(&order(list)), expected);
}

#[test]
fn of_tracks_as_near_to_the_middle_the_livelier_builds() {
    // Of four 0.4, 1, 0.8, 1, 0.4 and 0.4: one each for build, high and mid, and the opening comes first.
    let near = |number, energy, tempo| sounding(number, energy, 0.5).sounding(&[(Feature::Tempo, tempo)]);
    let list = vec![near(1, 0.42, 90.0), near(2, 0.48, 90.0), near(3, 0.52, 120.0), near(4, 0.72, 90.0)];
    let expected = [(1, Phase::Opening), (3, Phase::Build), (2, Phase::Mid), (4, Phase::High)];
    assert_eq!(told(&order(list)), expected);
}

#[test]
fn without_any_feature_confidence_decides() {
    let list = (0..20_u32)
        .map(|number| {
            candidate(number.into(), Source::Reccobeat).trusted(f64::from(number % 7) / 10.0).by(&[1])
        })
        .collect();
    let ordered = order(list);
    assert!(ordered.windows(2).all(|pair| pair[0].0.confidence >= pair[1].0.confidence));
    let phases: Vec<Phase> = ordered.iter().map(|(_, phase)| *phase).collect();
    let classic = PHASES.into_iter().zip([2, 5, 4, 5, 2, 2]);
    assert_eq!(
        phases,
        classic.flat_map(|(phase, count)| std::iter::repeat_n(phase, count)).collect::<Vec<_>>()
    );
}

fn any_list() -> impl Strategy<Value = Vec<Candidate>> {
    vec(any_candidate(), 0..=30)
}

proptest! {
    #[test]
    fn every_track_is_heard_once_in_its_phase(candidates in any_list()) {
        let mut before: Vec<u128> = candidates.iter().map(|one| one.id().as_u128()).collect();
        let counts = Curve::of(&candidates).counts(candidates.len());
        let ordered = order(candidates);
        let mut after: Vec<u128> = ordered.iter().map(|(one, _)| one.id().as_u128()).collect();
        before.sort_unstable();
        after.sort_unstable();
        prop_assert_eq!(before, after);
        let phases: Vec<Phase> = ordered.iter().map(|(_, phase)| *phase).collect();
        let expected: Vec<Phase> =
            PHASES.into_iter().zip(counts).flat_map(|(phase, count)| std::iter::repeat_n(phase, count)).collect();
        prop_assert_eq!(phases, expected);
    }

    #[test]
    fn no_swap_inside_a_phase_would_part_more_neighbours(candidates in any_list()) {
        let known = candidates.iter().any(|one| one.features[Feature::Energy].is_some());
        let mut ordered = order(candidates);
        prop_assert!(!known || neighbours::better_swap(&mut ordered).is_none());
    }

    #[test]
    fn the_order_of_the_list_does_not_matter(
        (list, shuffled) in any_list().prop_flat_map(|mut all| {
            all.iter_mut().zip(0..).for_each(|(one, number)| one.track.id = uuid::Uuid::from_u128(number));
            (Just(all.clone()), Just(all).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(told(&order(list)), told(&order(shuffled)));
    }
}
