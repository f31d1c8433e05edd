//! Variables of the shell.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use sealock_testkit::lab::Version;

use super::{BOTH, Shell, copy, endpoint, foreign_anchor};
use crate::common::Host;

#[test]
fn what_variables_do_and_what_people_believe_that_they_do() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let healthy = Shell::of(&host, &host.client("alice"));
    healthy.gets_in(&[]).check(&[]).expect_nothing();

    a_no_that_means_yes(&host, &healthy);
    folders_that_nobody_reads(&healthy);
    spellings_of_the_host(&host, &healthy);
    sockets(&host, &healthy);
    unverified(&host, &healthy);
    healthy.gets_in(&[]).check(&[]).expect_nothing();
}

fn a_no_that_means_yes(host: &Host, healthy: &Shell<'_>) {
    for word in ["0", "false", "no"] {
        let shell = healthy.clone().set("DOCKER_TLS_VERIFY", word);
        shell.gets_in(&[]).check(&[]).expect_first("SL-F503");
    }
    // It is verified all the same: with another anchor the same shell stops.
    let deceived = copy(host, "deceived");
    fs::copy(foreign_anchor(host), deceived.join("ca.pem")).unwrap();
    let shell = Shell::of(host, &deceived).set("DOCKER_TLS_VERIFY", "0");
    shell.stops(&[], &["certificate signed by unknown authority"]);
    // And without one it stops before it connects; the word that was meant as no is the cause.
    fs::remove_file(deceived.join("ca.pem")).unwrap();
    let found = shell.stops(&[], &["no such file"]).check(&[]);
    found.expect_first("SL-F503").expect("SL-F505");
    assert_eq!(found.finding("SL-F503")["severity"], "locked-out");
}

fn folders_that_nobody_reads(healthy: &Shell<'_>) {
    let clear = healthy.clone().unset("DOCKER_TLS_VERIFY");
    let told = ["Client sent an HTTP request to an HTTPS server"];
    let found = clear.stops(&[], &told).check(&[]);
    found.expect_first("SL-F504");
    assert_eq!(
        found.finding("SL-F504")["consequences"][0],
        "SL-F516",
        "{found}"
    );
    // The pasteable help helps.
    assert_eq!(
        found.finding("SL-F504")["help"],
        "export DOCKER_TLS_VERIFY=1"
    );
    healthy.gets_in(&[]);
    let bare = clear.clone().unset("DOCKER_CERT_PATH");
    bare.stops(&[], &told).check(&[]).expect_first("SL-F516");
    // With the words that switch TLS on, and with nothing that names the folder, it is ~/.docker that is read.
    let lost = healthy.clone().unset("DOCKER_CERT_PATH");
    let told = [".docker/ca.pem: no such file or directory"];
    lost.stops(&[], &told).check(&[]).expect_first("SL-F505");
}

fn spellings_of_the_host(host: &Host, healthy: &Shell<'_>) {
    let own = endpoint(host);
    let said = |value: &str| healthy.clone().set("DOCKER_HOST", value);

    let two = format!("{own},{own}");
    let shell = said(&two);
    shell.stops(&[], &["invalid proto"]);
    shell.check(&[]).expect_first("SL-F508");
    let both = ["-H", &own, "-H", &own];
    healthy.stops(&both, &["specify only one -H"]);

    let web = own.replace("tcp://", "https://");
    let shell = said(&web)
        .stops(&[], &["invalid bind address format"])
        .clone();
    let found = shell.check(&[]);
    found.expect_first("SL-F511");
    assert_eq!(found.finding("SL-F511")["help"], format!("write {own}"));

    let below = format!("{own}/docker");
    let shell = said(&below);
    shell.stops(&[], &["page not found"]);
    shell.check(&[]).expect_first("SL-F523");

    let typo = own.replace("tcp://", "tpc://");
    let shell = said(&typo);
    shell.stops(&[], &["invalid bind address format"]);
    shell.check(&[]).expect_first("SL-F526");

    without_a_port(healthy);
}

/// The port that is added is 2375, even with TLS, and the finding says so.
fn without_a_port(healthy: &Shell<'_>) {
    let number = std::process::id();
    let address = format!("127.{}.{}.7", number % 250 + 1, number / 250 % 250 + 1);
    let with_tls = healthy
        .clone()
        .set("DOCKER_HOST", format!("tcp://{address}"));
    let clear = with_tls
        .clone()
        .unset("DOCKER_TLS_VERIFY")
        .unset("DOCKER_CERT_PATH");
    for shell in [with_tls, clear] {
        for cli in BOTH {
            let knocks = knocks_at(&address, 2375, || {
                let said = shell.docker(cli, &super::ASK);
                assert!(said.code != 0, "{said}");
            });
            assert!(knocks, "{cli:?} goes elsewhere");
        }
        let found = shell.check(&[]);
        found.expect_first("SL-F507");
        let cause = found.finding("SL-F507")["spots"][0]["cause"].as_str();
        let leads = format!("leads to tcp://{address}:2375");
        assert!(cause.unwrap().ends_with(&leads), "{found}");
    }
}

