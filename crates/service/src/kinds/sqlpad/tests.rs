use std::collections::BTreeMap;
use std::time::Duration;

use sealock_change::Edit;

use crate::{Clients, Kind, Problem, Protocol, Service, Setting, TakeUp};

fn read(settings: &[(&str, Setting)]) -> Result<Box<dyn Kind>, Problem> {
    let mut all: BTreeMap<String, Setting> = [
        ("address", "127.0.0.1:3000"),
        ("cert", "/etc/sqlpad/tls/cert.pem"),
        ("key", "/etc/sqlpad/tls/key.pem"),
        ("environment", "/etc/sqlpad/sealock.env"),
        ("generation", "7"),
    ]
    .into_iter()
    .map(|(key, text)| (key.to_owned(), text.into()))
    .collect();
    for (key, value) in settings {
        all.insert((*key).to_owned(), value.clone());
    }
    let service = Service {
        name: "pad".to_owned(),
        kind: "sqlpad".to_owned(),
        names: vec!["sqlpad.example.org".to_owned()],
        life: Duration::from_secs(86_400),
        settings: all,
    };
    super::read(&service)
}

fn variables(settings: &[(&str, Setting)]) -> Vec<String> {
    let kind = read(settings).unwrap();
    let edits = kind.configuration().unwrap();
    let [
        Edit::Write {
            path,
            content,
            mode: 0o644,
            ..
        },
    ] = edits.as_slice()
    else {
        panic!("{edits:?}");
    };
    assert_eq!(kind.configured(), std::slice::from_ref(path));
    let text = String::from_utf8(content.bytes().to_vec()).unwrap();
    assert!(text.starts_with("# Written by sealock for the service pad ") && text.ends_with('\n'));
    text.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn each_generation_has_its_own_names() {
    assert_eq!(
        variables(&[("generation", "3".into())]),
        [
            "KEY_PATH=/etc/sqlpad/tls/key.pem",
            "CERT_PATH=/etc/sqlpad/tls/cert.pem"
        ]
    );
    for generation in ["5", "6", "7"] {
        assert_eq!(
            variables(&[("generation", generation.into())]),
            [
                "SQLPAD_HTTPS_KEY_PATH=/etc/sqlpad/tls/key.pem",
                "SQLPAD_HTTPS_CERT_PATH=/etc/sqlpad/tls/cert.pem"
            ]
        );
    }
}

fn all() -> Vec<(&'static str, Setting)> {
    vec![
        ("public-url", "https://sqlpad.example.org".into()),
        ("base-url", "/pad".into()),
        (
            "google-client-id",
            "12-ab.apps.googleusercontent.com".into(),
        ),
        (
            "allowed-domains",
            Setting::List(vec!["example.org".to_owned(), "example.net".to_owned()]),
        ),
        ("userpass-disabled", Setting::Flag(true)),
        ("session-minutes", Setting::Number(30)),
        ("cookie-name", "pad.sid".into()),
    ]
}

#[test]
fn settings_of_7() {
    let mut settings = all();
    settings.push(("cookie-secure", Setting::Flag(true)));
    settings.push(("auth-proxy-header", "X-WEBAUTH-EMAIL".into()));
    assert_eq!(
        variables(&settings)[2..],
        [
            "PUBLIC_URL=https://sqlpad.example.org",
            "SQLPAD_BASE_URL=/pad",
            "SQLPAD_GOOGLE_CLIENT_ID=12-ab.apps.googleusercontent.com",
            "SQLPAD_ALLOWED_DOMAINS=example.org example.net",
            "SQLPAD_USERPASS_AUTH_DISABLED=true",
            "SQLPAD_SESSION_MINUTES=30",
            "SQLPAD_COOKIE_NAME=pad.sid",
            "SQLPAD_COOKIE_SECURE=true",
            "SQLPAD_AUTH_PROXY_ENABLED=true",
            "SQLPAD_AUTH_PROXY_HEADERS=email:X-WEBAUTH-EMAIL",
            "# Google must know https://sqlpad.example.org/pad/auth/google/callback; SQLPAD_GOOGLE_CLIENT_SECRET belongs \
             into an environment file of yours.",
        ]
    );
}

#[test]
fn settings_of_3() {
    let mut settings = all();
    settings.push(("generation", "3".into()));
    let lines = variables(&settings);
    for line in [
        "GOOGLE_CLIENT_ID=12-ab.apps.googleusercontent.com",
        "WHITELISTED_DOMAINS=example.org example.net",
        "DISABLE_USERPASS_AUTH=true",
        "SQLPAD_SESSION_MINUTES=30",
        "SQLPAD_COOKIE_NAME=pad.sid",
    ] {
        assert!(lines.iter().any(|other| other == line), "{line}: {lines:?}");
    }
    assert!(
        lines
            .last()
            .unwrap()
            .contains("; GOOGLE_CLIENT_SECRET belongs")
    );
}

#[test]
fn its_door_asks_nobody() {
    let kind = read(&[("restart", "systemctl restart sqlpad".into())]).unwrap();
    let door = kind.doors().remove(0);
    assert_eq!(
        (door.protocol, door.clients),
        (Protocol::Https, Clients::NotAsked)
    );
    assert_eq!(
        kind.take_up(),
        TakeUp::Restart("systemctl restart sqlpad".to_owned())
    );
    let modes: Vec<u32> = kind.files().iter().map(|file| file.mode).collect();
    assert_eq!(modes, [0o600, 0o644]);
}

#[test]
fn what_is_refused() {
    let three: (&str, Setting) = ("generation", "3".into());
    for (settings, key, what) in [
        (
            vec![("generation", "4".into())],
            "generation",
            "none of 3, 5, 6, 7",
        ),
        (
            vec![("public-url", "http://a".into())],
            "public-url",
            "is not https://",
        ),
        (
            vec![("public-url", "https://a/".into())],
            "public-url",
            "is not https://",
        ),
        (vec![("base-url", "pad".into())], "base-url", "is no path"),
        (
            vec![("google-client-id", "a".into())],
            "google-client-id",
            "there is none",
        ),
        (
            vec![three.clone(), ("cookie-secure", Setting::Flag(true))],
            "cookie-secure",
            "6.9 does",
        ),
        (
            vec![
                ("generation", "5".into()),
                ("cookie-secure", Setting::Flag(true)),
            ],
            "cookie-secure",
            "6.9 does",
        ),
        (
            vec![three, ("auth-proxy-header", "X-A".into())],
            "auth-proxy-header",
            "4.2 does",
        ),
        (
            vec![("auth-proxy-header", "X-A name:X-B".into())],
            "auth-proxy-header",
            "only letters",
        ),
        (
            vec![("cookie-name", "a\nSQLPAD_HTTPS_KEY_PATH=".into())],
            "cookie-name",
            "only letters",
        ),
        (
            vec![("key", "/etc/$HOME/key".into())],
            "key",
            "only letters",
        ),
        (
            vec![("key", "/etc/sqlpad/sealock.env".into())],
            "key",
            "the same file",
        ),
        (
            vec![("allowed-domains", "example.org".into())],
            "allowed-domains",
            "expected a list",
        ),
        (
            vec![("session-minutes", Setting::Number(0))],
            "session-minutes",
            "expected minutes",
        ),
    ] {
        let problem = read(&settings).unwrap_err();
        assert_eq!(problem.key, key, "{problem:?}");
        assert!(problem.problem.contains(what), "{problem:?}");
    }
}
