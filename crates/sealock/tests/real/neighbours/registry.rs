//! A registry that demands client certificates, and dockerd with the files that we write: in with ours, out without, with a
//! foreign pair, and with the old one once everything is new.
//!
//! The registry stands outside of the machine, on an address that is not loopback: there dockerd verifies nothing.

use std::process::Command;
use std::time::Duration;

use sealock_testkit::process::{Outcome, wait_for};
use sealock_testkit::server::{Server, Spec};
use sealock_testkit::{Machine, Network, Registry, Rootless, Scratch, Suite, Version, lab};

use crate::common::{Sealock, program};
use crate::systemd::says;

/// What dockerd says when TLS went well and only the image is missing.
pub(super) const NO_IMAGE: &str = "manifest unknown";
/// What a registry of this age says to whom it does not let in.
pub(super) const REFUSED: &str = "remote error: tls: bad certificate";
pub(super) const UNKNOWN_AUTHORITY: &str = "x509: certificate signed by unknown authority";

/// `http.tls` as our page has it.
const TLS: &str = "certificate: @FOLDER@/server.pem\nkey: @FOLDER@/server.key\nclientcas:\n  - @FOLDER@/clients.pem\n";

/// A machine with sealock, and a registry beside it.
struct Site {
    registry: Registry,
    machine: Machine,
}

impl Site {
    fn boot(version: Version) -> Self {
        let builder = Machine::builder(Suite::Bookworm);
        let builder = match version {
            Version::V20 => builder,
            other => builder.docker(other),
        };
        let machine = builder.program(program()).boot();
        let registry = Registry::prepare(machine.network(), 5000, TLS);
        Self { registry, machine }
    }

    fn sealock(&self, words: &str) -> Outcome {
        self.machine.sh(&format!("sealock --color never {words}"))
    }

    fn host(&self) -> String {
        self.registry.host()
    }

    /// The folder of this registry below `certs.d`.
    fn folder(&self) -> String {
        format!("/etc/docker/certs.d/{}", self.host())
    }

    /// A certificate for the registry from the machine's authority.
    fn issue(&self) {
        let issue = "cert issue 10.77.0.254 --profile server --cert /root/server.pem --key /root/server.key --yes";
        let _ = self.sealock(issue).ok();
    }

    /// Brings the registry's files from the machine to it, and starts it with them: it knows no reload.
    fn install(&self) {
        let server = self.registry.server();
        for name in ["server.pem", "server.key"] {
            server.write(name, self.machine.read(&format!("/root/{name}")));
        }
        server.write("clients.pem", self.sealock("ca export client").ok());
        server.restart();
    }

    fn image(&self, name: &str) -> String {
        format!("{}/{name}:1", self.host())
    }

    /// dockerd's words when it is to fetch something that is not there.
    fn pull(&self) -> String {
        let outcome = self.machine.docker(&["pull", &self.image("missing")]);
        assert_ne!(outcome.code, 0, "{outcome}");
        outcome.stderr
    }

    #[track_caller]
    fn is_let_in(&self) {
        let said = self.pull();
        assert!(said.contains(NO_IMAGE), "{said}");
    }

    /// Each time; and one of the times dockerd hears why. Where the registry hangs up before its alert is read, the end of
    /// the connection is all that it can tell.
    #[track_caller]
    fn is_refused(&self, why: &str) {
        let mut said = String::new();
        for _ in 0..10 {
            said = self.pull();
            assert!(!said.contains(NO_IMAGE), "{said}");
            if said.contains(why) {
                return;
            }
        }
        panic!("wanted `{why}`: {said}");
    }

    /// An image goes there and comes back.
    fn push_and_pull(&self, name: &str) {
        let image = self.image(name);
        let docker = |words: &[&str]| self.machine.docker(words);
        let _ = docker(&["tag", sealock_testkit::dockerd::IMAGE, &image]).ok();
        let _ = docker(&["push", &image]).ok();
        let _ = docker(&["rmi", &image]).ok();
        let _ = docker(&["pull", &image]).ok();
    }

    /// The codes of the findings about registries.
    fn findings(&self) -> Vec<String> {
        let found = findings(&self.sealock("--json check --short"));
        let codes = found.into_iter().map(|(code, _)| code);
        codes.filter(|code| code.starts_with("SL-F60")).collect()
    }
}

