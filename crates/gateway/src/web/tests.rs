//! An HTTP service behind a whole gateway.

use sealock_diag::Diagnose;
use sealock_policy::Name;

use crate::front::{Front, this_user};
use crate::{Service, Upstream};

fn web(upstream: Upstream) -> Service {
    Service::Web {
        upstream,
        allow: vec![this_user()],
        header: "X-Web-User=uid".to_owned(),
    }
}

/// The value of the header: the number of this user.
fn who() -> String {
    this_user()
        .to_string()
        .trim_start_matches("uid:")
        .to_owned()
}

#[test]
fn the_service_hears_who_asks_and_nobody_else_can_say_it() {
    let front = Front::new(web);
    let mut client = front.client();
    client.say(
        "GET /a?access_token=s3cret HTTP/1.1\nHost: web.example\nX-Web-User: admin\nx_web_user: admin\n\
         X-WEB-USER: root\nX-Forwarded-For: 10.0.0.1\nX-Forwarded-Proto: https\nForwarded: for=a\nCookie: c=1\n\n",
    );
    let mut service = front.service();
    let me = who();
    assert_eq!(
        service.head(),
        format!(
            "GET /a?access_token=s3cret HTTP/1.1\nHost: web.example\nCookie: c=1\nX-Web-User: {me}\nX-Forwarded-Proto: http"
        )
    );
    service.say("HTTP/1.1 200 OK\nContent-Length: 2\nSet-Cookie: a=b\n\nok");
    client.hears("HTTP/1.1 200 OK\nContent-Length: 2\nSet-Cookie: a=b\n\nok");
    // The next request on both connections, with a body whose trailers claim something.
    client.say(
        "POST /b HTTP/1.1\nHost: w\nTransfer-Encoding: chunked\nTrailer: X-Web-User\nConnection: X-Web-User\n\n\
         3\nabc\n0\nX-Web-User: admin\n\n",
    );
    assert_eq!(
        service.head(),
        format!(
            "POST /b HTTP/1.1\nHost: w\nX-Web-User: {me}\nX-Forwarded-Proto: http\nTransfer-Encoding: chunked"
        )
    );
    service.hears("3\nabc\n0\n\n");
    service.say("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\nx\n0\n\n");
    client.hears("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\nx\n0\n\n");
    drop(client);
    let records = front.records();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0]["raw"], "/a?access_token=<6 bytes>");
    assert_eq!(
        (&records[0]["status"], &records[0]["sent"]),
        (&200.into(), &2.into())
    );
    assert_eq!(
        (&records[1]["method"], &records[1]["received"]),
        (&"POST".into(), &3.into())
    );
    assert_eq!(records[1]["decision"], "allow");
}

#[test]
fn whoever_is_not_on_the_list_is_told() {
    let front = Front::new(|upstream| Service::Web {
        upstream,
        allow: vec![Name::Cn("alice".to_owned())],
        header: "X-Web-User".to_owned(),
    });
    let mut client = front.client();
    client.say("GET / HTTP/1.1\nHost: w\n\n");
    let answer = client.rest();
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
    assert!(answer.contains("Connection: close\r\n") && answer.contains("no name on the list"));
    front.nobody_comes();
    let records = front.records();
    assert_eq!(
        (&records[0]["event"], &records[0]["code"]),
        (&"refused".into(), &"SL-G056".into())
    );
    assert_eq!(
        (&records[1]["status"], &records[1]["decision"]),
        (&403.into(), &"deny".into())
    );
}

#[test]
fn a_caller_without_the_name_that_is_asked_for_is_told() {
    let front = Front::new(|upstream| Service::Web {
        upstream,
        allow: vec![this_user()],
        header: "X-Web-Mail=email".to_owned(),
    });
    let mut client = front.client();
    client.say("GET / HTTP/1.1\nHost: w\n\n");
    assert!(client.rest().starts_with("HTTP/1.1 403 "));
    front.nobody_comes();
}

#[test]
fn what_is_no_request_for_this_service_is_refused() {
    for (request, status) in [
        ("CONNECT a:1 HTTP/1.1\nHost: a:1\n\n", 405),
        ("GET http://other/ HTTP/1.1\nHost: other\n\n", 400),
        (
            "GET / HTTP/1.1\nHost: a\nContent-Length: 1\nTransfer-Encoding: chunked\n\n",
            400,
        ),
        ("PRI * HTTP/2.0\n\nSM\n\n", 505),
        ("nonsense\n\n", 400),
    ] {
        let front = Front::new(web);
        let mut client = front.client();
        client.say(request);
        let answer = client.rest();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request}: {answer}"
        );
        front.nobody_comes();
        let records = front.records();
        assert_eq!(
            (&records[0]["decision"], &records[0]["status"]),
            (&"deny".into(), &status.into())
        );
    }
}

