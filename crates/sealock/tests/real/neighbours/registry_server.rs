//! The kind `registry` on Debian's own registry: its configuration, its files and its restarts are ours, and two ages of
//! dockerd, and containerd, push to it and pull from it with what `registry trust` wrote.
//!
//! It runs in the machine and is reached at the address of the machine's network: on loopback dockerd verifies nothing.

mod agent;
mod container;

use sealock_testkit::machine::Builder;
use sealock_testkit::process::Outcome;
use sealock_testkit::registry::Packaged;
use sealock_testkit::{Machine, Suite, Version, lab};

use super::registry::{NO_IMAGE, REFUSED, UNKNOWN_AUTHORITY};
use crate::common::program;
use crate::systemd::says;

const TOML: &str = "/etc/sealock/sealock.toml";
const DROP_IN: &str = "/etc/systemd/system/docker-registry.service.d/ours.conf";
/// The daemon of the machine.
const DOCKER: &str = "docker";
/// One of Debian 12 beside it.
const OLDER: &str = "/opt/docker20/usr/bin/docker -H unix:///run/docker20.sock";
/// Its end is the registry's, or its beginning: nobody waits half a minute for who has gone.
const RESTART: &str = "restart = \"systemctl restart docker-registry; \
    until ss -ltn | grep -q :5000 || ! systemctl -q is-active docker-registry; do sleep 0.1; done; \
    systemctl is-active docker-registry\"\n";

/// A machine with sealock and a registry in clear text.
struct Site {
    machine: Machine,
}

impl Site {
    fn boot(docker: Option<Version>) -> Self {
        Self::boot_with(docker, |builder| builder)
    }

    fn boot_with(docker: Option<Version>, more: impl Fn(Builder) -> Builder) -> Self {
        let builder = Machine::builder(Suite::Bookworm)
            .name("images")
            .bind_read_only(&lab().prefix(Version::V20), "/opt/docker20".as_ref());
        let builder = match docker {
            Some(version) => builder.docker(version),
            None => builder,
        };
        let builder = Packaged::program(more(builder)).program(program());
        let site = Self {
            machine: builder.boot(),
        };
        Packaged::install(&site.machine);
        let _ = site.sh("systemctl start docker-registry").ok();
        let _ = site.sealock("up --yes --client alice").ok();
        site
    }

    fn host(&self) -> String {
        format!("{}:5000", self.machine.address())
    }

    fn sh(&self, line: &str) -> Outcome {
        self.machine.sh(line)
    }

    fn sealock(&self, words: &str) -> Outcome {
        self.sh(&format!("sealock --color never {words}"))
    }

    /// Adds the table of the service, with these lines besides.
    fn table(&self, more: &str) {
        let host = self.host();
        let text = String::from_utf8(self.machine.read(TOML)).unwrap();
        let table = format!(
            "\n[[service]]\nname = \"images\"\nkind = \"registry\"\nnames = [\"{}\"]\naddress = \"{host}\"\n{more}",
            self.machine.address()
        );
        self.machine.write(TOML, 0o644, text + &table);
    }

    fn config(&self) -> String {
        String::from_utf8(self.machine.read(Packaged::CONFIG)).unwrap()
    }

    fn configure(&self, text: &str) {
        self.machine.write(Packaged::CONFIG, 0o644, text);
        let _ = self.sh("systemctl restart docker-registry").ok();
    }

    /// What somebody without any certificate gets from it, over TLS or in the clear.
    fn stranger(&self, scheme: &str) -> Outcome {
        let url = format!("{scheme}://{}/v2/", self.host());
        let curl = format!("curl -sk --retry 20 --retry-delay 1 --retry-connrefused -m 60 {url}");
        self.machine.network().sh(&curl)
    }

    #[track_caller]
    fn is_clear(&self) {
        assert_eq!(self.stranger("http").stdout, "{}");
    }

