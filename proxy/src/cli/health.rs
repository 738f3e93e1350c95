use std::net::SocketAddr;
use std::process::ExitCode;

use recobeat_ops::health::ready;

use crate::config::{Config, Sources};

/// Exit 0 when the running proxy is ready.
pub(super) fn health(sources: Sources) -> ExitCode {
    match ready(listener(sources)) {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("recobeat-proxy: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A file that was made bad under a running proxy leaves that proxy well, so it must not fail here:
/// whoever restarts what is not healthy would end it for good. What else says where it listens stands
/// in, and at last the default.
fn listener(sources: Sources) -> SocketAddr {
    let beside = sources.beside_the_file();
    let loaded = Config::load(sources).or_else(|_| Config::load(beside));
    loaded.map(|loaded| loaded.config).unwrap_or_default().admin.listen
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn beside_a_bad_file_the_environment_and_the_command_line_say_where_to_ask() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proxy.yaml");
        let at = |text: &str, env: &[(&str, &str)], set: &[&str]| {
            fs::write(&path, text).unwrap();
            let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let set = set.iter().map(ToString::to_string).collect();
            listener(Sources { path: Some(path.clone()), env, set }).to_string()
        };
        let env = [("RECOBEAT_ADMIN__LISTEN", "127.0.0.1:9191")];
        let bad = "lisen: 1\nadmin: { listen: '127.0.0.1:9393' }\n";
        assert_eq!(at("admin: { listen: '127.0.0.1:9393' }", &[], &[]), "127.0.0.1:9393");
        assert_eq!(at(bad, &env, &[]), "127.0.0.1:9191");
        assert_eq!(at(bad, &env, &["admin.listen=127.0.0.1:9292"]), "127.0.0.1:9292");
        assert_eq!(at(bad, &[], &[]), "127.0.0.1:9090");
        assert_eq!(at(bad, &[], &["admin.listen=nowhere"]), "127.0.0.1:9090");
    }
}
