//! The rules in force, and which of them strike a call.

use super::{Fault, Rule};
use crate::contract::Endpoint;
use serde::Serialize;

/// The rules in force, in the order they were added.
#[derive(Debug, Default)]
pub(crate) struct Board {
    next: u64,
    posted: Vec<Posted>,
}

/// A rule with its number and what it has seen.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Posted {
    pub(crate) id: u64,
    #[serde(flatten)]
    pub(crate) rule: Rule,
    /// Calls that matched.
    pub(crate) seen: u64,
    /// Calls that suffered.
    pub(crate) hit: u64,
}

impl Board {
    pub(crate) fn add(&mut self, rule: Rule) -> u64 {
        self.next += 1;
        self.posted.push(Posted { id: self.next, rule, seen: 0, hit: 0 });
        self.next
    }

    pub(crate) fn clear(&mut self) {
        self.posted.clear();
    }

    /// Whether there was such a rule.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.posted.len();
        self.posted.retain(|posted| posted.id != id);
        self.posted.len() < before
    }

    pub(crate) fn list(&self) -> Vec<Posted> {
        self.posted.clone()
    }

    /// The faults of one call, and their counting. A rule that yields to an earlier one is not
    /// used up by the call.
    pub(crate) fn strike(&mut self, endpoint: Endpoint, path: &str, query: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut broken = false;
        for posted in &mut self.posted {
            let rule = &posted.rule;
            let spent = rule.times.is_some_and(|times| posted.hit >= times);
            let yields = broken && !rule.fault.adds_up();
            if spent || yields || !rule.matches.is(endpoint, path, query) {
                continue;
            }
            posted.seen += 1;
            if posted.seen <= rule.after {
                continue;
            }
            posted.hit += 1;
            broken |= !rule.fault.adds_up();
            faults.push(rule.fault.clone());
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Match;

    fn names(board: &mut Board, path: &str) -> Vec<&'static str> {
        let endpoint = Endpoint::of(path).0;
        board.strike(endpoint, path, "ids=a").iter().map(Fault::name).collect()
    }

    #[test]
    fn a_rule_skips_then_strikes_then_is_spent() {
        let mut board = Board::default();
        board.add(Rule::any(Fault::Hang).after(1).times(2));
        let struck: Vec<bool> = (0..5).map(|_| !names(&mut board, "/v1/track").is_empty()).collect();
        assert_eq!(struck, [false, true, true, false, false]);
    }

    #[test]
    fn the_first_breaking_rule_decides_and_content_rules_add_up() {
        let mut board = Board::default();
        board.add(Rule::any(Fault::Gzip));
        board.add(Rule::any(Fault::Hang).times(1));
        board.add(Rule::any(Fault::Garbage).times(1));
        assert_eq!(names(&mut board, "/v1/track"), ["gzip", "hang"]);
        assert_eq!(names(&mut board, "/v1/track"), ["gzip", "garbage"]);
        assert_eq!(names(&mut board, "/v1/track"), ["gzip"]);
    }

    #[test]
    fn rules_match_by_endpoint_path_and_query() {
        let mut board = Board::default();
        board.add(Rule::on(Endpoint::Features, Fault::Gzip));
        board.add(Rule::new(Match::Path("/v1/artist".into()), Fault::NoStore));
        board.add(Rule::new(Match::Query("ids=b".into()), Fault::Hang));
        assert_eq!(names(&mut board, "/v1/audio-features"), ["gzip"]);
        assert_eq!(names(&mut board, "/v1/artist/search"), ["no_store"]);
    }
}
