use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use sealock_change::{Content, Edit};

use crate::kinds::tests::Scratch;
use crate::{Clients, Holds, Kind, Problem, Protocol, Service, TakeUp, Unfit};

fn read(settings: &[(&str, &str)]) -> Result<Box<dyn Kind>, Problem> {
    let all = [
        ("address", "127.0.0.1:5432"),
        ("config", "/etc/postgresql/15/main/conf.d/sealock.conf"),
    ];
    let all = all.iter().chain(settings);
    let service = Service {
        name: "pg".to_owned(),
        kind: "postgres".to_owned(),
        names: vec!["pg.example.org".to_owned(), "127.0.0.1".to_owned()],
        life: Duration::from_secs(86_400),
        settings: all
            .map(|(key, text)| ((*key).to_owned(), (*text).into()))
            .collect::<BTreeMap<_, _>>(),
    };
    service.kind()
}

#[test]
fn what_a_table_means() {
    let kind = read(&[]).unwrap();
    let files: Vec<_> = kind
        .files()
        .into_iter()
        .map(|file| (file.holds, file.path.display().to_string(), file.mode))
        .collect();
    let at = |name: &str| format!("/etc/postgresql/15/main/sealock/{name}");
    assert_eq!(
        files,
        [
            (Holds::Key, at("key.pem"), 0o600),
            (Holds::Certificate, at("cert.pem"), 0o644),
            (Holds::Anchors, at("ca.pem"), 0o644),
        ]
    );
    assert_eq!(
        kind.files()[0].owner.as_ref().unwrap().to_string(),
        "postgres"
    );
    let door = kind.doors().remove(0);
    assert_eq!(
        (door.protocol, door.clients),
        (Protocol::Postgres, Clients::Required)
    );
    let reload = TakeUp::Reload("pg_ctlcluster 15 main reload".to_owned());
    assert_eq!(kind.take_up(), reload);

    let kind = read(&[("owner", "root:postgres"), ("clients", "none")]).unwrap();
    assert_eq!(kind.files()[0].mode, 0o640);
    assert_eq!(kind.files().len(), 2);
    assert_eq!(kind.doors()[0].clients, Clients::NotAsked);
}

#[test]
fn commands_of_debian_are_for_clusters_of_debian() {
    for (config, expected) in [
        ("/var/lib/pgsql/data/sealock.conf", None),
        ("/etc/postgresql/sealock.conf", None),
        ("/etc/postgresql/15/a;b/conf.d/sealock.conf", None),
        ("/etc/postgresql/15/-a/conf.d/sealock.conf", None),
        (
            "/etc/postgresql/9.6/two/conf.d/x.conf",
            Some("pg_ctlcluster 9.6 two reload"),
        ),
    ] {
        let expected = expected.map_or(TakeUp::Hands, |line| TakeUp::Reload(line.to_owned()));
        assert_eq!(
            read(&[("config", config)]).unwrap().take_up(),
            expected,
            "{config}"
        );
    }
    let given = read(&[("reload", "pg_ctl reload")]).unwrap().take_up();
    assert_eq!(given, TakeUp::Reload("pg_ctl reload".to_owned()));
}

#[test]
fn what_is_refused_and_why() {
    for (settings, key, why) in [
        (vec![("config", "x")], "config", "absolute path"),
        (vec![("config", "/a\nb")], "config", "plain path"),
        (vec![("cert", "/a"), ("key", "/a")], "key", "the same file"),
        (vec![("owner", "root")], "owner", "only root"),
        (vec![("owner", "0:0")], "owner", "only root"),
        (
            vec![("replication", "no")],
            "replication",
            "required or left",
        ),
        (vec![("clients", "some")], "clients", "required or none"),
    ] {
        let problem = read(&settings).expect_err(why);
        assert_eq!(problem.key, key, "{problem:?}");
        assert!(problem.problem.contains(why), "{problem:?}");
    }
}

/// A kind whose files lie in a folder of the test.
fn at(folder: &Path, also: &[(&str, &str)]) -> Box<dyn Kind> {
    let config = folder.join("it's.conf").display().to_string();
    let hba = folder.join("pg_hba.conf").display().to_string();
    let mut settings = vec![("config", config.as_str()), ("hba", hba.as_str())];
    settings.extend(also);
    read(&settings).unwrap()
}

fn text(edits: &[Edit], path: &Path) -> (String, u32) {
    let edit = edits.iter().find(|edit| edit.path() == path).unwrap();
    let Edit::Write { content, mode, .. } = edit else {
        panic!("{edit:?}");
    };
    (String::from_utf8_lossy(content.bytes()).into_owned(), *mode)
}

