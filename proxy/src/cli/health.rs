use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use recobeat_ops::health::ready;

use crate::config::{Config, Sources};

/// Exit 0 when the running proxy is ready.
///
/// A file that was made bad under a running proxy leaves that proxy well, so it must not fail here:
/// whoever restarts what is not healthy would end it for good. The default address stands in.
pub(super) fn health(sources: Sources) -> ExitCode {
    let listen = Config::load(sources)
        .map_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 9090)), |loaded| loaded.config.admin.listen);
    match ready(listen) {
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