    /// A word of Docker's about an image of this registry.
    fn docker(&self, docker: &str, verb: &str, image: &str) -> Outcome {
        self.sh(&format!("{docker} {verb} {}/{image}:1 2>&1", self.host()))
    }

    #[track_caller]
    fn is_let_in(&self, docker: &str) {
        let said = self.docker(docker, "pull", "missing").expect_code(1);
        assert!(said.stdout.contains(NO_IMAGE), "{said}");
    }

    /// Each time; and one of the times the daemon hears why. Where the registry hangs up before its alert is read, the end
    /// of the connection is all that it can tell.
    #[track_caller]
    fn is_refused(&self, docker: &str, why: &str) {
        let mut said = String::new();
        for _ in 0..10 {
            said = self.docker(docker, "pull", "missing").expect_code(1).stdout;
            assert!(!said.contains(NO_IMAGE), "{said}");
            if said.contains(why) {
                return;
            }
        }
        panic!("wanted `{why}`: {said}");
    }

    /// An image goes there and comes back.
    #[track_caller]
    fn push_and_pull(&self, docker: &str, image: &str) {
        let name = format!("{}/{image}:1", self.host());
        let original = sealock_testkit::dockerd::IMAGE;
        let _ = self.sh(&format!("{docker} tag {original} {name}")).ok();
        for verb in ["push", "rmi", "pull"] {
            let _ = self.docker(docker, verb, image).ok();
        }
    }

    /// A pull of another host: containerd with a copy of the files, in a folder of its own.
    fn other_host(&self, image: &str) -> Outcome {
        self.sh(&format!(
            "ctr images pull --hosts-dir /root/kept {}/{image}:1 2>&1",
            self.host()
        ))
    }

    fn folder(&self) -> String {
        format!("/etc/docker/certs.d/{}", self.host())
    }

    fn pid(&self, unit: &str) -> String {
        self.sh(&format!("systemctl show {unit} -p MainPID --value"))
            .ok()
    }

    /// The serial number of what the registry shows, which is that of its file.
    #[track_caller]
    fn served(&self) -> String {
        let shown = self.sh(&format!(
            "openssl s_client -connect {} </dev/null 2>/dev/null | openssl x509 -noout -serial",
            self.host()
        ));
        let file = "openssl x509 -noout -serial -in /etc/docker/registry/tls/cert.pem";
        assert_eq!(shown.stdout, self.sh(file).ok(), "{shown}");
        shown.stdout
    }

    /// Docker of Debian 12 with everything of its own but `certs.d`.
    fn start_older(&self) {
        self.machine.write("/run/docker20.json", 0o644, "{}\n");
        let own = "/opt/docker20/usr/sbin:/opt/docker20/usr/bin";
        let flags = "--config-file /run/docker20.json -H unix:///run/docker20.sock --data-root /home/docker20 \
                     --exec-root /run/docker20 --pidfile /run/docker20.pid --bridge none --iptables=false \
                     --storage-driver vfs --containerd-namespace moby20 --containerd-plugins-namespace plugins20";
        let _ = self
            .sh(&format!(
                "systemd-run --quiet --unit docker20 -p Type=notify -p NotifyAccess=all \
                 --setenv=PATH={own}:/usr/sbin:/usr/bin:/sbin:/bin \
                 /opt/docker20/usr/sbin/dockerd {flags}"
            ))
            .ok();
        let version = self
            .sh(&format!("{OLDER} version -f '{{{{.Server.Version}}}}'"))
            .ok();
        assert!(version.starts_with("20.10."), "{version}");
    }
}

