//! Prompts that are used often become popular moods.

use std::collections::HashMap;

/// Prompts counted at once; when there are more, rare ones are forgotten.
const COUNTED: usize = 10_000;

/// Prompts that can become popular moods in the life of a process.
const PROMOTED: usize = 50;

#[derive(Debug, Default)]
pub(super) struct Usage {
    counts: HashMap<String, u32>,
    promoted: Vec<String>,
}

impl Usage {
    /// Counts a use; whether the prompt was promoted by it. `after` 0: never.
    pub(super) fn note(&mut self, prompt: &str, after: u32) -> bool {
        if after == 0 || self.promoted.len() == PROMOTED || self.promoted.iter().any(|held| held == prompt) {
            return false;
        }
        if self.counts.len() >= COUNTED && !self.counts.contains_key(prompt) {
            self.counts.retain(|_, count| {
                *count /= 2;
                *count > 0
            });
        }
        let count = self.counts.entry(prompt.to_owned()).or_default();
        *count += 1;
        let promoted = *count >= after;
        if promoted {
            self.counts.remove(prompt);
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
    fn a_prompt_is_promoted_once_and_after_so_many_uses() {
        let mut usage = Usage::default();
        let news: Vec<bool> = (0..5).map(|_| usage.note("rainy day", 3)).collect();
        assert_eq!(news, [false, false, true, false, false]);
        assert_eq!(usage.promoted(), ["rainy day"]);
    }

    #[test]
    fn nothing_is_promoted_without_a_setting() {
        let mut usage = Usage::default();
        assert!((0..1000).all(|_| !usage.note("rainy day", 0)));
    }

    #[test]
    fn counting_is_bounded_and_frequent_prompts_survive() {
        let mut usage = Usage::default();
        (0..500).for_each(|_| drop(usage.note("frequent", 1_000)));
        (0..3 * COUNTED).for_each(|n| drop(usage.note(&n.to_string(), 1_000)));
        assert!(usage.counts.len() <= COUNTED);
        assert!(usage.counts.contains_key("frequent"));
    }
}
