//! Mood analysis by rules.
