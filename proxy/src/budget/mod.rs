//! One budget for every upstream call.

mod lane;
mod permit;

pub use lane::Lane;
pub use permit::Permit;
