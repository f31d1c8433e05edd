//! A registry's clients: dockerd on the host of the authority and on others, and curl.

use sealock_testkit::process::Outcome;
use sealock_testkit::{Machine, Registry, Suite};
use serde_json::Value;

use super::stage::recipe;
use crate::common::program;

const TLS: &str = "certificate: @FOLDER@/server.pem\nkey: @FOLDER@/server.key\nclientcas:\n  - @FOLDER@/clients.pem\n";
/// The registry stands outside of the machine, on an address that is not loopback: there dockerd verifies nothing.
const HOST: &str = "10.77.0.254:5000";
/// What dockerd says when TLS went well and only the image is missing.
const IN: &str = "manifest unknown";

fn ok(machine: &Machine, text: &str) -> String {
    machine.sh(text).ok()
}

fn pull(machine: &Machine) -> Outcome {
    machine.sh(&format!("docker pull {HOST}/missing:1"))
}

#[test]
fn images() {
    let machine = Machine::builder(Suite::Bookworm).program(program()).boot();
    let registry = Registry::prepare(machine.network(), 5000, TLS);
    assert_eq!(registry.host(), HOST);
    for (config, home, name) in [
        ("/etc/sealock/sealock.toml", "/var/lib/sealock", "ours"),
        ("/root/theirs/sealock.toml", "/root/theirs/home", "theirs"),
    ] {
        let sealock = format!("sealock --yes --home {home} --config {config}");
        let _ = ok(
            &machine,
            &format!(
                "mkdir -p $(dirname {config})
cat >{config} <<END
version = 1
[authority]
name = \"{name}\"
[daemon]
listen = [\"127.0.0.1:2376\"]
names = [\"localhost\"]
[[service]]
name = \"images\"
kind = \"registry\"
names = [\"10.77.0.254\"]
address = \"{HOST}\"
END
{sealock} ca create --name {name}
{sealock} client add alice"
            ),
        );
    }
    let _ = ok(
        &machine,
        "ours=/var/lib/sealock/clients/alice theirs=/root/theirs/home/clients/alice
sealock --yes cert issue 10.77.0.254 --profile server --cert /root/server.pem --key /root/server.key
mkdir /root/deceived /root/foreign
cp $ours/cert.pem $ours/key.pem $theirs/ca.pem /root/deceived
cp $theirs/cert.pem $theirs/key.pem $ours/ca.pem /root/foreign",
    );
    let server = registry.server();
    for name in ["server.pem", "server.key"] {
        server.write(name, machine.read(&format!("/root/{name}")));
    }
    server.write("clients.pem", ok(&machine, "sealock ca export client"));
    server.start();

    let shown = |files: &str| -> Value {
        let show = format!("sealock --json service show images --client alice {files}");
        serde_json::from_str(&ok(&machine, &show)).unwrap()
    };
    let login = format!("echo word | docker login --username alice --password-stdin {HOST}");
    for (files, why) in [
        ("--files /root/deceived", "unknown authority"),
        ("--files /root/foreign", "tls: "),
        ("", IN),
    ] {
        let shown = shown(files);
        let _ = ok(&machine, &recipe(&shown, "certs.d").text);
        let said = pull(&machine);
        assert_eq!(
            said.stderr.contains(IN),
            files.is_empty(),
            "{files}: {said}"
        );
        // A registry that hangs up may take its alert along.
        let hung_up = files.contains("foreign") && said.stderr.contains("connection reset");
        assert!(said.stderr.contains(why) || hung_up, "{files}: {said}");
        let said = machine.sh(&login);
        assert_eq!(said.code == 0, files.is_empty(), "{files}: {said}");
        let said = machine.sh(&recipe(&shown, "curl").text);
        assert_eq!(said.code == 0, files.is_empty(), "{files}: {said}");
    }

    // On the host of the authority sealock writes the same files.
    let _ = ok(&machine, &format!("rm -r /etc/docker/certs.d/{HOST}"));
    let said = pull(&machine);
    assert!(said.stderr.contains("unknown authority"), "{said}");
    let trust = recipe(&shown(""), "registry-trust").text;
    let said = machine.sh(&trust.replace("/IMAGE", "/missing:1"));
    assert!(said.stderr.contains(IN), "{said}");
}
