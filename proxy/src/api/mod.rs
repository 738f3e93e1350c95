//! The `RecoBeat` API as data.