#[test]
fn two_ages_of_docker_push_and_pull_and_nobody_else() {
    let site = Site::boot(Some(Version::V28));
    site.machine.import_busybox();
    site.start_older();
    let clear = site.config();
    site.is_clear();
    what_breaks_is_put_back(&site);

    // From Debian's file to a registry that demands certificates.
    let daemon = site.pid("docker.service");
    let add = format!(
        "service add images --kind registry --names {} --address {} --yes",
        site.machine.address(),
        site.host()
    );
    let refused = site.sealock(&format!("{add} --reload true")).expect_code(2);
    says(
        &refused,
        &[
            "error[SL-U120]",
            "reads its files when it starts",
            "--restart COMMAND",
        ],
    );
    let _ = site.sealock(&add).expect_code(0);
    let applied = site.sealock("apply --yes").expect_code(0);
    let proved = format!(
        "https at {}: TLS 1.3, our clients get in, nobody else does",
        site.host()
    );
    says(&applied, &[&proved]);
    let tls = "http:\n  tls:\n    certificate: /etc/docker/registry/tls/cert.pem\n    key: /etc/docker/registry/tls/key.pem\n    \
               clientcas:\n      - /etc/docker/registry/tls/ca.pem\n    minimumtls: tls1.2\n";
    assert_eq!(site.config(), clear.replace("http:\n", tls));
    let files = site
        .sh("cd /etc/docker/registry/tls && stat -c '%n %a %U' *")
        .ok();
    let expected =
        "ca.pem 644 docker-registry\ncert.pem 644 docker-registry\nkey.pem 600 docker-registry\n";
    assert_eq!(files, expected);
    says(&site.sealock("apply --yes").expect_code(0), &["0 changes"]);

    who_gets_in(&site);
    assert_eq!(site.pid("docker.service"), daemon, "dockerd was restarted");
    loopback_is_never_verified(&site);
    an_open_form_is_mended(&site);
    rotated(&site);
    // The long forms.
    if std::env::var("SEALOCK_SWEEP").is_ok_and(|value| value == "all") {
        server_rotated(&site);
        rekeyed(&site);
    }

    // Taken out again, it is as it was.
    let _ = site.sealock("service remove images --yes").expect_code(0);
    assert_eq!(site.config(), clear);
    let _ = site.sh("systemctl restart docker-registry").ok();
    site.is_clear();
}

/// What the registry does not start with, and what lets everybody in past our lines, is undone; what would, is refused.
fn what_breaks_is_put_back(site: &Site) {
    let clear = site.config();
    let toml = site.machine.read(TOML);
    site.table(RESTART);
    let is_as_before = |config: &str| {
        assert_eq!(site.config(), config);
        assert_ne!(site.sh("ls /etc/docker/registry/tls").code, 0);
        site.is_clear();
    };

    // Nobody looks at these while it speaks clear text.
    let broken = clear.replace(
        "http:\n",
        "http:\n  tls:\n    ciphersuites:\n      - NO_SUCH_SUITE\n",
    );
    site.configure(&broken);
    let said = site.sealock("apply --yes").expect_code(4);
    says(
        &said,
        &["error[SL-U123]", "the restart of the service images fails"],
    );
    is_as_before(&broken);
    site.configure(&clear);

    // A variable from where nobody looks empties the list of authorities.
    let empty = "REGISTRY_HTTP_TLS_CLIENTCAS=[]\n";
    site.machine.write("/etc/default/images", 0o644, empty);
    let drop_in = "[Service]\nEnvironmentFile=/etc/default/images\n";
    site.machine.write(DROP_IN, 0o644, drop_in);
    let _ = site.sh("systemctl daemon-reload").ok();
    let said = site.sealock("apply --yes").expect_code(4);
    says(
        &said,
        &["error[SL-U124]", "a client without a certificate gets in"],
    );
    is_as_before(&clear);

    // Where we look, it is refused before anything is touched: in the drop-in, and in the file that the table names.
    let numbered =
        "[Service]\nEnvironment=REGISTRY_HTTP_TLS_CLIENTCAS_0=/etc/docker/registry/tls/ca.pem\n";
    site.machine.write(DROP_IN, 0o644, numbered);
    let said = site.sealock("apply --yes").expect_code(1);
    says(&said, &["error[SL-U127]", &format!("{DROP_IN}, line 2")]);
    let _ = site
        .sh(&format!("rm {DROP_IN} && systemctl daemon-reload"))
        .ok();
    site.machine.write(TOML, 0o644, &toml);
    site.table("environment = \"/etc/default/images\"\n");
    let said = site.sealock("apply --yes").expect_code(1);
    says(&said, &["error[SL-U127]", "/etc/default/images, line 1"]);
    let _ = site.sh("rm /etc/default/images").ok();
    is_as_before(&clear);
    site.machine.write(TOML, 0o644, &toml);
}

