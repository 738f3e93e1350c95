//! Recommendations (contract §7): checked strictly, drawn at random.
//!
//! The score of a track is its distance from what was asked plus noise. The noise is what makes
//! two equal calls differ; the weights are set so that `tempo` and `popularity` rule the result
//! while `energy` barely shows, as was measured.

use super::{Endpoint, Params, Refusal};
use crate::catalogue::{Catalogue, Features, Track};
use crate::dice::Dice;
use std::collections::HashSet;

const HERE: Endpoint = Endpoint::Recommendation;
const DEFAULT_SIZE: i64 = 10;
const NOISE: f64 = 2.0;
const STRONG: f64 = 6.0;
const WEAK: f64 = 0.4;
const LIKENESS: f64 = 0.8;

/// A feature one can ask for: its name, range, weight, and the span that counts as far away.
struct Wish {
    name: &'static str,
    low: f64,
    high: f64,
    weight: f64,
    span: f64,
    of: fn(&Track) -> f64,
}

macro_rules! wish {
    ($name:literal, $low:literal, $high:literal, $weight:expr, $span:literal, $of:expr) => {
        Wish { name: $name, low: $low, high: $high, weight: $weight, span: $span, of: $of }
    };
}

const WISHES: [Wish; 12] = [
    wish!("acousticness", 0.0, 1.0, WEAK, 1.0, |t| t.features.acousticness),
    wish!("danceability", 0.0, 1.0, WEAK, 1.0, |t| t.features.danceability),
    wish!("energy", 0.0, 1.0, WEAK, 1.0, |t| t.features.energy),
    wish!("instrumentalness", 0.0, 1.0, WEAK, 1.0, |t| t.features.instrumentalness),
    wish!("key", -1.0, 11.0, WEAK, 11.0, |t| f64::from(t.features.key)),
    wish!("liveness", 0.0, 1.0, WEAK, 1.0, |t| t.features.liveness),
    wish!("loudness", -60.0, 2.0, WEAK, 30.0, |t| t.features.loudness),
    wish!("mode", 0.0, 1.0, WEAK, 1.0, |t| f64::from(t.features.mode)),
    wish!("speechiness", 0.0, 1.0, WEAK, 1.0, |t| t.features.speechiness),
    wish!("tempo", 0.0, 250.0, STRONG, 30.0, |t| t.features.tempo),
    wish!("valence", 0.0, 1.0, WEAK, 1.0, |t| t.features.valence),
    wish!("popularity", 0.0, 100.0, STRONG, 30.0, |t| f64::from(t.popularity)),
];

/// Names whose values must be whole numbers.
const WHOLE: [&str; 3] = ["key", "mode", "popularity"];

pub(super) fn recommend(catalogue: &Catalogue, params: &Params, dice: &mut Dice) -> Result<String, Refusal> {
    let size = params.whole(HERE, "size", 1..=100, DEFAULT_SIZE)?;
    let size = usize::try_from(size).expect("a size is 1 to 100");
    let asked = params.required_list("seeds")?;
    let refused = params.list("negativeSeeds");
    five(&asked, "seeds")?;
    if let Some(refused) = &refused {
        five(refused, "negativeSeeds")?;
    }
    let wishes = wishes(params)?;
    let weight = params.number(HERE, "featureWeight", 1.0..=5.0)?.unwrap_or(1.0);
    let seeds = seeds(catalogue, &asked)?;
    let negatives = negatives(catalogue, &asked, refused.as_deref().unwrap_or_default())?;

    let mood = mean(seeds.iter().map(|at| &catalogue.tracks()[*at].features));
    let shunned: HashSet<usize> = negatives.iter().map(|at| catalogue.tracks()[*at].artists[0]).collect();
    let mut scored: Vec<(f64, usize)> = Vec::with_capacity(catalogue.tracks().len());
    for (at, track) in catalogue.tracks().iter().enumerate() {
        if seeds.contains(&at) || negatives.contains(&at) || shunned.contains(&track.artists[0]) {
            continue;
        }
        let mut score = NOISE * dice.unit() + LIKENESS * unlike(&mood, &track.features);
        for (wish, value) in &wishes {
            score += weight * wish.weight * ((wish.of)(track) - value).abs() / wish.span;
        }
        scored.push((score, at));
    }
    scored.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    scored.truncate(size);
    let mut rows: Vec<&str> = scored.iter().map(|(_, at)| catalogue.tracks()[*at].row.as_str()).collect();
    dice.shuffle(&mut rows);
    Ok(format!(r#"{{"content":[{}]}}"#, rows.join(",")))
}

fn five(ids: &[&str], name: &str) -> Result<(), Refusal> {
    if (1..=5).contains(&ids.len()) {
        Ok(())
    } else {
        Err(Refusal::range(HERE, name, "size must be between 1 and 5"))
    }
}

fn wishes(params: &Params) -> Result<Vec<(&'static Wish, f64)>, Refusal> {
    let mut wanted = Vec::new();
    for wish in &WISHES {
        let Some(value) = params.number(HERE, wish.name, wish.low..=wish.high)? else {
            continue;
        };
        if WHOLE.contains(&wish.name) && value.fract() != 0.0 {
            return Err(Refusal::invalid(wish.name, &value.to_string()));
        }
        wanted.push((wish, value));
    }
    Ok(wanted)
}

/// The known tracks among the seeds; some unknown ones do no harm.
fn seeds(catalogue: &Catalogue, asked: &[&str]) -> Result<Vec<usize>, Refusal> {
    let known: Vec<usize> = asked.iter().filter_map(|id| catalogue.track_position(id)).collect();
    if !known.is_empty() {
        return Ok(known);
    }
    let text = if asked.iter().any(|id| catalogue.artist(id).is_some()) {
        "seeds need at least one track"
    } else {
        "Cannot find any track for given seed ids"
    };
    Err(Refusal::plain(400, 4002, text))
}

fn negatives(catalogue: &Catalogue, seeds: &[&str], refused: &[&str]) -> Result<Vec<usize>, Refusal> {
    if refused.len() >= seeds.len() {
        let text = "Too many negative seeds: give fewer negativeSeeds than seeds";
        return Err(Refusal::plain(400, 4002, text));
    }
    let place = |id: &str| catalogue.track_position(id);
    let both = |id: &&str| {
        seeds.iter().any(|seed| seed == id || (place(seed).is_some() && place(seed) == place(id)))
    };
    if refused.iter().any(both) {
        let text = "Overlapping ids in seeds and negative seeds (negativeSeeds)";
        return Err(Refusal::plain(400, 4002, text));
    }
    Ok(refused.iter().filter_map(|id| place(id)).collect())
}

fn mean<'a>(features: impl ExactSizeIterator<Item = &'a Features>) -> Features {
    let count = u32::try_from(features.len()).map_or(1.0, f64::from);
    let mut mean = Features::default();
    for one in features {
        mean.acousticness += one.acousticness / count;
        mean.danceability += one.danceability / count;
        mean.energy += one.energy / count;
        mean.valence += one.valence / count;
        mean.tempo += one.tempo / count;
    }
    mean
}

fn unlike(a: &Features, b: &Features) -> f64 {
    (a.acousticness - b.acousticness).abs()
        + (a.danceability - b.danceability).abs()
        + (a.energy - b.energy).abs()
        + (a.valence - b.valence).abs()
        + (a.tempo - b.tempo).abs() / 120.0
}
