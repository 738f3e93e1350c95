//! What operators touch in both services: strict configuration, its schema, reloads, logs and traces.

pub mod settings;
