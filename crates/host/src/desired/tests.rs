use super::{
    Client, Desired, Install, LEAF_LIFE, add_client, add_service, remove_client, remove_service,
};
use sealock_diag::Diagnose;
use sealock_service::{Service, Setting};
use std::path::{Path, PathBuf};
use std::time::Duration;

fn path() -> &'static Path {
    Path::new("/etc/sealock/sealock.toml")
}

fn alice() -> Client {
    Client {
        name: "alice".into(),
        install: vec![
            Install::Directory("~/.docker".into()),
            Install::Directory("/srv/zone".into()),
            Install::Context {
                name: "prod".into(),
                user: Some("alice".into()),
            },
        ],
        life: LEAF_LIFE,
    }
}

fn redis() -> Service {
    let settings = [
        ("address", "127.0.0.1:6379"),
        ("cert", "/etc/redis/tls/cert.pem"),
        ("key", "/etc/redis/tls/key.pem"),
        ("ca", "/etc/redis/tls/ca.pem"),
        ("probe", "redis"),
        ("reload", "redis-cli -s \"$HOME/s\" 'config'\n"),
    ];
    Service {
        name: "redis".into(),
        kind: "template".into(),
        names: vec!["localhost".into(), "127.0.0.1".into()],
        life: Duration::from_secs(36 * 3600),
        settings: settings
            .map(|(key, text)| (key.to_owned(), Setting::Text(text.to_owned())))
            .into(),
    }
}

fn full() -> Desired {
    let mut desired = Desired::new(
        "docker",
        vec![
            "0.0.0.0:2376".parse().unwrap(),
            "[::1]:2377".parse().unwrap(),
        ],
        vec!["h1".into(), "10.0.0.1".into()],
    );
    desired.authority.scope = "edge".try_into().unwrap();
    desired.authority.crl_dir = Some(PathBuf::from("/etc/ssl/crl"));
    desired.authority.crl_life = Duration::from_secs(36 * 3600);
    desired.authority.renew_after = "50%".parse().unwrap();
    desired.daemon.docker_config = Some(PathBuf::from("/d/daemon.json"));
    desired.daemon.docker_socket = Some(PathBuf::from("/d/s.sock"));
    desired.daemon.restart_command = Some("kill -9 \"$x\"".into());
    desired.daemon.live_restore = false;
    desired.clients = vec![alice()];
    desired.services = vec![redis()];
    desired
}

#[test]
fn what_is_written_reads_back() {
    for desired in [full(), Desired::new("a", Vec::new(), Vec::new())] {
        assert_eq!(Desired::parse(path(), &desired.to_toml()).unwrap(), desired);
    }
}

#[test]
fn an_authority_says_only_what_differs() {
    let plain = Desired::new("a", Vec::new(), Vec::new()).to_toml();
    for key in ["scope", "crl-dir", "crl-life", "renew-after"] {
        assert!(!plain.contains(key), "{plain}");
    }
    let written = full().to_toml();
    for line in [
        "scope = \"edge\"\n",
        "crl-dir = \"/etc/ssl/crl\"\n",
        "crl-life = \"36h\"\n",
        "renew-after = \"50%\"\n",
    ] {
        assert!(written.contains(line), "{written}");
    }
}

