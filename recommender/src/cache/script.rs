//! What is asked of Redis.
//!
//! A category is cleared by counting its generation up: entries carry the generation they were written
//! in, and those of an older one are not read any more and end by themselves. A sorted set per
//! category, by time of ending, tells how many entries there are; nothing ever walks over all keys.

use std::sync::Arc;

use redis::{Cmd, cmd};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Category;
use super::entry::Key;

/// Of the envelope around each value. Another version is a miss.
const VERSION: u32 = 1;

/// KEYS: generation, index, entry. ARGV: hash, time to live in ms, version, value.
const PUT: &str = "
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local generation = redis.call('GET', KEYS[1]) or '0'
redis.call('SET', KEYS[3], '{\"v\":' .. ARGV[3] .. ',\"g\":' .. generation .. ',\"value\":' .. ARGV[4] .. '}', 'PX', ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[1])
";

/// KEYS: index, entry. ARGV: hash.
const REMOVE: &str = "
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[1], ARGV[1])
";

/// KEYS: index.
const COUNT: &str = "
local now = redis.call('TIME')
return redis.call('ZCOUNT', KEYS[1], now[1] * 1000 + math.floor(now[2] / 1000), '+inf')
";

/// KEYS: generation, index.
const CLEAR: &str = "
local now = redis.call('TIME')
local count = redis.call('ZCOUNT', KEYS[2], now[1] * 1000 + math.floor(now[2] / 1000), '+inf')
redis.call('INCR', KEYS[1])
redis.call('DEL', KEYS[2])
return count
";

#[derive(Deserialize)]
struct Envelope<'a> {
    v: u32,
    g: u64,
    #[serde(borrow)]
    value: &'a RawValue,
}

pub(super) fn get(key: Key) -> Cmd {
    let mut command = cmd("MGET");
    command.arg(generation(key.category)).arg(entry(key));
    command
}

/// The value inside the answer to [`get`], if it is of this version and generation.
pub(super) fn read(generation: Option<u64>, body: Option<String>) -> Option<Arc<str>> {
    let body = body?;
    let envelope: Envelope<'_> = serde_json::from_str(&body).ok()?;
    let current = envelope.v == VERSION && envelope.g == generation.unwrap_or(0);
    current.then(|| envelope.value.get().into())
}

pub(super) fn put(key: Key, value: &str) -> Cmd {
    let keys = [generation(key.category), index(key.category), entry(key)];
    let mut command = script(PUT, &keys);
    let ttl = u64::try_from(key.category.ttl().as_millis()).expect("lifetimes are hours");
    command.arg(key.hash()).arg(ttl).arg(VERSION).arg(value);
    command
}

pub(super) fn remove(key: Key) -> Cmd {
    let mut command = script(REMOVE, &[index(key.category), entry(key)]);
    command.arg(key.hash());
    command
}

pub(super) fn count(category: Category) -> Cmd {
    script(COUNT, &[index(category)])
}

pub(super) fn clear(category: Category) -> Cmd {
    script(CLEAR, &[generation(category), index(category)])
}

fn script(text: &str, keys: &[String]) -> Cmd {
    let mut command = cmd("EVAL");
    command.arg(text).arg(keys.len()).arg(keys);
    command
}

fn entry(key: Key) -> String {
    format!("recommender:{}:{}", key.category.name(), key.hash())
}

fn generation(category: Category) -> String {
    format!("recommender:{}:generation", category.name())
}

fn index(category: Category) -> String {
    format!("recommender:{}:index", category.name())
}
