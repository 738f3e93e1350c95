//! Repair: a recommendation that the upstream would refuse, made into one that it takes.
//!
//! Clients in the wild send six seeds, one negative for one seed, the same id twice. The upstream
//! answers those with a 400 after seconds, and the client then does without. What was meant is
//! plain in these cases, so the request is corrected before anything else looks at it, and the
//! corrected one is what is looked up, sent and stored.
//!
//! Every repair only takes away, so correcting until nothing changes comes to an end. Repairs look
//! at the order the ids were given in: what was named first is kept.

use crate::api::{Id, Recommendation, Uuid};

/// Seeds, and negatives, that the upstream takes (contract §7).
const MOST: usize = 5;

/// What is known about tracks.
pub trait Facts {
    /// The upstream is known to lack it.
    fn is_missing(&self, id: &Id) -> bool;
    /// The track that an id is known to name.
    fn track(&self, id: &Id) -> Option<Uuid>;
}

/// Nothing is known.
impl Facts for () {
    fn is_missing(&self, _: &Id) -> bool {
        false
    }

    fn track(&self, _: &Id) -> Option<Uuid> {
        None
    }
}

/// One kind of correction, in the order they are tried (features P-54, P-55, P-58).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repair {
    /// An id stood in its list more than once.
    Repeated,
    /// More ids than the upstream takes.
    Surplus,
    /// A negative was a seed too.
    Overlap,
    /// As many negatives as seeds, or more.
    Balance,
    /// The upstream is known to lack a track.
    Missing,
}

impl Repair {
    pub const ALL: [Self; 5] = [Self::Repeated, Self::Surplus, Self::Overlap, Self::Balance, Self::Missing];

    pub fn name(self) -> &'static str {
        match self {
            Self::Repeated => "repeated",
            Self::Surplus => "surplus",
            Self::Overlap => "overlap",
            Self::Balance => "balance",
            Self::Missing => "missing",
        }
    }

    /// What was wrong, and what was done about it.
    pub fn what(self) -> &'static str {
        match self {
            Self::Repeated => "an id stood in its list more than once: it is asked once",
            Self::Surplus => "more than five seeds or negatives: the first five are asked",
            Self::Overlap => "a negative was a seed too: it is left out",
            Self::Balance => "as many negatives as seeds, or more: the last negatives are left out",
            Self::Missing => "the upstream is known to lack a track: it is left out",
        }
    }

    /// True when it changed the request.
    fn apply(self, request: &mut Recommendation, facts: &impl Facts) -> bool {
        let Recommendation { seeds, negatives, .. } = request;
        let before = (seeds.len(), negatives.len());
        match self {
            Self::Repeated => [seeds, negatives].into_iter().for_each(once),
            Self::Surplus => [seeds, negatives].into_iter().for_each(|ids| ids.truncate(MOST)),
            Self::Overlap => {
                negatives.retain(|negative| !seeds.iter().any(|seed| same(seed, negative, facts)));
            }
            Self::Balance if negatives.len() >= seeds.len() => negatives.truncate(seeds.len() / 2),
            Self::Missing if !seeds.iter().all(|seed| facts.is_missing(seed)) => {
                [seeds, negatives].into_iter().for_each(|ids| ids.retain(|id| !facts.is_missing(id)));
            }
            Self::Balance | Self::Missing => {}
        }
        before != (request.seeds.len(), request.negatives.len())
    }
}

/// The corrected request and what was wrong, each kind once; nothing when nothing was.
pub fn repair(given: &Recommendation, facts: &impl Facts) -> (Recommendation, Vec<Repair>) {
    let (mut request, mut made) = (given.clone(), Vec::new());
    // Each repair may make room for another before it, so all are looked at again.
    while let Some(repair) = Repair::ALL.into_iter().find(|repair| repair.apply(&mut request, facts)) {
        if !made.contains(&repair) {
            made.push(repair);
        }
    }
    (request, made)
}

fn once(ids: &mut Vec<Id>) {
    let mut seen = std::collections::HashSet::with_capacity(ids.len());
    ids.retain(|id| seen.insert(id.clone()));
}

