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