/// Code and first place of each finding.
fn findings(check: &Outcome) -> Vec<(String, String)> {
    let value: serde_json::Value = serde_json::from_str(&check.stdout).expect("findings");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let reports = value["reports"].as_array().expect("reports");
    let findings = reports.iter().filter_map(|one| one["findings"].as_array());
    findings
        .flatten()
        .map(|one| (text(&one["code"]), text(&one["spots"][0]["where"])))
        .collect()
}

fn there_and_back(version: Version) {
    let site = Site::boot(version);
    let host = site.host();
    let folder = site.folder();
    site.machine.import_busybox();
    let _ = site.sealock("up --yes --client alice").ok();
    site.issue();
    site.install();

    // Without anything, and with the anchor alone.
    site.is_refused(UNKNOWN_AUTHORITY);
    let _ = site.sealock(&format!("registry trust {host}")).ok();
    site.is_refused(REFUSED);

    // With ours, and dockerd is the same process.
    let main = "systemctl show docker.service -p MainPID";
    let pid = site.machine.sh(main).ok();
    let trust = format!("registry trust {host} --client alice");
    let _ = site.sealock(&trust).ok();
    site.push_and_pull("first");
    assert_eq!(site.machine.sh(main).ok(), pid);
    let modes = format!("stat -c '%n %a %U' {folder} {folder}/*");
    let expected = format!(
        "{folder} 755 root\n{folder}/ca.crt 644 root\n{folder}/client.cert 644 root\n{folder}/client.key 600 root\n"
    );
    assert_eq!(site.machine.sh(&modes).ok(), expected);
    let again = site.sealock(&trust).expect_code(0);
    says(&again, &["0 changes"]);
    assert_eq!(site.findings(), [""; 0]);
    let list = site.sealock("registry list").ok();
    assert!(list.contains(&host) && list.contains("alice"), "{list}");

    // A foreign client, whom status tells and apply mends.
    let foreign = "sealock --home /root/o --config /root/o.toml ca create --yes && \
                   sealock --home /root/o --config /root/o.toml cert issue alice --profile client --yes \
                   --cert /root/o.pem --key /root/o.key";
    let _ = site.machine.sh(foreign).ok();
    let _ = site
        .machine
        .sh(&format!(
            "mkdir /root/ours && cp -a {folder}/. /root/ours && cat /root/o.pem >{folder}/client.cert && cat /root/o.key >{folder}/client.key"
        ))
        .ok();
    site.is_refused(REFUSED);
    let status = site.sealock("status").expect_code(3);
    let told = format!(
        "the registry {host}: other certificates lie where this registry's should go: {folder}/client.cert"
    );
    assert!(status.stdout.contains(&told), "{status}");
    let apply = site.sealock("apply --yes").expect_code(1);
    says(
        &apply,
        &["error[SL-H531]", &format!("{folder}/client.cert")],
    );
    let _ = site.machine.sh(&format!("rm {folder}/client.*")).ok();
    let status = site.sealock("status").expect_code(3);
    let told = format!("{folder}/client.key: missing; the registry {host} needs it");
    assert!(status.stdout.contains(&told), "{status}");
    let _ = site.sealock("apply --yes").ok();
    site.is_let_in();

    // A misnamed pair: what check predicts is what dockerd then says.
    let _ = site
        .machine
        .sh(&format!("mv {folder}/client.cert {folder}/client.crt"))
        .ok();
    assert_eq!(site.findings(), ["SL-F602"]);
    site.is_refused("issing client certificate client.cert for key client.key");
    let _ = site.machine.sh(&format!("rm {folder}/client.*")).ok();
    let _ = site.sealock("apply --yes").ok();
    site.is_let_in();

    // Everything new: our files are, and what was copied before is good for nothing.
    if version == Version::V20 {
        drift_is_told(&site);
        rotate(&site);
    } else {
        let _ = site.sealock("rekey --rehearse --yes").ok();
        assert_eq!(site.machine.sh(&modes).ok(), expected);
        site.is_let_in();
        let _ = site.sealock("rekey --yes").ok();
        site.install();
    }
    site.push_and_pull("second");
    let swap = |from: &str| {
        let copy = format!("for f in client.cert client.key; do cat {from}/$f >{folder}/$f; done");
        let _ = site.machine.sh(&copy).ok();
    };
    let _ = site
        .machine
        .sh(&format!("mkdir /root/new && cp -a {folder}/. /root/new"))
        .ok();
    swap("/root/ours");
    site.is_refused(REFUSED);
    swap("/root/new");
    site.is_let_in();
    if version != Version::V20 {
        let _ = site
            .machine
            .sh(&format!("cat /root/ours/ca.crt >{folder}/ca.crt"))
            .ok();
        site.is_refused(UNKNOWN_AUTHORITY);
        let _ = site.sealock("apply --yes").ok();
        site.is_let_in();
        containerd_reads_hosts_toml(&site);
    }

    match version {
        Version::V20 => {
            let _ = site.sealock("down --yes").ok();
        }
        _ => revoked_and_distrusted(&site),
    }
    site.is_refused(UNKNOWN_AUTHORITY);
    assert_ne!(site.machine.sh(&format!("ls {folder}")).code, 0);
}

