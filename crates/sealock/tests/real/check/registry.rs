//! Registries' certificates below `/etc/docker/certs.d`: a real dockerd pulls from a real TLS server, and `check` says
//! first why it cannot.

mod server;

use std::fs;

use sealock_testkit::lab::{Suite, Version};
use sealock_testkit::{Machine, Scratch};

use server::serve;

use super::ground::Found;
use crate::common::program;

#[test]
fn what_docker_20_makes_of_certs_d() {
    what_a_daemon_makes_of_certs_d(Machine::builder(Suite::Bookworm), false);
}

#[test]
fn what_docker_28_makes_of_certs_d() {
    what_a_daemon_makes_of_certs_d(Machine::builder(Suite::Bookworm).docker(Version::V28), true);
}

/// Names of folders and insecure registries are the same for all versions: `all` looks at them too.
fn what_a_daemon_makes_of_certs_d(builder: sealock_testkit::machine::Builder, all: bool) {
    let machine = builder.program(program()).boot();
    let up = machine.exec(&["sealock", "up", "--yes"]);
    let _ = up.expect_code(0);
    let files = Scratch::new("registry");
    let host = Host {
        registry: format!("{}:5000", machine.network().address()),
        files: &files,
        machine: &machine,
    };
    let server = serve(&files, &machine);
    let folder = format!("/etc/docker/certs.d/{}", host.registry);
    let at = |name: &str| format!("{folder}/{name}");

    host.says("certificate signed by unknown authority");
    host.check().expect_nothing();
    host.put(&at("ca.crt"), "ca.pem");
    // No registry answers like that; but whoever it is, it is verified.
    host.says_nothing_of_certificates();
    host.check().expect_nothing();
    host.put(&at("client.cert"), "client.pem");
    host.put(&at("client.key"), "client-key.pem");
    host.says_nothing_of_certificates();
    host.check().expect_nothing();

    halves(&host, &folder);
    authorities(&host, &folder);
    if all {
        names(&host);
        never_looked_at(&host, &folder);
    }
    host.check().expect_nothing();
    drop(server);
}

struct Host<'m> {
    registry: String,
    files: &'m Scratch,
    machine: &'m Machine,
}

impl Host<'_> {
    fn put(&self, inside: &str, file: &str) {
        let bytes = fs::read(self.files.join(file)).unwrap();
        self.machine.write(inside, 0o644, bytes);
        if file.contains("key") {
            self.sh(&format!("chmod 600 '{inside}'"));
        }
    }

    #[track_caller]
    fn sh(&self, line: &str) {
        let _ = self
            .machine
            .sh(&format!("cd /etc/docker/certs.d && {line}"))
            .ok();
    }

    fn pull(&self) -> String {
        let image = format!("{}/none:1", self.registry);
        let words = ["timeout", "30", "docker", "pull", &image];
        let pulled = self.machine.exec(&words);
        assert!(pulled.code != 0, "{pulled}");
        pulled.stderr
    }

    #[track_caller]
    fn says(&self, words: &str) {
        let said = self.pull().to_lowercase();
        assert!(
            said.contains(&words.to_lowercase()),
            "wanted {words}: {said}"
        );
    }

    #[track_caller]
    fn says_nothing_of_certificates(&self) {
        let said = self.pull();
        for word in ["x509", "tls:", "certificate"] {
            assert!(!said.contains(word), "{said}");
        }
    }

    #[track_caller]
    fn check(&self) -> Found {
        Found::of(
            self.machine
                .exec(&["sealock", "--json", "check", "--short"]),
        )
    }

    /// Lets `--fix` give files their right names, and insists that they are the very same files.
    #[track_caller]
    fn mend(&self) {
        let words = ["sealock", "--json", "check", "--short", "--fix", "--yes"];
        Found::of(self.machine.exec(&words)).expect_nothing();
        let registry = &self.registry;
        let files = self.files.path().display();
        for (name, file, mode) in [
            ("ca.crt", "ca.pem", "644"),
            ("client.cert", "client.pem", "644"),
            ("client.key", "client-key.pem", "600"),
        ] {
            let inside = format!("/etc/docker/certs.d/{registry}/{name}");
            let original = fs::read(self.files.join(file)).unwrap();
            assert_eq!(self.machine.read(&inside), original, "{name} of {files}");
            let found = self.machine.exec(&["stat", "-c", "%a", &inside]).ok();
            assert_eq!(found.trim(), mode, "{name}");
        }
        let names = self
            .machine
            .exec(&["ls", &format!("/etc/docker/certs.d/{registry}")])
            .ok();
        assert_eq!(names, "ca.crt\nclient.cert\nclient.key\n");
        self.says_nothing_of_certificates();
    }

    /// Insists that this is told, at this place, and nothing else.
    #[track_caller]
    fn only(&self, code: &str, place: &str) -> Found {
        let found = self.check();
        found.expect_first(code);
        assert_eq!(found.codes(), [code], "{found}");
        let at = found.finding(code)["spots"][0]["where"].as_str().unwrap();
        assert_eq!(at, place, "{found}");
        found
    }
}

