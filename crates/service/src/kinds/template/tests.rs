use std::collections::BTreeMap;
use std::time::Duration;

use crate::{Clients, Holds, Kind, Problem, Protocol, Service, Setting, TakeUp};

fn service(settings: &[(&str, &str)]) -> Service {
    let mut all: BTreeMap<String, Setting> = [
        ("address", "127.0.0.1:6379"),
        ("cert", "/etc/redis/tls/cert.pem"),
        ("key", "/etc/redis/tls/key.pem"),
    ]
    .into_iter()
    .map(|(key, text)| (key.to_owned(), text.into()))
    .collect();
    for (key, text) in settings {
        all.insert((*key).to_owned(), (*text).into());
    }
    Service {
        name: "redis".to_owned(),
        kind: "template".to_owned(),
        names: vec!["redis.example.org".to_owned(), "127.0.0.1".to_owned()],
        life: Duration::from_secs(86_400),
        settings: all,
    }
}

fn read(settings: &[(&str, &str)]) -> Result<Box<dyn Kind>, Problem> {
    service(settings).kind()
}

#[test]
fn what_a_table_means() {
    let kind = read(&[
        ("ca", "/etc/redis/tls/ca.pem"),
        ("mode", "0640"),
        ("owner", "root:redis"),
        ("probe", "redis"),
        ("reload", "redis-cli ping"),
        ("profile", "server-rsa"),
    ])
    .unwrap();
    let files: Vec<_> = kind
        .files()
        .into_iter()
        .map(|file| (file.holds, file.mode, file.owner.unwrap().to_string()))
        .collect();
    let owner = || "root:redis".to_owned();
    assert_eq!(
        files,
        [
            (Holds::Key, 0o640, owner()),
            (Holds::Certificate, 0o644, owner()),
            (Holds::Anchors, 0o644, owner()),
        ]
    );
    let door = kind.doors().remove(0);
    assert_eq!(door.protocol, Protocol::Redis);
    assert_eq!(door.clients, Clients::Required);
    assert_eq!(door.server_name, "127.0.0.1");
    assert_eq!(kind.take_up(), TakeUp::Reload("redis-cli ping".to_owned()));
    assert!(kind.profile().key.is_some());
}

#[test]
fn what_is_left_out_has_a_safe_default() {
    let kind = read(&[("address", "db.example.org:5671")]).unwrap();
    assert_eq!(kind.files()[0].mode, 0o600);
    assert_eq!(kind.files().len(), 2);
    let door = kind.doors().remove(0);
    assert_eq!(door.protocol, Protocol::Tls);
    assert_eq!(door.clients, Clients::NotAsked);
    assert_eq!(door.server_name, "redis.example.org");
    assert_eq!(kind.take_up(), TakeUp::Hands);
    assert!(kind.profile().key.is_none());
    assert!(kind.configuration().unwrap().is_empty());
}

#[test]
fn what_is_refused_and_why() {
    let ca = ("ca", "/etc/redis/tls/ca.pem");
    for (settings, key, why) in [
        (vec![("cert", "cert.pem")], "cert", "absolute path"),
        (vec![("cert", "/etc/")], "cert", "absolute path"),
        (vec![("cert", "/etc/../x")], "cert", "plain path"),
        (
            vec![("key", "/etc/redis/tls/cert.pem")],
            "key",
            "of the certificate",
        ),
        (
            vec![("ca", "/etc/redis/tls/key.pem")],
            "ca",
            "something else",
        ),
        (vec![("mode", "0644")], "mode", "everybody on this host"),
        (vec![("mode", "0660")], "mode", "replace the key"),
        (vec![("mode", "0700")], "mode", "nothing to run"),
        (vec![("mode", "4600")], "mode", "nothing to run"),
        (vec![("mode", "0040")], "mode", "its owner could not"),
        (vec![("mode", "rw")], "mode", "no mode"),
        (vec![("mode", "+640")], "mode", "no mode"),
        (vec![("owner", "a b")], "owner", "USER:GROUP"),
        (vec![("probe", "ftp")], "probe", "none of tls"),
        (vec![("profile", "client")], "profile", "server-rsa"),
        (
            vec![("clients", "required")],
            "clients",
            "anchors of the clients",
        ),
        (
            vec![ca, ("clients", "maybe")],
            "clients",
            "required or none",
        ),
        (
            vec![("reload", "a"), ("restart", "b")],
            "restart",
            "one of them",
        ),
        (vec![("reload", " ")], "reload", "no command"),
        (
            vec![("address", "0.0.0.0:1")],
            "address",
            "reached from here",
        ),
        (vec![("address", "127.0.0.1:0")], "address", "no port"),
        (vec![("address", "127.0.0.1")], "address", "HOST:PORT"),
        (vec![("address", "a b:1")], "address", "HOST:PORT"),
        (vec![("address", "*.example.org:1")], "address", "HOST:PORT"),
        (
            vec![("address", "example.org:70000")],
            "address",
            "HOST:PORT",
        ),
    ] {
        let problem = read(&settings).expect_err(why);
        assert_eq!(problem.key, key, "{problem:?}");
        assert!(problem.problem.contains(why), "{problem:?}");
    }
}

#[test]
fn what_is_missing_is_named_with_an_example() {
    for key in ["cert", "key", "address"] {
        let mut service = service(&[]);
        service.settings.remove(key);
        let problem = service.kind().unwrap_err();
        assert_eq!(problem.key, key);
        assert!(problem.help.unwrap().starts_with(&format!("{key} = \"")));
    }
    let mut service = service(&[]);
    service
        .settings
        .insert("cert".to_owned(), Setting::Flag(true));
    let problem = service.kind().unwrap_err();
    assert_eq!(problem.problem, "true or false, expected a string");
}

#[test]
fn a_kind_that_nobody_knows() {
    let mut service = service(&[]);
    service.kind = "tmplate".to_owned();
    let problem = service.kind().unwrap_err();
    assert_eq!(problem.key, "kind");
    let help = problem.help.unwrap();
    assert!(help.starts_with("kind = \"template\" or \""), "{help}");
}
