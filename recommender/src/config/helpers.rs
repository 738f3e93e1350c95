//! Services that may help: an LLM that reads prompts, Spotify that knows what a user hears.

use std::time::Duration;

use serde::Serialize;

use recobeat_ops::settings::Reader;
use recobeat_ops::settings::kind::{
    self, Kind, MILLISECOND, MINUTE, SECOND, base_url, duration, optional, switch, token, words,
};
use recobeat_ops::settings::secret::{debug_as_shown, hidden};

/// An OpenAI-compatible chat endpoint.
#[derive(Clone, PartialEq, Serialize)]
pub struct Llm {
    pub url: Option<String>,
    #[serde(serialize_with = "hidden")]
    pub api_key: Option<String>,
    pub model: String,
    #[serde(serialize_with = "kind::serialize_duration")]
    pub timeout: Duration,
}

debug_as_shown!(Llm);

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spotify {
    /// Read top tracks and artists with the user's token (`x-spotify-token`).
    pub enabled: bool,
    pub api_url: String,
    #[serde(serialize_with = "kind::serialize_duration")]
    pub timeout: Duration,
}

impl Llm {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let url = base_url("an http or https URL such as https://api.openai.com/v1");
        Self {
            url: r.key("url", None, optional(url)),
            api_key: r.key("api_key", None, optional(token()).veiled()),
            model: r.key("model", "gpt-4o-mini".to_owned(), words("the name of a model")),
            timeout: r.key("timeout", 10 * SECOND, duration(100 * MILLISECOND..=MINUTE)),
        }
    }
}

impl Spotify {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let url = base_url("an http or https URL such as https://api.spotify.com/v1");
        Self {
            enabled: r.key("enabled", false, switch()),
            api_url: r.key("api_url", "https://api.spotify.com/v1".to_owned(), url),
            timeout: r.key("timeout", 10 * SECOND, duration(100 * MILLISECOND..=MINUTE)),
        }
    }
}