/// Each way in which a folder can differ is told in its own words, and mended; no file is told that is as it shall be.
fn drift_is_told(site: &Site) {
    let (host, folder) = (site.host(), site.folder());
    let _ = site.sealock("status").expect_code(0);
    let copy = format!("mkdir -p /root/old && cp -a {folder}/. /root/old");
    let _ = site.machine.sh(&copy).ok();
    let _ = site.sealock("renew alice --yes").expect_code(0);
    let other = format!("it holds something else than the registry {host} needs");
    let missing = format!("missing; the registry {host} needs it");
    let needless = format!("the registry {host} needs no such file");
    for (change, told) in [
        ("rm ca.crt", vec![("ca.crt", &*missing)]),
        (
            "chmod 644 client.key",
            vec![("client.key", "mode 0644, expected 0600")],
        ),
        (
            "cp -a /root/old/client.* .",
            vec![("client.key", &*other), ("client.cert", &other)],
        ),
        (
            "sed -i '/^client = /d' /etc/sealock/sealock.toml",
            vec![("client.cert", &*needless), ("client.key", &needless)],
        ),
        (
            "mv $PWD ${PWD%:*}",
            vec![
                ("", &missing),
                ("client.key", &missing),
                ("client.cert", &missing),
                ("ca.crt", &missing),
            ],
        ),
    ] {
        let _ = site.machine.sh(&format!("cd {folder} && {change}")).ok();
        let status = site.sealock("status").expect_code(3);
        let lines: Vec<&str> = status
            .stdout
            .lines()
            .filter(|line| line.contains("certs.d"))
            .collect();
        let expected: Vec<String> = told
            .iter()
            .map(|(name, what)| {
                let path = format!("{folder}/{name}");
                format!("drift: {}: {what}", path.trim_end_matches('/'))
            })
            .collect();
        assert_eq!(lines, expected, "{change}: {status}");
        let found = findings(&site.sealock("--json check --short"));
        // A mode has a finding of its own.
        let code = match change.starts_with("chmod") {
            true => "SL-F409",
            false => "SL-F805",
        };
        assert!(found.iter().any(|(found, _)| found == code), "{found:?}");
        let _ = site.sealock("apply --yes").expect_code(0);
        if change.starts_with("sed") {
            let trust = format!("registry trust {host} --client alice");
            let _ = site.sealock(&trust).expect_code(0);
        }
        let _ = site
            .machine
            .sh(&format!("rm -rf {}", folder.replace(":5000", "")))
            .ok();
    }
    let _ = site.sealock("status").expect_code(0);
    // A folder of ours under another name is predicted as long as the right one is missing.
    for name in [
        &*folder.replace(":5000", ""),
        &folder.replace(":5000", ":5001"),
        &format!("{folder}.old"),
    ] {
        let _ = site.machine.sh(&format!("mv {folder} {name}")).ok();
        assert_eq!(site.findings(), ["SL-F605"], "{name}");
        site.is_refused(UNKNOWN_AUTHORITY);
        let _ = site.machine.sh(&format!("mv {name} {folder}")).ok();
    }
    let found = findings(&site.sealock("--json check --short"));
    let drift = |(code, _): &(String, String)| code == "SL-F805" || code.starts_with("SL-F60");
    assert!(!found.iter().any(drift), "{found:?}");
    site.is_let_in();
}

/// Who is revoked is shown to nobody any more, and what is distrusted is gone.
fn revoked_and_distrusted(site: &Site) {
    let (host, folder) = (site.host(), site.folder());
    let _ = site.sealock("cert revoke alice --yes").ok();
    let apply = site.sealock("apply --yes").expect_code(0);
    says(&apply, &["is shown nothing while alice is revoked"]);
    let listed = site.machine.sh(&format!("ls {folder}")).ok();
    assert_eq!(listed, "ca.crt\nhosts.toml\n");
    let told = site.sealock(&format!("registry trust {host} --client alice"));
    says(&told.expect_code(1), &["error[SL-U088]"]);
    let distrust = format!("registry distrust {host} --yes");
    let _ = site.sealock(&distrust).ok();
    says(
        &site.sealock(&distrust).expect_code(1),
        &["error[SL-H534]", "there are none yet"],
    );
}

