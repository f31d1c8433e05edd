//! Doors that units, groups and modes leave open, on a host that is not cloaked.

use sealock_testkit::Scratch;

use super::{Found, Host};
use crate::common::Sealock;

const SOCKET: &str = "/etc/systemd/system/docker.socket.d/port.conf";
const OVERRIDE: &str = "/etc/systemd/system/docker.service.d/override.conf";

pub(super) fn scenario(host: &Host) {
    socket_and_group(host);
    passed(host);
    believed(host);
}

fn socket_and_group(host: &Host) {
    let _ = host.sh("useradd carol; gpasswd -a carol docker").ok();
    assert!(host.check().expect("SL-F114").to_string().contains("carol"));
    let _ = host.sh("chmod 666 /run/docker.sock").ok();
    let docker = host
        .machine
        .sh_as("nobody", "docker -H unix:///run/docker.sock version");
    assert_eq!(docker.code, 0, "{docker}");
    host.told("SL-F113", "open");
    let _ = host
        .sh("chmod 660 /run/docker.sock; gpasswd -d carol docker")
        .ok();
}

/// systemd opens the port; dockerd neither warns nor waits.
fn passed(host: &Host) {
    host.write(SOCKET, "[Socket]\nListenStream=2375\n");
    let _ = host.sh("systemctl daemon-reload").ok();
    host.told("SL-F109", "latent");
    again(host);
    let open = host.told("SL-F109", "open");
    assert!(!open.codes().contains(&"SL-F101".to_owned()), "{open}");
    assert_eq!(clear(host), "OK");
    from_elsewhere(host);
    let warned = host.sh("docker info 2>&1").ok();
    assert!(!warned.contains("API is accessible"), "{warned}");
    let _ = host.sh(&format!("rm {SOCKET}")).ok();
    again(host);
}

/// Another host of the network, which knows nothing but the address.
fn from_elsewhere(host: &Host) {
    let folder = Scratch::new("elsewhere");
    let endpoint = format!("tcp://{}:2375", host.machine.address());
    let check = Sealock::in_folder(folder.path()).command(&["--json", "check", &endpoint]);
    let found = Found::of(host.machine.network().run(&check));
    found.expect_first("SL-F101");
    assert!(found.to_string().contains(&endpoint), "{found}");
}

/// The help of dockerd says that the variable switches TLS on.
fn believed(host: &Host) {
    host.write(
        OVERRIDE,
        "[Service]\nEnvironment=DOCKER_TLS_VERIFY=1\n\
         ExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// -H tcp://127.0.0.1:2375\n",
    );
    let _ = host.sh("systemctl daemon-reload").ok();
    host.told("SL-F111", "latent");
    again(host);
    host.told("SL-F111", "open");
    assert_eq!(clear(host), "OK");
    let _ = host.sh(&format!("rm {OVERRIDE}")).ok();
    again(host);
}

fn again(host: &Host) {
    let _ = host
        .sh("systemctl daemon-reload; systemctl reset-failed docker.service docker.socket 2>/dev/null; \
             systemctl stop docker.service docker.socket; systemctl start docker.socket; systemctl start docker.service")
        .ok();
}

fn clear(host: &Host) -> String {
    host.sh("curl -s http://127.0.0.1:2375/_ping").ok()
}
