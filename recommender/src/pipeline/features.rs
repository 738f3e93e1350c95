//! Audio features, in batches of forty, for the tracks that are most worth it.
//!
//! Which ids are asked is decided by their order alone. What is known already is not asked again, and
//! what is not in the answer stays unknown: defaults complete the finished list and are nothing else.

use std::collections::HashSet;

use uuid::Uuid;

use super::calls::{Calls, Limit, answers};
use super::plan::Allowance;
use crate::model::Track;
use crate::recobeat::{Ask, BATCH, FeatureRow};
use crate::strategy::Brief;

/// What a pass over some tracks has brought.
#[derive(Debug, Default)]
pub(super) struct Learned {
    pub(super) rows: Vec<FeatureRow>,
    /// All that were known or asked: the others were not looked at.
    pub(super) looked_at: HashSet<Uuid>,
    pub(super) failed: Vec<String>,
}

/// The first tracks without features, as many as `batches` hold.
fn unknown(brief: &Brief, tracks: &[Track], batches: u32) -> Vec<Uuid> {
    let places = usize::try_from(batches).unwrap_or(usize::MAX).saturating_mul(BATCH);
    let mut seen = HashSet::new();
    let unknown = tracks.iter().map(|track| track.id).filter(|id| !brief.features.contains_key(id));
    unknown.filter(|id| seen.insert(*id)).take(places).collect()
}

/// Asks for features of the first `tracks` without any, as far as `allowance` goes; what it leaves is
/// unspent.
pub(super) async fn fetch(
    brief: &Brief,
    calls: &Calls,
    tracks: &[Track],
    allowance: &mut Allowance,
    limit: Limit,
) -> Learned {
    let wanted = unknown(brief, tracks, allowance.left());
    let known = tracks.iter().map(|track| track.id).filter(|id| brief.features.contains_key(id));
    let looked_at = known.chain(wanted.iter().copied()).collect();
    let asks = allowance.afford(Ask::features(wanted));
    let replies = calls.all(asks, limit).await;
    // Of a request that failed, some rows may be known from before.
    let unanswered = replies.iter().filter(|reply| reply.result.is_err());
    let mut rows: Vec<FeatureRow> = unanswered.flat_map(|reply| calls.shelf().known(&reply.ask)).collect();
    let (answered, failed) = answers(replies);
    rows.extend(answered.into_iter().flat_map(|(_, answer)| answer.into_features()));
    Learned { rows, looked_at, failed }
}

/// Rows are joined by their id: every track of a run stands under its own.
pub(super) fn take(brief: &mut Brief, rows: Vec<FeatureRow>) {
    brief.features.extend(rows.into_iter().map(|row| (row.id, row.features)));
}