/// A rotation of the client anchor, in the order in which nobody is refused on the way: the registry trusts both before
/// dockerd gets a pair from the new one.
fn rotate(site: &Site) {
    let trusted = site.sealock("ca rotate client --step --yes").expect_code(0);
    says(&trusted, &["trusted: "]);
    site.is_let_in();
    site.install();
    site.is_let_in();
    let issued = site.sealock("ca rotate client --step --yes").expect_code(0);
    says(&issued, &["issued: "]);
    site.is_let_in();
    let _ = site.sealock("ca rotate client --yes").ok();
    site.is_let_in();
    site.install();
}

/// The other reader of `certs.d`, which dockerd 29 has inside and containerd's own client outside.
fn containerd_reads_hosts_toml(site: &Site) {
    let (host, folder) = (site.host(), site.folder());
    let image = site.image("second");
    let pull = || {
        site.machine.sh(&format!(
            "ctr images pull --hosts-dir /etc/docker/certs.d {image} 2>&1"
        ))
    };
    let _ = pull().ok();
    // Somebody's hosts.toml hides ours from it, and check predicts that.
    let foreign = format!("server = \"https://{host}\"\n");
    site.machine
        .write(&format!("{folder}/hosts.toml"), 0o644, foreign);
    assert_eq!(site.findings(), ["SL-F606"]);
    let refused = pull();
    assert!(refused.stdout.contains(UNKNOWN_AUTHORITY), "{refused}");
    let told = site.sealock(&format!("registry trust {host} --hosts-toml"));
    says(
        &told.expect_code(1),
        &[
            "error[SL-H532]",
            "client = [[\"client.cert\", \"client.key\"]]",
        ],
    );
    let _ = site.machine.sh(&format!("rm {folder}/hosts.toml")).ok();
    let trust = format!("registry trust {host} --hosts-toml");
    let _ = site.sealock(&trust).ok();
    let _ = pull().ok();
    assert_eq!(site.findings(), [""; 0]);
    site.is_let_in();
}

#[test]
fn docker_20_pushes_and_pulls_with_our_files_only() {
    there_and_back(Version::V20);
}

#[test]
fn docker_28_pushes_and_pulls_with_our_files_only() {
    there_and_back(Version::V28);
}

