use std::fmt;

/// How urgent a call is; a lower lane leaves only when every higher one is empty and quiet.
///
/// Ordered by urgency: `Interactive > Refresh > Warm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Prefetching: rows somebody may ask for.
    Warm,
    /// Renewing what is held but stale.
    Refresh,
    /// Somebody is waiting.
    Interactive,
}

impl Lane {
    /// All lanes, most urgent first.
    pub const ALL: [Self; 3] = [Self::Interactive, Self::Refresh, Self::Warm];

    /// The lane of an RFC 9218 urgency (0..=7): 0..=4 interactive, 5 and 6 refresh, 7 warm.
    pub fn from_urgency(urgency: u8) -> Self {
        match urgency {
            0..=4 => Self::Interactive,
            5 | 6 => Self::Refresh,
            _ => Self::Warm,
        }
    }

    /// Label in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Refresh => "refresh",
            Self::Warm => "warm",
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