#[test]
fn a_websocket_passes_and_each_direction_ends_by_itself() {
    let front = Front::new(web);
    let mut client = front.client();
    client.say("GET /ws HTTP/1.1\nHost: w\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Key: k\n\nearly");
    let mut service = front.service();
    let head = service.head();
    assert!(
        head.ends_with("Connection: Upgrade\nUpgrade: websocket"),
        "{head}"
    );
    assert!(head.contains("\nSec-WebSocket-Key: k\n"), "{head}");
    service
        .say("HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n\nhello");
    assert!(
        client
            .head()
            .starts_with("HTTP/1.1 101 Switching Protocols\n")
    );
    client.hears("hello");
    service.hears("early");
    client.half_close();
    assert_eq!(service.rest(), "");
    service.say("last");
    drop(service);
    assert_eq!(client.rest(), "last");
    let records = front.records();
    assert_eq!(
        (&records[0]["event"], &records[0]["status"]),
        (&"open".into(), &101.into())
    );
    assert_eq!(records[1]["event"], "close");
    assert_eq!(
        (&records[1]["received"], &records[1]["sent"]),
        (&5.into(), &9.into())
    );
}

#[test]
fn a_service_that_fails_is_told_in_http() {
    let front = Front::new(web);
    let mut client = front.client();
    client.say("GET / HTTP/1.1\nHost: w\n\n");
    drop(front.service());
    assert!(client.rest().starts_with("HTTP/1.1 502 "));
    let mut client = front.client();
    client.say("GET / HTTP/1.1\nHost: w\n\n");
    let mut service = front.service();
    let _ = service.head();
    service.say("HTTP/1.1 101 Switching Protocols\nUpgrade: x\nConnection: Upgrade\n\n");
    assert!(client.rest().starts_with("HTTP/1.1 502 "));
    // In the middle of an answer there is nothing left to say.
    let mut client = front.client();
    client.say("GET / HTTP/1.1\nHost: w\n\n");
    let mut service = front.service();
    let _ = service.head();
    service.say("HTTP/1.1 200 OK\nContent-Length: 9\n\nabc");
    drop(service);
    assert!(client.rest().ends_with("\r\n\r\nabc"));
    front.service_ends();
    let mut client = front.client();
    client.say("GET / HTTP/1.1\nHost: w\n\n");
    assert!(client.rest().starts_with("HTTP/1.1 503 "));
    let records = front.records();
    assert_eq!(records[2]["detail"], "the service broke off");
}

#[test]
fn a_kept_connection_that_has_ended_is_replaced_for_what_may_be_repeated() {
    let front = Front::new(web);
    let mut client = front.client();
    client.say("GET / HTTP/1.1\nHost: w\n\n");
    let mut service = front.service();
    let _ = service.head();
    service.say("HTTP/1.1 204 No Content\n\n");
    client.hears("HTTP/1.1 204 No Content\n\n");
    drop(service);
    client.say("GET /again HTTP/1.1\nHost: w\n\n");
    let mut service = front.service();
    assert!(service.head().starts_with("GET /again "));
    service.say("HTTP/1.1 204 No Content\n\n");
    client.hears("HTTP/1.1 204 No Content\n\n");
}

#[test]
fn records_that_are_required_and_cannot_be_written() {
    let front = Front::try_new(web, "/dev/full").unwrap();
    for _ in 0..400 {
        let mut client = front.client();
        client.say("GET / HTTP/1.1\nHost: w\nConnection: close\n\n");
        // Until the writer has failed, the request goes on.
        if client.is_answered_within(std::time::Duration::from_millis(50)) {
            assert!(client.rest().starts_with("HTTP/1.1 503 "));
            return;
        }
    }
    panic!("requests go on unrecorded");
}

#[test]
fn a_gateway_does_not_start_with_a_header_that_means_something_else() {
    let error = Front::try_new(
        |upstream| Service::Web {
            upstream,
            allow: Vec::new(),
            header: "Host".to_owned(),
        },
        "audit",
    );
    assert_eq!(error.err().unwrap().code().0, "SL-G055");
}

#[test]
fn a_drain_ends_idle_connections_and_waits_for_answers() {
    let front = Front::new(web);
    let mut idle = front.client();
    let mut busy = front.client();
    busy.say("GET / HTTP/1.1\nHost: w\n\n");
    let mut service = front.service();
    let _ = service.head();
    std::thread::scope(|scope| {
        let drains = scope.spawn(|| front.gateway().drain());
        assert_eq!(idle.rest(), "");
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert!(!drains.is_finished());
        service.say("HTTP/1.1 200 OK\nContent-Length: 2\n\nok");
        assert_eq!(
            busy.rest(),
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
        );
        assert_eq!(drains.join().unwrap(), 0);
    });
}
