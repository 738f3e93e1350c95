use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use http::{Method, StatusCode};

use super::admin::{AdminArgs, AdminClient, AdminError, tell};
use crate::config::Admin;
use crate::reload::Report;

/// Reading a file and going by it takes no time to speak of.
const LONGEST: Duration = Duration::from_secs(30);

/// Lets the running proxy read its configuration again, and prints what became of it. Exit 0 unless
/// it was refused.
#[derive(Debug, Args)]
pub(super) struct Reload {
    #[command(flatten)]
    admin: AdminArgs,
}

impl Reload {
    pub(super) fn run(self, config: &Admin) -> ExitCode {
        tell(self.ask(config))
    }

    async fn ask(self, config: &Admin) -> Result<String, AdminError> {
        let client = AdminClient::new(&self.admin, config)?;
        let request = client.request(Method::POST, "/reload").timeout(LONGEST);
        let response = client.send_expecting(request, StatusCode::UNPROCESSABLE_ENTITY).await?;
        let report: Report = response.json().await.map_err(|error| client.away(&error))?;
        if let Some(error) = report.error {
            return Err(AdminError::Refused(vec!["refused, what runs stays as it is".to_owned(), error]));
        }
        let mut told = String::new();
        for change in &report.applied {
            let _ = writeln!(told, "applied: {change}");
        }
        if told.is_empty() {
            told.push_str("nothing has changed\n");
        }
        for pending in &report.restart {
            let _ = writeln!(told, "needs a restart: {pending}");
        }
        Ok(told)
    }
}