/// The same id, or two spellings of one track.
fn same(one: &Id, other: &Id, facts: &impl Facts) -> bool {
    let track = |id: &Id| match id {
        Id::Uuid(uuid) => Some(facts.track(id).unwrap_or(*uuid)),
        id => facts.track(id),
    };
    one == other || track(one).is_some_and(|uuid| track(other) == Some(uuid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Call, Request, SpotifyId, classify_target};
    use proptest::prelude::*;
    use rstest::rstest;

    /// Ids that begin with `m` are missing; a Spotify id names the track that its length says.
    struct Some22;

    impl Facts for Some22 {
        fn is_missing(&self, id: &Id) -> bool {
            id.to_string().starts_with('m')
        }

        fn track(&self, id: &Id) -> Option<Uuid> {
            matches!(id, Id::Spotify(_)).then(|| Uuid::from_bits(22))
        }
    }

    fn recommendation(seeds: &str, negatives: &str) -> Recommendation {
        let negatives =
            if negatives.is_empty() { String::new() } else { format!("&negativeSeeds={negatives}") };
        let target = format!("/v1/track/recommendation?size=5&seeds={seeds}{negatives}");
        match classify_target(&target) {
            Ok(Call::Cacheable(Request::Body(body))) => *body.recommendation.expect("understood"),
            other => panic!("{target} is {other:?}"),
        }
    }

    fn lists(request: &Recommendation) -> (String, String) {
        let list = |ids: &[Id]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        (list(&request.seeds), list(&request.negatives))
    }

    #[rstest]
    #[case::nothing("a,b,c", "n", "a,b,c", "n", &[])]
    #[case::repeated("b,a,b", "n,n", "b,a", "n", &[Repair::Repeated])]
    #[case::six_seeds("f,e,d,c,b,a", "", "f,e,d,c,b", "", &[Repair::Surplus])]
    #[case::repeats_go_first("a,a,b,c,d,e", "", "a,b,c,d,e", "", &[Repair::Repeated])]
    #[case::overlap("a,b,c", "b,n", "a,b,c", "n", &[Repair::Overlap])]
    #[case::overlap_beyond_the_fifth("a,b,c,d,e,f", "f", "a,b,c,d,e", "f", &[Repair::Surplus])]
    #[case::one_for_one("a", "n", "a", "", &[Repair::Balance])]
    #[case::one_for_two("a,b", "n", "a,b", "n", &[])]
    #[case::two_for_two("a,b", "n,o", "a,b", "n", &[Repair::Balance])]
    #[case::five_for_three("a,b,c", "n,o,p,q,r", "a,b,c", "n", &[Repair::Balance])]
    #[case::overlap_spares_balance("a,b,c", "a,n,o", "a,b,c", "n,o", &[Repair::Overlap])]
    #[case::missing("m1,a,m2", "m3", "a", "", &[Repair::Missing])]
    #[case::all_missing("m1,m2", "m3", "m1,m2", "m3", &[])]
    #[case::fewer_seeds_unbalance("a,m1,m2,b,m3", "n,o", "a,b", "n", &[Repair::Missing, Repair::Balance])]
    fn what_is_meant_is_kept(
        #[case] seeds: &str,
        #[case] negatives: &str,
        #[case] kept_seeds: &str,
        #[case] kept_negatives: &str,
        #[case] kinds: &[Repair],
    ) {
        let (repaired, made) = repair(&recommendation(seeds, negatives), &Some22);
        assert_eq!(lists(&repaired), (kept_seeds.to_owned(), kept_negatives.to_owned()));
        assert_eq!(made, kinds);
    }

    #[test]
    fn two_spellings_of_one_track_overlap() {
        let (spotify, uuid) = ("2ZyXwVuTsRqPoNmLkJiHgF", Uuid::from_bits(22));
        for (seed, negative) in
            [(spotify.to_owned(), uuid.to_string()), (uuid.to_string(), spotify.to_owned())]
        {
            let given = recommendation(&format!("{seed},b,c"), &negative);
            assert_eq!(repair(&given, &Some22).1, [Repair::Overlap]);
            assert_eq!(repair(&given, &()).1, []);
        }
        assert!(SpotifyId::parse(spotify).is_some());
    }

    fn ids() -> impl Strategy<Value = String> {
        prop::collection::vec("[a-cm][0-9]", 1..9).prop_map(|ids| ids.join(","))
    }

    proptest! {
        #[test]
        fn what_was_repaired_needs_no_repair(seeds in ids(), negatives in ids()) {
            let (repaired, _) = repair(&recommendation(&seeds, &negatives), &Some22);
            prop_assert_eq!(repair(&repaired, &Some22), (repaired.clone(), vec![]));
            let (seeds, negatives) = (&repaired.seeds, &repaired.negatives);
            prop_assert!((1..=MOST).contains(&seeds.len()) && negatives.len() < seeds.len());
            prop_assert!(negatives.iter().all(|negative| !seeds.contains(negative)));
        }

        #[test]
        fn a_repair_only_takes_away(seeds in ids(), negatives in ids()) {
            let given = recommendation(&seeds, &negatives);
            let (repaired, _) = repair(&given, &Some22);
            prop_assert!(repaired.seeds.iter().all(|id| given.seeds.contains(id)));
            prop_assert!(repaired.negatives.iter().all(|id| given.negatives.contains(id)));
        }
    }
}
