//! One HTTP/2 connection: handshake in time, closed when idle.
//!
//! The same loop as Pingora's, which has no deadline for the preface. A header section that is
//! sent in dribbles opens no stream, so the idle timeout ends it.

use std::sync::Arc;

use pingora::apps::HttpServerApp;
use pingora::protocols::http::ServerSession;
use pingora::protocols::http::v2::server::{H2Accept, HttpSession, default_h2_options, handshake};
use pingora::protocols::{Digest, Stream};
use pingora::server::ShutdownWatch;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::terms::Terms;

/// Broken streams after which a connection is not worth keeping.
const MOST_REJECTED: usize = 32;

/// Serves streams until the connection ends.
pub(super) async fn serve<P>(
    app: &Arc<P>,
    stream: Stream,
    terms: &Terms,
    deadline: Instant,
    stop: &mut ShutdownWatch,
) where
    P: HttpServerApp + Send + Sync + 'static,
{
    let digest = Arc::new(Digest {
        ssl_digest: stream.get_ssl_digest(),
        timing_digest: stream.get_timing_digest(),
        proxy_digest: stream.get_proxy_digest(),
        socket_digest: stream.get_socket_digest(),
    });
    let mut options = default_h2_options();
    let longest = {
        let terms = terms.now();
        terms.limits.uri + terms.limits.headers
    };
    options.max_header_list_size(u32::try_from(longest).unwrap_or(u32::MAX));
    let Ok(Ok(mut connection)) = timeout_at(deadline, handshake(stream, Some(options))).await else {
        return;
    };

    // Held once by each running stream.
    let running = Arc::new(());
    let mut idle_until = Instant::now() + terms.now().limits.idle;
    let mut rejected = 0;
    let mut stopping = false;
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop), if !stopping => {
                // Announces the end; streams that are already on their way are still served.
                connection.graceful_shutdown();
                stopping = true;
                continue;
            }
            accepted = HttpSession::from_h2_conn(&mut connection, digest.clone()) => accepted,
            () = sleep_until(idle_until) => {
                if Arc::strong_count(&running) == 1 {
                    return;
                }
                idle_until = Instant::now() + terms.now().limits.idle;
                continue;
            }
        };
        match accepted {
            Ok(Some(H2Accept::Session(session))) => {
                let (app, stop, running) = (app.clone(), stop.clone(), running.clone());
                tokio::spawn(async move {
                    app.process_new_http(ServerSession::new_http2(session), &stop).await;
                    drop(running);
                });
                idle_until = Instant::now() + terms.now().limits.idle;
            }
            Ok(Some(H2Accept::Rejected)) => {
                rejected += 1;
                if rejected == MOST_REJECTED {
                    return;
                }
            }
            Ok(None) | Err(_) => return,
        }
    }
}
