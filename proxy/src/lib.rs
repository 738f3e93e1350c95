//! A caching, batching, rate-keeping proxy for the RecoBeat API.

#![forbid(unsafe_code)]

pub mod config;
