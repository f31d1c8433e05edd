//! Whatever is not as it was proved is named by `status` and mended by `apply`, with the container alive.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use sealock_testkit::lab::Version;
use sealock_testkit::process::{free_port, run, wait_for};

use crate::common::{Host, faketime};

#[test]
fn every_damage_is_named_by_status_and_mended_by_apply() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let live = host.live();
    let toml = host.sealock.config();
    let json = host.daemon.config_file();
    let key = live.join("server-key.pem");

    mended(&host, "server-cert.pem: missing", || {
        fs::remove_file(live.join("server-cert.pem")).unwrap();
    });
    mended(&host, "mode 0644, expected 0400", || set_mode(&key, 0o644));
    mended(&host, "0700", || {
        set_mode(&host.etc().join("sealock"), 0o755);
    });
    mended(&host, "server-key.pem: the file is empty", || {
        fs::write(&key, "").unwrap()
    });
    mended(&host, "link to the certificate", || {
        fs::remove_file(&live).unwrap();
    });
    mended(&host, "`tlsverify` is not true", || {
        replace(&json, "\"tlsverify\": true", "\"tlsverify\": false");
    });
    mended(&host, "`hosts` does not have", || {
        replace(&json, &format!(", \"tcp://{}\"", host.listen()), "");
    });
    mended(&host, "it does not carry docker.example.org", || {
        replace(&toml, "names = [", "names = [\"docker.example.org\", ");
    });
    mended(
        &host,
        "it carries docker.example.org, which is not wanted",
        || {
            replace(&toml, "\"docker.example.org\", ", "");
        },
    );
    mended(&host, "the client alice has no good certificate", || {
        fs::remove_file(host.client("alice").join("cert.pem")).unwrap();
    });
    mended(&host, "key does not match", || {
        let stolen = fs::read(host.client("alice").join("key.pem")).unwrap();
        fs::write(&key, stolen).unwrap();
    });
}

#[test]
fn an_expired_server_certificate_is_named_and_renewed() {
    let host = Host::new(Version::V20);
    let old = host.up_without_restart(&[]);
    let _ = run(&mut faketime("-200d", old)).expect_code(3);
    host.daemon.restart();
    let status = host.sealock.run(&["status"]).expect_code(3);
    assert!(status.stdout.contains("expired"), "{status}");
    host.lives();
    let _ = host.up(&[]).expect_code(0);
    healthy(&host);
}

#[test]
fn certificates_are_renewed_when_two_thirds_of_their_life_are_over() {
    let host = Host::new(Version::V28);
    // No proof at that time: dockerd, whose clock is right, would refuse what sealock proves with.
    let old = host.up_without_restart(&[]);
    let _ = run(&mut faketime("-65d", old)).expect_code(3);
    host.daemon.restart();
    let serials = serials(&host);
    let status = host.sealock.run(&["status"]).expect_code(3);
    assert!(
        status.stdout.contains("two thirds of its life are over"),
        "{status}"
    );
    let _ = host.up(&[]).expect_code(0);
    healthy(&host);
    let now = self::serials(&host);
    assert!(now.iter().all(|serial| !serials.contains(serial)));
    let list = host.sealock.run(&["cert", "list", "--json"]).ok();
    assert_eq!(list.matches("superseded").count(), 2, "{list}");
}

#[track_caller]
fn mended(host: &Host, named: &str, damage: impl FnOnce()) {
    damage();
    let status = host.sealock.run(&["status"]).expect_code(3);
    assert!(status.stdout.contains(named), "wanted `{named}`: {status}");
    let _ = host.sealock.run(&["plan"]).expect_code(3);
    let _ = host.sealock.run(&["apply", "--yes"]).expect_code(0);
    healthy(host);
}

#[track_caller]
fn healthy(host: &Host) {
    let _ = host.sealock.run(&["status"]).expect_code(0);
    let apply = host.sealock.run(&["apply", "--yes"]).expect_code(0);
    assert!(apply.stderr.starts_with("0 changes"), "{apply}");
    host.lives();
}

/// The serials that `status` lists, without those of the anchors.
fn serials(host: &Host) -> Vec<String> {
    let status = host.sealock.run(&["status", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let all = json["certificates"].as_array().unwrap().iter();
    let leaves = all.filter(|one| !one["name"].as_str().unwrap().ends_with("anchor"));
    leaves
        .map(|one| one["serial"].as_str().unwrap().to_owned())
        .collect()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(
        text.contains(from),
        "{} has no `{from}`: {text}",
        path.display()
    );
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn a_daemon_that_died_is_named_and_started_with_its_container_alive() {
    let host = Host::new(Version::V20);
    let _ = host.up(&[]).expect_code(0);
    host.daemon.stop();
    let status = host.sealock.run(&["status"]).expect_code(3);
    assert!(status.stdout.contains("not healthy"), "{status}");
    let _ = host.sealock.run(&["apply", "--yes"]).expect_code(0);
    healthy(&host);
}

#[test]
fn what_somebody_wrote_into_daemon_json_since_stays_when_ours_goes() {
    let host = Host::new(Version::V28);
    let before = fs::read_to_string(host.daemon.config_file()).unwrap();
    let _ = host.up(&[]).expect_code(0);
    replace(
        &host.daemon.config_file(),
        "{\n",
        "{\n    \"debug\": true,\n",
    );
    healthy(&host);
    let down = host.sealock.run(&["down", "--yes"]).expect_code(0);
    assert!(down.stderr.contains("was edited since"), "{down}");
    let after = fs::read_to_string(host.daemon.config_file()).unwrap();
    assert_eq!(
        after,
        before.replacen("{\n", "{\n    \"debug\": true,\n", 1)
    );
    assert!(host.daemon.answers() && !host.is_open());
    host.lives();
}

#[test]
fn a_plain_port_is_closed_and_said_aloud_and_open_again_after_the_way_back() {
    let plain = free_port();
    let host = Host::with_config(
        Version::V20,
        &format!(
            "{{\"deprecated-key-path\":\"@FOLDER@/key.json\",\"hosts\":[\"tcp://127.0.0.1:{plain}\",\"unix://@SOCKET@\"]}}\n"
        ),
    );
    let before = fs::read(host.daemon.config_file()).unwrap();
    let is_open = || std::net::TcpStream::connect(("127.0.0.1", plain)).is_ok();
    assert!(is_open());
    let up = host.up(&[]).expect_code(0);
    let said =
        format!("127.0.0.1:{plain} (daemon.json) was open without a certificate, and is closed");
    assert!(up.stderr.contains(&said), "{up}");
    assert!(!is_open());
    host.lives();
    let _ = host.sealock.run(&["down", "--yes"]).expect_code(0);
    assert_eq!(fs::read(host.daemon.config_file()).unwrap(), before);
    wait_for("the plain port", Duration::from_secs(30), is_open);
    host.lives();
}
