//! recobeat-recommender: mood playlists through recobeat-proxy.

pub mod auth;
pub mod cache;
pub mod cli;
pub mod config;
pub mod http;
pub mod jobs;
pub mod limits;
pub mod llm;
pub mod model;
pub mod mood;
pub mod pipeline;
pub mod profile;
pub mod ranking;
pub mod recobeat;
pub mod reload;
pub mod serve;
pub mod spotify;
pub mod store;
pub mod strategy;
pub mod telemetry;