/// Another thread's child holds the last listener until it becomes another program.
fn listening(address: &str, port: u16) -> TcpListener {
    let limit = Instant::now() + Duration::from_secs(20);
    loop {
        match TcpListener::bind((address, port)) {
            Err(why) if why.kind() == ErrorKind::AddrInUse && Instant::now() < limit => {
                std::thread::sleep(Duration::from_millis(20));
            }
            other => return other.expect("an address of loopback"),
        }
    }
}

/// Whether somebody connects to that very port while `act` runs; whoever does is hung up on.
pub(super) fn knocks_at(address: &str, port: u16, act: impl FnOnce()) -> bool {
    let listener = listening(address, port);
    let taker = {
        let listener = listener.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut count = 0;
            while let Ok((mut stream, from)) = listener.accept() {
                let mut first = [0];
                let got = std::io::Read::read(&mut stream, &mut first).unwrap_or(0);
                if from.ip().is_loopback() && got == 1 && first[0] == b'.' {
                    break;
                }
                count += 1;
            }
            count
        })
    };
    act();
    let mut end = std::net::TcpStream::connect((address, port)).unwrap();
    std::io::Write::write_all(&mut end, b".").unwrap();
    taker.join().unwrap() > 0
}

fn sockets(host: &Host, healthy: &Shell<'_>) {
    let socket = format!("unix://{}", host.daemon.socket().display());
    let local = healthy.clone().set("DOCKER_HOST", &socket);
    let old = local.docker(Version::V20, &super::ASK);
    assert!(old.stderr.contains("no such host"), "{old}");
    let new = local.docker(Version::V28, &super::ASK);
    assert!(new.stdout.starts_with("server="), "{new}");
    local.check(&[]).expect_first("SL-F524");
    // Without a ca.pem not even the socket is reached.
    let lost = local.unset("DOCKER_CERT_PATH");
    let found = lost
        .stops(&[], &["ca.pem: no such file or directory"])
        .check(&[]);
    found.expect_first("SL-F505").expect("SL-F524");
    let plain = lost.unset("DOCKER_TLS_VERIFY");
    plain.gets_in(&[]).check(&[]).expect_nothing();
    let idle = plain.set("DOCKER_CERT_PATH", host.client("alice").display());
    idle.gets_in(&[]).check(&[]).expect_first("SL-F519");
}

fn unverified(host: &Host, healthy: &Shell<'_>) {
    let deceived = copy(host, "unverified");
    fs::copy(foreign_anchor(host), deceived.join("ca.pem")).unwrap();
    let careless = Shell::of(host, &deceived)
        .unset("DOCKER_TLS_VERIFY")
        .set("DOCKER_TLS", "1");
    // Whose anchor it is makes no difference.
    careless.gets_in(&[]).check(&[]).expect_first("SL-F518");
    let careless = healthy
        .clone()
        .unset("DOCKER_TLS_VERIFY")
        .set("DOCKER_TLS", "1");
    careless.gets_in(&[]).check(&[]).expect_first("SL-F518");
    // And still it has to be there.
    fs::remove_file(deceived.join("ca.pem")).unwrap();
    let lost = careless.set("DOCKER_CERT_PATH", deceived.display());
    let told = ["ca.pem: no such file or directory"];
    lost.stops(&[], &told).check(&[]).expect_first("SL-F505");
}

#[test]
fn a_proxy_takes_the_connection() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let port = sealock_testkit::process::free_port();
    let proxy = format!("http://127.0.0.1:{port}");
    // No name leads there; docker does not ask, for the proxy would.
    let shell = Shell::of(&host, &host.client("alice"))
        .set("DOCKER_HOST", "tcp://docker.invalid:2376")
        .set("HTTPS_PROXY", &proxy);
    for cli in BOTH {
        assert!(knocks_at("127.0.0.1", port, || {
            let said = shell.docker(cli, &super::ASK);
            assert!(said.code != 0, "{said}");
        }));
    }
    let told = ["Cannot connect to the Docker daemon at tcp://docker.invalid:2376"];
    shell.stops(&[], &told).check(&[]).expect_first("SL-F512");
    // With its help in force nobody knocks at the proxy any more.
    let freed = shell.clone().set("NO_PROXY", "docker.invalid");
    for cli in BOTH {
        assert!(!knocks_at("127.0.0.1", port, || {
            let said = freed.docker(cli, &super::ASK);
            assert!(said.stderr.contains("docker.invalid"), "{said}");
        }));
    }
    freed.check(&[]).expect_first("SL-F903");
    // Loopback is exempt, for docker and for us.
    let near = shell.set("DOCKER_HOST", endpoint(&host));
    near.gets_in(&[]).check(&[]).expect_nothing();
}
