//! A shared token, compared in constant time.

use std::fmt;

use subtle::ConstantTimeEq;

use super::AuthError;

/// Fewer characters could be guessed over the network.
const SHORTEST: usize = 16;

pub(super) struct Secret(Vec<u8>);

impl Secret {
    /// `key` is its place in the configuration, for the error.
    pub(super) fn optional(text: Option<&str>, key: &'static str) -> Result<Option<Self>, AuthError> {
        match text.map(str::trim) {
            None => Ok(None),
            Some(text) if text.len() < SHORTEST => Err(AuthError::WeakToken(key)),
            Some(text) => Ok(Some(Self(text.as_bytes().to_vec()))),
        }
    }

    /// Takes as long for a wrong token as for a nearly right one; only the length shows.
    pub(super) fn is(&self, token: &str) -> bool {
        self.0.ct_eq(token.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
