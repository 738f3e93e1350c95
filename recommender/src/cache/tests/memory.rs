//! The cache in memory, on paused time.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::sleep;

use super::super::{Cache, Category};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn an_entry_lives_as_long_as_its_category() {
    let cache = Cache::memory(100);
    for category in Category::ALL {
        cache.put(category, "ann", &7).await;
    }
    for category in Category::ALL {
        assert_eq!(cache.get(category, "ann").await, Some(7));
    }
    sleep(MINUTE * 16).await;
    assert_eq!(cache.get::<u32>(Category::AnchorTracks, "ann").await, None);
    assert_eq!(cache.get(Category::TopTracks, "ann").await, Some(7));
    sleep(MINUTE * 60 * 25).await;
    assert_eq!(cache.get(Category::PopularMoodCache, "ann").await, Some(7));
    sleep(MINUTE * 60).await;
    assert_eq!(cache.get::<u32>(Category::PopularMoodCache, "ann").await, None);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_reads_again_goes_too() {
    let cache = Cache::memory(5_000);
    for n in 0..1_000 {
        cache.put(Category::UserPlaylistStats, &n.to_string(), &n).await;
    }
    assert_eq!(cache.held(), 1_000);
    sleep(MINUTE * 6).await;
    assert_eq!(cache.stats().await.categories["user_playlist_stats"].entries, 0);
    cache.put(Category::UserPlaylistStats, "ann", &1).await;
    assert_eq!(cache.held(), 1);
}

#[tokio::test]
async fn entries_and_bytes_are_bounded() {
    let cache = Cache::memory(50);
    for n in 0..1_000 {
        cache.put(Category::TopTracks, &n.to_string(), &n).await;
    }
    assert!(cache.held() <= 50 && cache.held() > 20, "{} entries", cache.held());
    let large = "x".repeat(1 << 20);
    let cache = Cache::memory(5_000);
    for n in 0..200 {
        cache.put(Category::TopTracks, &n.to_string(), &large).await;
    }
    assert!(cache.held() <= 64 && cache.held() > 20, "{} large entries", cache.held());
}

#[tokio::test]
async fn one_body_that_is_too_large_is_not_kept() {
    let cache = Cache::memory(50);
    cache.put(Category::TopTracks, "ann", &"x".repeat(5 << 20)).await;
    assert_eq!(cache.held(), 0);
}

#[tokio::test]
async fn a_category_is_cleared_alone() {
    let cache = Cache::memory(100);
    cache.put(Category::TopTracks, "ann", &1).await;
    cache.put(Category::TopTracks, "bob", &2).await;
    cache.put(Category::TopArtists, "ann", &3).await;
    assert_eq!(cache.clear(Some(Category::TopTracks)).await, 2);
    assert_eq!(cache.get::<u32>(Category::TopTracks, "ann").await, None);
    assert_eq!(cache.get(Category::TopArtists, "ann").await, Some(3));
    assert_eq!(cache.clear(None).await, 1);
}

#[tokio::test]
async fn hits_and_misses_are_counted_per_category() {
    let cache = Cache::memory(100);
    cache.put(Category::TopTracks, "ann", &1).await;
    cache.get::<u32>(Category::TopTracks, "ann").await;
    cache.get::<u32>(Category::TopTracks, "bob").await;
    cache.get::<u32>(Category::TopArtists, "ann").await;
    cache.peek::<u32>(Category::TopTracks, "ann").await;
    let stats = cache.stats().await;
    assert_eq!((stats.cache_stats.hit_count, stats.cache_stats.miss_count), (1, 2));
    let row = stats.categories["top_tracks"];
    assert_eq!((row.counts.total_requests, row.entries, row.ttl), (2, 1, 1_800));
    assert!((row.counts.hit_rate - 0.5).abs() < f64::EPSILON);
    assert_eq!(stats.categories.len(), Category::ALL.len());
}

#[tokio::test]
async fn a_value_of_another_form_is_a_miss() {
    let cache = Cache::memory(100);
    cache.put(Category::TopTracks, "ann", &"text").await;
    assert_eq!(cache.get::<u32>(Category::TopTracks, "ann").await, None);
    assert_eq!(cache.stats().await.cache_stats.miss_count, 1);
}

proptest! {
    /// Against a plain map: whatever was put last and not removed is read, if it is held at all.
    #[test]
    fn what_is_read_was_put_last(steps in prop::collection::vec((0..4_u8, 0..6_u8, any::<u16>()), 0..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (cache, mut model) = (Cache::memory(100), std::collections::HashMap::new());
            for (step, key, value) in steps {
                let name = key.to_string();
                match step {
                    0 | 1 => {
                        cache.put(Category::TopTracks, &name, &value).await;
                        model.insert(key, value);
                    }
                    2 => {
                        cache.remove(Category::TopTracks, &name).await;
                        model.remove(&key);
                    }
                    _ => {
                        let held: Option<u16> = cache.get(Category::TopTracks, &name).await;
                        assert_eq!(held, model.get(&key).copied());
                    }
                }
            }
        });
    }
}
