//! What holds of every list, whatever the candidates; and each rule on its own.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::model::{Feature, Mood, Size, Source};
use crate::ranking::testing::{SIZE, Wish, any_candidates, any_wish, candidate, ids, intent, mood};
use crate::ranking::{diversity::artists, duplicates::keys};
use crate::ranking::{filter, fit};

fn wish(mood: Mood) -> Wish {
    Wish {
        intent: intent(),
        mood,
        size: SIZE,
        with_mentions: false,
        mentioned_artists: Vec::new(),
        negatives: Vec::new(),
    }
}

/// Energy 0 to 0.4, acousticness 0.5 to 1, danceability 0 to 0.4.
fn calm() -> Mood {
    mood(&[(Feature::Energy, 0.0, 0.4), (Feature::Acousticness, 0.5, 1.0), (Feature::Danceability, 0.0, 0.4)])
}

fn many(source: Source, numbers: std::ops::Range<u128>) -> impl Iterator<Item = Candidate> {
    numbers.map(move |number| candidate(number, source).trusted(0.5))
}

fn count(list: &[Candidate], source: Source) -> usize {
    list.iter().filter(|candidate| candidate.source == source).count()
}

#[test]
fn each_source_gets_its_share() {
    let by_source = SOURCES.into_iter().zip([0, 100, 200, 300]);
    let all: Vec<Candidate> = by_source.flat_map(|(source, from)| many(source, from..from + 40)).collect();
    let mut wish = wish(calm());
    let merged = merge(all.clone(), &wish.wanted());
    assert_eq!(SOURCES.map(|source| count(&merged.list, source)), [0, 11, 7, 2]);
    wish.with_mentions = true;
    let merged = merge(all, &wish.wanted());
    // Of the 8 places of anchors, 5 go to anchors nobody named; artists, next in line, take the rest.
    assert_eq!(SOURCES.map(|source| count(&merged.list, source)), [5, 11, 3, 1]);
    assert_eq!(merged.overflow.len(), 160 - 20);
}

#[test]
fn a_shortfall_is_filled_in_the_order_of_the_sources() {
    let all = many(Source::ArtistDiscovery, 0..3)
        .chain(many(Source::Reccobeat, 100..112))
        .chain(many(Source::Fallback, 200..230));
    let merged = merge(all.collect(), &wish(calm()).wanted());
    assert_eq!(SOURCES.map(|source| count(&merged.list, source)), [0, 3, 12, 5]);
    assert_eq!(merged.counts.missing, 0);
}

#[test]
fn inside_a_source_the_best_confidence_comes_first() {
    let all = (0..20).map(|number| {
        let confidence = if number % 2 == 0 { 0.9 } else { 0.4 };
        candidate(number, Source::ArtistDiscovery).trusted(confidence)
    });
    let merged = merge(all.collect(), &Wish { size: Size { target: 10, ..SIZE }, ..wish(calm()) }.wanted());
    assert!(merged.list.iter().all(|candidate| candidate.confidence > 0.8));
}

#[test]
fn of_equal_confidence_the_nearer_to_the_mood_comes_first() {
    let energies = [0.9, 0.3, 0.6, 0.2];
    let all = energies.into_iter().zip(1..).map(|(energy, number)| {
        candidate(number, Source::ArtistDiscovery).trusted(0.5).sounding(&[(Feature::Energy, energy)])
    });
    let merged = merge(all.collect(), &wish(mood(&[(Feature::Energy, 0.0, 0.25)])).wanted());
    assert_eq!(ids(&merged.list), [4, 2, 3, 1]);
}

#[test]
fn a_clash_of_genres_halves_the_claim_to_a_place() {
    let mut wish = wish(calm());
    wish.mood.genre_keywords = vec!["jazz".into()];
    wish.size.target = 1;
    let mut metal = candidate(1, Source::Reccobeat).trusted(0.9);
    metal.genres = vec!["death metal".into()];
    let modest = candidate(2, Source::Reccobeat).trusted(0.6);
    let merged = merge(vec![metal.clone(), modest], &wish.wanted());
    assert_eq!(ids(&merged.list), [2]);
    assert!((merged.overflow[0].confidence - 0.9).abs() < 1e-12, "its own score stays");
    wish.intent.genre_strictness = 0.8;
    assert!(merge(vec![metal], &wish.wanted()).list.is_empty());
}

#[test]
fn an_artist_named_by_the_user_may_fill_half_of_the_list() {
    let mut wish = wish(calm());
    wish.mentioned_artists = vec![7];
    wish.with_mentions = true;
    let one_artist = many(Source::ArtistDiscovery, 0..30).map(|candidate| candidate.by(&[7]));
    let other = many(Source::Reccobeat, 100..130).map(|candidate| candidate.by(&[8]));
    let merged = merge(one_artist.chain(other).collect(), &wish.wanted());
    assert_eq!(SOURCES.map(|source| count(&merged.list, source)), [0, 10, 2, 0]);
    assert_eq!(merged.counts.missing, 8);
}