#[test]
fn errors_name_line_key_and_remedy() {
    for (text, code, place, cause, help) in [
        ("version = ", "SL-H101", ":1:", "", ""),
        ("version = 2\n", "SL-H103", ":1", "reads version 1", ""),
        (
            "",
            "SL-H103",
            ":1",
            "does not say its version",
            "version = 1",
        ),
        (
            "version = 1\n[daemon]\nlisen = []\n",
            "SL-H102",
            ":3",
            "knows listen",
            "write `listen`",
        ),
        (
            "version = 1\n[daemon]\ndocker_config = \"/x\"\n",
            "SL-H102",
            ":3",
            "",
            "write `docker-config`",
        ),
        (
            "version = 1\n[deamon]\n",
            "SL-H102",
            ":2",
            "",
            "write `daemon`",
        ),
        (
            "version = 1\n[daemon]\n\nlisten = [\"0.0.0.0\"]\n",
            "SL-H103",
            ":4",
            "port is missing",
            "0.0.0.0:2376",
        ),
        (
            "version = 1\n[daemon]\nlisten = [\"h:2376\"]\n",
            "SL-H103",
            ":3",
            "a name",
            "",
        ),
        (
            "version = 1\n[daemon]\nlisten = \"0.0.0.0:1\"\n",
            "SL-H103",
            ":3",
            "expected a list",
            "",
        ),
        (
            "version = 1\n[daemon]\nlisten = [\"0.0.0.0:1\", \"127.0.0.1:1\"]\n",
            "SL-H103",
            ":3",
            "cannot be bound beside",
            "",
        ),
        (
            "version = 1\n[daemon]\nserver-life = \"long\"\n",
            "SL-H103",
            ":3",
            "no life",
            "",
        ),
        (
            "version = 1\n[daemon]\nlive-restore = 1\n",
            "SL-H103",
            ":3",
            "integer, expected true or false",
            "",
        ),
        (
            "version = 1\n[authority]\nkey = \"dsa\"\n[daemon]\n",
            "SL-H103",
            ":3",
            "expected ecdsa-p256",
            "",
        ),
        (
            "version = 1\n[authority]\nscope = \"a b\"\n[daemon]\n",
            "SL-H103",
            ":3",
            "a space",
            "",
        ),
        (
            "version = 1\n[authority]\ncrl_dir = \"/x\"\n[daemon]\n",
            "SL-H102",
            ":3",
            "",
            "write `crl-dir`",
        ),
        (
            "version = 1\n[authority]\ncrl-dir = \"x\"\n[daemon]\n",
            "SL-H103",
            ":3",
            "not an absolute path",
            "",
        ),
        (
            "version = 1\n[authority]\ncrl-life = \"0d\"\n[daemon]\n",
            "SL-H103",
            ":3",
            "out of range",
            "",
        ),
        (
            "version = 1\n[daemon]\n[[client]]\nname = \"a\"\n[[client]]\nname = \"a\"\n",
            "SL-H103",
            ":6",
            "twice",
            "",
        ),
        (
            "version = 1\n[daemon]\n[[client]]\nlife = \"1d\"\n",
            "SL-H103",
            ":3",
            "has no name",
            "",
        ),
        (
            "version = 1\n[daemon]\n[[client]]\nname = \"a\\u001b\"\n",
            "SL-H103",
            ":4",
            "\\u{1b}",
            "",
        ),
        (
            "version = 1\n[daemon]\n[[client]]\nname = \"a\"\ninstall = [\"rel\"]\n",
            "SL-H103",
            ":5",
            "neither",
            "",
        ),
        (
            "version = 1\n[daemon]\n\"\\u001b[2J\" = 1\n",
            "SL-H102",
            ":3",
            "",
            "",
        ),
    ] {
        let error = Desired::parse(path(), text).unwrap_err();
        assert_eq!(error.code().0, code, "{text}");
        assert!(
            error.location().unwrap().contains(place),
            "{text}: {:?}",
            error.location()
        );
        assert!(
            error.cause().unwrap_or_default().contains(cause),
            "{text}: {:?}",
            error.cause()
        );
        assert!(
            error.help().unwrap_or_default().contains(help),
            "{text}: {:?}",
            error.help()
        );
        assert!(!error.to_string().contains('\u{1b}'));
    }
}

#[test]
fn adding_and_removing_a_client_keeps_the_rest() {
    let text = "# mine\nversion = 1\n\n[daemon] # here\nlisten   = [ \"0.0.0.0:2376\" ]\n";
    let with = add_client(path(), text, &alice()).unwrap();
    assert!(with.starts_with(text), "{with}");
    assert_eq!(Desired::parse(path(), &with).unwrap().clients, [alice()]);
    assert_eq!(add_client(path(), &with, &alice()).unwrap(), with);
    assert_eq!(remove_client(path(), &with, "bob").unwrap(), None);
    assert_eq!(
        remove_client(path(), &with, "alice").unwrap().as_deref(),
        Some(text)
    );
}

#[test]
fn adding_and_removing_a_service_keeps_the_rest() {
    let text = "# mine\nversion = 1\n\n[daemon] # here\nlisten   = [ \"0.0.0.0:2376\" ]\n";
    let with = add_service(path(), text, &redis()).unwrap();
    assert!(with.starts_with(text), "{with}");
    assert_eq!(Desired::parse(path(), &with).unwrap().services, [redis()]);
    assert_eq!(add_service(path(), &with, &redis()).unwrap(), with);
    let mut other = redis();
    other.settings.remove("reload");
    other.settings.insert("mode".into(), "0640".into());
    let replaced = add_service(path(), &with, &other).unwrap();
    assert_eq!(Desired::parse(path(), &replaced).unwrap().services, [other]);
    assert_eq!(remove_service(path(), &with, "bob").unwrap(), None);
    assert_eq!(
        remove_service(path(), &with, "redis").unwrap().as_deref(),
        Some(text)
    );
}

