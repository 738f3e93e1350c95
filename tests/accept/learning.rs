//! Many facts in a short time, through the front door.

use crate::harness::{crowd, ids};
use std::net::SocketAddr;

/// As many as a proxy takes in one request.
pub(crate) const LIST: u32 = 500;
const HANDS: usize = 8;

/// The requests for so many rows of tracks that the upstream makes up.
pub(crate) fn lists(path: &str, from: u32, count: u32) -> Vec<String> {
    let list = |at| {
        let asked = ids::made_up(at, LIST.min(from + count - at));
        ids::list(path, &asked.iter().map(String::as_str).collect::<Vec<_>>())
    };
    (from..from + count).step_by(LIST as usize).map(list).collect()
}

/// Has a proxy learn them; how many of the lists did not come back whole.
pub(crate) async fn learn(proxy: SocketAddr, path: &str, from: u32, count: u32) -> usize {
    let mut broken = 0;
    // Not all at once: the answers stay in this program's memory until they are counted.
    for part in (from..from + count).step_by(20 * LIST as usize) {
        let asked = lists(path, part, (20 * LIST).min(from + count - part));
        let answers = crowd::in_turn(proxy, 2, HANDS, &asked).await;
        broken += answers.iter().filter(|answer| !answer.is_ok()).count();
    }
    broken
}
