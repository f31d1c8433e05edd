//! Addresses where nobody answers, and names that lead nowhere.

use std::net::SocketAddr;
use std::process::Command;

use sealock_testkit::Network;

use crate::check::peers::{Closed, Kit};

/// `command` behind an `/etc/hosts`, `/etc/nsswitch.conf` and `/etc/resolv.conf` of its own: those of the kit, where there
/// are some; else there is no DNS, and only localhost has an address.
pub(crate) fn resolving(kit: &Kit, command: &Command) -> Command {
    let usual = [
        ("hosts", "127.0.0.1 localhost\n"),
        ("nsswitch.conf", "hosts: files\n"),
        ("resolv.conf", ""),
    ];
    for (name, text) in usual {
        if !kit.path(name).exists() {
            kit.folder.write(name, text);
        }
    }
    let mut private = Command::new("unshare");
    private
        .args(["--mount", "sh", "-ec"])
        .arg("for name in hosts nsswitch.conf resolv.conf; do mount --bind \"$0/$name\" /etc/$name; done; exec \"$@\"")
        .arg(kit.folder.path());
    with(private, command)
}

/// `command` in a network of its own.
fn inside(network: &Network, command: &Command) -> Command {
    let mut inside = Command::new("nsenter");
    inside.arg(format!("--net={}", network.namespace_path()));
    with(inside, command)
}

/// `command` run through `outer`.
fn with(mut outer: Command, command: &Command) -> Command {
    outer.env_clear();
    for (name, value) in command.get_envs() {
        outer.env(name, value.unwrap());
    }
    outer.arg(command.get_program()).args(command.get_args());
    outer
}

#[test]
fn a_closed_port_refuses() {
    let kit = Kit::new();
    let closed = Closed::new();
    let place = closed.place();
    let found = kit.first(&place, "SL-F901");
    assert_eq!(found.codes(), ["SL-F901"], "{found}");
}

#[test]
fn what_is_dropped_on_the_way_is_silent() {
    let kit = Kit::new();
    let network = Network::new();
    let _ = network
        .sh("iptables -A INPUT -p tcp --dport 2376 -j DROP; ip route add unreachable 198.51.100.0/24")
        .ok();
    let places = [
        // A firewall; nobody has this address; no way there.
        ("tcp://10.77.0.254:2376", "gave no answer within 1s"),
        ("tcp://10.77.0.77:2376", "gave no answer within 1s"),
        ("tcp://198.51.100.1:2376", "cannot be reached: "),
    ];
    for (place, cause) in places {
        let found = kit.first_through(place, "SL-F902", |_, command| inside(&network, &command));
        assert_eq!(found.codes(), ["SL-F902"], "{found}");
        let said = found.finding("SL-F902")["spots"][0]["cause"]
            .as_str()
            .unwrap();
        assert!(said.contains(cause), "{said}");
    }
    // The resolver is behind the firewall too.
    kit.folder.write("nsswitch.conf", "hosts: dns\n");
    kit.folder.write("resolv.conf", "nameserver 10.77.0.254\n");
    let _ = network.sh("iptables -A INPUT -p udp -j DROP").ok();
    let found = kit.first_through("tcp://docker.example.org", "SL-F903", |kit, command| {
        inside(&network, &resolving(kit, &command))
    });
    assert!(
        found.to_string().contains("did not answer within 1s"),
        "{found}"
    );
}

#[test]
fn names_lead_nowhere_or_to_two_servers() {
    let kit = Kit::new();
    kit.folder.write(
        "hosts",
        "127.0.0.1 localhost docker.example\n127.0.0.2 docker.example\n",
    );
    let through = |kit: &Kit, command: Command| resolving(kit, &command);
    let found = kit.first_through("tcp://docker.invalid:2376", "SL-F903", through);
    assert_eq!(found.codes(), ["SL-F903"], "{found}");

    kit.server("other", "/CN=docker.example", "DNS:docker.example");
    let one = kit.serve("server", "-cipher ECDHE+AESGCM");
    let place = one.place().replace("127.0.0.1", "docker.example");
    let look = |code: Option<&str>| {
        let found = kit.look_through(&place, through);
        let codes: Vec<String> = code.iter().map(ToString::to_string).collect();
        assert_eq!(found.codes(), codes, "{found}");
        found
    };
    // The other address does not answer, answers with the same certificate, with another one.
    look(None);
    let second = SocketAddr::new([127, 0, 0, 2].into(), one.address.port());
    let same = kit.serve_at(second, "server", "-cipher ECDHE+AESGCM");
    look(None);
    drop(same);
    let _other = kit.serve_at(second, "other", "-cipher ECDHE+AESGCM");
    let found = look(Some("SL-F910"));
    assert!(found.to_string().contains("127.0.0.2:"), "{found}");
}
