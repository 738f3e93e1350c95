//! The three ways to find tracks.