#[test]
fn a_rootless_daemon_reads_its_user_s_own_folder() {
    let machine = Machine::builder(Suite::Bookworm)
        .name("rootless")
        .program(program())
        .boot();
    let registry = Registry::prepare(machine.network(), 5000, TLS);
    let host = registry.host();
    let rootless = Rootless::set_up(machine);
    let desired = "version = 1\n[daemon]\nlisten = []\nnames = [\"localhost\"]\n[[client]]\nname = \"alice\"\n";
    let worker = |words: &str| rootless.sh(&format!("sealock --color never --yes {words}"));
    let _ = rootless
        .sh(&format!(
            "mkdir -p ~/.config/sealock && printf '%s' '{desired}' >~/.config/sealock/sealock.toml"
        ))
        .ok();
    let _ = worker("ca create").ok();
    let _ =
        worker("cert issue 10.77.0.254 --profile server --cert ~/server.pem --key ~/server.key")
            .ok();
    let server = registry.server();
    for name in ["server.pem", "server.key"] {
        let path = format!("/home/worker/{name}");
        server.write(name, rootless.machine().read(&path));
    }
    server.write("clients.pem", worker("ca export client").ok());
    server.start();
    let pull = || {
        rootless
            .docker(&["pull", &format!("{host}/missing:1")])
            .stderr
    };
    let said = pull();
    assert!(said.contains(UNKNOWN_AUTHORITY), "{said}");
    let trust = format!("registry trust {host} --client alice --rootless current");
    let _ = worker(&trust).ok();
    let said = pull();
    assert!(said.contains(NO_IMAGE), "{said}");

    // Root does it for a user: the files are the user's, and what is another authority's stays.
    let root = |words: &str| {
        rootless
            .machine()
            .sh(&format!("sealock --color never --yes {words}"))
    };
    let machine = rootless.machine();
    machine.write("/etc/sealock/sealock.toml", 0o644, desired);
    let _ = root("ca create").ok();
    let told = root(&format!("registry trust {host} --rootless worker"));
    says(&told.expect_code(1), &["error[SL-H531]", "ca.crt"]);
    let _ = root("registry trust other.test:5000 --client alice --rootless worker").ok();
    let listed =
        rootless.sh("cd ~/.config/docker/certs.d/other.test:5000 && stat -c '%n %a %U:%G' . *");
    assert_eq!(
        listed.ok(),
        ". 755 worker:worker\nca.crt 644 worker:worker\nclient.cert 644 worker:worker\nclient.key 600 worker:worker\n"
    );
    // Root's check looks there too, and the user's own does.
    let own = "/home/worker/.config/docker/certs.d/other.test:5000";
    let lost = |sealock: &dyn Fn(&str) -> Outcome| {
        let found = findings(&sealock("--json check --short"));
        found
            .iter()
            .any(|(code, at)| code == "SL-F602" && at == &format!("{own}/client.key"))
    };
    let change = |from: &str, to: &str| {
        let _ = rootless.sh(&format!("cd {own} && mv {from} {to}")).ok();
    };
    assert!(!lost(&root) && !lost(&worker));
    change("client.cert", "client.pem");
    assert!(lost(&root) && lost(&worker));
    change("client.pem", "client.cert");
    // A link of the user's leads root nowhere.
    let _ = rootless
        .sh("cd ~/.config/docker && mv certs.d kept && ln -s kept certs.d")
        .ok();
    let told = root("registry trust other.test:5000 --rootless worker");
    says(&told.expect_code(1), &["error[SL-H533]", "symbolic link"]);
    let told = root("registry trust other.test:5000 --rootless nobody-of-this-name");
    says(&told.expect_code(1), &["error[SL-U007]"]);
    let told = root("registry trust other.test:5000 --rootless current");
    says(&told.expect_code(2), &["error[SL-U007]"]);
    let told = root("registry trust https://other.test");
    says(&told.expect_code(2), &["error[SL-H530]", "found a scheme"]);

    // What dockerd never verifies is said.
    machine.write(
        "/etc/docker/daemon.json",
        0o644,
        "{\"insecure-registries\": [\"10.9.0.0/16\"]}\n",
    );
    for (host, why) in [
        ("127.0.0.1:5000", "it is on loopback"),
        ("10.9.1.2:5000", "insecure-registries lists it"),
    ] {
        let told = root(&format!("registry trust {host}")).expect_code(0);
        says(&told, &["is not verified", why]);
    }
    let told = root("registry trust 10.8.1.2:5000").expect_code(0);
    assert!(!told.stderr.contains("is not verified"), "{told}");
    // What names a client keeps it.
    let told = root("client remove alice");
    says(
        &told.expect_code(1),
        &["error[SL-H103]", "`alice` is no client"],
    );
}

/// The first block of our page behind this remark.
fn block(remark: &str) -> String {
    block_of(include_str!("../../../../../docs/registry.md"), remark)
}

pub(super) fn block_of(page: &str, remark: &str) -> String {
    let (_, rest) = page.split_once(remark).expect("the remark");
    let (_, rest) = rest.split_once("```yaml\n").expect("a block");
    let (block, _) = rest.split_once("```").expect("its end");
    block.to_owned()
}

