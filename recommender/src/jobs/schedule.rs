//! The daily warming.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::{Clock, PopularMoods};
use crate::config;

#[derive(Debug)]
pub struct Schedule;

impl Schedule {
    /// Warms popular moods each day at the hour and minute (UTC) of the configuration; none without one.
    pub fn spawn(
        _config: &config::Schedule,
        _moods: PopularMoods,
        _clock: Arc<dyn Clock>,
    ) -> Option<JoinHandle<()>> {
        todo!()
    }
}
