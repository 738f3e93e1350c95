//! Asks a running service of this machine whether it is ready.
//!
//! Containers ask by running a command, and a small image has no HTTP client to run. So each binary is its
//! own: one request over a plain socket, without the configuration's secrets, for health needs none.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// For the connection, and for each piece of the answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// More than any answer has.
const LONGEST: u64 = 64 * 1024;

/// Why a service does not count as ready.
#[derive(Debug, thiserror::Error)]
pub enum Unready {
    #[error("nobody answers at {address}: {source}; is the service running, and is this its address?")]
    Silent { address: SocketAddr, source: io::Error },
    #[error("{address} is not ready: {told}")]
    Told { address: SocketAddr, told: String },
}

/// What `/health/ready` of the listener at `listen` says, when that is 200.
///
/// # Errors
/// Nobody answers within three seconds, or the answer is another one.
pub fn ready(listen: SocketAddr) -> Result<String, Unready> {
    let address = local(listen);
    let answer = ask(address).map_err(|source| Unready::Silent { address, source })?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().unwrap_or_default();
    match status.split(' ').nth(1) {
        Some("200") => Ok(body.to_owned()),
        _ => Err(Unready::Told { address, told: format!("{status} {body}").trim().to_owned() }),
    }
}

/// Where a listener on all addresses can be reached from this machine.
pub fn local(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /health/ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    /// A service that reads one request and answers with these bytes.
    fn answering(answer: &'static str) -> (SocketAddr, thread::JoinHandle<String>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let served = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            let mut piece = [0; 256];
            while !asked.ends_with(b"\r\n\r\n") {
                let read = stream.read(&mut piece).unwrap();
                asked.extend_from_slice(&piece[..read]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(asked).unwrap()
        });
        (address, served)
    }

    #[test]
    fn a_ready_service_is_asked_once_and_quoted() {
        let (address, served) =
            answering("HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{\"status\":\"ready\"}");
        assert_eq!(ready(address).unwrap(), r#"{"status":"ready"}"#);
        let asked = served.join().unwrap();
        assert!(asked.starts_with("GET /health/ready HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains(&format!("host: {address}\r\n")), "{asked}");
    }

    #[test]
    fn a_service_that_starts_is_not_ready_and_says_so() {
        let (address, _) = answering("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"status\":\"starting\"}");
        let told = ready(address).unwrap_err().to_string();
        assert!(told.contains("503 Service Unavailable"), "{told}");
        assert!(told.contains("starting"), "{told}");
    }

    #[test]
    fn something_else_on_the_port_is_not_ready() {
        let (address, _) = answering("220 mail.example.org ESMTP\r\n");
        assert!(matches!(ready(address), Err(Unready::Told { .. })));
    }

    #[test]
    fn nobody_there_is_told_with_the_address() {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let told = ready(address).unwrap_err().to_string();
        assert!(told.contains(&format!("nobody answers at {address}")), "{told}");
    }

    #[test]
    fn a_listener_on_all_addresses_is_asked_over_loopback() {
        assert_eq!(local("0.0.0.0:9090".parse().unwrap()), "127.0.0.1:9090".parse().unwrap());
        assert_eq!(local("[::]:9090".parse().unwrap()), "[::1]:9090".parse().unwrap());
        assert_eq!(local("10.0.0.7:9090".parse().unwrap()), "10.0.0.7:9090".parse().unwrap());
    }
}
