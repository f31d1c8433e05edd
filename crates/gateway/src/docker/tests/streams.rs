//! Connections that become streams (attach, exec, session), and directions that end by themselves.

use super::{Stage, Talk};
use crate::Limits;
use std::time::Duration;

const RAW: &str = "Content-Type: application/vnd.docker.raw-stream";

/// An attach with `Upgrade`, up to where both sides are a stream.
async fn attached(stage: &Stage) -> (Talk, Talk) {
    let mut client = stage.client();
    client
        .say("POST /v1.41/containers/c/attach?stream=1 HTTP/1.1\nHost: d\nUpgrade: tcp\nConnection: Upgrade\n\n")
        .await;
    let mut daemon = stage.daemon().await;
    assert_eq!(
        daemon.request().await,
        "POST /v1.41/containers/c/attach?stream=1 HTTP/1.1\nHost: docker\nContent-Length: 0\n\
         Connection: Upgrade\nUpgrade: tcp"
    );
    daemon
        .say(&format!(
            "HTTP/1.1 101 UPGRADED\n{RAW}\nConnection: Upgrade\nUpgrade: tcp\n\n"
        ))
        .await;
    client
        .hears_text(&format!(
            "HTTP/1.1 101 UPGRADED\n{RAW}\nUpgrade: tcp\nConnection: Upgrade\n\n"
        ))
        .await;
    (client, daemon)
}

#[tokio::test]
async fn an_upgrade_passes_bytes_both_ways() {
    let stage = Stage::new();
    let (mut client, mut daemon) = attached(&stage).await;
    client.send(b"in\n").await;
    daemon.hears(b"in\n").await;
    daemon.send(b"out\n").await;
    client.hears(b"out\n").await;
    let more = vec![7; 3 << 20];
    let (sent, heard) = (more.clone(), more.clone());
    tokio::join!(client.send(&sent), daemon.hears(&heard));
    tokio::join!(daemon.send(&more), client.hears(&heard));
}

#[tokio::test]
async fn a_legacy_hijack_is_a_stream_in_both_directions() {
    let stage = Stage::new();
    let mut client = stage.client();
    let body = "{\"Detach\":false,\"Tty\":false}";
    client
        .say(&format!(
            "POST /exec/e/start HTTP/1.1\nHost: d\nContent-Type: application/json\nContent-Length: {}\n\n{body}",
            body.len()
        ))
        .await;
    let mut daemon = stage.daemon().await;
    let head = daemon.request().await;
    assert!(!head.contains("Upgrade"), "{head}");
    daemon.hears(body.as_bytes()).await;
    daemon.say(&format!("HTTP/1.1 200 OK\n{RAW}\n\n")).await;
    daemon.send(b"hello").await;
    client
        .hears_text(&format!("HTTP/1.1 200 OK\n{RAW}\n\n"))
        .await;
    client.hears(b"hello").await;
    client.send(b"typed").await;
    daemon.hears(b"typed").await;
    client.half_close().await;
    daemon.ends().await;
    daemon.send(b" and goodbye").await;
    client.hears(b" and goodbye").await;
    drop(daemon);
    client.ends().await;
}

#[tokio::test]
async fn what_is_typed_early_waits_for_the_answer() {
    let stage = Stage::new();
    let mut client = stage.client();
    client
        .say("POST /containers/c/attach?stdin=1 HTTP/1.1\nHost: d\nUpgrade: tcp\n\nearly")
        .await;
    client.half_close().await;
    let mut daemon = stage.daemon().await;
    let _ = daemon.request().await;
    // dockerd would lose it if it came in the same segment as the head; its end as well.
    daemon.is_quiet().await;
    daemon
        .say(&format!(
            "HTTP/1.1 101 UPGRADED\n{RAW}\nConnection: Upgrade\nUpgrade: tcp\n\n"
        ))
        .await;
    daemon.hears(b"early").await;
    daemon.ends().await;
    daemon.send(b"late").await;
    drop(daemon);
    assert!(client.rest().await.ends_with(b"\r\n\r\nlate"));
}

#[tokio::test]
async fn what_the_daemon_says_with_its_head_belongs_to_the_stream() {
    let stage = Stage::new();
    let (mut client, mut daemon) = stage
        .exchange("POST /containers/c/attach HTTP/1.1\nHost: d\nUpgrade: tcp\n\n")
        .await;
    daemon
        .say(&format!(
            "HTTP/1.1 101 UPGRADED\n{RAW}\nUpgrade: tcp\n\nfirst"
        ))
        .await;
    drop(daemon);
    assert!(client.rest().await.ends_with(b"\r\n\r\nfirst"));
}

#[tokio::test]
async fn each_direction_ends_by_itself_and_silence_lasts_as_long_as_it_likes() {
    let short = Duration::from_millis(30);
    let limits = Limits {
        head_time: short,
        idle_time: short,
        ..Limits::default()
    };
    let stage = Stage::with("role = \"admin\"", limits);
    // The caller first.
    let (mut client, mut daemon) = attached(&stage).await;
    tokio::time::sleep(short * 5).await;
    client.half_close().await;
    daemon.ends().await;
    tokio::time::sleep(short * 5).await;
    client.is_quiet().await;
    daemon.send(b"still here").await;
    client.hears(b"still here").await;
    daemon.half_close().await;
    client.ends().await;
    // The daemon first.
    let (mut client, mut daemon) = attached(&stage).await;
    daemon.half_close().await;
    client.ends().await;
    tokio::time::sleep(short * 5).await;
    client.send(b"still typing").await;
    daemon.hears(b"still typing").await;
    client.half_close().await;
    daemon.ends().await;
}

