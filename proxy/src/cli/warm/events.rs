//! Server-sent events, as they come in pieces.

use serde_json::Value;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) data: Value,
}

/// What has come of the event that is not complete yet.
#[derive(Debug, Default)]
pub(super) struct Events(Vec<u8>);

impl Events {
    /// The events that a further piece completes.
    pub(super) fn take(&mut self, piece: &[u8]) -> Vec<Event> {
        self.0.extend_from_slice(piece);
        let mut all = Vec::new();
        while let Some(end) = self.0.windows(2).position(|pair| pair == b"\n\n") {
            let block: Vec<u8> = self.0.drain(..end + 2).collect();
            all.extend(event(&String::from_utf8_lossy(&block)));
        }
        all
    }
}

/// `None` for comments, which keep the connection alive.
fn event(block: &str) -> Option<Event> {
    let field = |name: &str| {
        let mut values = block.lines().filter_map(|line| line.split_once(':').filter(|(of, _)| *of == name));
        values.next().map(|(_, value)| value.trim())
    };
    let data = serde_json::from_str(field("data")?).ok()?;
    Some(Event { id: field("id")?.parse().ok()?, name: field("event")?.to_owned(), data })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_are_read_wherever_the_stream_is_cut() {
        let text = b"id: 1\nevent: plan\ndata: {\"total\":3}\n\n:\n\nid: 2\nevent: done\ndata: {}\n\nid: 3\n";
        for cut in 0..text.len() {
            let mut events = Events::default();
            let mut all = events.take(&text[..cut]);
            all.extend(events.take(&text[cut..]));
            let plan = Event { id: 1, name: "plan".into(), data: json!({ "total": 3 }) };
            assert_eq!(all, [plan, Event { id: 2, name: "done".into(), data: json!({}) }], "cut at {cut}");
        }
    }
}
