//! What a replica and the ledger tell each other. Times are milliseconds; starts go by the name
//! `replica:number`.

use serde::{Deserialize, Serialize};

/// Something and how many milliseconds ago it was, or how long it still lasts.
type Timed = (String, f64);

#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub replica: String,
    /// One more than in the report before.
    pub seq: u64,
    /// Of the ledger's data, as last told.
    pub epoch: String,
    /// The ledger's time now, as this replica takes it to be.
    pub sent: f64,
    /// Of the last view: its turn and its time.
    pub turn: u64,
    pub seen: f64,
    pub limits: Rules,
    /// Starts made or moved since the report before; all of them in a whole one.
    pub starts: Vec<Timed>,
    /// Starts that are taken back.
    pub voids: Vec<String>,
    /// Starts whose calls are under way.
    pub held: Vec<String>,
    /// Interactive calls waiting.
    pub queue: usize,
    /// How long ago the last interactive call arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrival: Option<f64>,
    /// The upstream answered 429 since the report before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttled: Option<Throttled>,
    /// It answered something else.
    pub answered: bool,
    /// Everything this replica knows, where the ledger may know less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole: Option<Whole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<Ask>,
}

/// As configured, see [`super::super::Limits`].
#[derive(Debug, Clone, Serialize)]
pub struct Rules {
    pub rate: u32,
    pub interval: f64,
    pub in_flight: usize,
    pub adaptive: bool,
    pub replicas: u32,
}

#[derive(Debug, Clone, Serialize)]
pub struct Throttled {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<f64>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Whole {
    /// Starts and slots of others, as last seen.
    pub starts: Vec<Timed>,
    pub slots: Vec<Timed>,
    pub peers: Vec<String>,
    pub rate: f64,
    /// How long ago the rate changed; negative when it rests until then.
    pub since: f64,
    /// How much longer to hold.
    pub hold: f64,
}

/// The wish to start the next call.
#[derive(Debug, Clone, Serialize)]
pub struct Ask {
    pub start: String,
    /// Nobody waits for it.
    pub background: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct View {
    /// Nothing was done: the report is to be made again, as a whole, for this epoch and time.
    pub again: bool,
    pub now: f64,
    pub epoch: String,
    /// Counts whole reports; starts before them are told again.
    pub turn: u64,
    pub granted: bool,
    /// When to ask again.
    pub retry: Option<f64>,
    pub rate: f64,
    pub since: f64,
    pub hold: f64,
    /// `starts` are all there are, rather than the latest.
    pub whole: bool,
    /// Of others.
    pub starts: Vec<Timed>,
    pub slots: Vec<Timed>,
    pub peers: Vec<Peer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Peer {
    pub name: String,
    /// Interactive calls waiting there.
    pub queue: usize,
    /// It has reported lately.
    pub present: bool,
}
