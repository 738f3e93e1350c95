//! Server URLs: `redis://`, `rediss://`, `valkey://`, `valkeys://`, credentials, a database, and
//! the nodes of a cluster separated by commas.

use std::fmt;

use redis::{ConnectionInfo, IntoConnectionInfo};

/// The servers to begin with; of a cluster, any of its nodes lead to all.
#[derive(Clone)]
pub struct Nodes {
    infos: Vec<ConnectionInfo>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`cache.redis.url`: cannot use node {number} of {of}: {why}; write redis://user:password@host:port/0, special characters of a password as %xx"
)]
pub struct AddressError {
    number: usize,
    of: usize,
    why: String,
}

impl Nodes {
    /// Reads one URL or several separated by commas. Later ones may leave scheme, credentials and
    /// database out: they are those of the first.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let (head, tail) = frame(parts[0]);
        let read = |(index, part): (usize, &&str)| {
            let whole = if part.contains("://") { (*part).to_owned() } else { format!("{head}{part}{tail}") };
            whole.into_connection_info().map_err(|error| AddressError {
                number: index + 1,
                of: parts.len(),
                why: error.to_string(),
            })
        };
        Ok(Self { infos: parts.iter().enumerate().map(read).collect::<Result<_, _>>()? })
    }

    pub(super) fn infos(&self) -> &[ConnectionInfo] {
        &self.infos
    }

    /// Several nodes are a cluster; one is asked what it is.
    pub(super) fn several(&self) -> bool {
        self.infos.len() > 1
    }
}

/// What stands before and after the host of a URL.
fn frame(url: &str) -> (&str, &str) {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let host = url[after_scheme..].rfind('@').map_or(after_scheme, |at| after_scheme + at + 1);
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    (&url[..host], &url[end..])
}

/// Hosts only: neither credentials nor anything else that is secret.
impl fmt::Display for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, info) in self.infos.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{}", info.addr())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Nodes {
    fn eq(&self, other: &Self) -> bool {
        let texts = |nodes: &Self| nodes.infos.iter().map(|info| format!("{info:?}")).collect::<Vec<_>>();
        texts(self) == texts(other)
    }
}

impl Eq for Nodes {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nodes_of_a_cluster_share_what_the_first_says() {
        let nodes = Nodes::parse("redis://me:pw@one:7000/0,two:7001, redis://three:7002").expect("valid");
        assert_eq!(nodes.to_string(), "one:7000,two:7001,three:7002");
        let user = |index: usize| nodes.infos()[index].redis_settings().username().map(str::to_owned);
        assert_eq!((user(1).as_deref(), user(2)), (Some("me"), None));
    }

    #[test]
    fn both_names_of_the_scheme_and_tls_are_known() {
        for url in ["redis://h", "valkey://h:6380/1", "rediss://h", "valkeys://:pw@h:1"] {
            assert!(Nodes::parse(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_said_without_the_password() {
        let error = Nodes::parse("redis://:secret@host:1/0,host:2/x").expect_err("no such database");
        assert!(error.to_string().contains("node 2 of 2"), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(!format!("{:?}", Nodes::parse("redis://:secret@host")).contains("secret"));
    }
}
