//! What was probably meant by a word that is not known.

/// The candidate that a slip of the pen could have turned into the word.
pub fn closest<T: AsRef<str>>(word: &str, candidates: impl IntoIterator<Item = T>) -> Option<T> {
    let word = word.to_lowercase();
    let most = (word.chars().count() / 4).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&word, &candidate.as_ref().to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        assert_eq!(closest("enrgy", ["energy", "key"]), Some("energy"));
        assert_eq!(closest("Tempo", ["tempo", "mode"]), Some("tempo"));
        assert_eq!(closest("mood", ["tempo", "key"]), None);
        assert_eq!(closest("", ["key"]), None);
    }
}
