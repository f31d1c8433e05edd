//! What is read is what was written, and what is wrong is told with its line.

use super::{Audit, Behind, Door, Gateway, Kind, Limits, Service};
use crate::{Desired, HostError};
use std::path::Path;
use std::time::Duration;

const PATH: &str = "/etc/sealock/sealock.toml";

fn whole() -> Gateway {
    Gateway {
        listen: Vec::new(),
        local: vec!["/run/sealock/docker.sock".into()],
        docker: Some(Behind::Unix("/run/docker.sock".into())),
        prefix: Some("/engine".to_owned()),
        policy: Some("/etc/sealock/policy.toml".into()),
        certificates: Some("/srv/tls".into()),
        lists: vec!["/srv/lists".into()],
        deny: Some("/srv/deny".into()),
        metrics: Some("127.0.0.1:9376".parse().unwrap()),
        control: Some("/run/sealock-gateway/control".into()),
        workers: Some(4),
        audit: Some(Audit {
            chain: true,
            rotate_at: 1 << 20,
            keep: 3,
            required: true,
            ..Audit::to("/var/log/audit.jsonl")
        }),
        limits: Limits {
            connections: Some(100),
            body_bytes: Some(1 << 20),
            idle_time: Some(Duration::from_secs(90)),
            end_expired: Some(true),
            ..Limits::default()
        },
        services: vec![
            Service {
                name: "mssql".to_owned(),
                listen: Door::Tcp("0.0.0.0:1433".parse().unwrap()),
                upstream: Behind::Tcp("127.0.0.1:1433".parse().unwrap()),
                allow: vec!["cn:alice".to_owned()],
                kind: Kind::Tcp { proxy_header: true },
            },
            Service {
                name: "sqlpad".to_owned(),
                listen: Door::Unix("/run/sqlpad.sock".into()),
                upstream: Behind::Tcp("127.0.0.1:3000".parse().unwrap()),
                allow: Vec::new(),
                kind: Kind::Web {
                    header: "X-User".to_owned(),
                },
            },
        ],
    }
}

#[test]
fn what_is_written_reads_back() {
    let mut desired = Desired::new(
        "lab",
        vec!["0.0.0.0:2376".parse().unwrap()],
        vec!["box".to_owned()],
    );
    for gateway in [Gateway::default(), whole()] {
        desired.gateway = Some(gateway);
        let text = desired.to_toml();
        assert_eq!(
            Desired::parse(Path::new(PATH), &text).unwrap(),
            desired,
            "{text}"
        );
    }
}

#[test]
fn a_file_for_a_service_reads_back() {
    let mut gateway = whole();
    gateway.listen = vec!["0.0.0.0:2376".parse().unwrap()];
    let text = gateway.to_file();
    let read = Gateway::read(Path::new("gateway.toml"), &text).unwrap();
    assert_eq!(read, Some(gateway), "{text}");
}

#[test]
fn a_file_of_its_own_needs_no_daemon() {
    let text =
        "version = 1\n[gateway]\nlisten = [\"127.0.0.1:2376\"]\ndocker = \"unix:///run/d.sock\"\n";
    let gateway = Gateway::read(Path::new("gateway.toml"), text)
        .unwrap()
        .unwrap();
    assert_eq!(gateway.listen, ["127.0.0.1:2376".parse().unwrap()]);
    assert_eq!(gateway.docker, Some(Behind::Unix("/run/d.sock".into())));
    assert_eq!(
        Gateway::read(Path::new("x"), "version = 1\n").unwrap(),
        None
    );
    // Beside a daemon its addresses are the gateway's.
    let host = "version = 1\n[daemon]\nlisten = [\"0.0.0.0:2376\"]\nnames = [\"box\"]\n[gateway]\n";
    let gateway = Gateway::read(Path::new(PATH), host).unwrap().unwrap();
    assert_eq!(gateway.listen, ["0.0.0.0:2376".parse().unwrap()]);
}

