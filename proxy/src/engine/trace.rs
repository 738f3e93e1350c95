//! How an answer came about, as `Cache-Status` (RFC 9211).

use std::fmt;

use crate::telemetry::Outcome;

/// Name of this cache in `Cache-Status`.
const CACHE: &str = "recobeat";

/// Rendered with `Display` as one member of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trace {
    pub(super) outcome: Outcome,
    /// Seconds of freshness left of the oldest part; negative when stale.
    pub(super) ttl: Option<i64>,
    /// The answer is kept now.
    pub(super) stored: bool,
    /// Extra words for humans and counters: `rows=40 hit=30 calls=1`.
    pub(super) detail: String,
}

impl Trace {
    pub(super) fn new(outcome: Outcome) -> Self {
        Self { outcome, ttl: None, stored: false, detail: String::new() }
    }

    pub(super) fn ttl(self, ttl: i64) -> Self {
        Self { ttl: Some(ttl), ..self }
    }

    pub(super) fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    pub(super) fn stored(self, stored: bool) -> Self {
        Self { stored, ..self }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CACHE)?;
        match self.outcome {
            Outcome::Hit | Outcome::Stale => f.write_str("; hit")?,
            Outcome::Partial => f.write_str("; fwd=partial")?,
            Outcome::Miss => f.write_str("; fwd=miss")?,
            Outcome::Collapsed => f.write_str("; fwd=miss; collapsed")?,
            Outcome::Pass => f.write_str("; fwd=bypass")?,
            // Neither a hit nor forwarded: answered here.
            Outcome::Denied | Outcome::Refused | Outcome::Error => {}
        }
        if self.stored {
            f.write_str("; stored")?;
        }
        if let Some(ttl) = self.ttl {
            write!(f, "; ttl={ttl}")?;
        }
        // The details are ours alone: no quotes or backslashes that an sf-string would escape.
        if !self.detail.is_empty() {
            write!(f, "; detail=\"{}\"", self.detail)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_how_an_answer_came_about() {
        assert_eq!(Trace::new(Outcome::Hit).ttl(60).to_string(), "recobeat; hit; ttl=60");
        let stale = Trace::new(Outcome::Stale).ttl(-5).detail("stale");
        assert_eq!(stale.to_string(), "recobeat; hit; ttl=-5; detail=\"stale\"");
        let partial = Trace::new(Outcome::Partial).detail("rows=40 hit=30 calls=1");
        assert_eq!(partial.to_string(), "recobeat; fwd=partial; detail=\"rows=40 hit=30 calls=1\"");
        let collapsed = Trace::new(Outcome::Collapsed).stored(true).ttl(9);
        assert_eq!(collapsed.to_string(), "recobeat; fwd=miss; collapsed; stored; ttl=9");
        assert_eq!(Trace::new(Outcome::Denied).detail("rule").to_string(), "recobeat; detail=\"rule\"");
    }
}