/// Both daemons, with the files of `registry trust` alone.
fn who_gets_in(site: &Site) {
    let (host, folder) = (site.host(), site.folder());
    for docker in [DOCKER, OLDER] {
        site.is_refused(docker, UNKNOWN_AUTHORITY);
    }
    let _ = site.sealock(&format!("registry trust {host}")).ok();
    for docker in [DOCKER, OLDER] {
        site.is_refused(docker, REFUSED);
    }
    let trust = format!("registry trust {host} --client alice --hosts-toml");
    let _ = site.sealock(&trust).ok();
    site.push_and_pull(DOCKER, "first");
    let _ = site.docker(OLDER, "pull", "first").ok();
    let original = sealock_testkit::dockerd::IMAGE;
    let _ = site
        .sh(&format!("{OLDER} tag {host}/first:1 {original}"))
        .ok();
    site.push_and_pull(OLDER, "second");
    let _ = site.docker(DOCKER, "pull", "second").ok();

    // Another host has these files from today on.
    let _ = site
        .sh(&format!(
            "mkdir -p /root/kept && cp -a {folder} /root/kept/"
        ))
        .ok();
    let _ = site.other_host("second").ok();

    let foreign = "sealock --home /root/o --config /root/o.toml ca create --yes && \
                   sealock --home /root/o --config /root/o.toml cert issue alice --profile client --yes \
                   --cert /root/o.pem --key /root/o.key";
    let _ = site.sh(foreign).ok();
    let _ = site
        .sh(&format!(
            "cat /root/o.pem >{folder}/client.cert && cat /root/o.key >{folder}/client.key"
        ))
        .ok();
    for docker in [DOCKER, OLDER] {
        site.is_refused(docker, REFUSED);
    }
    let _ = site
        .sh(&format!("cp -a /root/kept/{host}/client.* {folder}/"))
        .ok();
    for docker in [DOCKER, OLDER] {
        site.is_let_in(docker);
    }
    let _ = site.sealock("status").expect_code(0);
}

/// On loopback dockerd shows nothing, whatever lies there, and that is said.
fn loopback_is_never_verified(site: &Site) {
    const HERE: &str = "127.0.0.1:5000";
    let trust = format!("registry trust {HERE} --client alice");
    let told = site.sealock(&trust).expect_code(0);
    says(&told, &["is not verified", "it is on loopback"]);
    for docker in [DOCKER, OLDER] {
        let said = site.sh(&format!("{docker} pull {HERE}/missing:1 2>&1"));
        let said = said.expect_code(1).stdout;
        assert!(
            !said.contains(NO_IMAGE) && !said.contains(UNKNOWN_AUTHORITY),
            "{said}"
        );
    }
    let _ = site
        .sealock(&format!("registry distrust {HERE} --yes"))
        .ok();
}

/// An empty list is no list: the registry lets everybody in, `status` tells, `apply` mends.
fn an_open_form_is_mended(site: &Site) {
    let ours = site.config();
    let list = "clientcas:\n      - /etc/docker/registry/tls/ca.pem\n";
    let open = ours.replace(list, "clientcas: []\n");
    assert_ne!(open, ours);
    site.configure(&open);
    assert_eq!(site.stranger("https").stdout, "{}", "this one is open");
    let status = site.sealock("status").expect_code(3);
    for told in [
        "configuration of images: not as",
        "a client without a certificate gets in",
    ] {
        assert!(status.stdout.contains(told), "{status}");
    }
    let _ = site.sealock("apply --yes").expect_code(0);
    assert_eq!(site.config(), ours);
    assert_eq!(site.stranger("https").stdout, "");
    site.is_let_in(DOCKER);
}