/// What our page says of the forms of `clientcas`, asked of a real registry without a certificate and with one.
#[test]
fn the_form_that_fails_open_is_the_one_our_page_names() {
    let scratch = Scratch::new("clientcas");
    let sealock = Sealock::in_folder(scratch.path());
    let path = |name: &str| scratch.join(name).display().to_string();
    let (cert, key) = (path("server.pem"), path("server.key"));
    let (alice, alices) = (path("alice.pem"), path("alice.key"));
    let files = |cert: &str, key: &str| format!("--cert {cert} --key {key} --yes");
    let run = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        sealock.run(&words).ok()
    };
    let _ = run("ca create --yes");
    let server = files(&cert, &key);
    let _ = run(&format!("cert issue 10.77.0.254 --profile server {server}"));
    let client = files(&alice, &alices);
    let _ = run(&format!("cert issue alice --profile client {client}"));
    let clients = scratch.write("clients.pem", run("ca export client"));
    let anchor = scratch.write("anchor.pem", run("ca export server"));

    let network = Network::new();
    let program = lab().peer("usr/bin/docker-registry");
    let program = program.get_program().to_string_lossy().into_owned();
    let registry = |environment: &[String], config: &str| {
        let mut command = vec!["env".to_owned()];
        command.extend_from_slice(environment);
        command.extend([&*program, "serve", "@FOLDER@/config.yml"].map(str::to_owned));
        let server = Server::prepare(&Spec {
            name: "registry",
            command,
            ready: "listening on",
            user: None,
            network: Some(&network),
            libraries: lab().neighbour_libraries(),
        });
        let data = server.join("data");
        server.write(
            "config.yml",
            format!(
                "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\n{config}",
                data.display()
            ),
        );
        server
    };
    let ask = |more: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-m", "20", "--cacert"])
            .arg(&anchor)
            .args(more)
            .arg("https://10.77.0.254:5000/v2/");
        network.run(&curl)
    };
    let alice = ["--cert", &*alice, "--key", &*alices];
    let demands = |registry: &Server, what: &str| {
        assert_eq!(ask(&alice).stdout, "{}", "{what}");
        let refused = ask(&[]);
        assert!(
            refused.code != 0 && refused.stdout.is_empty(),
            "{what}: {refused}"
        );
        wait_for("the registry's word", Duration::from_secs(20), || {
            registry
                .log()
                .contains("client didn't provide a certificate")
        });
    };

    // The file, as it stands there.
    let folder = scratch.path().display().to_string();
    let config = block("<!-- config.yml -->")
        .replace("/etc/docker/registry/tls", &folder)
        .replace("0.0.0.0:", "10.77.0.254:");
    let plain = format!(
        "http:\n  addr: 10.77.0.254:5000\n  tls:\n    certificate: {cert}\n    key: {key}\n"
    );
    let from_file = registry(&[], &config);
    from_file.start();
    demands(&from_file, "config.yml");
    drop(from_file);

    let name = "REGISTRY_HTTP_TLS_CLIENTCAS";
    let clients = clients.display().to_string();
    let list = registry(&[format!("{name}=[{clients}]")], &plain);
    list.start();
    demands(&list, "a list in the environment");
    drop(list);

    let numbered = registry(&[format!("{name}_0={clients}")], &plain);
    numbered.start();
    assert_eq!(ask(&[]).stdout, "{}", "this one fails open");
    drop(numbered);

    let bare = registry(&[format!("{name}={clients}")], &plain);
    let refused = bare.try_start().expect_code(1);
    assert!(refused.stderr.contains("cannot unmarshal"), "{refused}");

    // An empty list is no list; a key of distribution 3 is passed over; an old version of TLS is taken.
    let empty = registry(&[], &format!("{plain}    clientcas: []\n"));
    empty.start();
    assert_eq!(ask(&[]).stdout, "{}", "this one is open");
    drop(empty);
    let three = registry(
        &[],
        &format!(
            "{plain}    clientcas:\n      - {clients}\n    clientauth: verify-client-cert-if-given\n    minimumtls: tls1.0\n"
        ),
    );
    three.start();
    demands(&three, "with a key of distribution 3");
    drop(three);

    // What compose makes of the pages' files is the list.
    let environment = |files: &[(&str, String)]| {
        let mut config = Command::new(lab().docker_plugins().join("docker-compose"));
        config.env_clear().env("HOME", scratch.path());
        for (name, text) in files {
            config.arg("--file").arg(scratch.write(name, text));
        }
        config.args(["config", "--format", "json"]);
        let said = sealock_testkit::run(&mut config).ok();
        let value: serde_json::Value = serde_json::from_str(&said).expect("JSON");
        value["services"]["registry"].clone()
    };
    let by_hand = environment(&[("compose.yaml", block("<!-- compose.yaml -->"))]);
    assert_eq!(by_hand["environment"][name], "[/certs/clients.pem]");
    let page = include_str!("../../../../../docs/services/registry.md");
    let both = environment(&[
        ("compose.yml", block_of(page, "<!-- compose.yml -->")),
        ("sealock.yml", block_of(page, "<!-- sealock.yml -->")),
    ]);
    assert_eq!(both["image"], "registry:3");
    assert_eq!(
        both["environment"][name],
        "[/etc/docker/registry/tls/ca.pem]"
    );
    let mounted = both["volumes"].as_array().expect("volumes");
    assert_eq!(mounted.len(), 2, "{both}");
}
