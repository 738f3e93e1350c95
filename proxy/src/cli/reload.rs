use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use http::{Method, StatusCode};
use tokio::runtime::Builder;

use super::admin::{AdminArgs, AdminClient, AdminError};
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
    pub(super) fn run(self, admin: &Admin) -> ExitCode {
        let runtime = match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return failed(&format!("cannot start: {error}")),
        };
        match runtime.block_on(self.ask(admin)) {
            Ok(Report { error: None, applied, restart, .. }) => {
                if applied.is_empty() {
                    println!("nothing has changed");
                }
                applied.iter().for_each(|change| println!("applied: {change}"));
                restart.iter().for_each(|pending| println!("needs a restart: {pending}"));
                ExitCode::SUCCESS
            }
            Ok(Report { error: Some(error), .. }) => {
                failed(&format!("refused, what runs stays as it is\n{error}"))
            }
            Err(error) => failed(&error.to_string()),
        }
    }

    async fn ask(self, admin: &Admin) -> Result<Report, AdminError> {
        let client = AdminClient::new(&self.admin, admin)?;
        let request = client.request(Method::POST, "/reload").timeout(LONGEST);
        let response = client.send_expecting(request, StatusCode::UNPROCESSABLE_ENTITY).await?;
        response.json().await.map_err(|error| client.away(&error))
    }
}

fn failed(error: &str) -> ExitCode {
    eprintln!("recobeat-proxy: {error}");
    ExitCode::FAILURE
}
