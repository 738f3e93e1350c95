//! A track on scales of 0 to 100, and how it suits a phase.

use crate::model::{Feature, Phase};
use crate::ranking::Candidate;
use crate::ranking::fit::mean;

#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    energy: f64,
    valence: f64,
    momentum: f64,
    intensity: f64,
}

/// What a scale is made of, and the value that puts a track in its middle.
const SCALES: [(Feature, f64); 4] =
    [(Feature::Energy, 0.5), (Feature::Valence, 0.5), (Feature::Tempo, 100.0), (Feature::Danceability, 0.5)];

/// All tracks of a list on their scales; `None` if nothing is known of any. What is unknown of a
/// track counts as the mean of the list, what is unknown of all as the middle: neither speaks for a
/// phase.
pub(super) fn hear(list: &[Candidate]) -> Option<Vec<Heard>> {
    let means =
        SCALES.map(|(feature, _)| mean(list.iter().filter_map(|candidate| candidate.features[feature])));
    means.iter().any(Option::is_some).then(|| {
        let track = |candidate: &Candidate| {
            let [energy, valence, tempo, danceability] = std::array::from_fn(|at| {
                let (feature, middle) = SCALES[at];
                candidate.features[feature].or(means[at]).unwrap_or(middle)
            });
            Heard::new(energy, valence, tempo, danceability)
        };
        list.iter().map(track).collect()
    })
}

impl Heard {
    /// Energy, valence and danceability 0 to 1, tempo in beats per minute.
    fn new(energy: f64, valence: f64, tempo: f64, danceability: f64) -> Self {
        let (energy, valence) = (100.0 * energy, 100.0 * valence);
        Self {
            energy,
            valence,
            momentum: f64::midpoint(tempo.min(200.0) / 2.0, 100.0 * danceability),
            intensity: f64::midpoint(2.0 * (valence - 50.0).abs(), energy),
        }
    }

    /// How well it stands in a phase, best highest; the second decides between equals.
    pub(super) fn fit(self, phase: Phase) -> (f64, f64) {
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

    /// What rises inside a phase.
    pub(super) fn rise(self, phase: Phase) -> f64 {
        match phase {
            Phase::Opening | Phase::Build => self.energy,
            Phase::Mid => self.momentum,
            Phase::High => self.intensity,
            Phase::Descent | Phase::Closure => -self.energy,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::Source;
    use crate::ranking::testing::candidate;

    #[test]
    fn scales_are_made_of_features() {
        let heard = Heard::new(0.8, 0.3, 240.0, 0.6);
        assert!((heard.energy - 80.0).abs() < 1e-9);
        assert!((heard.momentum - 80.0).abs() < 1e-9, "(200/2 + 60) / 2");
        assert!((heard.intensity - 60.0).abs() < 1e-9, "(2 × 20 + 80) / 2");
    }

    #[rstest]
    #[case(Phase::Opening, 0.40, 60.0)]
    #[case(Phase::Opening, 0.70, 60.0)]
    #[case(Phase::Opening, 0.75, 40.0)]
    #[case(Phase::Opening, 0.25, 40.0)]
    #[case(Phase::Build, 0.25, 75.0)]
    #[case(Phase::Mid, 0.25, 58.0)]
    #[case(Phase::High, 0.75, 75.0)]
    #[case(Phase::High, 0.50, 40.0)]
    #[case(Phase::Descent, 0.25, 80.0)]
    #[case(Phase::Closure, 0.25, 70.0)]
    #[case(Phase::Closure, 0.50, 40.0)]
    fn phases_ask_for_energies(#[case] phase: Phase, #[case] energy: f64, #[case] expected: f64) {
        assert!((Heard::new(energy, 0.5, 100.0, 0.5).fit(phase).0 - expected).abs() < 1e-9);
    }

    #[test]
    fn a_glad_track_may_close_too() {
        assert!((Heard::new(0.9, 0.61, 100.0, 0.5).fit(Phase::Closure).0 - 70.0).abs() < 1e-9);
        assert!((Heard::new(0.9, 0.60, 100.0, 0.5).fit(Phase::Closure).0 - 40.0).abs() < 1e-9);
    }

    #[test]
    fn the_unknown_counts_as_the_mean_of_the_list_never_as_a_default() {
        let known =
            |number, energy| candidate(number, Source::Reccobeat).sounding(&[(Feature::Energy, energy)]);
        let heard = hear(&[known(1, 0.8), known(2, 0.9), candidate(3, Source::Reccobeat)]).unwrap();
        assert!((heard[2].energy - 85.0).abs() < 1e-9);
        assert!((heard[2].momentum - 50.0).abs() < 1e-9);
        assert!(hear(&[candidate(3, Source::Reccobeat).popular(3)]).is_none());
    }
}
