//! Connections that are kept: the client's, and those to the daemon.

use super::{QUIET, Stage, ping};
use crate::Limits;
use std::time::Duration;

#[tokio::test]
async fn one_connection_to_the_daemon_serves_many_requests_of_many_clients() {
    let stage = Stage::new();
    let mut first = stage.client();
    first.say("GET /_ping HTTP/1.1\nHost: d\n\n").await;
    let mut daemon = stage.daemon().await;
    let _ = daemon.request().await;
    daemon.say("HTTP/1.1 200 OK\nContent-Length: 0\n\n").await;
    let _ = first.head().await;
    for _ in 0..3 {
        ping(&mut first, &mut daemon).await;
        let mut other = stage.client();
        ping(&mut other, &mut daemon).await;
    }
    stage.no_daemon().await;
}

#[tokio::test]
async fn an_idle_client_holds_no_connection_to_the_daemon() {
    let stage = Stage::new();
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = stage.client();
        client.say("\n").await;
        clients.push(client);
    }
    stage.no_daemon().await;
    for client in &mut clients {
        client.is_quiet().await;
    }
}

#[tokio::test]
async fn requests_that_come_together_are_answered_in_order() {
    let stage = Stage::new();
    let mut client = stage.client();
    client
        .say("GET /info HTTP/1.1\nHost: d\n\nPOST /volumes/create HTTP/1.1\nHost: d\nContent-Type: application/json\nContent-Length: 2\n\n{}GET /version HTTP/1.1\nHost:\n\n")
        .await;
    let mut daemon = stage.daemon().await;
    for (line, body) in [
        ("GET /info ", ""),
        ("POST /volumes/create ", "{}"),
        ("GET /version ", ""),
    ] {
        let head = daemon.request().await;
        assert!(head.starts_with(line), "{head}");
        daemon.hears(body.as_bytes()).await;
        daemon.is_quiet().await;
        let answer = format!("HTTP/1.1 200 {line}\nContent-Length: 1\n\nx");
        daemon.say(&answer).await;
        client.hears_text(&answer).await;
    }
}

