//! Which requests are changed or refused without asking the upstream.

use serde::Serialize;

use recobeat_ops::settings::Reader;
use recobeat_ops::settings::kind::switch;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Guard {
    /// Repair requests the upstream would refuse, where the meaning stays.
    pub repair: bool,
    /// Refuse at once what the upstream is known to refuse.
    pub rules: bool,
    /// Remember what the upstream refused.
    pub deny: bool,
}

impl Guard {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self {
            repair: r.key("repair", true, switch()),
            rules: r.key("rules", true, switch()),
            deny: r.key("deny", true, switch()),
        }
    }
}