#[tokio::test]
async fn a_caller_who_is_gone_takes_the_stream_along() {
    let stage = Stage::new();
    let (client, mut daemon) = attached(&stage).await;
    drop(client);
    daemon.ends().await;
    // What is said to nobody ends the connection.
    for _ in 0..100 {
        use tokio::io::AsyncWriteExt;
        if daemon.socket.write_all(b"anybody?").await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the daemon still has a connection");
}

#[tokio::test]
async fn an_error_before_the_stream_is_an_answer() {
    let stage = Stage::new();
    // 20.10 writes it with the type of a stream and without a length.
    let (mut client, mut daemon) = stage
        .exchange("POST /containers/c/attach HTTP/1.1\nHost: d\nUpgrade: tcp\n\n")
        .await;
    daemon
        .say(&format!(
            "HTTP/1.1 404 Not Found\n{RAW}\n\nNo such container: c\n"
        ))
        .await;
    drop(daemon);
    client
        .hears_text(&format!(
            "HTTP/1.1 404 Not Found\n{RAW}\nConnection: close\n\nNo such container: c\n"
        ))
        .await;
    client.ends().await;
    // Newer ones write an ordinary one, and the connection goes on.
    let (mut client, mut daemon) = stage
        .exchange("POST /containers/c/attach HTTP/1.1\nHost: d\nUpgrade: tcp\n\n")
        .await;
    let answer = "HTTP/1.1 404 Not Found\nContent-Length: 2\n\n{}";
    daemon.say(answer).await;
    client.hears_text(answer).await;
    super::ping(&mut client, &mut daemon).await;
}

#[tokio::test]
async fn a_detached_exec_is_an_ordinary_request() {
    let stage = Stage::new();
    let (mut client, mut daemon) = stage.exchange("POST /exec/e/start HTTP/1.1\nHost: d\nContent-Type: application/json\nContent-Length: 15\n\n{\"Detach\":true}").await;
    daemon.hears(b"{\"Detach\":true}").await;
    let answer = "HTTP/1.1 200 OK\nContent-Length: 0\n\n";
    daemon.say(answer).await;
    client.hears_text(answer).await;
    super::ping(&mut client, &mut daemon).await;
}

#[tokio::test]
async fn sessions_and_websockets_change_protocol_and_nothing_else_does() {
    for (method, target, token, passed) in [
        ("POST", "/session", "h2c", true),
        ("POST", "/grpc", "h2c", true),
        ("GET", "/containers/c/attach/ws?stream=1", "websocket", true),
        ("POST", "/containers/c/attach", "h2c", false),
        ("POST", "/session", "tcp", false),
        ("GET", "/_ping", "h2c", false),
        ("GET", "/info", "websocket", false),
    ] {
        let stage = Stage::new();
        let mut client = stage.client();
        client
            .say(&format!(
                "{method} {target} HTTP/1.1\nHost: d\nUpgrade: {token}\nConnection: Upgrade\n\
                 X-Docker-Expose-Session-Uuid: u\n\n"
            ))
            .await;
        let mut daemon = stage.daemon().await;
        let head = daemon.request().await;
        let upgrade = format!("Connection: Upgrade\nUpgrade: {token}");
        assert_eq!(head.ends_with(&upgrade), passed, "{head}");
        assert!(head.contains("X-Docker-Expose-Session-Uuid: u"), "{head}");
        if passed {
            daemon
                .say(&format!(
                    "HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: {token}\n\nPRI"
                ))
                .await;
            assert!(client.head().await.contains(&format!("Upgrade: {token}")));
            client.hears(b"PRI").await;
            client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
            daemon.hears(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        }
    }
}

#[tokio::test]
async fn a_protocol_that_nobody_asked_for_is_not_passed_on() {
    let stage = Stage::new();
    let (mut client, mut daemon) = stage.exchange("GET /info HTTP/1.1\nHost: d\n\n").await;
    daemon
        .say("HTTP/1.1 101 Switching Protocols\nUpgrade: h2c\n\n")
        .await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 502 "), "{head}");
    assert!(
        String::from_utf8(client.rest().await)
            .unwrap()
            .contains("SL-G032")
    );
}

#[tokio::test]
async fn siblings_of_a_stream_go_on() {
    let stage = Stage::new();
    let (_client, _daemon) = attached(&stage).await;
    let mut other = stage.client();
    other
        .say("POST /containers/c/resize?h=1&w=2 HTTP/1.1\nHost: d\n\n")
        .await;
    let mut daemon = stage.daemon().await;
    let head = daemon.request().await;
    assert!(
        head.starts_with("POST /containers/c/resize?h=1&w=2 "),
        "{head}"
    );
    daemon.say("HTTP/1.1 200 OK\nContent-Length: 0\n\n").await;
    assert!(other.head().await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_stream_has_a_record_when_it_begins_and_when_it_ends() {
    let stage = Stage::new();
    let (mut client, mut daemon) = attached(&stage).await;
    let records = stage.records(1).await;
    assert_eq!(records[0]["event"], "open");
    assert_eq!(records[0]["status"], 101);
    client.send(b"12345").await;
    daemon.hears(b"12345").await;
    daemon.send(b"123").await;
    client.hears(b"123").await;
    assert_eq!(stage.shared.metrics.doors[0].streams.get(), 1);
    drop((client, daemon));
    let records = stage.records(2).await;
    assert_eq!(records[1]["event"], "close");
    assert_eq!(
        (&records[1]["received"], &records[1]["sent"]),
        (&5.into(), &3.into())
    );
    assert_eq!(records[1]["route"], "container.attach");
    assert_eq!(stage.shared.metrics.doors[0].streams.get(), 0);
}
