//! `recobeat-proxy warm`: gives the running proxy an order and shows how far it is.

mod events;
mod lines;
mod show;

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use futures_util::StreamExt;
use http::{Method, header};
use reqwest::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use self::events::{Event, Events};
use self::lines::Lines;
use self::show::{Show, told_plan};
use super::admin::{AdminArgs, AdminClient, AdminError};
use crate::config::Admin;
use crate::engine::warm::Estimate;

/// How often and how long a proxy that went away is looked for.
const AGAIN: Duration = Duration::from_secs(1);
const TRIES: u32 = 60;
/// Bad lines that are told.
const TOLD: usize = 20;

/// The command was wrong: nothing was started.
const REFUSED: u8 = 2;

#[derive(Debug, Args)]
pub(super) struct Warm {
    /// Ids of tracks (of either kind), and URLs or paths of the API
    #[arg(value_name = "ID|URL")]
    what: Vec<String>,
    /// More of them, one per line, `#` before a comment; - for the standard input
    #[arg(long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// What is wanted of each id
    #[arg(long, value_name = "KIND", value_delimiter = ',', default_value = "track,features")]
    rows: Vec<String>,
    /// Say how many calls and minutes it would take, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Start it and return
    #[arg(long)]
    detach: bool,
    /// Leave out lines that cannot be warmed
    #[arg(long)]
    skip_bad: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

/// Why a job did not do all it should.
#[derive(Debug, thiserror::Error)]
enum WarmError {
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error("cannot read {0}: {1}")]
    File(String, io::Error),
    #[error("{0}")]
    Lines(String),
    #[error("the proxy did not come back; once it runs, the same command again asks for the rest")]
    Gone,
    #[error("{0}")]
    Ended(&'static str),
}

impl WarmError {
    fn code(&self) -> ExitCode {
        match self {
            Self::Admin(AdminError::Refused(_)) | Self::File(..) | Self::Lines(_) => REFUSED.into(),
            Self::Admin(_) | Self::Gone | Self::Ended(_) => ExitCode::FAILURE,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Planned {
    plan: Estimate,
    left_out: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Started {
    id: String,
    plan: Estimate,
    /// What the proxy itself left out.
    left_out: Vec<String>,
}

/// How following a job's events ended.
enum Followed {
    Done(Event),
    /// The connection broke off.
    Lost,
    Interrupted,
}

impl Warm {
    pub(super) fn run(self, config: &Admin) -> ExitCode {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                eprintln!("recobeat-proxy: {error}");
                return ExitCode::FAILURE;
            }
        };
        match runtime.block_on(self.warm(config)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("recobeat-proxy: {error}");
                error.code()
            }
        }
    }

    async fn warm(&self, config: &Admin) -> Result<(), WarmError> {
        let order = self.order()?;
        let client = AdminClient::new(&self.admin, config)?;
        if self.dry_run {
            let planned: Planned = client.json(client.request(Method::POST, "/warm").json(&order)).await?;
            say_left_out(&planned.left_out);
            println!("{}", told_plan(&planned.plan));
            return Ok(());
        }
        if self.detach {
            let Started { id, plan, left_out } = start(&client, &order).await?;
            say_left_out(&left_out);
            println!(
                "{}\nwarming as {id}: GET /warm/{id} says how far it is, DELETE cancels it",
                told_plan(&plan)
            );
            return Ok(());
        }
        follow(&client, &order).await
    }

    /// The order as the proxy takes it.
    fn order(&self) -> Result<Value, WarmError> {
        let mut lines = Lines::default();
        for (at, text) in self.what.iter().enumerate() {
            lines.add(&format!("argument {}", at + 1), text);
        }
        for path in &self.file {
            let (name, text) = read(path)?;
            for (at, line) in text.lines().enumerate() {
                lines.add(&format!("{name}:{}", at + 1), line);
            }
        }
        if !lines.bad.is_empty() {
            let more = lines.bad.len().saturating_sub(TOLD);
            let mut told: Vec<String> = lines.bad.iter().take(TOLD).cloned().collect();
            if more > 0 {
                told.push(format!("and {more} more"));
            }
            if !self.skip_bad {
                told.push("nothing was started; correct them, or leave them out with --skip-bad".to_owned());
                return Err(WarmError::Lines(told.join("\n")));
            }
            say_left_out(&told);
        }
        if lines.ids.is_empty() && lines.urls.is_empty() {
            return Err(WarmError::Lines(
                "nothing to warm: name ids or URLs, or a file of them with --file FILE".to_owned(),
            ));
        }
        let Lines { ids, urls, .. } = lines;
        Ok(
            json!({ "ids": ids, "urls": urls, "rows": self.rows, "dry_run": self.dry_run, "skip_bad": self.skip_bad }),
        )
    }
}

fn say_left_out(lines: &[String]) {
    if !lines.is_empty() {
        eprintln!("left out:\n{}", lines.join("\n"));
    }
}

fn read(path: &Path) -> Result<(String, String), WarmError> {
    let (name, text) = if path.as_os_str() == "-" {
        let mut text = String::new();
        ("standard input".to_owned(), io::stdin().read_to_string(&mut text).map(|_| text))
    } else {
        (path.display().to_string(), std::fs::read_to_string(path))
    };
    text.map(|text| (name.clone(), text)).map_err(|error| WarmError::File(name, error))
}

async fn start(client: &AdminClient, order: &Value) -> Result<Started, AdminError> {
    client.json(client.request(Method::POST, "/warm").json(order)).await
}

async fn events(client: &AdminClient, id: &str, after: u64) -> Result<Response, AdminError> {
    let request = client.request(Method::GET, &format!("/warm/{id}"));
    client.send(request.header(header::ACCEPT, "text/event-stream").header("last-event-id", after)).await
}

/// Starts a job and shows it to its end, through restarts of the proxy.
async fn follow(client: &AdminClient, order: &Value) -> Result<(), WarmError> {
    let Started { mut id, plan, left_out } = start(client, order).await?;
    say_left_out(&left_out);
    let mut show = Show::begin(&plan);
    let mut stream = events(client, &id, 0).await?;
    let mut read = 0;
    loop {
        match watch(stream, &mut show, &mut read).await {
            Followed::Done(done) => return show.end(&done.data),
            Followed::Interrupted => {
                client.send(client.request(Method::DELETE, &format!("/warm/{id}"))).await?;
                show.leave();
                return Err(WarmError::Ended("cancelled; the same command again asks for the rest"));
            }
            Followed::Lost => {
                show.say("the connection to the proxy is lost; looking for it");
                (id, stream) = found_again(client, order, id, &mut read, &show).await?;
            }
        }
    }
}

/// The job's further events, or those of a new job for the rest when the proxy was restarted.
async fn found_again(
    client: &AdminClient,
    order: &Value,
    id: String,
    read: &mut u64,
    show: &Show,
) -> Result<(String, Response), WarmError> {
    for _ in 0..TRIES {
        tokio::select! {
            () = sleep(AGAIN) => {}
            _ = tokio::signal::ctrl_c() => return Err(WarmError::Gone),
        }
        match events(client, &id, *read).await {
            Ok(stream) => return Ok((id, stream)),
            // It runs, but knows nothing of this job.
            Err(AdminError::Refused(_)) => {
                let started = start(client, order).await?;
                show.say("the proxy was restarted: going on with what is missing");
                *read = 0;
                let stream = events(client, &started.id, 0).await?;
                return Ok((started.id, stream));
            }
            Err(AdminError::Away { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Err(WarmError::Gone)
}

async fn watch(response: Response, show: &mut Show, read: &mut u64) -> Followed {
    let mut events = Events::default();
    let mut bytes = response.bytes_stream();
    loop {
        let piece = tokio::select! {
            piece = bytes.next() => piece,
            _ = tokio::signal::ctrl_c() => return Followed::Interrupted,
        };
        let Some(Ok(piece)) = piece else { return Followed::Lost };
        for event in events.take(&piece) {
            *read = event.id;
            match event.name.as_str() {
                "progress" => show.progress(&event.data),
                "failed" => show.failed(&event.data),
                "done" => return Followed::Done(event),
                _ => {}
            }
        }
    }
}
