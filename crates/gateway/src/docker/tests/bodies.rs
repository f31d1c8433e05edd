//! Bodies in both directions: streamed, full duplex, expected, cut off.

use super::{Stage, ping};
use crate::Limits;
use std::time::Duration;

#[tokio::test]
async fn a_build_is_answered_while_it_is_still_sent() {
    let stage = Stage::new();
    let mut client = stage.client();
    client
        .say("POST /build?t=x HTTP/1.1\nHost: d\nContent-Type: application/x-tar\nTransfer-Encoding: chunked\nX-Registry-Config: e30=\n\n3\nabc\n")
        .await;
    let mut daemon = stage.daemon().await;
    assert_eq!(
        daemon.request().await,
        "POST /build?t=x HTTP/1.1\nHost: docker\nContent-Type: application/x-tar\n\
         X-Registry-Config: e30=\nTransfer-Encoding: chunked"
    );
    daemon.hears_text("3\nabc\n").await;
    daemon
        .say("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nstep1\n")
        .await;
    client
        .hears_text("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nstep1\n")
        .await;
    for round in 0..20 {
        let piece = format!("{round:04}");
        client.say(&format!("4\n{piece}\n")).await;
        daemon.hears_text(&format!("4\n{piece}\n")).await;
        daemon.say(&format!("4\n{piece}\n")).await;
        client.hears_text(&format!("4\n{piece}\n")).await;
    }
    client.say("0\n\n").await;
    daemon.hears_text("0\n\n").await;
    daemon.say("0\n\n").await;
    client.hears_text("0\n\n").await;
    ping(&mut client, &mut daemon).await;
}

#[tokio::test]
async fn an_upload_keeps_its_length_or_its_chunks_and_trailers() {
    let stage = Stage::new();
    let mut client = stage.client();
    client
        .say("PUT /containers/c/archive?path=%2Ftmp HTTP/1.1\nHost: d\nContent-Length: 5\n\nhello")
        .await;
    let mut daemon = stage.daemon().await;
    let head = daemon.request().await;
    assert!(head.contains("\nContent-Length: 5"), "{head}");
    daemon.hears(b"hello").await;
    daemon.say("HTTP/1.1 200 OK\nContent-Length: 0\n\n").await;
    let _ = client.head().await;
    client
        .say("POST /images/load HTTP/1.1\nHost: d\nTransfer-Encoding: chunked\nTrailer: X-Sum\n\n5;a=b\nhello\n0\nX-Sum: 1\n\n")
        .await;
    let head = daemon.request().await;
    assert!(
        head.contains("\nTrailer: X-Sum\nTransfer-Encoding: chunked"),
        "{head}"
    );
    daemon.hears_text("5\nhello\n0\nX-Sum: 1\n\n").await;
    daemon
        .say("HTTP/1.1 200 OK\nTrailer: X-End\nTransfer-Encoding: chunked\n\n1\nx\n0\nX-End: 2\n\n")
        .await;
    client
        .hears_text(
            "HTTP/1.1 200 OK\nTrailer: X-End\nTransfer-Encoding: chunked\n\n1\nx\n0\nX-End: 2\n\n",
        )
        .await;
    ping(&mut client, &mut daemon).await;
}

#[tokio::test]
async fn a_hundred_mebibytes_pass_in_both_directions() {
    let stage = Stage::new();
    let mut client = stage.client();
    const SIZE: usize = 100 << 20;
    client
        .say(&format!(
            "POST /images/load HTTP/1.1\nHost: d\nContent-Length: {SIZE}\n\n"
        ))
        .await;
    let mut daemon = stage.daemon().await;
    let _ = daemon.request().await;
    let block = vec![0x5a; 1 << 20];
    daemon
        .say(&format!("HTTP/1.1 200 OK\nContent-Length: {SIZE}\n\n"))
        .await;
    let _ = client.head().await;
    for _ in 0..SIZE / block.len() {
        let up = async {
            client.send(&block).await;
            client.hears(&block).await;
        };
        let down = async {
            daemon.hears(&block).await;
            daemon.send(&block).await;
        };
        tokio::join!(up, down);
    }
    ping(&mut client, &mut daemon).await;
    let records = stage.records(2).await;
    assert_eq!(records[0]["received"], SIZE);
    assert_eq!(records[0]["sent"], SIZE);
}

