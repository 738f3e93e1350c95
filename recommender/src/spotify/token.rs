use http::HeaderValue;
use xxhash_rust::xxh3::xxh3_128;

/// A user's access token, as the request brought it. `Debug` shows nothing of it.
#[derive(Debug, Clone)]
pub struct Token(HeaderValue);

impl Token {
    /// `None` for what no token can be: empty, or with blanks or control characters.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let mut value = HeaderValue::try_from(format!("Bearer {text}")).ok()?;
        value.set_sensitive(true);
        Some(Self(value))
    }

    /// Tells it from others without telling it.
    pub(super) fn mark(&self) -> u128 {
        xxh3_128(self.0.as_bytes())
    }

    /// Value of `Authorization`, marked as secret.
    pub(super) fn authorization(&self) -> HeaderValue {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_printed() {
        let token = Token::parse(" BQD-secret_1 ").expect("a token");
        assert_eq!(token.authorization(), "Bearer BQD-secret_1");
        assert!(!format!("{token:?}").contains("secret"), "{token:?}");
    }

    #[test]
    fn what_cannot_be_a_token_is_none() {
        for text in ["", "  ", "a b", "a\r\nx: y", "ümlaut", "\u{0}"] {
            assert!(Token::parse(text).is_none(), "{text:?}");
        }
    }
}
