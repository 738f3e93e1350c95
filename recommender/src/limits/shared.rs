//! The windows of all processes together, in Redis.
//!
//! A window is a sorted set of start times on the server's clock, changed by one script. A server
//! that does not answer in 100 ms is left alone for a second, so that it slows one request and not
//! every one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use super::{Allowance, Class};

const PATIENCE: Duration = Duration::from_millis(100);
const CONNECT: Duration = Duration::from_secs(1);
const AWAY_FOR: Duration = Duration::from_secs(1);

/// KEYS: the window; ARGV: limit, window in µs, a name for this start. Answers -1 when let in, else
/// the µs until one would be.
const ADMIT: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local window = tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
if redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('ZADD', KEYS[1], now, ARGV[3])
  redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
  return -1
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return math.max(0, tonumber(oldest[2]) + window - now)
";

#[derive(Debug)]
pub(super) struct Shared {
    client: Client,
    connection: OnceCell<ConnectionManager>,
    /// Tells the starts of this process from those of others.
    process: Uuid,
    starts: AtomicU64,
    born: Instant,
    /// In ms since `born`; 0 is never.
    away_until: AtomicU64,
}

impl Shared {
    pub(super) fn new(url: &str) -> Result<Self, RedisError> {
        Ok(Self {
            client: Client::open(url)?,
            connection: OnceCell::new(),
            process: Uuid::new_v4(),
            starts: AtomicU64::new(0),
            born: Instant::now(),
            away_until: AtomicU64::new(0),
        })
    }

    /// `None` when Redis does not answer.
    pub(super) async fn admit(
        &self,
        class: Class,
        who: &str,
        allowance: Allowance,
    ) -> Option<Result<(), Duration>> {
        if self.age() < self.away_until.load(Ordering::Relaxed) {
            return None;
        }
        let wait = match timeout(PATIENCE, self.ask(class, who, allowance)).await {
            Ok(Ok(wait)) => wait,
            Ok(Err(error)) => return self.away(&error.to_string()),
            Err(_) => return self.away("no answer in time"),
        };
        self.away_until.store(0, Ordering::Relaxed);
        Some(u64::try_from(wait).map_or(Ok(()), |micros| Err(Duration::from_micros(micros))))
    }

    async fn ask(&self, class: Class, who: &str, allowance: Allowance) -> Result<i64, RedisError> {
        let connect = || async {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(CONNECT))
                .set_response_timeout(Some(PATIENCE))
                .set_number_of_retries(1);
            ConnectionManager::new_lazy_with_config(self.client.clone(), config)
        };
        let mut connection = self.connection.get_or_try_init(connect).await?.clone();
        let start = self.starts.fetch_add(1, Ordering::Relaxed);
        redis::cmd("EVAL")
            .arg(ADMIT)
            .arg(1)
            .arg(format!("recommender:limit:{}:{:032x}", class.name(), xxh3_128(who.as_bytes())))
            .arg(allowance.limit)
            .arg(u64::try_from(allowance.window.as_micros()).unwrap_or(u64::MAX))
            .arg(format!("{}:{start}", self.process))
            .query_async(&mut connection)
            .await
    }

    fn away<T>(&self, reason: &str) -> Option<T> {
        let until = self.age() + u64::try_from(AWAY_FOR.as_millis()).unwrap_or(u64::MAX);
        if self.away_until.swap(until, Ordering::Relaxed) == 0 {
            tracing::warn!(reason, "redis is away: limits count in this process alone");
        }
        None
    }

    fn age(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