#[test]
fn the_last_round_takes_what_is_not_far_off() {
    // Beyond twice the extension in energy and danceability: left out as long as there is enough.
    let off = |number, valence| {
        let values = [(Feature::Energy, 1.0), (Feature::Danceability, 1.0), (Feature::Valence, valence)];
        candidate(number, Source::Reccobeat).sounding(&values)
    };
    let mut mood = calm();
    mood.targets[Feature::Valence] = mood.targets[Feature::Energy];
    // Energy and danceability 0; valence 0.2 is 1, valence 0.5 is 1 − 0.3/0.35: means 0.33 and 0.05.
    let near_and_far = vec![off(1, 0.2), off(2, 0.5)];
    let merged = merge(near_and_far.clone(), &wish(mood.clone()).wanted());
    assert_eq!((ids(&merged.list), merged.counts.relaxed, merged.counts.mood), (vec![1], 1, 2));
    let enough = near_and_far.into_iter().chain(many(Source::Reccobeat, 100..120));
    assert_eq!(merge(enough.collect(), &wish(mood).wanted()).counts.relaxed, 0);
}

#[test]
fn at_the_end_outliers_wait_until_nothing_better_is_left() {
    let quiet = mood(&[(Feature::Energy, 0.0, 0.4)]);
    let sounding = |number, energy, confidence| {
        candidate(number, Source::Reccobeat).sounding(&[(Feature::Energy, energy)]).trusted(confidence)
    };
    // 0.4 is 1 − 0.2/0.25 = 0.2 of cohesion: an outlier, though trusted most.
    let all = vec![sounding(1, 0.4, 0.9), sounding(2, 0.2, 0.5), sounding(3, 0.22, 0.5)];
    let two = Wish { size: Size { target: 2, ..SIZE }, ..wish(quiet.clone()) };
    assert_eq!(ids(&merge(all.clone(), &two.wanted()).list), [1, 2]);
    assert_eq!(ids(&finish(all.clone(), &two.wanted()).list), [2, 3]);
    assert_eq!(ids(&finish(all, &wish(quiet).wanted()).list), [2, 3, 1]);
}

#[test]
fn the_counts_tell_what_became_of_the_candidates() {
    let mut wish = wish(calm());
    wish.negatives = vec![1];
    let all = vec![
        candidate(1, Source::Reccobeat),
        candidate(2, Source::Reccobeat),
        candidate(2, Source::Fallback),
        candidate(3, Source::Reccobeat).titled("Christmas Night"),
        candidate(4, Source::Reccobeat).sounding(&[(Feature::Energy, 1.0), (Feature::Danceability, 1.0)]),
    ];
    let counts = merge(all, &wish.wanted()).counts;
    let expected =
        Counts { candidates: 5, negatives: 1, duplicates: 1, relevance: 1, mood: 1, ..Counts::default() };
    assert_eq!(counts, Counts { missing: 19, ..expected });
}

