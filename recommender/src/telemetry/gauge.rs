//! What is read when somebody looks, and `/metrics`, which prints all.

use super::table::{Metrics, reach};
use crate::cache::{Category, Counts};
use crate::jobs::Coverage;
use crate::limits::Class;
use crate::store::Connections;

/// The state at one moment.
#[derive(Debug)]
pub struct Gauges {
    pub active: u64,
    pub refusals: Vec<(Class, u64)>,
    pub cache: Vec<(Category, Counts)>,
    pub cache_up: bool,
    pub moods: Coverage,
    /// `None`: the store has no connections.
    pub connections: Option<Connections>,
}

impl Metrics {
    /// The text exposition format, with `gauges` as of now.
    #[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub fn render(&self, gauges: &Gauges) -> String {
        self.print_after(|| {
            self.active.set(gauges.active as f64);
            for (class, refused) in &gauges.refusals {
                reach(&self.refusals.with_label_values(&[class.name()]), *refused);
            }
            for (category, counts) in &gauges.cache {
                let lookups = |result| self.cache_lookups.with_label_values(&[category.name(), result]);
                reach(&lookups("hit"), counts.hit_count);
                reach(&lookups("miss"), counts.miss_count);
            }
            self.cache_up.set(f64::from(u8::from(gauges.cache_up)));
            let missing = gauges.moods.total.saturating_sub(gauges.moods.held);
            self.moods.with_label_values(&["fresh"]).set(gauges.moods.held as f64);
            self.moods.with_label_values(&["missing"]).set(missing as f64);
            if let Some(Connections { in_use, idle }) = gauges.connections {
                self.connections.with_label_values(&["in_use"]).set(f64::from(in_use));
                self.connections.with_label_values(&["idle"]).set(f64::from(idle));
            }
        })
    }
}
