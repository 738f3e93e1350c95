//! HTTP/1.1 without TLS: what is sent, what is read, and everything that can break.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::Notify;

use super::stub::{nowhere, ok, ok_with, serve};
use super::{client, get, get_within, request, settings};
use crate::budget::Permit;
use crate::upstream::{BODY_CAP, CallError, Upstream};

const SHORT: Duration = Duration::from_millis(200);

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn calls_in_sequence_share_one_connection() {
    let (address, seen) = serve(|wire| wire.always(ok("{}"))).await;
    let client = client(settings(address));
    for path in ["/a", "/b", "/c"] {
        assert_eq!(get(&client, path).await.unwrap().body, "{}");
    }
    assert_eq!((seen.connections(), seen.requests().len()), (1, 3));
}

#[tokio::test]
async fn only_our_own_header_goes_out() {
    let (address, seen) = serve(|wire| wire.always(ok("{}"))).await;
    let mut prefixed = settings(address);
    prefixed.prefix = "/base/".into();
    let client = client(prefixed);
    let mut asked = request("/v1/track?ids=a,b");
    asked.request_id = Some("r-1".into());
    client.call(Permit::unmetered(), asked).await.unwrap();

    let sent = seen.requests().remove(0);
    let mut lines: Vec<_> = sent.trim_end().lines().map(str::to_lowercase).collect();
    assert_eq!(lines.remove(0), "get /base/v1/track?ids=a,b http/1.1");
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "accept-encoding: gzip".to_owned(),
            "accept: application/json".into(),
            format!("host: {address}"),
            "user-agent: recobeat-proxy/test".into(),
            "x-request-id: r-1".into(),
        ]
    );
}

#[tokio::test]
async fn status_type_and_retry_after_are_handed_on() {
    let answer = "HTTP/1.1 429 Too Many Requests\r\nContent-Type: Application/JSON;charset=UTF-8\r\n\
                  Retry-After: 12\r\nContent-Length: 2\r\n\r\n{}";
    let (address, _) = serve(move |wire| wire.always(answer)).await;
    let reply = get(&client(settings(address)), "/").await.unwrap();
    assert_eq!(reply.status, 429);
    assert_eq!(reply.media_type.as_deref(), Some("application/json"));
    assert_eq!(reply.retry_after, Some(Duration::from_secs(12)));
}

