//! Mood analysis by an LLM, optional.
