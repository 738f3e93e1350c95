use std::path::Path;
use std::sync::Arc;

use recobeat_ops::Watch;
use tokio::signal::unix::{SignalKind, signal};

use super::Running;

/// Reloads at SIGHUP, and whenever what the file of the configuration says has changed. Never ends.
/// What cannot be listened to is said, and done without.
pub async fn reload_when_told(running: Arc<Running>, file: Option<Watch>) {
    let mut hangup = signal(SignalKind::hangup())
        .inspect_err(|error| tracing::warn!(%error, "SIGHUP does not reload"))
        .ok();
    let mut file = file;
    loop {
        let by = tokio::select! {
            () = async {
                match &mut hangup {
                    Some(hangup) => drop(hangup.recv().await),
                    None => std::future::pending().await,
                }
            } => "SIGHUP",
            () = async {
                match &mut file {
                    Some(file) => file.changed().await,
                    None => std::future::pending().await,
                }
            } => "file",
        };
        running.reload(by).await;
    }
}

/// Watches the file, from before it is read for the first time.
pub fn watch(path: &Path) -> Option<Watch> {
    Watch::start(path)
        .inspect_err(|error| tracing::warn!(%error, "a change of the file does not reload"))
        .ok()
}