#[test]
fn its_configuration_as_changes() {
    let folder = Scratch::new();
    let folder = folder.path();
    let hba = folder.join("pg_hba.conf");
    fs::write(
        &hba,
        "host all all all md5\ninclude more/own.conf\ninclude_if_exists none\ninclude_dir d\n",
    )
    .unwrap();
    fs::set_permissions(&hba, fs::Permissions::from_mode(0o640)).unwrap();
    fs::create_dir_all(folder.join("more")).unwrap();
    fs::create_dir_all(folder.join("d")).unwrap();
    fs::write(
        folder.join("more/own.conf"),
        "host a a all ldap ldapbindpasswd=secret\n",
    )
    .unwrap();
    fs::write(folder.join("d/1.conf"), "host b b all md5\n").unwrap();
    fs::write(folder.join("d/.2.conf"), "not read\n").unwrap();
    fs::write(folder.join("d/readme"), "not read\n").unwrap();
    let kind = at(folder, &[]);
    let edits = kind.configuration().unwrap();
    assert_eq!(edits.len(), 4);
    let (settings, _) = text(&edits, &folder.join("it's.conf"));
    let folder_text = folder.display();
    assert_eq!(
        settings.lines().skip(1).collect::<Vec<_>>(),
        [
            "ssl = on".to_owned(),
            format!("ssl_cert_file = '{folder_text}/sealock/cert.pem'"),
            format!("ssl_key_file = '{folder_text}/sealock/key.pem'"),
            format!("ssl_ca_file = '{folder_text}/sealock/ca.pem'"),
            "ssl_min_protocol_version = 'TLSv1.2'".to_owned(),
        ]
    );
    let (rules, mode) = text(&edits, &hba);
    assert!(
        rules.starts_with("hostssl all all all md5 clientcert=verify-full\n"),
        "{rules}"
    );
    assert_eq!(mode, 0o640);
    let own = edits
        .iter()
        .find(|edit| edit.path().ends_with("own.conf"))
        .unwrap();
    // A password in it is shown in no plan.
    assert!(
        matches!(
            own,
            Edit::Write {
                content: Content::Secret(_),
                ..
            }
        ),
        "{own:?}"
    );
    assert!(
        text(&edits, &folder.join("d/1.conf"))
            .0
            .starts_with("hostssl b")
    );

    let clear = at(folder, &[("clients", "none")]).configuration().unwrap();
    assert!(
        !text(&clear, &folder.join("it's.conf"))
            .0
            .contains("ssl_ca_file")
    );
    assert!(!text(&clear, &hba).0.contains("clientcert"));
}

#[test]
fn what_it_cannot_change_is_an_error() {
    let folder = Scratch::new();
    let folder = folder.path();
    let kind = at(folder, &[]);
    assert!(
        matches!(kind.configuration(), Err(Unfit::Change(_))),
        "no pg_hba.conf"
    );
    fs::write(folder.join("pg_hba.conf"), "\nhostnossl all all all md5\n").unwrap();
    let Err(Unfit::Text { path, refused }) = kind.configuration() else {
        panic!("it was taken");
    };
    assert_eq!(
        (path.as_path(), refused.line),
        (&*folder.join("pg_hba.conf"), Some(2))
    );
    // A file that includes itself through another name is found out.
    fs::create_dir(folder.join("x")).unwrap();
    fs::write(folder.join("pg_hba.conf"), "include x/../pg_hba.conf\n").unwrap();
    assert!(matches!(kind.configuration(), Err(Unfit::Text { .. })));
    let nowhere = at(&folder.join("nowhere"), &[]);
    assert!(
        matches!(nowhere.configuration(), Err(Unfit::Text { .. })),
        "no folder"
    );
}

/// Backslash and quote of a path are those of the file afterwards (PostgreSQL 15, §20.1.2).
#[test]
fn a_path_with_a_quote() {
    assert_eq!(super::quoted(Path::new("/a'b\\c")), "'/a''b\\\\c'");
}

#[test]
fn openings_are_told_with_file_and_line() {
    let folder = Scratch::new();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let text = "local all all trust\nhost all all 10.0.0.0/8 md5\ninclude more.conf\nhost replication all 10.0.0.0/8 md5\n\
                hostssl all all all cert\n";
    fs::write(path("pg_hba.conf"), text).unwrap();
    // It includes the first one again, which ends nothing.
    let more = "hostnossl all all ::/0 trust\ninclude pg_hba.conf\n";
    fs::write(path("more.conf"), more).unwrap();
    let remarks = |settings: &[(&str, &str)]| {
        let found = read(settings).unwrap().remarks();
        let found = found.into_iter().map(|remark| {
            assert_eq!(remark.code, "SL-F663");
            let place = remark.place.rsplit('/').next().unwrap().to_owned();
            (place, remark.cause, remark.help.unwrap())
        });
        found.collect::<Vec<_>>()
    };
    let (config, hba) = (path("conf.d/sealock.conf"), path("pg_hba.conf"));
    let found = remarks(&[("config", &config), ("hba", &hba)]);
    let places: Vec<&str> = found.iter().map(|(place, ..)| &**place).collect();
    assert_eq!(
        places,
        [
            "pg_hba.conf, line 2",
            "more.conf, line 1",
            "pg_hba.conf, line 4"
        ]
    );
    assert_eq!(found[0].2, "sealock apply");
    assert!(found[1].2.starts_with("take the line out"), "{found:?}");
    assert!(found[2].2.starts_with("replication ="), "{found:?}");
    // Where the table does not name the file, it is looked for where the cluster has it.
    let found = remarks(&[("config", &config)]);
    assert_eq!(
        *found[0].2,
        *format!("hba = \"{hba}\" in sealock.toml, and sealock apply")
    );
    // What cannot be read says nothing.
    assert_eq!(remarks(&[("config", &path("a/b/c.conf"))]), []);
}
