//! What answers, avoided calls and rows read ahead are counted as.

/// How an answer came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Everything from the cache, all of it fresh.
    Hit,
    /// Everything from the cache, some of it stale.
    Stale,
    /// Some rows from the cache, some fetched.
    Partial,
    Miss,
    /// Fetched by a flight that somebody else had opened.
    Collapsed,
    /// A 400 without a call: a static rule or a remembered denial.
    Denied,
    /// 429: the budget is used up.
    Refused,
    /// 5xx.
    Error,
    /// Streamed through.
    Pass,
}

impl Outcome {
    pub const ALL: [Self; 9] = [
        Self::Hit,
        Self::Stale,
        Self::Partial,
        Self::Miss,
        Self::Collapsed,
        Self::Denied,
        Self::Refused,
        Self::Error,
        Self::Pass,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Partial => "partial",
            Self::Miss => "miss",
            Self::Collapsed => "collapsed",
            Self::Denied => "denied",
            Self::Refused => "refused",
            Self::Error => "error",
            Self::Pass => "pass",
        }
    }
}

/// Why a call that a direct client would have made was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Avoided {
    Cache,
    /// Joined a flight for the same need.
    Coalescing,
    /// Rode in a batch that somebody else's ids had opened.
    Batching,
    /// All ids were known to be missing.
    Registry,
    /// Refused by a static rule.
    Guard,
    /// Refused because the upstream had refused it before.
    Denial,
}

impl Avoided {
    pub const ALL: [Self; 6] =
        [Self::Cache, Self::Coalescing, Self::Batching, Self::Registry, Self::Guard, Self::Denial];

    pub fn name(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Coalescing => "coalescing",
            Self::Batching => "batching",
            Self::Registry => "registry",
            Self::Guard => "guard",
            Self::Denial => "denial",
        }
    }
}

/// What became of a row that was to be read ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadAheadRow {
    Read,
    /// Read, and asked for in time.
    Used,
    /// Not read: reading ahead pauses.
    Paused,
}

impl ReadAheadRow {
    pub const ALL: [Self; 3] = [Self::Read, Self::Used, Self::Paused];

    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Used => "used",
            Self::Paused => "paused",
        }
    }
}
