//! A certificate for 127.0.0.1 that only those trust who are told to.

use std::path::{Path, PathBuf};

/// Where the two PEM files are. The certificate vouches for itself.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificate {
    /// Made anew in this folder.
    pub(crate) fn make(folder: &Path) -> Self {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("valid names");
        let files = Self { certificate: folder.join("server.pem"), key: folder.join("server.key") };
        std::fs::write(&files.certificate, made.cert.pem()).expect("the folder can be written");
        std::fs::write(&files.key, made.signing_key.serialize_pem()).expect("the folder can be written");
        files
    }
}