#[test]
fn mistakes_are_told_with_their_line() {
    for (lines, line, said) in [
        ("polcy = \"/p\"", 2, "policy"),
        ("policy = \"p\"", 2, "absolute"),
        ("docker = \"box\"", 2, "unix:///PATH"),
        ("docker = \"unix://run/d.sock\"", 2, "unix:///PATH"),
        ("listen = [\"2376\"]", 2, "ADDRESS"),
        ("metrics = \"9376\"", 2, "ADDRESS:PORT"),
        ("workers = 0", 2, "1 to 1024"),
        ("workers = \"two\"", 2, "expected an integer"),
        ("prefix = \"base\"", 2, "begins with `/`"),
        ("[gateway.audit]\nchain = true", 2, "path"),
        (
            "[gateway.audit]\npath = \"/a\"\nrotate-at = 10",
            4,
            "64 KiB",
        ),
        ("[gateway.limits]\nconnections = -1", 3, "out of range"),
        ("[gateway.limits]\nidle-time = \"soon\"", 3, "no life"),
        ("[[gateway.tcp]]\nname = \"a b\"", 3, "small letters"),
        (
            "[[gateway.tcp]]\nname = \"docker\"",
            3,
            "daemon's own doors",
        ),
        ("[[gateway.tcp]]\nname = \"a\"", 2, "listen"),
        (
            "[[gateway.tcp]]\nname = \"a\"\nlisten = \"0.0.0.0:1\"",
            2,
            "upstream",
        ),
        (
            "[[gateway.web]]\nname = \"a\"\nlisten = \"0.0.0.0:1\"\nupstream = \"127.0.0.1:2\"",
            2,
            "header",
        ),
        (
            "[[gateway.web]]\nname = \"a\"\nlisten = \"0.0.0.0:1\"\nupstream = \"127.0.0.1:2\"\nheader = \"X User\"",
            6,
            "no name of a header",
        ),
        (
            "[[gateway.web]]\nname = \"a\"\nlisten = \"0.0.0.0:1\"\nupstream = \"127.0.0.1:2\"\nheader = \"X-User=\"",
            6,
            "no name of a header",
        ),
        (
            "[[gateway.tcp]]\nname = \"a\"\nlisten = \"0.0.0.0:1\"\nupstream = \"127.0.0.1:2\"\n\
             [[gateway.tcp]]\nname = \"a\"\nlisten = \"0.0.0.0:3\"\nupstream = \"127.0.0.1:2\"",
            7,
            "twice",
        ),
    ] {
        // On one line, so that the lines of a case count from the second.
        let text = format!("version = 1 \n[gateway]\n{lines}\n");
        let error = Gateway::read(Path::new("g.toml"), &text).unwrap_err();
        let (at, words) = match &error {
            HostError::DesiredValue {
                line, problem, key, ..
            } => (*line, format!("{key} {problem}")),
            HostError::DesiredKey { line, meant, .. } => {
                (*line, meant.unwrap_or_default().to_owned())
            }
            other => panic!("{lines}: {other:?}"),
        };
        assert!(words.contains(said), "{lines}: {words}");
        assert_eq!(at, line + 1, "{lines}: {words}");
    }
}

/// docs/gateway/tcp.md shows this form, and only the command line took it.
#[test]
fn a_header_can_carry_names_of_one_kind() {
    let door = "name = \"a\"\nlisten = \"0.0.0.0:1\"\nupstream = \"127.0.0.1:2\"";
    let text = format!(
        "version = 1\n[gateway]\n[[gateway.web]]\n{door}\nheader = \"X-WEBAUTH-EMAIL=email\"\n"
    );
    let read = Gateway::read(Path::new("g.toml"), &text).unwrap().unwrap();
    let header = "X-WEBAUTH-EMAIL=email".to_owned();
    assert_eq!(read.services[0].kind, Kind::Web { header });
}
