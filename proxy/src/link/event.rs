use std::fmt;
use std::sync::Arc;

/// What replicas tell each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A purge barrier was raised.
    Purged,
    /// Fetches ended or changed hands: their leases, by hash.
    Leases(Arc<[u128]>),
}

impl Event {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (topic, rest) = text.split_once(' ').unwrap_or((text, ""));
        match topic {
            "purged" => Some(Self::Purged),
            "leases" => {
                let hashes = rest.split(' ').map(|hash| u128::from_str_radix(hash, 16));
                Some(Self::Leases(hashes.collect::<Result<_, _>>().ok()?))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Purged => f.write_str("purged"),
            Self::Leases(hashes) => {
                f.write_str("leases")?;
                hashes.iter().try_for_each(|hash| write!(f, " {hash:032x}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_as_it_was_told() {
        for event in [Event::Purged, Event::Leases([1, u128::MAX].into())] {
            assert_eq!(Event::parse(&event.to_string()), Some(event));
        }
        assert_eq!(Event::parse("leases x"), None);
        assert_eq!(Event::parse("of a later version"), None);
    }
}