#[test]
fn a_reload_is_refused_where_files_are_read_at_the_start() {
    for kind in sealock_service::kinds::ALL {
        let text = format!(
            "version = 1\n[daemon]\n[[service]]\nname = \"a\"\nkind = \"{}\"\nreload = \"true\"\n",
            kind.word
        );
        let error = Desired::parse(path(), &text).unwrap_err();
        let told = error.cause().is_some_and(|cause| {
            cause.contains(&format!(
                "the kind {} reads its files when it starts",
                kind.word
            ))
        });
        assert_eq!(told, !kind.keys.contains(&"reload"), "{error:?}");
        if told {
            assert_eq!(error.code().0, "SL-H103");
            assert_eq!(error.location().unwrap(), format!("{}:6", path().display()));
            assert!(error.help().unwrap().contains("restart ="), "{error:?}");
        }
        let without = ["registry", "sqlpad", "mssql"].contains(&kind.word);
        assert!(told || !without, "{}", kind.word);
    }
}

#[test]
fn what_is_wrong_with_a_service_is_told_with_its_line() {
    let good = "name = \"a\"\nkind = \"template\"\nnames = [\"h\"]\naddress = \"h:1\"\ncert = \"/c\"\nkey = \"/k\"\n";
    for (table, code, line, cause, help) in [
        (
            "kind = \"template\"\n".to_owned(),
            "SL-H103",
            3,
            "has no name",
            "name = \"redis\"",
        ),
        (
            "name = \"A\"\n".to_owned(),
            "SL-H103",
            4,
            "small letters",
            "",
        ),
        (
            "name = \"dockerd\"\n".to_owned(),
            "SL-H103",
            4,
            "the daemon",
            "",
        ),
        (
            "name = \"a\"\n".to_owned(),
            "SL-H103",
            3,
            "its kind",
            "kind = \"template\"",
        ),
        (
            "name = \"a\"\nkind = \"x\"\n".to_owned(),
            "SL-H103",
            5,
            "`x` is no kind",
            "kind = \"template\"",
        ),
        (
            good.replace("names", "Names"),
            "SL-H102",
            6,
            "knows name",
            "write `names`",
        ),
        (
            good.replace("[\"h\"]", "[]"),
            "SL-H103",
            6,
            "the names",
            "names = [\"HOST\"]",
        ),
        (
            good.replace("\"/c\"", "\"c\""),
            "SL-H103",
            8,
            "absolute path",
            "",
        ),
        (
            good.replace("\"/c\"", "1"),
            "SL-H103",
            8,
            "a number, expected a string",
            "",
        ),
        (
            good.replace("\"/c\"", "1.5"),
            "SL-H103",
            8,
            "float, expected a plain value",
            "",
        ),
        (
            good.replace("\"/c\"", "\"/k\""),
            "SL-H103",
            9,
            "of the certificate",
            "",
        ),
        (
            format!("{good}[[service]]\n{good}"),
            "SL-H103",
            11,
            "twice",
            "",
        ),
        (
            format!("{good}[[service]]\n{}", good.replace("\"a\"", "\"b\"")),
            "SL-H103",
            11,
            "a file of the service a already",
            "",
        ),
    ] {
        let text = format!("version = 1\n[daemon]\n[[service]]\n{table}");
        let error = Desired::parse(path(), &text).unwrap_err();
        assert_eq!(error.code().0, code, "{text}");
        let place = error.location().unwrap();
        assert!(place.ends_with(&format!(":{line}")), "{text}: {place}");
        let told = error.cause().unwrap_or_default();
        assert!(told.contains(cause), "{text}: {told}");
        let told = error.help().unwrap_or_default();
        assert!(told.contains(help), "{text}: {told}");
    }
    let inline = "version = 1\nservice = []\n[daemon]\n";
    let error = add_service(path(), inline, &redis()).unwrap_err();
    assert!(error.cause().unwrap().contains("[[service]]"));
}

#[test]
fn damaged_files_end_in_errors() {
    let seed: Vec<char> = full().to_toml().chars().collect();
    let pieces = [
        "[",
        "]",
        "\"",
        "=",
        "\n",
        "[[client]]",
        "[[service]]",
        "é",
        "\u{0}",
        "#",
        "1",
        "name = \"x\"\n",
        "'''",
    ];
    let mut state = 3u64;
    let mut next = |bound: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % bound
    };
    for _ in 0..3_000 {
        let mut text = seed.clone();
        for _ in 0..=next(3) {
            let at = next(text.len());
            match next(2) {
                0 => drop(text.remove(at)),
                _ => drop(text.splice(at..at, pieces[next(pieces.len())].chars())),
            }
        }
        let text: String = text.into_iter().collect();
        if let Ok(desired) = Desired::parse(path(), &text) {
            assert_eq!(Desired::parse(path(), &desired.to_toml()).unwrap(), desired);
        }
    }
}
