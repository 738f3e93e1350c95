//! Strict settings: one file, overridden by the environment and by `--set`, read into a typed model.
//!
//! The sources become one tree of values that know where they were written ([`Node`]); one walk of the
//! model by a [`Reader`] turns the tree into values. A key is said once: its name, its default and its
//! [`Kind`], which reads it, words its errors and describes it in the schema. The reading is strict: a
//! value that would be ignored or means nothing is an error, because an operator learns of it nowhere
//! else. All errors are reported at once, each with its place and a remedy.
//!
//! What differs between services (names, the prefix of variables) is a [`Service`]; the nouns of a
//! model stay with the service whose they are.

pub mod kind;
mod load;
mod problem;
mod reader;
mod reading;
mod schema;
pub mod secret;
mod service;
mod spelling;
#[cfg(test)]
mod tests;
mod tree;
mod unknown;

pub use kind::{Fault, Kind};
pub use load::{Loaded, Sources, load};
pub use problem::{ConfigError, Place, Problem};
pub use reader::{Reader, defaults, keys};
pub use reading::Reading;
pub use schema::schema;
pub use service::{Alias, Service, Settings};
pub use spelling::closest;
pub use tree::{Entry, Node, Value};
