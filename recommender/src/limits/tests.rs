use proptest::prelude::*;
use tokio::time::advance;

use super::window::Window;
use super::*;

fn limiter(start_per_minute: u32, start_per_day: u32) -> Limiter {
    Limiter::in_memory(config::Limits { start_per_minute, start_per_day, ..config::Limits::default() })
}

#[tokio::test(start_paused = true)]
async fn the_one_too_many_is_told_when_the_oldest_leaves_the_window() {
    let limiter = limiter(2, 0);
    limiter.admit(Class::Start, "ann").await.expect("first");
    advance(Duration::from_secs(20)).await;
    limiter.admit(Class::Start, "ann").await.expect("second");
    let refused = limiter.admit(Class::Start, "ann").await.expect_err("third");
    assert_eq!(refused, Refused { limit: 2, retry_after: Duration::from_secs(40) });
    advance(Duration::from_secs(40)).await;
    limiter.admit(Class::Start, "ann").await.expect("the first has left");
    limiter.admit(Class::Start, "ann").await.expect_err("the second has not");
}

#[tokio::test(start_paused = true)]
async fn other_limits_count_what_was_let_in_before() {
    let limiter = limiter(3, 0);
    for _ in 0..3 {
        limiter.admit(Class::Start, "ann").await.expect("three");
        advance(Duration::from_secs(10)).await;
    }
    let apply = |start_per_minute| {
        limiter.apply(config::Limits { start_per_minute, start_per_day: 0, ..config::Limits::default() });
    };
    apply(2);
    let refused = limiter.admit(Class::Start, "ann").await.expect_err("three are too many now");
    // At 70 s two of the three have left.
    assert_eq!(refused, Refused { limit: 2, retry_after: Duration::from_secs(40) });
    apply(4);
    limiter.admit(Class::Start, "ann").await.expect("the fourth");
    limiter.admit(Class::Start, "ann").await.expect_err("the fifth");
}

#[tokio::test(start_paused = true)]
async fn callers_and_classes_are_counted_apart() {
    let limiter = limiter(1, 0);
    limiter.admit(Class::Start, "ann").await.expect("ann");
    limiter.admit(Class::Start, "bob").await.expect("bob");
    limiter.admit(Class::Warm, "ann").await.expect("another class");
    limiter.admit(Class::Start, "ann").await.expect_err("ann again");
}

#[tokio::test(start_paused = true)]
async fn a_daily_quota_outlives_the_minute_and_ends_with_the_day() {
    let limiter = limiter(10, 1);
    limiter.admit(Class::StartOfDay, "ann").await.expect("first");
    advance(Duration::from_secs(3600)).await;
    let refused = limiter.admit(Class::StartOfDay, "ann").await.expect_err("the same day");
    assert_eq!(refused.retry_after, Duration::from_secs(23 * 3600));
    advance(refused.retry_after).await;
    limiter.admit(Class::StartOfDay, "ann").await.expect("the next day");
}

#[tokio::test(start_paused = true)]
async fn no_limit_is_no_limit() {
    let limiter = limiter(0, 0);
    for _ in 0..100 {
        limiter.admit(Class::Start, "ann").await.expect("unlimited");
    }
}

#[tokio::test(start_paused = true)]
async fn many_names_take_bounded_memory_and_push_out_the_idle_first() {
    let memory = Memory::holding(100);
    let allowance = Allowance { limit: 1, window: MINUTE };
    for name in 0..1000 {
        memory.admit(Class::Address, &name.to_string(), allowance, Instant::now()).expect("a new name");
        advance(Duration::from_millis(1)).await;
        assert!(memory.len() <= 100);
    }
    memory.admit(Class::Address, "999", allowance, Instant::now()).expect_err("the newest is remembered");
}

#[tokio::test(start_paused = true)]
async fn what_no_window_reaches_any_more_goes_first() {
    let memory = Memory::holding(100);
    let (minute, day) = (Allowance { limit: 1, window: MINUTE }, Allowance { limit: 1, window: DAY });
    for name in 0..50 {
        memory.admit(Class::StartOfDay, &name.to_string(), day, Instant::now()).expect("a new name");
        memory.admit(Class::Address, &name.to_string(), minute, Instant::now()).expect("a new name");
    }
    advance(MINUTE * 2).await;
    memory.admit(Class::Address, "new", minute, Instant::now()).expect("a new name");
    assert_eq!(memory.len(), 51);
    memory.admit(Class::StartOfDay, "7", day, Instant::now()).expect_err("the same day");
}

#[tokio::test]
async fn without_its_redis_a_limiter_counts_alone() {
    let limits = config::Limits { start_per_minute: 1, ..config::Limits::default() };
    let limiter = Limiter::in_redis(limits, "redis://127.0.0.1:1").expect("a good url");
    limiter.admit(Class::Start, "ann").await.expect("first");
    limiter.admit(Class::Start, "ann").await.expect_err("second");
}

proptest! {
    /// Over any arrivals: no window holds more than the limit, and who is told to come back in
    /// `wait` is let in then, and not a millisecond earlier.
    #[test]
    fn a_window_is_exact(limit in 1_u32..6, gaps in prop::collection::vec(0_u64..30_000, 1..60)) {
        let allowance = Allowance { limit, window: MINUTE };
        let born = Instant::now();
        let (mut window, mut now, mut admitted) = (Window::default(), born, Vec::new());
        for gap in gaps {
            now += Duration::from_millis(gap);
            match window.admit(allowance, now) {
                Ok(()) => admitted.push(now),
                Err(wait) => {
                    prop_assert!(wait > Duration::ZERO && wait <= MINUTE);
                    prop_assert!(window.admit(allowance, now + wait - Duration::from_millis(1)).is_err());
                    now += wait;
                    prop_assert!(window.admit(allowance, now).is_ok());
                    admitted.push(now);
                }
            }
        }
        for (at, &start) in admitted.iter().enumerate() {
            let inside = admitted[at..].iter().take_while(|&&later| later < start + MINUTE).count();
            prop_assert!(inside <= limit as usize, "{inside} in one window");
        }
    }
}
