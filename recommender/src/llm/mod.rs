//! Mood analysis by an LLM, optional.
//!
//! One call reads intent and mood from a prompt. Whatever the model says, and whatever the prompt made it
//! say, becomes values within the limits of a mood or nothing: an [`Opinion`](opinion) has no field that
//! could do more. Every failure is an error, and the rules stand.

mod opinion;
mod question;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, Response, redirect};
use rustls::crypto::ring;

use crate::config;
use crate::model::{Intent, Mood, MoodRequest};
use crate::mood::{Analyst, AnalystError};
use opinion::Opinion;

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
        // Ignored: another part of the process has chosen the same one.
        let _ = ring::default_provider().install_default();
        let mut headers = HeaderMap::new();
        let key = settings.api_key.as_ref().map(|key| HeaderValue::try_from(format!("Bearer {key}")));
        if let Some(Ok(mut key)) = key {
            key.set_sensitive(true);
            headers.insert(AUTHORIZATION, key);
        }
        // A redirect would carry the key to another host.
        let client = Client::builder().default_headers(headers).redirect(redirect::Policy::none()).build()?;
        let url = format!("{}/chat/completions", url.trim_end_matches('/'));
        Ok(Some(Self { client, url, model: settings.model.clone(), timeout: settings.timeout }))
    }

    async fn ask(&self, request: &MoodRequest) -> Result<Opinion, AnalystError> {
        let question = question::question(&self.model, request);
        let response = self.client.post(&self.url).json(&question).send().await.map_err(unreachable)?;
        if !response.status().is_success() {
            return Err(AnalystError::Refused(response.status().as_u16()));
        }
        Opinion::read(&body(response).await?)
    }
}

#[async_trait]
impl Analyst for Chat {
    async fn analyse(
        &self,
        request: &MoodRequest,
        by_rules: (Intent, Mood),
    ) -> Result<(Intent, Mood), AnalystError> {
        let asked = tokio::time::timeout(self.timeout, self.ask(request)).await;
        let opinion = asked.map_err(|_| AnalystError::TimedOut(self.timeout))??;
        Ok(opinion.merge(request, by_rules))
    }
}

/// The whole body, read no further than the bound.
async fn body(mut response: Response) -> Result<Vec<u8>, AnalystError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST {
            return Err(AnalystError::TooLarge(LARGEST));
        }
    }
    Ok(body)
}

/// Without the address, which an operator knows and a log need not.
fn unreachable(error: reqwest::Error) -> AnalystError {
    AnalystError::Unreachable(error.without_url().to_string())
}
