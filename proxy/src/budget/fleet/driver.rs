//! The task that talks to the ledger: one report at a time, the next when there is something to
//! say or to ask, and twice a second anyway.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::super::{Shared, pace_alone};
use super::Ledger;

/// Before a ledger that failed is tried again.
const PAUSE: Duration = Duration::from_millis(100);
/// Reports in a row that a ledger may want again; one that never agrees is no use.
const REPEATS: u32 = 3;

/// Grants permits for as long as the budget lives: with the ledger where it answers, alone else.
pub(in crate::budget) async fn drive(shared: Arc<Shared>, ledger: Arc<dyn Ledger>) {
    let mut pause = Duration::ZERO;
    loop {
        let back = async {
            sleep(pause).await;
            ledger.reachable().await;
        };
        tokio::select! {
            biased;
            () = back => {}
            () = pace_alone(&shared) => {}
        }
        pause = PAUSE;
        together(&shared, &*ledger).await;
        shared.look(|scheduler| scheduler.part(Instant::now()));
    }
}

/// Reports until an answer fails to come.
async fn together(shared: &Shared, ledger: &dyn Ledger) {
    let mut repeats = 0;
    while repeats <= REPEATS {
        let report = shared.look(|scheduler| scheduler.report(Instant::now()));
        let Some(view) = ledger.exchange(&report).await else { return };
        repeats = if view.again { repeats + 1 } else { 0 };
        let hold = shared.look(|scheduler| {
            let now = Instant::now();
            scheduler.heard(now, view);
            scheduler.pace.hold_until(now)
        });
        shared.tell_hold(hold);
        next_report(shared).await;
    }
}

/// Waits until a report is due.
async fn next_report(shared: &Shared) {
    loop {
        let now = Instant::now();
        let due = shared.look(|scheduler| scheduler.report_due(now));
        if due <= now {
            return;
        }
        tokio::select! {
            () = sleep_until(due) => {}
            () = shared.changed.notified() => {}
        }
    }
}
