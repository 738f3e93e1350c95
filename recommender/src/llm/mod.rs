//! Mood analysis by an LLM, optional.
//!
//! One call reads intent and mood from a prompt. Whatever the model says, and whatever the prompt made it
//! say, becomes values within the limits of a mood or nothing: an [`Opinion`] has no field that could do
//! more. Every failure is an error, and the rules stand.

mod opinion;
mod question;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Client;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use crate::config;
use crate::mood::{Analyst, AnalystError, Opinion};
use crate::recobeat::wire::{self, Broken};

/// An answer is a few hundred bytes; more is no answer.
const LARGEST: usize = 256 * 1024;

/// An OpenAI-compatible chat endpoint.
#[derive(Debug)]
pub struct Chat {
    client: Client,
    url: String,
    model: String,
    /// For a whole answer.
    timeout: Duration,
}

impl Chat {
    /// `None` when no endpoint is configured.
    ///
    /// # Errors
    /// The TLS of this machine cannot be used.
    pub fn new(settings: &config::Llm) -> Result<Option<Self>, reqwest::Error> {
        let Some(url) = &settings.url else { return Ok(None) };
        let mut headers = HeaderMap::new();
        let key = settings.api_key.as_ref().map(|key| HeaderValue::try_from(format!("Bearer {key}")));
        if let Some(Ok(mut key)) = key {
            key.set_sensitive(true);
            headers.insert(AUTHORIZATION, key);
        }
        let client = wire::agent().default_headers(headers).build()?;
        let url = format!("{}/chat/completions", url.trim_end_matches('/'));
        Ok(Some(Self { client, url, model: settings.model.clone(), timeout: settings.timeout }))
    }

    async fn ask(&self, prompt: &str) -> Result<Opinion, AnalystError> {
        let question = question::question(&self.model, prompt);
        let response = self.client.post(&self.url).json(&question).send().await.map_err(unreachable)?;
        if !response.status().is_success() {
            return Err(AnalystError::Refused(response.status().as_u16()));
        }
        opinion::read(&wire::body(response, LARGEST).await.map_err(|error| broken(&error))?)
    }
}

#[async_trait]
impl Analyst for Chat {
    async fn analyse(&self, prompt: &str) -> Result<Opinion, AnalystError> {
        let asked = tokio::time::timeout(self.timeout, self.ask(prompt)).await;
        asked.map_err(|_| AnalystError::TimedOut(self.timeout))?
    }
}

fn broken(broken: &Broken) -> AnalystError {
    match broken {
        Broken::TooLarge(most) => AnalystError::TooLarge(*most),
        Broken::Off(_) => AnalystError::Unreachable(broken.to_string()),
    }
}

/// Without the address, which an operator knows and a log need not.
fn unreachable(error: reqwest::Error) -> AnalystError {
    AnalystError::Unreachable(error.without_url().to_string())
}
