//! Where lists and caches are kept.

use recobeat_ops::settings::Reader;
use recobeat_ops::settings::kind::{Fault, Kind, optional, parsed};

/// The key `database_url`.
pub(super) fn read_database(r: &mut Reader<'_>) -> String {
    let url = parsed("sqlite:PATH or postgres://user:password@host/database", |text| {
        if text == "memory" {
            return Ok(text.to_owned());
        }
        let (scheme, rest) = text.split_once(':').unwrap_or_default();
        let known = match scheme {
            "sqlite" => !rest.trim_start_matches('/').is_empty(),
            "postgres" | "postgresql" => rest.strip_prefix("//").is_some_and(|rest| !rest.is_empty()),
            _ => return Err(Fault::why("is of another kind of database")),
        };
        let nothing = || Fault::why("names no database");
        known.then(|| text.to_owned()).ok_or_else(nothing)
    })
    .like("^(memory$|sqlite:.|postgres(ql)?://.)");
    r.key("database_url", "sqlite:data/recommender.db".to_owned(), url.because(DATABASE).veiled())
}

const DATABASE: &str = "a file for one service, as in sqlite:data/recommender.db, or PostgreSQL for several; memory keeps lists for 24 h and loses them at a restart";

/// The key `redis_url`.
pub(super) fn read_redis(r: &mut Reader<'_>) -> Option<String> {
    let url = parsed("a Redis URL such as redis://:password@host:6379/0", |text| {
        let known = |scheme: &str| matches!(scheme, "redis" | "rediss" | "valkey" | "valkeys");
        let Some((_, rest)) = text.split_once("://").filter(|(scheme, _)| known(scheme)) else {
            return Err(Fault::why("does not begin with redis://, rediss://, valkey:// or valkeys://")
                .help("write the scheme first; the ones that end in `s` speak TLS"));
        };
        let host = rest.rsplit('@').next().unwrap_or_default();
        if host.is_empty() || host.starts_with([':', '/']) || text.contains(char::is_whitespace) {
            return Err(Fault::why("has no host").help("write redis://host:port"));
        }
        Ok(text.to_owned())
    })
    .like("^(redis|valkey)s?://.");
    r.key("redis_url", None, optional(url).veiled())
}
