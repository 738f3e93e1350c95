use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::Watch;

/// What lets a service read its configuration again: SIGHUP, and another content of its file.
#[derive(Debug)]
pub struct Triggers {
    hangup: Option<Signal>,
    file: Option<Watch>,
}

impl Triggers {
    /// Listens from now on; to be called on a runtime. What cannot be listened to is said, and done
    /// without.
    pub fn new(file: Option<Watch>) -> Self {
        let hangup = signal(SignalKind::hangup())
            .inspect_err(|error| tracing::warn!(%error, "SIGHUP does not reload"))
            .ok();
        Self { hangup, file }
    }

    /// Waits for the next, and says what it was. Never ends where there is none.
    pub async fn next(&mut self) -> &'static str {
        let Self { hangup, file } = self;
        let hangup = async {
            match hangup {
                // `None`: no more signals are received, ever.
                Some(hangup) => match hangup.recv().await {
                    Some(()) => {}
                    None => std::future::pending().await,
                },
                None => std::future::pending().await,
            }
        };
        let file = async {
            match file {
                Some(file) => file.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = hangup => "SIGHUP",
            () = file => "file",
        }
    }
}