#[tokio::test]
async fn a_daemon_that_was_restarted_costs_nobody_a_request() {
    let stage = Stage::new();
    for again in [
        "GET /info HTTP/1.1\nHost: d\n\n",
        "POST /containers/c/start HTTP/1.1\nHost: d\n\n",
    ] {
        let mut client = stage.client();
        client.say("GET /_ping HTTP/1.1\nHost: d\n\n").await;
        let mut daemon = stage.daemon().await;
        let _ = daemon.request().await;
        daemon.say("HTTP/1.1 200 OK\nContent-Length: 0\n\n").await;
        let _ = client.head().await;
        drop(daemon);
        client.say(again).await;
        let mut daemon = stage.daemon().await;
        let head = daemon.request().await;
        assert!(again.starts_with(head.lines().next().unwrap()), "{head}");
        daemon
            .say("HTTP/1.1 204 No Content\nConnection: close\n\n")
            .await;
        client.hears_text("HTTP/1.1 204 No Content\n\n").await;
        drop(daemon);
    }
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_twice() {
    // A connection that dies with the request on it: a GET is asked again, a POST never.
    for (request, again) in [
        ("GET /info HTTP/1.1\nHost: d\n\n", true),
        ("POST /containers/c/kill HTTP/1.1\nHost: d\n\n", false),
        ("DELETE /containers/c HTTP/1.1\nHost: d\n\n", false),
    ] {
        let stage = Stage::new();
        let mut client = stage.client();
        client.say("GET /_ping HTTP/1.1\nHost: d\n\n").await;
        let mut daemon = stage.daemon().await;
        let _ = daemon.request().await;
        daemon.say("HTTP/1.1 200 OK\nContent-Length: 0\n\n").await;
        let _ = client.head().await;
        client.say(request).await;
        let _ = daemon.request().await;
        drop(daemon);
        if again {
            let mut daemon = stage.daemon().await;
            let _ = daemon.request().await;
            daemon.say("HTTP/1.1 200 OK\nContent-Length: 0\n\n").await;
            client
                .hears_text("HTTP/1.1 200 OK\nContent-Length: 0\n\n")
                .await;
        } else {
            let head = client.head().await;
            assert!(head.starts_with("HTTP/1.1 502 "), "{request}: {head}");
            let body = String::from_utf8(client.rest().await).unwrap();
            assert!(body.contains("SL-G031"), "{body}");
            stage.no_daemon().await;
        }
    }
}

#[tokio::test]
async fn a_new_connection_that_dies_unanswered_is_told() {
    let stage = Stage::new();
    let mut client = stage.client();
    client.say("GET /info HTTP/1.1\nHost: d\n\n").await;
    drop(stage.daemon().await);
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 502 "), "{head}");
    assert!(
        String::from_utf8(client.rest().await)
            .unwrap()
            .contains("SL-G031")
    );
}

#[tokio::test]
async fn a_daemon_that_is_not_there_is_told_and_comes_back() {
    let stage = Stage::new();
    let path = stage.folder.join("docker.sock");
    std::fs::rename(&path, stage.folder.join("away")).unwrap();
    let mut client = stage.client();
    client.say("GET /info HTTP/1.1\nHost: d\n\n").await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert!(head.contains("Content-Type: application/json"), "{head}");
    assert!(
        String::from_utf8(client.rest().await)
            .unwrap()
            .contains("SL-G030")
    );
    std::fs::rename(stage.folder.join("away"), &path).unwrap();
    let mut client = stage.client();
    client.say("GET /info HTTP/1.1\nHost: d\n\n").await;
    let mut daemon = stage.daemon().await;
    let _ = daemon.request().await;
}

#[tokio::test]
async fn what_a_daemon_says_unasked_is_nobodys_answer() {
    let stage = Stage::new();
    let (mut client, mut daemon) = stage.exchange("GET /info HTTP/1.1\nHost: d\n\n").await;
    let twice = "HTTP/1.1 200 OK\nContent-Length: 1\n\n1HTTP/1.1 200 OK\nContent-Length: 1\n\n2";
    daemon.say(twice).await;
    client
        .hears_text("HTTP/1.1 200 OK\nContent-Length: 1\n\n1")
        .await;
    client.say("GET /version HTTP/1.1\nHost: d\n\n").await;
    let mut other = stage.daemon().await;
    let _ = other.head().await;
    client.is_quiet().await;
}

#[tokio::test]
async fn older_clients_are_answered_in_their_way() {
    let stage = Stage::new();
    let mut client = stage.client();
    client
        .say("GET /info HTTP/1.0\nConnection: keep-alive\n\n")
        .await;
    let mut daemon = stage.daemon().await;
    assert_eq!(daemon.request().await, "GET /info HTTP/1.1\nHost: docker");
    daemon.say("HTTP/1.1 200 OK\nContent-Length: 1\n\nx").await;
    client
        .hears_text("HTTP/1.0 200 OK\nContent-Length: 1\nConnection: keep-alive\n\nx")
        .await;
    client.say("GET /events HTTP/1.0\n\n").await;
    let _ = daemon.request().await;
    daemon
        .say("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\n{}\n")
        .await;
    client.hears_text("HTTP/1.0 200 OK\n\n{}").await;
    daemon.say("2\n[]\n0\n\n").await;
    client.hears_text("[]").await;
    client.ends().await;
}

#[tokio::test]
async fn the_answer_to_a_head_has_no_body_but_says_its_length() {
    let stage = Stage::new();
    let mut client = stage.client();
    client.say("HEAD /_ping HTTP/1.1\nHost: d\n\n").await;
    let mut daemon = stage.daemon().await;
    assert_eq!(daemon.request().await, "HEAD /_ping HTTP/1.1\nHost: docker");
    let answer = "HTTP/1.1 200 OK\nApi-Version: 1.41\nBuilder-Version: 2\nDocker-Experimental: false\n\
        Ostype: linux\nContent-Length: 2\n\n";
    daemon.say(answer).await;
    client.hears_text(answer).await;
    ping(&mut client, &mut daemon).await;
}

#[tokio::test]
async fn a_ping_tells_no_more_than_what_is_let_in() {
    let stage = Stage::new();
    let mut client = stage.client();
    for (told, passed) in [("1.99", "1.55"), ("1.41", "1.41"), ("x", "x")] {
        client.say("GET /_ping HTTP/1.1\nHost: d\n\n").await;
        let mut daemon = stage.daemon().await;
        let _ = daemon.request().await;
        daemon
            .say(&format!(
                "HTTP/1.1 200 OK\nApi-Version: {told}\nConnection: close\nContent-Length: 0\n\n"
            ))
            .await;
        client
            .hears_text(&format!(
                "HTTP/1.1 200 OK\nApi-Version: {passed}\nContent-Length: 0\n\n"
            ))
            .await;
    }
}

#[tokio::test]
async fn large_heads_and_many_fields_pass() {
    let stage = Stage::new();
    let mut client = stage.client();
    let auth = "a".repeat(700_000);
    let meta: String = (0..300).map(|n| format!("X-Meta-{n}: {n}\n")).collect();
    let request = format!("GET /info HTTP/1.1\nHost: d\nX-Registry-Config: {auth}\n{meta}\n");
    let talk = async {
        client.say(&request).await;
        client.head().await
    };
    let answer = async {
        let mut daemon = stage.daemon().await;
        let head = daemon.request().await;
        assert_eq!(
            head.len(),
            request.len() - "Host: d\n\n".len() + "Host: docker\n".len() - 1
        );
        assert!(head.ends_with("X-Meta-299: 299"));
        daemon
            .say(&format!(
                "HTTP/1.1 200 OK\nX-Docker-Container-Path-Stat: {}\nContent-Length: 0\n\n",
                "b".repeat(90_000)
            ))
            .await;
    };
    let (head, ()) = tokio::join!(talk, answer);
    assert!(head.len() > 90_000 && head.ends_with("Content-Length: 0"));
}

#[tokio::test]
async fn idle_connections_end_after_their_time_and_with_a_drain() {
    let limits = Limits {
        idle_time: QUIET * 3,
        ..Limits::default()
    };
    let stage = Stage::with("role = \"admin\"", limits);
    let mut client = stage.client();
    client.is_quiet().await;
    client.ends().await;
    let stage = Stage::new();
    let mut idle = stage.client();
    let mut busy = stage.client();
    busy.say("GET /info HTTP/1.1\nHost: d\n\n").await;
    let mut daemon = stage.daemon().await;
    let _ = daemon.request().await;
    idle.is_quiet().await;
    stage.shared.drain.begin();
    idle.ends().await;
    busy.is_quiet().await;
    daemon.say("HTTP/1.1 200 OK\nContent-Length: 1\n\nx").await;
    busy.hears_text("HTTP/1.1 200 OK\nContent-Length: 1\nConnection: close\n\nx")
        .await;
    busy.ends().await;
    assert!(Duration::ZERO < QUIET);
}
