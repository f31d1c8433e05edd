use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use sealock_change::Edit;
use sealock_pki::KeyKind;

use crate::kinds::tests::Scratch;
use crate::{Clients, Kind, Problem, Protocol, Service, Setting, TakeUp, Unfit};

fn service(settings: &[(&str, &str)]) -> Service {
    let all = [("address", "127.0.0.1:1433")];
    let all = all.iter().chain(settings);
    Service {
        name: "sql".to_owned(),
        kind: "mssql".to_owned(),
        names: vec!["10.0.0.5".to_owned(), "sql.example.org".to_owned()],
        life: Duration::from_secs(86_400),
        settings: all
            .map(|(key, text)| ((*key).to_owned(), (*text).into()))
            .collect::<BTreeMap<_, _>>(),
    }
}

fn read(settings: &[(&str, &str)]) -> Result<Box<dyn Kind>, Problem> {
    service(settings).kind()
}

fn files(kind: &dyn Kind) -> Vec<(String, u32, String)> {
    kind.files()
        .into_iter()
        .map(|file| {
            let owner = file.owner.unwrap().to_string();
            (file.path.display().to_string(), file.mode, owner)
        })
        .collect()
}

#[test]
fn on_a_host() {
    let kind = read(&[]).unwrap();
    let owner = || "mssql:mssql".to_owned();
    assert_eq!(
        files(&*kind),
        [
            ("/var/opt/mssql/tls/key.pem".to_owned(), 0o400, owner()),
            ("/var/opt/mssql/tls/cert.pem".to_owned(), 0o644, owner()),
        ]
    );
    let profile = kind.profile();
    assert_eq!(profile.key, Some(KeyKind::Rsa3072));
    // Not the address, though it comes first.
    assert_eq!(profile.common_name.unwrap().as_str(), "sql.example.org");
    let restart = TakeUp::Restart("systemctl restart mssql-server".to_owned());
    assert_eq!(kind.take_up(), restart);
    let door = kind.doors().remove(0);
    assert_eq!(
        (door.protocol, door.clients),
        (Protocol::Tds, Clients::NotAsked)
    );
}

const CONTAINER: [(&str, &str); 3] = [
    ("where", "container"),
    ("volume", "/srv/sql:/var/opt/mssql/"),
    ("restart", "docker restart sql"),
];

fn container(also: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    CONTAINER.iter().chain(also).copied().collect()
}

#[test]
fn in_a_container() {
    let kind = read(&container(&[])).unwrap();
    let owner = || "10001:0".to_owned();
    assert_eq!(
        files(&*kind),
        [
            ("/srv/sql/tls/key.pem".to_owned(), 0o440, owner()),
            ("/srv/sql/tls/cert.pem".to_owned(), 0o644, owner()),
        ]
    );
    assert_eq!(
        kind.take_up(),
        TakeUp::Restart("docker restart sql".to_owned())
    );
    assert_eq!(
        kind.configured(),
        [std::path::PathBuf::from("/srv/sql/mssql.conf")]
    );
}

#[test]
fn what_is_refused_and_why() {
    for (settings, key, why) in [
        (vec![("where", "pod")], "where", "host or container"),
        (vec![("volume", "/a:/b")], "volume", "in a container"),
        (vec![("where", "container")], "volume", "needs it"),
        (container(&[("volume", "/a")]), "volume", "FOLDER:FOLDER"),
        (container(&[("volume", "a:/b")]), "volume", "FOLDER:FOLDER"),
        (
            container(&[("volume", "/a/../c:/b")]),
            "volume",
            "FOLDER:FOLDER",
        ),
        (
            container(&[("volume", "/a:/b:ro")]),
            "volume",
            "FOLDER:FOLDER",
        ),
        (
            container(&[("cert", "/etc/cert.pem")]),
            "cert",
            "in the volume",
        ),
        (CONTAINER[..2].to_vec(), "restart", "started anew"),
        (vec![("cert", "/a"), ("key", "/a")], "key", "the same file"),
        (
            vec![("cert", "/a"), ("config", "/a")],
            "cert",
            "the same file",
        ),
        (vec![("version", "2016")], "version", "none of 2017"),
        (vec![("strict", "yes")], "strict", "true or false"),
        (vec![("owner", "a b")], "owner", "USER:GROUP"),
    ] {
        let problem = read(&settings).expect_err(why);
        assert_eq!(problem.key, key, "{problem:?}");
        assert!(problem.problem.contains(why), "{problem:?}");
    }
    let mut addresses = service(&[]);
    addresses.names.truncate(1);
    assert_eq!(addresses.kind().unwrap_err().key, "names");
    let mut strict = service(&[("version", "2022")]);
    strict
        .settings
        .insert("strict".to_owned(), Setting::Flag(true));
    assert_eq!(strict.kind().unwrap_err().key, "strict");
}

/// The text and mode of its one file.
fn written(service: &Service) -> (String, u32) {
    let edits = service.kind().unwrap().configuration().unwrap();
    let [Edit::Write { content, mode, .. }] = edits.as_slice() else {
        panic!("{edits:?}");
    };
    (String::from_utf8_lossy(content.bytes()).into_owned(), *mode)
}

#[test]
fn its_configuration_as_changes() {
    let folder = Scratch::new();
    let volume = format!("{}:/var/opt/mssql", folder.path().display());
    let config = folder.path().join("mssql.conf");
    let mut service = service(&[
        ("where", "container"),
        ("volume", &volume),
        ("restart", "docker restart sql"),
    ]);
    // Names of the container, and a file that is not there yet.
    let network = "[network]\ntlscert = /var/opt/mssql/tls/cert.pem\ntlskey = /var/opt/mssql/tls/key.pem\n\
                   forceencryption = 1\ntlsprotocols = 1.2\n";
    assert_eq!(written(&service), (network.to_owned(), 0o644));

    fs::write(
        &config,
        "[network]\ntlsprotocols = 1.2,1.3\ntcpport = 1433\n",
    )
    .unwrap();
    let (text, _) = written(&service);
    assert!(
        text.starts_with("[network]\ntlsprotocols = 1.2\ntcpport = 1433\ntlscert = "),
        "{text}"
    );
    // The newest knows 1.3, and is left to itself.
    service.settings.insert("version".to_owned(), "2025".into());
    service
        .settings
        .insert("strict".to_owned(), Setting::Flag(true));
    let (text, _) = written(&service);
    assert!(
        text.starts_with("[network]\ntlsprotocols = 1.2,1.3\n"),
        "{text}"
    );
    assert!(
        text.ends_with("forceencryption = 1\nforcestrict = 1\n"),
        "{text}"
    );

    fs::write(&config, "[network]\nrubbish\n").unwrap();
    match service.kind().unwrap().configuration() {
        Err(Unfit::Text { path, refused }) => assert_eq!((path, refused.line), (config, Some(2))),
        other => panic!("{other:?}"),
    }
}
