//! Bearer JWT: one algorithm, fixed by the configuration.
//!
//! The token's own `alg` chooses nothing; it must be the configured one. So a token that is signed
//! with an RS256 public key as if it were a shared secret fails before any key is touched, and so
//! does `none`. Keys of a set are used for that algorithm only.

use std::collections::HashMap;
use std::fs;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::{AuthError, Denied, user};
use crate::config;

/// Clocks differ by this at most, in seconds.
const LEEWAY: u64 = 30;
/// Longer tokens are not read at all.
const LONGEST: usize = 8 * 1024;

#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
}

#[derive(Debug)]
enum Keys {
    One(DecodingKey),
    /// By `kid`.
    Set(HashMap<String, DecodingKey>),
}

#[derive(Debug)]
pub(super) struct Verifier {
    keys: Keys,
    validation: Validation,
}

impl Verifier {
    pub(super) fn new(config: &config::Jwt) -> Result<Self, AuthError> {
        let algorithm: Algorithm =
            config.algorithm.parse().map_err(|_| AuthError::Algorithm(config.algorithm.clone()))?;
        let keys = match (&config.jwks_file, &config.key) {
            (Some(path), _) => {
                let bad = |reason: String| AuthError::KeySet { path: path.display().to_string(), reason };
                let text = fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
                Keys::Set(key_set(&text, algorithm).map_err(bad)?)
            }
            (None, Some(key)) => Keys::One(
                one_key(key, algorithm)
                    .map_err(|reason| AuthError::Key { algorithm: config.algorithm.clone(), reason })?,
            ),
            (None, None) => return Err(AuthError::NoKey),
        };
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.validate_aud = config.audience.is_some();
        let mut required = vec!["exp", "sub"];
        if let Some(issuer) = &config.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        if let Some(audience) = &config.audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        validation.set_required_spec_claims(&required);
        Ok(Self { keys, validation })
    }

    /// The user a token speaks for.
    pub(super) fn subject(&self, token: &str) -> Result<String, Denied> {
        if token.len() > LONGEST {
            return Err(Denied::Unknown("the token is longer than 8 KiB"));
        }
        let header =
            decode_header(token).map_err(|_| Denied::Unknown("the token is not a JWT of a known form"))?;
        if !self.validation.algorithms.contains(&header.alg) {
            return Err(Denied::Unknown("the token's algorithm is not the expected one"));
        }
        let key = self.key(header.kid.as_deref()).ok_or(Denied::Unknown("the token's key is unknown"))?;
        let token = decode::<Claims>(token, key, &self.validation).map_err(|error| reason(error.kind()))?;
        user(&token.claims.sub)
            .ok_or(Denied::Unknown("the token's sub must be 1 to 200 characters without blanks around"))
    }

    /// A token may leave its `kid` out only where there is no choice.
    fn key(&self, kid: Option<&str>) -> Option<&DecodingKey> {
        match (&self.keys, kid) {
            (Keys::One(key), _) => Some(key),
            (Keys::Set(keys), Some(kid)) => keys.get(kid),
            (Keys::Set(keys), None) if keys.len() == 1 => keys.values().next(),
            (Keys::Set(_), None) => None,
        }
    }
}

fn reason(kind: &ErrorKind) -> Denied {
    Denied::Unknown(match kind {
        ErrorKind::ExpiredSignature => "the token has expired",
        ErrorKind::ImmatureSignature => "the token is not valid yet",
        ErrorKind::InvalidIssuer => "the token's issuer is not the expected one",
        ErrorKind::InvalidAudience => "the token is for another audience",
        ErrorKind::MissingRequiredClaim(_) => {
            "the token lacks a claim: exp and sub are needed, iss and aud where set"
        }
        _ => "the token cannot be verified",
    })
}

fn one_key(key: &str, algorithm: Algorithm) -> Result<DecodingKey, String> {
    let bytes = key.as_bytes();
    match algorithm.family() {
        AlgorithmFamily::Hmac if key.contains("-----BEGIN") => {
            Err("a PEM key is public or should never be shared; a secret is needed".into())
        }
        // RFC 7518 §3.2: not shorter than the hash.
        AlgorithmFamily::Hmac if bytes.len() < 32 => Err("a secret has at least 32 characters".into()),
        AlgorithmFamily::Hmac => Ok(DecodingKey::from_secret(bytes)),
        AlgorithmFamily::Rsa => DecodingKey::from_rsa_pem(bytes).map_err(|error| error.to_string()),
        AlgorithmFamily::Ec => DecodingKey::from_ec_pem(bytes).map_err(|error| error.to_string()),
        AlgorithmFamily::Ed => DecodingKey::from_ed_pem(bytes).map_err(|error| error.to_string()),
    }
}

/// Keys of other algorithms, and those without a `kid` beside others, are left out.
fn key_set(text: &str, algorithm: Algorithm) -> Result<HashMap<String, DecodingKey>, String> {
    let set: JwkSet = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let name = format!("{algorithm:?}");
    let is_for_it =
        |jwk: &Jwk| jwk.common.key_algorithm.as_ref().is_none_or(|of_key| of_key.to_string() == name);
    let keys: HashMap<_, _> = set
        .keys
        .iter()
        .filter(|jwk| is_for_it(jwk))
        .filter_map(|jwk| {
            Some((jwk.common.key_id.clone().unwrap_or_default(), DecodingKey::from_jwk(jwk).ok()?))
        })
        .filter(|(_, key)| key.family() == algorithm.family())
        .collect();
    if keys.is_empty() { Err(format!("no key for {name}")) } else { Ok(keys) }
}