#[tokio::test]
async fn a_past_retry_after_date_is_zero() {
    let answer = ok_with("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "{}");
    let (address, _) = serve(move |wire| wire.always(answer.clone())).await;
    let reply = get(&client(settings(address)), "/").await.unwrap();
    assert_eq!(reply.retry_after, Some(Duration::ZERO));
}

#[tokio::test]
async fn informational_answers_are_skipped() {
    let answer = [b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec(), ok("{}")].concat();
    let (address, _) = serve(move |wire| wire.always(answer.clone())).await;
    assert_eq!(get(&client(settings(address)), "/").await.unwrap().body, "{}");
}

#[tokio::test]
async fn chunks_are_joined_and_the_connection_kept() {
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n";
    let (address, seen) = serve(move |wire| wire.always(answer)).await;
    let client = client(settings(address));
    assert_eq!(get(&client, "/").await.unwrap().body, "{\"a\":1}");
    get(&client, "/").await.unwrap();
    assert_eq!(seen.connections(), 1);
}

#[tokio::test]
async fn an_unended_chunked_body_is_broken() {
    let (address, _) = serve(|mut wire| async move {
        wire.hear().await;
        wire.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n").await;
    })
    .await;
    let ended = get(&client(settings(address)), "/").await;
    assert!(matches!(ended, Err(CallError::Broken(_))), "{ended:?}");
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_is_whole() {
    let (address, _) = serve(|mut wire| async move {
        wire.hear().await;
        wire.say("HTTP/1.1 200 OK\r\n\r\n{}").await;
    })
    .await;
    assert_eq!(get(&client(settings(address)), "/").await.unwrap().body, "{}");
}

#[tokio::test]
async fn an_answer_without_body_may_announce_one() {
    let answer = "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n";
    let (address, _) = serve(move |wire| wire.always(answer)).await;
    assert_eq!(get(&client(settings(address)), "/").await.unwrap().body, "");
}

#[tokio::test]
async fn gzip_is_undone() {
    let answer = ok_with("Content-Encoding: gzip\r\n", gzip(b"{\"a\":1}"));
    let (address, _) = serve(move |wire| wire.always(answer.clone())).await;
    let reply = get(&client(settings(address)), "/").await.unwrap();
    assert_eq!(reply.body, "{\"a\":1}");
}

#[tokio::test]
async fn cut_gzip_is_an_encoding_error() {
    let mut cut = gzip(b"{\"a\":\"long enough to cut something off\"}");
    cut.truncate(20);
    let answer = ok_with("Content-Encoding: gzip\r\n", cut);
    let (address, _) = serve(move |wire| wire.always(answer.clone())).await;
    let ended = get(&client(settings(address)), "/").await;
    assert!(matches!(ended, Err(CallError::Encoding(_))), "{ended:?}");
}

#[tokio::test]
async fn an_announced_body_over_the_cap_is_refused_unread() {
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", BODY_CAP + 1);
    let (address, _) = serve(move |wire| wire.always(answer.clone())).await;
    let ended = get(&client(settings(address)), "/").await;
    assert!(matches!(ended, Err(CallError::TooLarge)), "{ended:?}");
}

#[tokio::test]
async fn an_unannounced_body_over_the_cap_is_refused() {
    let (address, _) = serve(|mut wire| async move {
        wire.hear().await;
        wire.say("HTTP/1.1 200 OK\r\n\r\n").await;
        wire.say(vec![b' '; BODY_CAP + 1]).await;
    })
    .await;
    let ended = get(&client(settings(address)), "/").await;
    assert!(matches!(ended, Err(CallError::TooLarge)), "{ended:?}");
}

#[tokio::test]
async fn a_short_body_is_broken() {
    let (address, _) = serve(|mut wire| async move {
        wire.hear().await;
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}").await;
    })
    .await;
    let ended = get(&client(settings(address)), "/").await;
    assert!(matches!(ended, Err(CallError::Broken(_))), "{ended:?}");
}

#[tokio::test]
async fn a_reset_within_the_body_is_broken() {
    let (address, _) = serve(|mut wire| async move {
        wire.hear().await;
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}").await;
        wire.stream.set_zero_linger().unwrap();
    })
    .await;
    let ended = get(&client(settings(address)), "/").await;
    assert!(matches!(ended, Err(CallError::Broken(_))), "{ended:?}");
}

#[tokio::test]
async fn garbage_is_broken_and_quoted_briefly() {
    let garbage = "\u{1}garbage ".repeat(500);
    let (address, _) = serve(move |wire| wire.always(garbage.clone())).await;
    let ended = get(&client(settings(address)), "/").await;
    let Err(CallError::Broken(reason)) = ended else {
        panic!("{ended:?}");
    };
    assert!(reason.chars().count() <= 301, "{reason}");
}

#[tokio::test]
async fn a_hang_times_out_and_its_connection_is_not_used_again() {
    let (address, seen) = serve(|mut wire| async move {
        wire.hear().await;
        if wire.number > 0 {
            wire.say(ok("{}")).await;
        }
        wire.always(ok("{}")).await;
    })
    .await;
    let client = client(settings(address));
    let ended = get_within(&client, SHORT).await;
    assert!(matches!(ended, Err(CallError::Timeout(t)) if t == SHORT), "{ended:?}");
    assert_eq!(get(&client, "/").await.unwrap().body, "{}");
    assert_eq!(seen.connections(), 2);
}

#[tokio::test]
async fn a_dropped_call_closes_its_connection() {
    let closed = Arc::new(Notify::new());
    let heard = Arc::new(Notify::new());
    let (tell_closed, tell_heard) = (Arc::clone(&closed), Arc::clone(&heard));
    let (address, _) = serve(move |mut wire| {
        let (closed, heard) = (Arc::clone(&tell_closed), Arc::clone(&tell_heard));
        async move {
            wire.hear().await;
            heard.notify_one();
            assert!(wire.hear().await.is_none());
            closed.notify_one();
        }
    })
    .await;
    let client = client(settings(address));
    tokio::select! {
        ended = get(&client, "/") => panic!("{ended:?}"),
        () = heard.notified() => {}
    }
    tokio::time::timeout(Duration::from_secs(20), closed.notified()).await.unwrap();
}

#[tokio::test]
async fn nobody_listening_is_a_connect_error() {
    let ended = get(&client(settings(nowhere().await)), "/").await;
    assert!(matches!(ended, Err(CallError::Connect(_))), "{ended:?}");
}
