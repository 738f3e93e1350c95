//! Prompts that many use become popular moods. Many: what one user types again and again is theirs, and
//! is not shown to others.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

/// Prompts counted at once; when there are more, rare ones are forgotten.
const COUNTED: usize = 10_000;

/// Prompts that can become popular moods in the life of a process.
const PROMOTED: usize = 50;

#[derive(Debug, Default)]
pub(super) struct Usage {
    /// Who has used a prompt, as hashes.
    users: HashMap<String, HashSet<u64>>,
    promoted: Vec<String>,
}

impl Usage {
    /// Counts a user; whether the prompt was promoted by that. `after` 0: never.
    pub(super) fn note(&mut self, user: &str, prompt: &str, after: u32) -> bool {
        if after == 0 || self.promoted.len() == PROMOTED || self.promoted.iter().any(|held| held == prompt) {
            return false;
        }
        if self.users.len() >= COUNTED && !self.users.contains_key(prompt) {
            self.users.retain(|_, users| {
                let mut left = users.len() / 2;
                users.retain(|_| {
                    let stays = left > 0;
                    left = left.saturating_sub(1);
                    stays
                });
                !users.is_empty()
            });
        }
        let users = self.users.entry(prompt.to_owned()).or_default();
        users.insert(xxh3_64(user.as_bytes()));
        let promoted = users.len() >= after as usize;
        if promoted {
            self.users.remove(prompt);
            self.promoted.push(prompt.to_owned());
        }
        promoted
    }

    /// In order of promotion.
    pub(super) fn promoted(&self) -> &[String] {
        &self.promoted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_promoted_once_and_after_so_many_users() {
        let mut usage = Usage::default();
        let news: Vec<bool> = (0..5).map(|n| usage.note(&n.to_string(), "rainy day", 3)).collect();
        assert_eq!(news, [false, false, true, false, false]);
        assert_eq!(usage.promoted(), ["rainy day"]);
    }

    #[test]
    fn one_user_promotes_nothing() {
        let mut usage = Usage::default();
        assert!((0..1000).all(|_| !usage.note("ann", "to my darling Sue", 2)));
        assert!(usage.note("bob", "to my darling Sue", 2));
    }

    #[test]
    fn nothing_is_promoted_without_a_setting() {
        let mut usage = Usage::default();
        assert!((0..1000).all(|n| !usage.note(&n.to_string(), "rainy day", 0)));
    }

    #[test]
    fn counting_is_bounded_and_frequent_prompts_survive() {
        let mut usage = Usage::default();
        for n in 0..500 {
            usage.note(&n.to_string(), "frequent", 1_000);
        }
        for n in 0..3 * COUNTED {
            usage.note("ann", &n.to_string(), 1_000);
        }
        assert!(usage.users.len() <= COUNTED);
        assert!(usage.users.contains_key("frequent"));
    }
}
