//! In which order a list is heard: a curve of energy in six phases.
//!
//! Which curve follows from the list itself. Each phase picks the tracks that fit it best; a track
//! of which something is unknown counts as the mean of the list there, which speaks for no phase.

use super::shares::largest_remainder;
use super::{Candidate, diversity, rank};
use crate::model::{Feature, Phase};
use crate::ranking::fit::mean;

/// The course of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    Sustained,
    Ambient,
    Rollercoaster,
    ClassicBuild,
}

/// As they are heard.
const PHASES: [Phase; 6] =
    [Phase::Opening, Phase::Build, Phase::Mid, Phase::High, Phase::Descent, Phase::Closure];

/// The ends and the peak choose first.
const FILLED: [Phase; 6] =
    [Phase::Opening, Phase::Closure, Phase::High, Phase::Build, Phase::Descent, Phase::Mid];

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
            || list.iter().filter_map(|candidate| candidate.features[Feature::Energy]).map(|e| 100.0 * e);
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

/// A track on scales of 0 to 100.
#[derive(Debug, Clone, Copy)]
struct Heard {
    energy: f64,
    valence: f64,
    momentum: f64,
    intensity: f64,
}

impl Heard {
    /// How well the track stands in a phase, best highest; the second decides between equals.
    fn fit(self, phase: Phase) -> (f64, f64) {
        let near = |centre: f64| 100.0 - (self.energy - centre).abs();
        match phase {
            Phase::Opening => (if (40.0..=70.0).contains(&self.energy) { 60.0 } else { 40.0 }, 0.0),
            Phase::Build => (near(50.0), self.momentum),
            Phase::Mid => (near(67.0), 0.0),
            Phase::High => (if self.energy > 70.0 { self.energy } else { 40.0 }, 0.0),
            Phase::Descent => (near(45.0), 0.0),
            Phase::Closure => (if self.energy < 50.0 || self.valence > 60.0 { 70.0 } else { 40.0 }, 0.0),
        }
    }

    /// Rising inside the phase.
    fn place(self, phase: Phase) -> f64 {
        match phase {
            Phase::Opening | Phase::Build => self.energy,
            Phase::Mid => self.momentum,
            Phase::High => self.intensity,
            Phase::Descent | Phase::Closure => -self.energy,
        }
    }
}

/// Puts a list in order. If no feature of any track is known, the confidence decides.
pub fn order(mut list: Vec<Candidate>) -> Vec<(Candidate, Phase)> {
    let counts = Curve::of(&list).counts(list.len());
    let phases = || PHASES.into_iter().zip(counts);
    list.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then_with(|| rank::tie(a, b)));
    let Some(mut rest) = hear(&list) else {
        let course = phases().flat_map(|(phase, count)| std::iter::repeat_n(phase, count));
        return list.into_iter().zip(course).collect();
    };
    let mut chosen: Vec<(usize, Phase)> = Vec::new();
    for phase in FILLED {
        let count = counts[phase as usize];
        rest.sort_by(|(a, one), (b, other)| {
            let ((fit, then), (other_fit, other_then)) = (one.fit(phase), other.fit(phase));
            other_fit
                .total_cmp(&fit)
                .then(other_then.total_cmp(&then))
                .then_with(|| rank::tie(&list[*a], &list[*b]))
        });
        let mut taken: Vec<(usize, Heard)> = rest.drain(..count).collect();
        taken.sort_by(|(a, one), (b, other)| {
            one.place(phase).total_cmp(&other.place(phase)).then_with(|| rank::tie(&list[*a], &list[*b]))
        });
        chosen.extend(taken.into_iter().map(|(at, _)| (at, phase)));
    }
    chosen.sort_by_key(|(_, phase)| *phase as usize);
    let mut slots: Vec<Option<Candidate>> = list.into_iter().map(Some).collect();
    let mut ordered: Vec<(Candidate, Phase)> =
        chosen.into_iter().filter_map(|(at, phase)| Some((slots[at].take()?, phase))).collect();
    part_neighbours(&mut ordered);
    ordered
}

/// All tracks on their scales, `None` if nothing is known of any.
fn hear(list: &[Candidate]) -> Option<Vec<(usize, Heard)>> {
    let scale = |feature: Feature| {
        let known = list.iter().filter_map(|candidate| candidate.features[feature]);
        mean(known)
    };
    let means = [Feature::Energy, Feature::Valence, Feature::Tempo, Feature::Danceability].map(scale);
    if means.iter().all(Option::is_none) {
        return None;
    }
    // A scale that nothing is known of puts all in its middle.
    let [energy, valence, tempo, dance] =
        [(means[0], 0.5), (means[1], 0.5), (means[2], 100.0), (means[3], 0.5)]
            .map(|(mean, middle)| mean.unwrap_or(middle));
    let heard = |candidate: &Candidate| {
        let of = |feature: Feature, mean: f64| candidate.features[feature].unwrap_or(mean);
        let energy = 100.0 * of(Feature::Energy, energy);
        let valence = 100.0 * of(Feature::Valence, valence);
        Heard {
            energy,
            valence,
            momentum: f64::midpoint(
                of(Feature::Tempo, tempo).min(200.0) / 2.0,
                100.0 * of(Feature::Danceability, dance),
            ),
            intensity: f64::midpoint(2.0 * (valence - 50.0).abs(), energy),
        }
    };
    Some(list.iter().map(heard).enumerate().collect())
}

/// Swaps tracks inside their phase until no swap leaves fewer neighbours by one artist.
fn part_neighbours(ordered: &mut [(Candidate, Phase)]) {
    while let Some((a, b)) = better_swap(ordered) {
        ordered.swap(a, b);
    }
}

fn better_swap(ordered: &mut [(Candidate, Phase)]) -> Option<(usize, usize)> {
    let now = meetings(ordered);
    if now == 0 {
        return None;
    }
    let mut pairs: Vec<(usize, usize)> = (0..ordered.len())
        .flat_map(|a| (a + 1..ordered.len()).map(move |b| (a, b)))
        .filter(|&(a, b)| ordered[a].1 == ordered[b].1)
        .collect();
    // The nearest swap disturbs the phase's own order least.
    pairs.sort_by_key(|(a, b)| (b - a, *a));
    pairs.into_iter().find(|&(a, b)| {
        ordered.swap(a, b);
        let then = meetings(ordered);
        ordered.swap(a, b);
        then < now
    })
}

/// Neighbours that share an artist.
fn meetings(ordered: &[(Candidate, Phase)]) -> usize {
    let share = |a: &Candidate, b: &Candidate| {
        diversity::artists(a).any(|one| diversity::artists(b).any(|other| one == other))
    };
    ordered.windows(2).filter(|pair| share(&pair[0].0, &pair[1].0)).count()
}
