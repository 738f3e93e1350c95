/// A content coding of our own answers (RFC 9110 §8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Brotli,
    Zstd,
}

impl Coding {
    /// The coding a client likes best among those we have; of equals the one that costs us least.
    /// Never an error: a client that refuses `identity` too gets it all the same.
    pub(super) fn best<'a>(members: impl Iterator<Item = &'a str>) -> Self {
        let mut weights = [None; 3];
        let mut others = None;
        for member in members {
            let (name, weight) = weighed(member);
            match name.to_ascii_lowercase().as_str() {
                "zstd" => weights[0] = Some(weight),
                "br" => weights[1] = Some(weight),
                "gzip" | "x-gzip" => weights[2] = Some(weight),
                "*" => others = Some(weight),
                _ => {}
            }
        }
        let mut best = (Self::Identity, 0);
        for (coding, weight) in [Self::Zstd, Self::Brotli, Self::Gzip].into_iter().zip(weights) {
            let weight = weight.or(others).unwrap_or(0);
            if weight > best.1 {
                best = (coding, weight);
            }
        }
        best.0
    }

    /// Its name in `Content-Encoding`.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
            Self::Zstd => Some("zstd"),
        }
    }
}

/// `gzip;q=0.5` as a name and thousandths; a weight that does not parse counts as none given.
fn weighed(member: &str) -> (&str, u16) {
    let mut parts = member.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts
        .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
        .and_then(|value| value.parse::<f32>().ok())
        .filter(|value| (0.0..=1.0).contains(value));
    // In 0..=1000, checked above.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (name, weight.map_or(1000, |value| (value * 1000.0) as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::nothing("", Coding::Identity)]
    #[case::browser("gzip, deflate, br, zstd", Coding::Zstd)]
    #[case::python("gzip, deflate", Coding::Gzip)]
    #[case::preference("gzip;q=1.0, br;q=0.9", Coding::Gzip)]
    #[case::refused("gzip;q=0", Coding::Identity)]
    #[case::anything("*", Coding::Zstd)]
    #[case::anything_but("*, zstd;q=0", Coding::Brotli)]
    #[case::unknown("deflate", Coding::Identity)]
    #[case::capitals("GZIP; Q=0.2", Coding::Gzip)]
    #[case::all_refused("identity;q=0, *;q=0", Coding::Identity)]
    fn the_best_coding_wins(#[case] accepted: &str, #[case] expected: Coding) {
        assert_eq!(Coding::best(accepted.split(',').map(str::trim)), expected);
    }
}
