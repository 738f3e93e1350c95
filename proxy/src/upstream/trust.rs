//! Which certificate authorities vouch for the upstream, checked before anything depends on it.
//!
//! Pingora builds its TLS client inside `Connector::new` and panics there when the roots cannot
//! be loaded. So the same loader is run here first, and its verdict becomes an error with a
//! remedy. What it does (pingora-rustls 0.9.1):
//!
//! - With a CA file, *only* the certificates in that file are trusted, not the system's beside
//!   them. The file must be PEM with nothing but certificates in it.
//! - Without one, the system's roots: the file and folder of `SSL_CERT_FILE` and `SSL_CERT_DIR`,
//!   else the first usual place that exists. No roots at all is not an error to Pingora; each
//!   handshake would then fail with `UnknownIssuer`. It is one here, for `https`.
//! - The crypto provider is ring. Pingora installs it as the process default unless a default is
//!   there already, and uses whichever is the default; [`check`] does so first, so a workspace
//!   build that also links another provider works in either order.

use std::path::{Path, PathBuf};

use pingora::tls::{
    RootCertStore, install_default_crypto_provider, load_ca_file_into_store,
    load_platform_certs_incl_env_into_store,
};

/// No usable certificate authorities.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The configured file does not do.
    #[error(
        "the CA file {path} cannot be used: {reason}; it must be readable and hold PEM certificates only"
    )]
    File {
        /// As configured.
        path: PathBuf,
        /// What the loader said.
        reason: String,
    },
    /// The system's roots are broken, for example by `SSL_CERT_FILE` naming no file.
    #[error(
        "the system's certificate authorities cannot be loaded: {0}; correct SSL_CERT_FILE and SSL_CERT_DIR, or set a CA file"
    )]
    System(String),
    /// There are none.
    #[error(
        "this system has no certificate authorities, so no https upstream can be verified; install ca-certificates or set a CA file"
    )]
    NoRoots,
}

/// Loads what Pingora is going to load, and forgets it again.
pub(super) fn check(https: bool, ca_file: Option<&Path>) -> Result<(), TrustError> {
    install_default_crypto_provider();
    let mut roots = RootCertStore::empty();
    if let Some(path) = ca_file {
        let unusable = |reason: String| TrustError::File { path: path.to_owned(), reason };
        load_ca_file_into_store(path, &mut roots).map_err(|e| unusable(e.to_string()))?;
        if roots.is_empty() {
            return Err(unusable("it holds no certificate".into()));
        }
    } else {
        load_platform_certs_incl_env_into_store(&mut roots).map_err(|e| TrustError::System(e.to_string()))?;
        if https && roots.is_empty() {
            return Err(TrustError::NoRoots);
        }
    }
    Ok(())
}
