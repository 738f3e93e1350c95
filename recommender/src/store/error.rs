//! Why the store could not do what was asked, and at start-up what to do about it.

use std::time::Duration;

use sqlx::migrate::MigrateError;

use crate::model::Status;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The row is gone, or is not the caller's.
    #[error("no such playlist")]
    Absent,
    /// The run has ended, would go backwards, or is not yet where the change is possible.
    #[error("the run is {}, which does not allow this", .0.name())]
    Passed(Status),
    /// A list without tracks is a failed run.
    #[error("a completed list needs at least one track")]
    Empty,
    /// The list is not the one that was seen.
    #[error("the list was changed meanwhile")]
    Changed,
    /// Asked for by a caller that should have used another call.
    #[error("{} cannot be set by this call", .0.name())]
    Unfit(Status),
    #[error("the database: {0}")]
    Database(#[source] sqlx::Error),
    #[error("the database gave no answer within {} s", .0.as_secs())]
    Slow(Duration),
    #[error("a row that cannot be read: {0}")]
    Row(String),
    /// At start-up.
    #[error("cannot open the database {place}: {cause}; {advice}")]
    Open { place: String, cause: sqlx::Error, advice: &'static str },
    /// At start-up.
    #[error("cannot bring the database {place} up to date: {cause}; {advice}")]
    Migration { place: String, cause: MigrateError, advice: &'static str },
    #[error("{0}")]
    Url(String),
}

impl StoreError {
    /// The store's own doing, not what was asked of it.
    pub fn is_trouble(&self) -> bool {
        matches!(self, Self::Database(_) | Self::Slow(_) | Self::Row(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
                Self::Row(error.to_string())
            }
            _ => Self::Database(error),
        }
    }
}

impl StoreError {
    /// At start-up: the server cannot be reached yet, or the file is busy.
    pub(super) fn is_away(&self) -> bool {
        match self {
            Self::Open { cause, .. } | Self::Migration { cause: MigrateError::Execute(cause), .. } => {
                is_away(cause)
            }
            _ => false,
        }
    }

    pub(super) fn open(place: String, cause: sqlx::Error) -> Self {
        let advice = advice(&cause);
        Self::Open { place, cause, advice }
    }

    pub(super) fn migration(place: String, cause: MigrateError) -> Self {
        let advice = match &cause {
            MigrateError::VersionMissing(_) => "a newer version of the service has used it: run that one",
            MigrateError::VersionMismatch(_) | MigrateError::Dirty(_) => {
                "its migrations were changed by hand: restore a backup, or start with an empty database"
            }
            MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => advice(cause),
            _ => "see the cause",
        };
        Self::Migration { place, cause, advice }
    }
}

fn is_away(cause: &sqlx::Error) -> bool {
    match cause {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        // Starting up or shutting down, full, or locked by another process.
        sqlx::Error::Database(error) => {
            matches!(error.code().as_deref(), Some("57P01" | "57P03" | "53300" | "5"))
        }
        _ => false,
    }
}

/// What the operator can do about it.
fn advice(cause: &sqlx::Error) -> &'static str {
    match cause {
        sqlx::Error::Configuration(_) => "check database_url",
        sqlx::Error::Tls(_) => "check sslmode and the certificates",
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => "check that the server runs and can be reached",
        sqlx::Error::Database(error) => match error.code().as_deref() {
            Some("3D000") => "create it first: CREATE DATABASE",
            Some("28P01" | "28000") => "check user and password, and the server's pg_hba.conf",
            Some("42501" | "0A000" | "58P01") => {
                "let an administrator run CREATE EXTENSION pg_trgm and CREATE EXTENSION btree_gin in it, \
                 and let the user create tables"
            }
            Some("53300") => "the server has no connection free: raise max_connections",
            Some("5") => "another process holds it locked",
            Some("8") => "the file cannot be written: check its owner and rights",
            Some("14") => {
                "check that the path is a file that can be written, in a folder that can be written"
            }
            Some("26") => "the file is something else: move it away",
            Some("11") => "the file is damaged: restore a backup, or move it away to start anew",
            _ => "see the cause",
        },
        _ => "see the cause",
    }
}
