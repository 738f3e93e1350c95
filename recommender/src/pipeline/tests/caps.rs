use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::model::{MentionedTrack, Priority, TopTrack, TrackId};

fn track(fake: &Fake, n: usize) -> TrackId {
    fake.all_tracks()[n].id.into()
}

prop_compose! {
    fn requests()(
        prompt in prop::sample::select(vec![
            "calm and relaxing", "party", "indie night", "sad songs", "zzz", "You", "workout \"Happy Night\"",
        ]),
        target_count in prop::option::of(15_usize..=30),
        top in prop::collection::vec(0_usize..600, 0..20),
        mentioned in prop::collection::vec(0_usize..600, 0..10),
        named in prop::collection::vec(0_usize..40, 0..4),
        recommended in prop::collection::vec(0_usize..40, 0..8),
        negatives in prop::collection::vec(0_usize..600, 0..5),
        obscure in any::<bool>(),
        by_name in any::<bool>(),
    ) -> MoodRequest {
        let fake = Fake::new();
        let name = |n: usize| fake.all_artists()[n].name.clone();
        let mention = |n: usize| {
            let row = &fake.all_tracks()[n];
            MentionedTrack {
                id: (!by_name).then(|| row.id.into()),
                track_name: row.title.clone(),
                artist_name: row.artists[0].name.clone(),
                priority: Priority::High,
            }
        };
        let top = top.into_iter().map(|n| TopTrack {
            id: track(&fake, n), name: String::new(), artists: Vec::new(), popularity: None,
        });
        MoodRequest {
            target_count,
            top_tracks: top.collect(),
            mentioned_tracks: mentioned.into_iter().map(mention).collect(),
            mentioned_artists: named.into_iter().map(name).collect(),
            artist_recommendations: recommended.into_iter().map(name).collect(),
            negative_tracks: negatives.into_iter().map(|n| track(&fake, n)).collect(),
            allow_obscure_artists: obscure,
            ..MoodRequest::of(prompt)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_list_keeps_the_rules(request in requests(), calls in 8_u32..=24) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        let fake = Arc::new(Fake::new());
        let bench = Bench::with(|parts| parts.run.max_calls = calls);
        let done = runtime.unwrap().block_on(bench.run(&fake, request.clone()));
        prop_assert!(fake.requests() <= usize::try_from(calls).unwrap(), "{} of {calls}", fake.requests());
        prop_assert!(fake.most_at_once() <= 8);
        let Ok(done) = done else { return Ok(()) };
        let list = &done.recommendations;
        let target = usize::try_from(done.metadata["target_count"].as_u64().unwrap()).unwrap();
        prop_assert!(list.len() <= target.max(request.mentioned_tracks.len()));
        prop_assert_eq!(ids(list).len(), list.len());
        let free = list.iter().filter(|one| !one.user_mentioned && !one.protected);
        let mut by_artist: HashMap<&str, usize> = HashMap::new();
        for artist in free.clone().flat_map(|one| &one.artists) {
            if !request.mentioned_artists.contains(artist) {
                *by_artist.entry(artist).or_default() += 1;
            }
        }
        prop_assert!(by_artist.values().all(|count| *count <= 2), "{by_artist:?}");
        for one in free {
            prop_assert!(!request.negative_tracks.contains(&one.reccobeat_id.into()));
        }
        let again = Bench::with(|parts| parts.run.max_calls = calls);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        let twin = runtime.unwrap().block_on(again.run(&fake, request));
        prop_assert_eq!(bytes(list), bytes(&twin.unwrap().recommendations));
    }
}