/// A new anchor for clients: whoever has the old pair gets in until it is dropped, and not any more from then on.
fn rotated(site: &Site) {
    let step = |reached: &str| {
        let said = site.sealock("ca rotate client --step --yes").expect_code(0);
        says(&said, &[&format!("{reached}: ")]);
    };
    // The registry trusts both; nobody has a pair of the new one yet.
    step("trusted");
    site.is_let_in(DOCKER);
    let _ = site.other_host("first").ok();
    // This host has; who was not touched still gets in.
    step("issued");
    let pair = |folder: &str| site.sh(&format!("cat {folder}/client.cert")).ok();
    let kept = format!("/root/kept/{}", site.host());
    assert_ne!(pair(&site.folder()), pair(&kept));
    for docker in [DOCKER, OLDER] {
        site.is_let_in(docker);
    }
    let _ = site.other_host("second").ok();
    step("dropped");
    for docker in [DOCKER, OLDER] {
        site.is_let_in(docker);
    }
    let refused = site.other_host("second").expect_code(1);
    assert!(refused.stdout.contains("failed to do request"), "{refused}");
    // And the daemons with the old one.
    let folder = site.folder();
    let _ = site
        .sh(&format!(
            "cp -a {folder} /root/new && cp -a {kept}/client.* {folder}/"
        ))
        .ok();
    for docker in [DOCKER, OLDER] {
        site.is_refused(docker, REFUSED);
    }
    let _ = site.sh(&format!("cp -a /root/new/client.* {folder}/")).ok();
    site.push_and_pull(DOCKER, "third");
    let _ = site.sealock("status").expect_code(0);
}

/// A new anchor for servers: hosts trust it before the registry shows a certificate of it, and from then on who was not
/// touched does not believe the registry any more.
fn server_rotated(site: &Site) {
    let folder = site.folder();
    let anchors = || site.sh(&format!("grep -c BEGIN {folder}/ca.crt")).ok();
    let _ = site
        .sh(&format!("rm -r /root/kept/* && cp -a {folder} /root/kept/"))
        .ok();
    let shown = site.served();
    for (reached, count, served_anew, untouched) in [
        ("trusted", "2\n", false, true),
        ("swapped", "2\n", true, false),
        ("dropped", "1\n", true, false),
    ] {
        let said = site.sealock("ca rotate server --step --yes").expect_code(0);
        says(&said, &[&format!("{reached}: ")]);
        assert_eq!(anchors(), count, "{reached}");
        assert_eq!(site.served() != shown, served_anew, "{reached}");
        for docker in [DOCKER, OLDER] {
            site.is_let_in(docker);
        }
        let other = site.other_host("second");
        assert_eq!(other.code == 0, untouched, "{reached}: {other}");
        assert!(
            untouched || other.stdout.contains(UNKNOWN_AUTHORITY),
            "{other}"
        );
    }
    let _ = site.sealock("status").expect_code(0);
}

/// Everything new at once: both daemons get in, and nobody with what was copied before.
fn rekeyed(site: &Site) {
    let folder = site.folder();
    let _ = site
        .sh(&format!("rm -r /root/kept/* && cp -a {folder} /root/kept/"))
        .ok();
    let _ = site.sealock("rekey --yes").expect_code(0);
    for docker in [DOCKER, OLDER] {
        site.is_let_in(docker);
    }
    // With the old pair, and the new anchors.
    let refused = format!("cp -a {folder}/ca.crt /root/kept/{}/", site.host());
    let _ = site.sh(&refused).ok();
    let refused = site.other_host("second").expect_code(1);
    assert!(refused.stdout.contains("failed to do request"), "{refused}");
    assert!(!refused.stdout.contains(UNKNOWN_AUTHORITY), "{refused}");
    site.push_and_pull(OLDER, "fourth");
    let _ = site.sealock("status").expect_code(0);
}
