//! In which order a list is heard: a curve of energy in six phases.
//!
//! Which curve follows from the list itself. The ends and the peak choose first, because few tracks
//! suit them; each phase takes what fits it best and puts it in its own order.

mod curve;
mod heard;
mod neighbours;
#[cfg(test)]
mod tests;

pub use curve::Curve;

use curve::PHASES;
use heard::Heard;

use super::{Candidate, rank};
use crate::model::Phase;

/// In which order the phases choose.
const CHOOSING: [Phase; 6] =
    [Phase::Opening, Phase::Closure, Phase::High, Phase::Build, Phase::Descent, Phase::Mid];

/// Puts a list in order. If no feature of any track is known, the best confidence comes first.
pub fn order(mut list: Vec<Candidate>) -> Vec<(Candidate, Phase)> {
    list.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then_with(|| rank::tie(a, b)));
    let counts = Curve::of(&list).counts(list.len());
    let Some(heard) = heard::hear(&list) else {
        let phases =
            PHASES.into_iter().zip(counts).flat_map(|(phase, count)| std::iter::repeat_n(phase, count));
        return list.into_iter().zip(phases).collect();
    };
    let mut ordered = choose(list.into_iter().zip(heard).collect(), counts);
    neighbours::part(&mut ordered);
    ordered
}

fn choose(mut rest: Vec<(Candidate, Heard)>, counts: [usize; 6]) -> Vec<(Candidate, Phase)> {
    let mut phases: [Vec<(Candidate, Phase)>; 6] = Default::default();
    for phase in CHOOSING {
        rest.sort_by(|(a, one), (b, other)| {
            let ((fit, then), (other_fit, other_then)) = (one.fit(phase), other.fit(phase));
            other_fit.total_cmp(&fit).then(other_then.total_cmp(&then)).then_with(|| rank::tie(a, b))
        });
        let mut taken: Vec<(Candidate, Heard)> = rest.drain(..counts[phase as usize]).collect();
        taken.sort_by(|(a, one), (b, other)| {
            one.rise(phase).total_cmp(&other.rise(phase)).then_with(|| rank::tie(a, b))
        });
        phases[phase as usize].extend(taken.into_iter().map(|(candidate, _)| (candidate, phase)));
    }
    phases.into_iter().flatten().collect()
}
