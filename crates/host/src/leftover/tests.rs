//! Layouts by their names; what is in real ones is tested with the real tools.

use super::layout::{group, is_telling};
use super::walk::Folder;
use super::{Tool, key_names, usual_places};
use crate::testing::Fake;
use std::path::{Path, PathBuf};

fn folder(path: &str, files: &str, folders: &str) -> Folder {
    let names = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    Folder {
        path: path.into(),
        real: path.into(),
        files: names(files),
        folders: names(folders),
    }
}

#[test]
fn layouts_are_told_by_their_names() {
    for (tool, path, files, folders) in [
        (
            Tool::OpenSsl,
            "/d",
            "ca-key.pem ca.pem ca.srl cert.pem client.csr extfile.cnf key.pem server-cert.pem server-key.pem server.csr",
            "",
        ),
        (
            Tool::OpenSsl,
            "/d",
            "ca.pem server-cert.pem server-key.pem",
            "",
        ),
        (Tool::Mkcert, "/d", "rootCA-key.pem rootCA.pem", ""),
        (
            Tool::EasyRsa,
            "/d",
            "ca.crt index.txt serial",
            "issued private",
        ),
        (Tool::EasyRsa, "/d", "ca.crt", "issued private"),
        (Tool::DockerMachine, "/d", "", "certs machines"),
        (
            Tool::DockerMachine,
            "/h/.docker/machine/certs",
            "ca-key.pem ca.pem cert.pem key.pem",
            "",
        ),
        (
            Tool::DockerMachine,
            "/h/.docker/machine/machines/dev",
            "ca.pem cert.pem config.json key.pem server-key.pem server.pem",
            "",
        ),
        (
            Tool::Cfssl,
            "/d",
            "ca-config.json ca-key.pem ca.csr ca.pem client-key.pem client.pem",
            "",
        ),
        (Tool::Cfssl, "/d", "ca-key.pem ca.csr ca.pem root.json", ""),
        (
            Tool::Minica,
            "/d",
            "minica-key.pem minica.pem",
            "example.org",
        ),
        (
            Tool::Anonym,
            "/d",
            "CA-cert.pem CA-key.pem docker-cert.pem docker-key.pem",
            "",
        ),
        (
            Tool::Anonym,
            "/d",
            "mine-cert.pem mine-key.pem docker-cert.pem docker-key.pem docker.cnf docker.csr",
            "",
        ),
        (Tool::Unknown, "/d", "ca.pem cert.pem key.pem", ""),
        (Tool::Unknown, "/d", "server-cert.pem server-key.pem", ""),
        (Tool::Unknown, "/d", "", ""),
    ] {
        let folders = [folder(path, files, folders)];
        let found: Vec<Tool> = group(&folders).iter().map(|group| group.1).collect();
        assert_eq!(found, [tool], "{path}: {files}");
    }
}

#[test]
fn what_lies_below_belongs_to_the_tool_that_reaches_down() {
    let folders = [
        folder("/h/.docker", "ca.pem cert.pem key.pem", "machine"),
        folder("/h/.docker/machine", "", "certs machines"),
        folder(
            "/h/.docker/machine/certs",
            "ca-key.pem ca.pem cert.pem key.pem",
            "",
        ),
        folder("/h/.docker/machine/machines", "", "dev"),
        folder("/h/.docker/machine/machines/dev", "ca.pem server.pem", ""),
        folder("/d", "ca.pem ca-key.pem", "old"),
        folder("/d/old", "cert.pem", ""),
    ];
    let found: Vec<(String, Tool, usize)> = group(&folders)
        .into_iter()
        .map(|(top, tool, members)| (top.display().to_string(), tool, members.len()))
        .collect();
    let expected = [
        ("/h/.docker", Tool::Unknown, 1),
        ("/h/.docker/machine", Tool::DockerMachine, 4),
        ("/d", Tool::OpenSsl, 1),
        ("/d/old", Tool::Unknown, 1),
    ];
    assert_eq!(
        found,
        expected.map(|(top, tool, count)| (top.to_owned(), tool, count))
    );
}

#[test]
fn keys_are_looked_for_where_each_tool_puts_them() {
    for (certificate, key) in [
        ("/d/ca.pem", "/d/ca-key.pem"),
        ("/d/rootCA.pem", "/d/rootCA-key.pem"),
        ("/d/minica.pem", "/d/minica-key.pem"),
        ("/d/CA-cert.pem", "/d/CA-key.pem"),
        ("/d/server-cert.pem", "/d/server-key.pem"),
        ("/d/cert.pem", "/d/key.pem"),
        ("/d/server.pem", "/d/server-key.pem"),
        ("/d/bob-client.pem", "/d/bob-client-key.pem"),
        ("/p/ca.crt", "/p/private/ca.key"),
        ("/p/issued/h1.crt", "/p/private/h1.key"),
        ("/demoCA/cacert.pem", "/demoCA/private/cakey.pem"),
    ] {
        let names = key_names(Path::new(certificate));
        assert!(
            names.contains(&PathBuf::from(key)),
            "{certificate}: {names:?}"
        );
    }
}

#[test]
fn names_that_tell_nothing_are_passed_over() {
    for (name, telling) in [
        ("ca.pem", true),
        ("CA.CRT", true),
        ("server.csr", true),
        ("ca.srl", true),
        ("daemon.json", false),
        ("key", false),
        (".pem", false),
        ("notes.txt", false),
    ] {
        assert_eq!(is_telling(name), telling, "{name}");
    }
}

#[test]
fn only_places_that_are_there_are_usual() {
    let host = Fake::new("leftover-places");
    host.write("/root/.docker/ca.pem", "");
    host.write("/etc/docker/daemon.json", "{}");
    host.write("/home/ann/.local/share/mkcert/rootCA.pem", "");
    host.write("/etc/passwd", "ann:x:1000:1000::/home/ann:/bin/sh\n");
    host.write("/opt/caroot/rootCA.pem", "");
    let env = |name: &str| match name {
        "HOME" => Some("/root".to_owned()),
        "SUDO_USER" => Some("ann".to_owned()),
        "CAROOT" => Some("/opt/caroot".to_owned()),
        _ => None,
    };
    let places: Vec<String> = usual_places(&*host, &env)
        .iter()
        .map(|place| place.display().to_string())
        .collect();
    assert_eq!(
        places,
        [
            "/opt/caroot",
            "/root/.docker",
            "/home/ann/.local/share/mkcert",
            "/etc/docker"
        ]
    );
    host.with(|script| script.uid = 1000);
    assert!(!usual_places(&*host, &env).contains(&PathBuf::from("/etc/docker")));
}
