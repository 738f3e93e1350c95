//! A small client of a running proxy's admin listener.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use http::{Method, StatusCode};
use recobeat_ops::health::local;
use reqwest::{Client, RequestBuilder, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Builder;

use crate::config::Admin;

/// How long the listener may take to be connected to. It is near.
const CONNECT: Duration = Duration::from_secs(5);

/// Which proxy is asked.
#[derive(Debug, Args)]
pub(super) struct AdminArgs {
    /// The admin listener of the proxy to ask; without it, that of the configuration
    #[arg(long, value_name = "URL")]
    admin: Option<String>,
}

/// Why the proxy did not do what was asked. Each says what helps.
#[derive(Debug, thiserror::Error)]
pub(super) enum AdminError {
    #[error(
        "nobody answers at {base}: {reason}; start the proxy with `recobeat-proxy`, or name its admin listener \
         with --admin URL or `admin.listen`"
    )]
    Away { base: String, reason: String },
    #[error(
        "the proxy at {base} wants its admin token: set RECOBEAT_ADMIN__TOKEN, or `admin.token` in the configuration"
    )]
    Token { base: String },
    /// What it complains about, one line each.
    #[error("{}", .0.join("\n"))]
    Refused(Vec<String>),
    #[error("the proxy at {base} does not know {path}: it is of another version, or no recobeat-proxy")]
    Unknown { base: String, path: String },
    #[error("the proxy at {base} answered {status}: {text}")]
    Strange { base: String, status: StatusCode, text: String },
}

/// Asks, and prints what is told: the text with exit code 0, or why there is none.
pub(super) fn tell(asked: impl Future<Output = Result<String, AdminError>>) -> ExitCode {
    let told = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(asked).map_err(|error| error.to_string()),
        Err(error) => Err(format!("cannot start: {error}")),
    };
    match told {
        Ok(text) => {
            println!("{}", text.trim_end());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("recobeat-proxy: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct AdminClient {
    http: Client,
    base: String,
    token: Option<String>,
}

impl AdminClient {
    pub(super) fn new(args: &AdminArgs, config: &Admin) -> Result<Self, AdminError> {
        let base = args.admin.clone().unwrap_or_else(|| format!("http://{}", local(config.listen)));
        let base = base.trim_end_matches('/').to_owned();
        let base = if base.contains("://") { base } else { format!("http://{base}") };
        pingora::tls::install_default_crypto_provider();
        let http = Client::builder().no_proxy().connect_timeout(CONNECT).build();
        let away = |error: reqwest::Error| AdminError::Away { base: base.clone(), reason: reason(&error) };
        Ok(Self { http: http.map_err(away)?, base: base.clone(), token: config.token.clone() })
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends, and takes an answer that is not an error.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, AdminError> {
        self.send_expecting(request, StatusCode::OK).await
    }

    /// The same where an error of one status is an answer, too.
    pub(super) async fn send_expecting(
        &self,
        request: RequestBuilder,
        also: StatusCode,
    ) -> Result<Response, AdminError> {
        let response = request.send().await.map_err(|error| self.away(&error))?;
        let status = response.status();
        if status.is_success() || status == also {
            return Ok(response);
        }
        let (base, path) = (self.base.clone(), response.url().path().to_owned());
        let text = response.text().await.unwrap_or_default();
        Err(match serde_json::from_str::<Complaint>(&text) {
            Ok(complaint) => AdminError::Refused(complaint.errors),
            Err(_) if status == StatusCode::UNAUTHORIZED => AdminError::Token { base },
            Err(_) if status == StatusCode::NOT_FOUND => AdminError::Unknown { base, path },
            Err(_) => AdminError::Strange { base, status, text: text.trim().to_owned() },
        })
    }

    /// The same for an answer in JSON.
    pub(super) async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, AdminError> {
        let response = self.send(request).await?;
        response.json().await.map_err(|error| self.away(&error))
    }

    pub(super) fn away(&self, error: &reqwest::Error) -> AdminError {
        AdminError::Away { base: self.base.clone(), reason: reason(error) }
    }
}

#[derive(Debug, Deserialize)]
struct Complaint {
    errors: Vec<String>,
}

/// The innermost cause: what the system says.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("0.0.0.0:9090", None, "http://127.0.0.1:9090")]
    #[case("[::]:9090", None, "http://[::1]:9090")]
    #[case("10.0.0.7:9090", None, "http://10.0.0.7:9090")]
    #[case("127.0.0.1:9090", Some("https://proxy.internal:9443/"), "https://proxy.internal:9443")]
    #[case("127.0.0.1:9090", Some("proxy:9090"), "http://proxy:9090")]
    fn the_listener_is_found_by_configuration_or_by_name(
        #[case] listen: &str,
        #[case] named: Option<&str>,
        #[case] base: &str,
    ) {
        let config = Admin { listen: listen.parse().unwrap(), token: None };
        let args = AdminArgs { admin: named.map(str::to_owned) };
        assert_eq!(AdminClient::new(&args, &config).unwrap().base, base);
    }
}