/// Candidates of an input that no rule but duplicates may take.
fn safe_keys(candidates: &[Candidate]) -> Vec<HashSet<crate::ranking::duplicates::Key>> {
    candidates.iter().filter(|one| one.is_safe()).map(|one| keys(&one.track).into_iter().collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_list_breaks_a_rule(candidates in any_candidates(), wish in any_wish(), at_the_end: bool) {
        let wanted = wish.wanted();
        let run = if at_the_end { finish } else { merge };
        let Merged { list, overflow, counts } = run(candidates.clone(), &wanted);

        // Size: only what is safe may exceed it.
        let safe = list.iter().filter(|one| one.is_safe()).count();
        prop_assert!(list.len() <= wish.size.target.max(safe));
        prop_assert_eq!(counts.missing, wish.size.target.saturating_sub(list.len()));

        // One place per recording, in the list and beside it.
        let mut seen = HashSet::new();
        for key in list.iter().chain(&overflow).flat_map(|one| keys(&one.track)) {
            prop_assert!(seen.insert(key.clone()), "twice: {:?}", key);
        }

        // What is safe is there, itself or as the same recording.
        let there: HashSet<_> = list.iter().filter(|one| one.is_safe()).flat_map(|one| keys(&one.track)).collect();
        for keys in safe_keys(&candidates) {
            prop_assert!(!keys.is_disjoint(&there), "lost: {:?}", keys);
        }

        // Caps.
        let mut by_artist: HashMap<Uuid, usize> = HashMap::new();
        list.iter().flat_map(artists).for_each(|artist| *by_artist.entry(artist).or_default() += 1);
        let together = list.iter().filter(|one| wanted.is_by_mentioned_artist(one)).count();
        for one in list.iter().filter(|one| !one.is_safe()) {
            for artist in artists(one).filter(|artist| !wanted.mentioned_artists.contains(artist)) {
                prop_assert!(by_artist[&artist] <= 2, "{} tracks of one artist", by_artist[&artist]);
            }
            if wanted.is_by_mentioned_artist(one) {
                prop_assert!(together <= (wish.size.target / 2).max(2));
            }
        }
        let anchors = list.iter().filter(|one| one.source == Source::AnchorTrack && !one.is_safe()).count();
        prop_assert!(anchors <= 5);

        // Nothing of another time, of an excluded theme or unwanted.
        for one in list.iter().chain(&overflow).filter(|one| !one.is_safe()) {
            prop_assert!(filter::era::keeps(one, wish.mood.temporal_context.as_ref()));
            prop_assert!(!one.track.title.contains("Christmas"));
            prop_assert!(!wanted.is_negative(one));
        }
        // Of another mood only as many as are told.
        let off_mood = list.iter().filter(|one| !filter::mood::keeps(one, &wish.mood)).count();
        prop_assert_eq!(off_mood, counts.relaxed);
    }

    #[test]
    fn a_source_goes_over_its_share_only_where_others_cannot_fill_theirs(
        candidates in any_candidates(),
        wish in any_wish(),
    ) {
        let wanted = wish.wanted();
        let Merged { list, overflow, .. } = merge(candidates, &wanted);
        let shares = Shares::new(wish.size.target, wish.with_mentions);
        let over = |source: Source| count(&list, source) > shares.of(source);
        let all_safe_within = SOURCES.into_iter().all(|source| {
            list.iter().filter(|one| one.is_safe() && one.source == source).count() <= shares.of(source)
        });
        if all_safe_within && SOURCES.into_iter().any(over) {
            for short in SOURCES.into_iter().filter(|source| count(&list, *source) < shares.of(*source)) {
                // Its own surplus was kept out by a cap, else it would have come first.
                let mut places = Places::new(&wanted);
                list.iter().cloned().for_each(|one| places.put(one));
                places.list.clear();
                let free = overflow.iter().filter(|one| one.source == short);
                prop_assert!(free.clone().all(|one| !places.caps_allow(one)), "{:?} had more", short);
            }
        }
    }

    #[test]
    fn the_order_of_the_candidates_does_not_matter(
        (candidates, shuffled) in any_candidates().prop_flat_map(|mut all| {
            // The same id twice may differ in what ranks nothing.
            all.iter_mut().zip(0..).for_each(|(one, number)| one.track.id = Uuid::from_u128(number));
            (Just(all.clone()), Just(all).prop_shuffle())
        }),
        wish in any_wish(),
    ) {
        let told = |merged: &Merged| (ids(&merged.list), ids(&merged.overflow), merged.counts);
        prop_assert_eq!(told(&merge(candidates, &wish.wanted())), told(&merge(shuffled, &wish.wanted())));
    }

    #[test]
    fn merging_a_list_again_changes_nothing(candidates in any_candidates(), wish in any_wish()) {
        let wanted = wish.wanted();
        let first = merge(candidates, &wanted);
        let mut again = ids(&merge(first.list.clone(), &wanted).list);
        let mut before = ids(&first.list);
        again.sort_unstable();
        before.sort_unstable();
        prop_assert_eq!(again, before);
    }

    #[test]
    fn the_surplus_that_fills_a_gap_is_the_nearest(candidates in any_candidates(), wish in any_wish()) {
        let wanted = wish.wanted();
        // A gap of the fallback, filled by artists: nobody else is there.
        let mut artists: Vec<Candidate> = candidates;
        for (number, one) in artists.iter_mut().enumerate() {
            let known: Vec<(Feature, f64)> = one.features.known().collect();
            *one = candidate(number as u128, Source::ArtistDiscovery).sounding(&known).trusted(one.confidence);
        }
        let Merged { list, overflow, .. } = merge(artists, &wanted);
        let far = |one: &Candidate| fit::distance(&one.features, &wish.mood).unwrap_or(f64::INFINITY);
        let share = Shares::new(wish.size.target, wish.with_mentions).of(Source::ArtistDiscovery);
        if list.len() == wish.size.target && share < list.len() {
            let farthest = list[share..].iter().map(far).fold(0.0, f64::max);
            prop_assert!(overflow.iter().all(|one| far(one) >= farthest));
        }
    }
}