#[tokio::test]
async fn a_continue_that_is_expected_comes_from_the_daemon() {
    let stage = Stage::new();
    let mut client = stage.client();
    client
        .say("POST /images/load HTTP/1.1\nHost: d\nExpect: 100-continue\nContent-Length: 2\n\n")
        .await;
    let mut daemon = stage.daemon().await;
    let head = daemon.request().await;
    assert!(head.contains("Expect: 100-continue"), "{head}");
    client.is_quiet().await;
    daemon.say("HTTP/1.1 100 Continue\n\n").await;
    client.hears_text("HTTP/1.1 100 Continue\n\n").await;
    client.say("ok").await;
    daemon.hears(b"ok").await;
    daemon
        .say("HTTP/1.1 103 Early Hints\nLink: a\n\nHTTP/1.1 200 OK\nContent-Length: 0\n\n")
        .await;
    client
        .hears_text("HTTP/1.1 103 Early Hints\nLink: a\n\nHTTP/1.1 200 OK\nContent-Length: 0\n\n")
        .await;
    ping(&mut client, &mut daemon).await;
}

#[tokio::test]
async fn a_final_answer_may_come_instead_of_a_continue() {
    let stage = Stage::new();
    let mut client = stage.client();
    client
        .say("POST /images/load HTTP/1.1\nHost: d\nExpect: 100-continue\nContent-Length: 2000000\n\n")
        .await;
    let mut daemon = stage.daemon().await;
    let _ = daemon.request().await;
    daemon
        .say("HTTP/1.1 417 No\nContent-Length: 2\nConnection: close\n\nno")
        .await;
    drop(daemon);
    client
        .hears_text("HTTP/1.1 417 No\nContent-Length: 2\nConnection: close\n\nno")
        .await;
    client.ends().await;
}

#[tokio::test]
async fn a_continue_for_a_judged_body_comes_from_the_gateway() {
    let stage = Stage::new();
    let mut client = stage.client();
    client
        .say("POST /volumes/create HTTP/1.1\nHost: d\nContent-Type: application/json\nExpect: 100-continue\nContent-Length: 12\n\n")
        .await;
    client.hears_text("HTTP/1.1 100 Continue\n\n").await;
    stage.no_daemon().await;
    client.say("{\"name\":\"a\"}").await;
    let mut daemon = stage.daemon().await;
    let head = daemon.request().await;
    assert!(!head.contains("Expect"), "{head}");
    assert!(
        head.contains("\nContent-Type: application/json\nContent-Length: 12"),
        "{head}"
    );
    // As it was judged: the key as the API spells it.
    daemon.hears(b"{\"Name\":\"a\"}").await;
}

#[tokio::test]
async fn an_answer_may_come_before_the_last_chunk_and_the_connections_go_on() {
    let stage = Stage::new();
    let mut client = stage.client();
    client
        .say("POST /images/load HTTP/1.1\nHost: d\nTransfer-Encoding: chunked\n\n3\ntar\n")
        .await;
    let mut daemon = stage.daemon().await;
    let _ = daemon.request().await;
    daemon.hears_text("3\ntar\n").await;
    let answer = "HTTP/1.1 200 OK\nContent-Length: 2\n\nOK";
    daemon.say(answer).await;
    client.hears_text(answer).await;
    client.is_quiet().await;
    client.say("0\n\n").await;
    daemon.hears_text("0\n\n").await;
    ping(&mut client, &mut daemon).await;
}

