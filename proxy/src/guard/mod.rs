//! What is changed or refused before anything is asked: repair, static rules, the deny list.

mod deny;
mod exempt;
mod fallback;
mod repair;
mod rules;

pub use deny::{Denial, DenyList, Listed, Listing};
pub use exempt::{Exempt, Full};
pub use fallback::{Tier, fallbacks};
pub use repair::{Facts, Repair, repair};
pub use rules::{Rules, refusal};

/// What an operator can turn.
#[derive(Debug, Clone)]
pub struct Settings {
    pub rules: Rules,
    /// Correct what the upstream would refuse, and ask for less when it did; otherwise requests go
    /// as they are.
    pub repair: bool,
    /// Remember what the upstream refuses for good.
    pub deny: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { rules: Rules::default(), repair: true, deny: true }
    }
}
