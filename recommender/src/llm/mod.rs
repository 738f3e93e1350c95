//! Mood analysis by an LLM, optional.

use async_trait::async_trait;

use crate::config;
use crate::model::{Intent, Mood, MoodRequest};
use crate::mood::{Analyst, AnalystError};

/// An OpenAI-compatible chat endpoint.
#[derive(Debug)]
pub struct Chat {}

impl Chat {
    /// `None` when no endpoint is configured.
    pub fn new(settings: &config::Llm) -> Result<Option<Self>, reqwest::Error> {
        Ok(settings.url.as_ref().map(|_| Self {}))
    }
}

#[async_trait]
impl Analyst for Chat {
    async fn analyse(
        &self,
        _request: &MoodRequest,
        by_rules: (Intent, Mood),
    ) -> Result<(Intent, Mood), AnalystError> {
        Ok(by_rules)
    }
}