#[tokio::test]
async fn an_answer_that_comes_before_the_end_of_the_request_ends_both() {
    let stage = Stage::new();
    let (mut client, mut daemon) = stage
        .exchange("POST /build HTTP/1.1\nHost: d\nTransfer-Encoding: chunked\n\n3\nabc\n")
        .await;
    daemon.hears_text("3\nabc\n").await;
    daemon
        .say("HTTP/1.1 400 Bad\nContent-Length: 2\nConnection: close\n\nno")
        .await;
    drop(daemon);
    // The client goes on sending for a while, and still gets all of the answer.
    for _ in 0..50 {
        use tokio::io::AsyncWriteExt;
        let _ = client.socket.write_all(b"400\r\n").await;
        let _ = client.socket.write_all(&[7; 0x400]).await;
        let _ = client.socket.write_all(b"\r\n").await;
    }
    client
        .hears_text("HTTP/1.1 400 Bad\nContent-Length: 2\nConnection: close\n\nno")
        .await;
    client.ends().await;
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_cut_off_for_the_daemon_too() {
    for (framing, part) in [
        ("Content-Length: 9", "hello"),
        ("Transfer-Encoding: chunked", "5\nhello\n"),
    ] {
        let stage = Stage::new();
        let mut client = stage.client();
        client
            .say(&format!(
                "POST /images/load HTTP/1.1\nHost: d\n{framing}\n\n{part}"
            ))
            .await;
        let mut daemon = stage.daemon().await;
        let _ = daemon.request().await;
        client.half_close().await;
        let rest = daemon.rest().await;
        assert_eq!(rest, part.replace('\n', "\r\n").as_bytes(), "{framing}");
        // As over the daemon's own TLS, it may still say what it thinks of that.
        daemon.say("HTTP/1.1 400 Bad\nContent-Length: 0\n\n").await;
        assert!(client.head().await.starts_with("HTTP/1.1 400"));
        client.ends().await;
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_never_made_whole() {
    for (framing, part) in [
        ("Content-Length: 9", "hello"),
        ("Transfer-Encoding: chunked", "5\nhello\n"),
        ("Transfer-Encoding: chunked", "5\nhello\n0\n"),
    ] {
        let stage = Stage::new();
        let mut client = stage.client();
        client.say("GET /info HTTP/1.1\nHost: d\n\n").await;
        let mut daemon = stage.daemon().await;
        let _ = daemon.request().await;
        daemon
            .say(&format!("HTTP/1.1 200 OK\n{framing}\n\n{part}"))
            .await;
        drop(daemon);
        let _ = client.head().await;
        let rest = client.rest().await;
        let whole = part.trim_end_matches("0\n").replace('\n', "\r\n");
        assert_eq!(rest, whole.as_bytes(), "{framing}");
        assert_eq!(stage.records(1).await[0]["detail"], "the daemon broke off");
    }
}

#[tokio::test]
async fn streaming_answers_come_at_once_and_end_with_the_client() {
    let limits = Limits {
        idle_time: Duration::from_millis(30),
        head_time: Duration::from_millis(30),
        ..Limits::default()
    };
    let stage = Stage::with("role = \"admin\"", limits);
    let (mut client, mut daemon) = stage
        .exchange("GET /v1.41/events HTTP/1.1\nHost: d\n\n")
        .await;
    // The head alone, long before the first event.
    let head = "HTTP/1.1 200 OK\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n";
    daemon.say(head).await;
    client.hears_text(head).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    daemon.say("3\n{}\x20\n").await;
    client.hears_text("3\n{}\x20\n").await;
    // The daemon learns at once that nobody listens, and cancels.
    drop(client);
    daemon.ends().await;
}

#[tokio::test]
async fn a_client_that_ends_its_half_still_gets_its_answer() {
    let stage = Stage::new();
    let mut client = stage.client();
    client.say("GET /info HTTP/1.0\n\n").await;
    client.half_close().await;
    let mut daemon = stage.daemon().await;
    let _ = daemon.request().await;
    daemon.ends().await;
    daemon
        .say("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nOK\n0\n\n")
        .await;
    // HTTP/1.0 knows no chunks: the end of the connection is the end.
    client.hears_text("HTTP/1.0 200 OK\n\nOK").await;
    client.ends().await;
}
