//! Homes as they are, and what is seen of them.

use super::{client_at, clients, clients_of_all_users, shell_client};
use crate::System as _;
use crate::client::ContextName;
use crate::testing::Fake;
use sealock_check::seen::{ClientSide, FileState, Origin, Role, TlsUse};
use std::path::Path;
use std::sync::Arc;

fn host(name: &str) -> Arc<Fake> {
    let host = Fake::new(&format!("clients-{name}"));
    host.write("/root/.keep", "");
    host.write("/home/u/.keep", "");
    host.write(
        "/etc/passwd",
        "root:x:0:0::/root:/bin/sh\nbob:x:1000:1000::/home/u:/bin/sh\n",
    );
    host
}

fn context(host: &Fake, name: &str, endpoint: &str, files: &[&str]) {
    let hash = name.parse::<ContextName>().unwrap().directory();
    host.write(
        &format!("/home/u/.docker/contexts/meta/{hash}/meta.json"),
        &format!(r#"{{"Name":"{name}","Metadata":{{}},"Endpoints":{{"docker":{endpoint}}}}}"#),
    );
    for file in files {
        host.write(
            &format!("/home/u/.docker/contexts/tls/{hash}/docker/{file}"),
            "x",
        );
    }
}

fn shell(host: &Arc<Fake>, variables: &[(&str, &str)]) -> ClientSide {
    let env = |name: &str| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    shell_client(&**host, &env, Path::new("/home/u"))
}

const TCP: &str = r#"{"Host":"tcp://h:2376","SkipTLSVerify":false}"#;

#[test]
fn a_user_without_docker_is_no_client() {
    let host = host("none");
    assert!(clients_of_all_users(&*host).is_empty());
    host.write("/home/u/.docker/config.json", r#"{"auths":{}}"#);
    assert!(clients_of_all_users(&*host).is_empty());
    let seen = shell(&host, &[]);
    assert_eq!(seen.host.as_deref(), Some("unix:///var/run/docker.sock"));
    assert_eq!(
        (seen.tls, seen.because, seen.files.len()),
        (TlsUse::Off, None, 0)
    );
}

#[test]
fn folders_and_contexts_of_every_user_are_seen() {
    let host = host("all");
    host.write("/root/.docker/ca.pem", "x");
    context(
        &host,
        "prod",
        TCP,
        &["ca.pem", "cert.pem", "key.pem", "extra.pem"],
    );
    context(&host, "clear", TCP, &[]);
    context(
        &host,
        "skips",
        r#"{"Host":"tcp://h","SkipTLSVerify":true}"#,
        &[],
    );
    host.write(
        "/home/u/.docker/config.json",
        r#"{"currentContext":"prod"}"#,
    );
    let seen = clients_of_all_users(&*host);
    let find = |label: &str| seen.iter().find(|client| client.label == label).unwrap();
    assert_eq!(seen.len(), 4);
    let root = find("~/.docker of root");
    assert_eq!(
        (root.tls, root.files.len(), root.host.as_deref()),
        (TlsUse::Unused, 3, None)
    );
    let prod = find("context prod of bob");
    assert_eq!(prod.tls, TlsUse::Verified);
    assert_eq!(prod.file(Role::ClientKey).unwrap().rightful_uid, 1000);
    let facts = prod.context.clone().unwrap();
    assert_eq!(facts.unknown_files, ["extra.pem"]);
    assert!(facts.exists && facts.current);
    let clear = find("context clear of bob");
    assert_eq!((clear.tls, clear.files.len()), (TlsUse::Off, 0));
    let skips = find("context skips of bob");
    assert_eq!(
        (skips.tls, skips.host.as_deref()),
        (TlsUse::Unverified, Some("tcp://h:443"))
    );
    assert!(
        skips
            .files
            .iter()
            .all(|file| matches!(file.state, FileState::Absent))
    );
}

#[test]
fn broken_and_missing_settings_are_seen() {
    let host = host("broken");
    host.write(
        "/home/u/.docker/config.json",
        r#"{"currentContext":"gone"}"#,
    );
    let gone = clients_of_all_users(&*host);
    assert_eq!(gone[0].label, "context gone of bob");
    assert!(!gone[0].context.as_ref().unwrap().exists);
    let in_shell = shell(&host, &[]);
    assert_eq!(in_shell.label, "this shell, context gone");
    assert!(!in_shell.context.as_ref().unwrap().exists);

    host.write("/home/u/.docker/config.json", "{");
    let broken = clients_of_all_users(&*host);
    assert_eq!((broken.len(), broken[0].files.len()), (1, 0));
    let problem = broken[0].config_problem.clone().unwrap();
    assert!(
        problem.starts_with("/home/u/.docker/config.json: "),
        "{problem}"
    );
    let in_shell = shell(&host, &[]);
    assert_eq!(
        in_shell.host.as_deref(),
        Some("unix:///var/run/docker.sock")
    );
    assert_eq!(in_shell.config_problem, Some(problem));

    context(&host, "bad", "7", &[]);
    context(&host, "none", "null", &[]);
    let hash = "void".parse::<ContextName>().unwrap().directory();
    let void = format!("/home/u/.docker/contexts/meta/{hash}/meta.json");
    host.write(&void, r#"{"Name":"void","Endpoints":{}}"#);
    let seen = clients_of_all_users(&*host);
    let broken = seen.iter().filter(|client| {
        client
            .context
            .as_ref()
            .is_some_and(|facts| facts.broken.is_some())
    });
    assert_eq!(broken.count(), 3);
}

#[test]
fn the_shell_is_what_its_variables_make_of_it() {
    let host = host("shell");
    host.write("/zone/ca.pem", "x");
    context(&host, "prod", TCP, &["ca.pem"]);
    host.write(
        "/home/u/.docker/config.json",
        r#"{"currentContext":"prod"}"#,
    );
    let seen = shell(&host, &[]);
    assert_eq!(seen.label, "this shell, context prod");
    assert_eq!(seen.host.as_deref(), Some("tcp://h:2376"));
    assert_eq!(
        seen.because.as_deref(),
        Some("/home/u/.docker/config.json makes prod the current context")
    );
    let zone = [
        ("DOCKER_HOST", "tcp://other:2376"),
        ("DOCKER_CONTEXT", "prod"),
        ("DOCKER_TLS_VERIFY", "1"),
        ("DOCKER_CERT_PATH", "/zone"),
        ("https_proxy", "http://proxy:1"),
    ];
    let seen = shell(&host, &zone);
    assert_eq!((&*seen.label, &seen.origin), ("this shell", &Origin::Shell));
    assert_eq!((seen.tls, seen.files.len()), (TlsUse::Verified, 3));
    assert_eq!(
        seen.file(Role::ClientAnchors).unwrap().path,
        Path::new("/zone/ca.pem")
    );
    assert_eq!(
        seen.without_effect,
        ["DOCKER_CONTEXT", "currentContext prod"]
    );
    assert_eq!(
        seen.because.as_deref(),
        Some("DOCKER_HOST is set and outranks DOCKER_CONTEXT")
    );
    assert_eq!(seen.variable("https_proxy"), Some("http://proxy:1"));
    let seen = shell(
        &host,
        &[("DOCKER_CONTEXT", "prod"), ("DOCKER_TLS_VERIFY", "1")],
    );
    assert_eq!(seen.without_effect, ["DOCKER_TLS_VERIFY"]);
    let seen = shell(
        &host,
        &[("DOCKER_HOST", "unix:///x"), ("DOCKER_CERT_PATH", "/zone")],
    );
    assert!(seen.without_effect.contains(&"DOCKER_CERT_PATH".to_owned()));
}

#[test]
fn a_client_is_told_once() {
    let host = host("once");
    context(&host, "prod", TCP, &["ca.pem"]);
    host.write(
        "/home/u/.docker/config.json",
        r#"{"currentContext":"prod"}"#,
    );
    // The scripted HOME is that of bob.
    let labels: Vec<String> = clients(&*host)
        .into_iter()
        .map(|client| client.label)
        .collect();
    assert_eq!(labels, ["this shell, context prod"]);
}

#[test]
fn contexts_and_folders_are_found_by_what_the_user_types() {
    let host = host("typed");
    context(&host, "prod", TCP, &["ca.pem"]);
    host.write("/zone/ca.pem", "x");
    let at = |what: &str| client_at(&*host, &|_| None, Path::new("/home/u"), what);
    assert_eq!(at("prod").unwrap().label, "context prod");
    assert_eq!(at("default").unwrap().label, "this shell");
    assert_eq!(
        at("/zone").unwrap().origin,
        Origin::Directory("/zone".into())
    );
    assert!(at("alice").is_none());
    assert!(at("/nowhere").is_none());
    assert!(at("").is_none());
    assert_eq!(host.user().0, 0);
}
