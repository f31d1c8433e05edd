//! Requests that are judged: refused, asked about, rewritten, their answers gone through.

use super::{Stage, Talk, ping};
use crate::Limits;
use std::time::Duration;

/// The status, the head and the body of an answer of our own.
async fn answered(client: &mut Talk) -> (String, serde_json::Value) {
    let head = client.head().await;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .map(|length| length.parse::<usize>().unwrap());
    while client.held.len() < length.unwrap() {
        assert!(client.more().await > 0);
    }
    let body: Vec<u8> = client.held.drain(..length.unwrap()).collect();
    (head, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn what_is_not_granted_is_refused_in_json_and_the_connection_goes_on() {
    let stage = Stage::with("role = \"observer\"", Limits::default());
    let mut client = stage.client();
    for request in [
        "POST /containers/c/start HTTP/1.1\nHost: d\n\n",
        "POST /volumes/create HTTP/1.1\nHost: d\nContent-Type: application/json\nContent-Length: 2\n\n{}",
    ] {
        client.say(request).await;
        let (head, body) = answered(&mut client).await;
        assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
        assert!(!head.contains("Connection"), "{head}");
        let message = body["message"].as_str().unwrap();
        assert!(message.starts_with("sealock: uid:"), "{message}");
        assert!(message.contains("may not"), "{message}");
    }
    stage.no_daemon().await;
    client.say("GET /_ping HTTP/1.1\nHost: d\n\n").await;
    let mut daemon = stage.daemon().await;
    let _ = daemon.head().await;
    let records = stage.records(2).await;
    assert_eq!(records[0]["decision"], "deny");
    assert_eq!(records[0]["route"], "container.start");
    assert_eq!(records[0]["status"], 403);
    assert!(
        records[0]["code"].as_str().unwrap().starts_with("SL-A"),
        "{}",
        records[0]
    );
}

#[tokio::test]
async fn a_refused_upload_is_told_even_to_a_client_that_goes_on_sending() {
    let stage = Stage::with("role = \"observer\"", Limits::default());
    let mut client = stage.client();
    client
        .say("POST /build HTTP/1.1\nHost: d\nTransfer-Encoding: chunked\n\n")
        .await;
    for _ in 0..200 {
        use tokio::io::AsyncWriteExt;
        let _ = client.socket.write_all(b"400\r\n").await;
        let _ = client.socket.write_all(&[7; 0x400]).await;
        let _ = client.socket.write_all(b"\r\n").await;
    }
    let (head, _) = answered(&mut client).await;
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    assert!(head.ends_with("Connection: close"), "{head}");
    client.ends().await;
    stage.no_daemon().await;
}

#[tokio::test]
async fn an_unknown_route_is_answered_in_the_daemons_words() {
    let stage = Stage::new();
    let mut client = stage.client();
    client.say("GET /nonsense HTTP/1.1\nHost: d\n\n").await;
    let (head, body) = answered(&mut client).await;
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    assert_eq!(body["message"], "page not found");
    client.say("HEAD /nonsense HTTP/1.1\nHost: d\n\n").await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    client.is_quiet().await;
    stage.no_daemon().await;
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_told_so() {
    let limits = Limits {
        head_time: Duration::from_millis(40),
        ..Limits::default()
    };
    let stage = Stage::with("role = \"admin\"", limits);
    for part in [
        "GET /info HTT",
        "POST /volumes/create HTTP/1.1\nHost: d\nContent-Type: application/json\nContent-Length: 9\n\n{",
    ] {
        let mut client = stage.client();
        client.say(part).await;
        let (head, _) = answered(&mut client).await;
        assert!(head.starts_with("HTTP/1.1 408 "), "{head}");
        client.ends().await;
    }
    stage.no_daemon().await;
}

#[tokio::test]
async fn a_head_beyond_the_bound_is_refused_while_it_comes() {
    let limits = Limits {
        head_bytes: 2_000,
        ..Limits::default()
    };
    let stage = Stage::with("role = \"admin\"", limits);
    let mut client = stage.client();
    client
        .say(&format!(
            "GET /info HTTP/1.1\nHost: d\nX: {}",
            "y".repeat(5_000)
        ))
        .await;
    let (head, _) = answered(&mut client).await;
    assert!(head.starts_with("HTTP/1.1 431 "), "{head}");
}

/// What the daemon tells of container `c` of this owner.
fn inspected(owner: &str) -> String {
    let id = "c".repeat(64);
    let body = format!(
        "{{\"Id\":\"{id}\",\"Name\":\"/c\",\"Image\":\"sha256:1\",\"Config\":{{\"User\":\"\",\"Image\":\"i\",\
         \"Labels\":{{\"sealock.owner\":\"{owner}\"}}}},\"HostConfig\":{{}}}}"
    );
    format!("HTTP/1.1 200 OK\nContent-Length: {}\n\n{body}", body.len())
}

#[tokio::test]
async fn an_object_is_asked_about_and_its_full_id_forwarded() {
    let stage = Stage::with(
        "role = \"operator\"\nscope = \"owner=self\"",
        Limits::default(),
    );
    let uid = rustix::process::getuid().as_raw();
    let mut client = stage.client();
    client
        .say("POST /v1.41/containers/c/stop?t=1 HTTP/1.1\nHost: d\n\n")
        .await;
    let mut daemon = stage.daemon().await;
    assert_eq!(
        daemon.head().await,
        "GET /containers/c/json HTTP/1.1\nHost: docker"
    );
    daemon.say(&inspected(&format!("uid:{uid}"))).await;
    let head = daemon.head().await;
    let id = "c".repeat(64);
    assert!(
        head.starts_with(&format!("POST /v1.41/containers/{id}/stop?t=1 HTTP/1.1\n")),
        "{head}"
    );
    daemon.say("HTTP/1.1 204 No Content\n\n").await;
    client.hears_text("HTTP/1.1 204 No Content\n\n").await;
    let records = stage.records(1).await;
    assert_eq!(records[0]["object_id"], id);
    assert_eq!(records[0]["object_name"], "c");
}

#[tokio::test]
async fn somebody_elses_object_does_not_exist() {
    let stage = Stage::with(
        "role = \"operator\"\nscope = \"owner=self\"",
        Limits::default(),
    );
    let mut client = stage.client();
    client
        .say("POST /containers/c/stop HTTP/1.1\nHost: d\n\n")
        .await;
    let mut daemon = stage.daemon().await;
    let _ = daemon.head().await;
    daemon.say(&inspected("cn:bob")).await;
    let (head, body) = answered(&mut client).await;
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    assert_eq!(body["message"], "No such container: c");
    assert_eq!(stage.records(1).await[0]["decision"], "hide");
    // The daemon's connection is as good as before.
    ping(&mut client, &mut daemon).await;
}

#[tokio::test]
async fn a_daemon_that_does_not_answer_a_question_is_told() {
    let stage = Stage::with(
        "role = \"operator\"\nscope = \"owner=self\"",
        Limits::default(),
    );
    let mut client = stage.client();
    client
        .say("POST /containers/c/stop HTTP/1.1\nHost: d\n\n")
        .await;
    drop(stage.daemon().await);
    let (head, body) = answered(&mut client).await;
    assert!(head.starts_with("HTTP/1.1 502 "), "{head}");
    assert!(
        body["message"].as_str().unwrap().contains("SL-G031"),
        "{body}"
    );
    let mut client = stage.client();
    client
        .say("POST /containers/c/stop HTTP/1.1\nHost: d\n\n")
        .await;
    let mut daemon = stage.daemon().await;
    let _ = daemon.head().await;
    daemon
        .say("HTTP/1.1 500 Oops\nContent-Length: 2\n\n{}")
        .await;
    let (head, _) = answered(&mut client).await;
    assert!(head.starts_with("HTTP/1.1 502 "), "{head}");
}

#[tokio::test]
async fn events_are_sifted_and_still_come_at_once() {
    let stage = Stage::with(
        "role = \"observer\"\nscope = \"owner=self\"",
        Limits::default(),
    );
    let uid = rustix::process::getuid().as_raw();
    let mut client = stage.client();
    client
        .say("GET /events HTTP/1.1\nHost: d\nAccept-Encoding: gzip\n\n")
        .await;
    let mut daemon = stage.daemon().await;
    let head = daemon.head().await;
    assert!(!head.contains("Accept-Encoding"), "{head}");
    daemon
        .say("HTTP/1.1 200 OK\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n")
        .await;
    client
        .hears_text(
            "HTTP/1.1 200 OK\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n",
        )
        .await;
    let event = |owner: &str| {
        format!(
            "{{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{{\"ID\":\"c\",\"Attributes\":{{\"sealock.owner\":\"{owner}\"}}}}}}\n"
        )
    };
    let (own, other) = (event(&format!("uid:{uid}")), event("cn:bob"));
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len()).into_bytes();
    daemon.send(&chunk(&other)).await;
    client.is_quiet().await;
    daemon.send(&chunk(&own)).await;
    client.hears(&chunk(&own)).await;
    daemon.send(b"0\r\n\r\n").await;
    client.hears(b"0\r\n\r\n").await;
    ping(&mut client, &mut daemon).await;
}

#[tokio::test]
async fn an_answer_that_must_be_gone_through_is_whole_or_nothing() {
    let stage = Stage::with("role = \"observer\"", Limits::default());
    let mut client = stage.client();
    let body = "{\"Id\":\"c\",\"Config\":{\"Env\":[\"PASSWORD=secret\"]}}";
    let whole = format!("HTTP/1.1 200 OK\nContent-Length: {}\n\n{body}", body.len());
    client
        .say("GET /containers/c/json HTTP/1.1\nHost: d\n\n")
        .await;
    let mut daemon = stage.daemon().await;
    let _ = daemon.head().await;
    daemon.say(&whole).await;
    let (head, told) = answered(&mut client).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(told["Id"], "c");
    assert!(!told.to_string().contains("secret"), "{told}");
    for bad in [
        "HTTP/1.1 200 OK\nContent-Length: 9\n\n{\"secret\"",
        "HTTP/1.1 200 OK\nContent-Length: 99999999999\n\n{",
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n8\n\"secret\"\n0",
        "HTTP/1.1 200 OK\n\n\"secret\"",
    ] {
        let mut client = stage.client();
        client
            .say("GET /containers/c/json HTTP/1.1\nHost: d\n\n")
            .await;
        let mut next = match bad.contains(": 9\n") {
            true => std::mem::replace(
                &mut daemon,
                Talk::of(tokio::net::UnixStream::pair().unwrap().0),
            ),
            false => stage.daemon().await,
        };
        let _ = next.head().await;
        next.say(bad).await;
        drop(next);
        let (head, body) = answered(&mut client).await;
        assert!(head.starts_with("HTTP/1.1 502 "), "{bad:?}: {head}");
        assert!(
            body["message"].as_str().unwrap().contains("SL-G034"),
            "{body}"
        );
        assert!(!body.to_string().contains("secret"), "{body}");
    }
}

#[tokio::test]
async fn requests_wait_for_nothing_when_records_or_a_policy_are_missing() {
    let stage = Stage::new();
    stage.shared.current.replace(|next| next.policy = None);
    let mut client = stage.client();
    client.say("GET /_ping HTTP/1.1\nHost: d\n\n").await;
    let (head, body) = answered(&mut client).await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert!(
        body["message"].as_str().unwrap().contains("SL-G036"),
        "{body}"
    );
}

#[tokio::test]
async fn a_policy_that_is_replaced_holds_from_the_next_request_on() {
    let stage = Stage::new();
    let mut client = stage.client();
    client.say("GET /info HTTP/1.1\nHost: d\n\n").await;
    let mut daemon = stage.daemon().await;
    let _ = daemon.head().await;
    let uid = rustix::process::getuid().as_raw();
    let text = format!("version = 1\n\n[[grants]]\nto = [\"uid:{uid}\"]\nrole = \"observer\"\n");
    let policy = sealock_policy::Policy::parse(&text).unwrap();
    stage.shared.current.replace(|next| {
        next.policy = Some(std::sync::Arc::new(policy));
        next.policy_epoch += 1;
    });
    daemon.say("HTTP/1.1 200 OK\nContent-Length: 0\n\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
    client
        .say("POST /containers/c/kill HTTP/1.1\nHost: d\n\n")
        .await;
    assert!(client.head().await.starts_with("HTTP/1.1 403"));
    let records = stage.records(2).await;
    assert_eq!(
        (&records[0]["policy"], &records[1]["policy"]),
        (&1.into(), &2.into())
    );
}

#[tokio::test]
async fn a_body_that_takes_its_time_is_judged_by_the_policy_that_holds_at_its_end() {
    let stage = Stage::new();
    let mut client = stage.client();
    client
        .say("POST /volumes/create HTTP/1.1\nHost: d\nContent-Type: application/json\nContent-Length: 12\n\n{\"Name\"")
        .await;
    // Its head is read meanwhile, and nothing is answered.
    client.is_quiet().await;
    let policy = sealock_policy::Policy::parse("version = 1\n").unwrap();
    stage.shared.current.replace(|next| {
        next.policy = Some(std::sync::Arc::new(policy));
        next.policy_epoch += 1;
    });
    client.say(":\"a\"}").await;
    let (head, _) = answered(&mut client).await;
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    assert_eq!(stage.records(1).await[0]["policy"], 2);
    stage.no_daemon().await;
}
