use crate::harness::{Ask, Line, Setup, Stage, audio, crowd, ids, raw};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(20);

/// Sends everything at once, reads until `wanted` answers have come or the connection ends.
async fn statuses(stage: &Stage, bytes: &[u8], wanted: usize) -> Vec<String> {
    let mut stream = TcpStream::connect(stage.proxy.addr).await.expect("connects");
    stream.write_all(bytes).await.expect("the requests go out");
    let mut seen = Vec::new();
    let read = async {
        loop {
            let text = String::from_utf8_lossy(&seen).into_owned();
            let found: Vec<String> = text
                .match_indices("HTTP/1.1 ")
                .filter_map(|(at, _)| text.get(at + 9..at + 12).map(str::to_owned))
                .collect();
            if found.len() >= wanted || stream.read_buf(&mut seen).await.unwrap_or(0) == 0 {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("answers or the end of the connection")
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_answered_in_order() {
    let stage = Stage::lifted().await;
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: p\r\n\r\n");
    let bytes = get("/v1/track/search?searchText=love")
        + &get("/v1/track?ids=%zz")
        + &get("/v1/track/recommendation");
    assert_eq!(statuses(&stage, bytes.as_bytes(), 3).await, ["200", "400", "400"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_behind_a_body_is_answered_or_the_connection_ends() {
    let stage = Stage::lifted().await;
    let bytes = "POST /v1/analysis/audio-features HTTP/1.1\r\nHost: p\r\nContent-Type: text/plain\r\n\
        Content-Length: 5\r\n\r\nhelloGET /v1/track/search?searchText=love HTTP/1.1\r\nHost: p\r\n\r\n";
    let answers = statuses(&stage, bytes.as_bytes(), 2).await;
    assert!(answers == ["415", "200"] || answers == ["415"], "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_in_chunks_arrives_whole() {
    let stage = Stage::lifted().await;
    let body = "--cut\r\nContent-Disposition: form-data; name=\"audioFile\"; filename=\"a\"\r\n\r\nbytes\r\n--cut--\r\n";
    let (one, two) = body.split_at(30);
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: p\r\nContent-Type: multipart/form-data; boundary=cut\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n",
        audio::PATH,
        one.len(),
        two.len()
    );
    let fate = raw::send(stage.proxy.addr, request.as_bytes(), PATIENCE).await;
    assert_eq!(fate.status, Some(200), "{}", fate.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_waits_for_permission_gets_it() {
    let stage = Stage::lifted().await;
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: p\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
        audio::PATH
    );
    let fate = raw::send(stage.proxy.addr, request.as_bytes(), PATIENCE).await;
    assert_eq!(fate.status, Some(100), "{}", fate.brief());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_client_is_answered_and_its_connection_closed() {
    let stage = Stage::lifted().await;
    let mut stream = TcpStream::connect(stage.proxy.addr).await.expect("connects");
    stream.write_all(b"GET /v1/track/search?searchText=love HTTP/1.0\r\n\r\n").await.expect("sent");
    let mut seen = String::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_string(&mut seen)).await;
    assert!(read.is_ok_and(|read| read.is_ok()), "the connection stays open");
    assert!(seen.starts_with("HTTP/1.1 200") || seen.starts_with("HTTP/1.0 200"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_left_do_not_use_the_budget_up() {
    let stage = Stage::with(&Setup::default_limits()).await;
    let mut leavers = Vec::new();
    for at in 0..40 {
        let mut stream = TcpStream::connect(stage.proxy.addr).await.expect("connects");
        let request = match at % 2 {
            0 => format!("GET /v1/no-such/{at} HTTP/1.1\r\nHost: p\r\n\r\n"),
            _ => format!("POST {} HTTP/1.1\r\nHost: p\r\nContent-Length: 2\r\n\r\nno", audio::PATH),
        };
        stream.write_all(request.as_bytes()).await.expect("sent");
        leavers.push(stream);
    }
    while stage.calls() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(leavers);
    let answer = stage.get("/v1/no-such/late").await;
    assert_eq!(answer.code(), 404, "{}", answer.brief());
    assert!(stage.calls() < 10, "{} calls, most of them for nobody", stage.calls());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_one_client_does_not_keep_another_waiting() {
    let stage = Stage::with(&Setup::default_limits()).await;
    let addr = stage.proxy.addr;
    let asks =
        (0..60).map(|page| Ask::get(format!("/v1/track/search?searchText=love&page={page}"))).collect();
    let flood = tokio::spawn(async move { crowd::try_at_once(addr, asks).await });
    while stage.calls() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut other = Line::between(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9)), addr).await;
    let answer = other.get("/v1/track/search?searchText=night").await;
    assert!(answer.is_ok(), "{}", answer.brief());
    let place = stage.sim.log().iter().position(|call| call.query.contains("night"));
    assert!(place.is_some_and(|place| place <= 5), "asked at place {place:?}");
    flood.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_uploads_do_not_disturb_hits() {
    let stage = Stage::lifted().await;
    let target = ids::list("/v1/track", &ids::spotify(&ids::tracks(0, 5)));
    stage.get(&target).await;
    let mut uploads = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(stage.proxy.addr).await.expect("connects");
        let head = format!("POST {} HTTP/1.1\r\nHost: p\r\nContent-Length: 1000000\r\n\r\nx", audio::PATH);
        stream.write_all(head.as_bytes()).await.expect("sent");
        uploads.push(stream);
    }
    let answers = crowd::at_once(stage.proxy.addr, vec![Ask::get(target); 50]).await;
    assert!(answers.iter().all(crate::harness::Answer::is_hit));
    assert_eq!(stage.calls(), 1);
}
