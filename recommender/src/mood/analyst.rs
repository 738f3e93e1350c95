//! A second opinion on what a prompt means.

use async_trait::async_trait;

use super::Opinion;

/// Improves what the rules found. Its word counts under that of the request and within all limits;
/// when it fails, the rules stand.
#[async_trait]
pub trait Analyst: Send + Sync {
    /// Knows the prompt and nothing else, so that its word holds for whoever writes the same.
    async fn analyse(&self, prompt: &str) -> Result<Opinion, AnalystError>;
}

/// Why there is no second opinion.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnalystError {
    #[error("no answer within {} s", .0.as_secs_f32())]
    TimedOut(std::time::Duration),
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    #[error("answered with status {0}")]
    Refused(u16),
    #[error("an answer of more than {0} bytes")]
    TooLarge(usize),
    #[error("an answer of an unexpected shape: {0}")]
    Shape(String),
}