/// Certificates without keys, keys without certificates, and those that belong to others.
fn halves(host: &Host<'_>, folder: &str) {
    let registry = &host.registry;
    host.sh(&format!("mv {registry}/client.key /run/"));
    host.says("missing key client.key for client certificate client.cert");
    host.only("SL-F601", &format!("{folder}/client.cert"));
    host.sh(&format!("mv /run/client.key {registry}/"));

    host.sh(&format!("mv {registry}/client.cert {registry}/client.crt"));
    host.says("missing client certificate client.cert for key client.key");
    let found = host.only("SL-F602", &format!("{folder}/client.key"));
    assert_eq!(found.finding("SL-F602")["canBeMended"], true);
    host.mend();

    host.sh(&format!("mv {registry}/client.key /run/"));
    host.put(&format!("{folder}/client.key"), "other-key.pem");
    host.says("private key does not match public key");
    host.only("SL-F408", &format!("{folder}/client.key"));
    host.sh(&format!("mv /run/client.key {registry}/"));

    host.sh(&format!("mv {registry}/ca.crt {registry}/ca.cert"));
    host.says("missing key ca.key for client certificate ca.cert");
    let found = host.only("SL-F601", &format!("{folder}/ca.cert"));
    assert_eq!(found.finding("SL-F601")["canBeMended"], true);
    host.mend();
}

/// Authorities under a name that nobody reads, and files that hold none.
fn authorities(host: &Host<'_>, folder: &str) {
    let registry = &host.registry;
    host.sh(&format!("mv {registry}/ca.crt {registry}/ca.pem"));
    host.says("certificate signed by unknown authority");
    let found = host.only("SL-F603", &format!("{folder}/ca.pem"));
    assert_eq!(found.finding("SL-F603")["severity"], "locked-out");
    host.mend();
    for garbage in ["", "<html>404</html>"] {
        host.machine
            .write(&format!("{folder}/ca.crt"), 0o644, garbage);
        host.says("certificate signed by unknown authority");
        host.only("SL-F607", &format!("{folder}/ca.crt"));
    }
    host.put(&format!("{folder}/ca.crt"), "ca.pem");

    // For the image store of these versions hosts.toml is nothing; for the next one everything beside it is.
    let toml = format!("[host.\"https://{registry}\"]\nskip_verify = false\n");
    host.machine
        .write(&format!("{folder}/hosts.toml"), 0o644, toml);
    host.says_nothing_of_certificates();
    let found = host.only("SL-F606", folder);
    assert_eq!(found.finding("SL-F606")["severity"], "latent");
    let named = format!(
        "[host.\"https://{registry}\"]\nca = \"ca.crt\"\nclient = [[\"client.cert\", \"client.key\"]]\n"
    );
    host.machine
        .write(&format!("{folder}/hosts.toml"), 0o644, named);
    host.check().expect_nothing();
    host.sh(&format!("rm {registry}/hosts.toml"));
}

/// Folders under names that no image has.
fn names(host: &Host<'_>) {
    let registry = &host.registry;
    let bare = host.machine.network().address();
    // With a port in the image's name, a folder without one is not read.
    host.sh(&format!("mv {registry} {bare} && mkdir {registry}"));
    host.says("certificate signed by unknown authority");
    let found = host.only("SL-F605", &format!("/etc/docker/certs.d/{bare}"));
    assert_eq!(found.finding("SL-F605")["severity"], "latent");
    host.sh(&format!("rmdir {registry}"));
    for name in [
        "https:",
        "registry",
        "Registry.example.org:5000",
        "re gistry.example.org",
    ] {
        host.sh(&format!("mv {bare} '{name}'"));
        host.only("SL-F605", &format!("/etc/docker/certs.d/{name}"));
        host.sh(&format!("mv '{name}' {bare}"));
    }
    host.sh(&format!("mv {bare} {registry}"));
    host.says_nothing_of_certificates();
}

/// Registries whose certificates the daemon does not look at.
fn never_looked_at(host: &Host<'_>, folder: &str) {
    let registry = &host.registry;
    host.sh(&format!("cp -a {registry} 127.0.0.1:5000"));
    host.only("SL-F604", "/etc/docker/certs.d/127.0.0.1:5000");
    host.sh("rm -r 127.0.0.1:5000");
    // Listed as insecure, it is not verified: without its authority it is let pass all the same.
    let listed = format!("{{\"insecure-registries\": [\"{registry}\"]}}\n");
    host.machine.write("/etc/docker/daemon.json", 0o644, listed);
    host.sh("kill -HUP $(cat /run/docker.pid) && sleep 1");
    host.sh(&format!("mv {registry}/ca.crt /run/"));
    host.says_nothing_of_certificates();
    let found = host.check();
    found.expect("SL-F604").expect("SL-F222");
    let at = &found.finding("SL-F604")["spots"][0]["where"];
    assert_eq!(at, folder);
    host.sh(&format!("mv /run/ca.crt {registry}/"));
    host.sh("rm /etc/docker/daemon.json");
    host.sh("kill -HUP $(cat /run/docker.pid) && sleep 1");
}
