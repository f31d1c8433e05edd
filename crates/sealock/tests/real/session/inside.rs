//! What a session is while it lives: every client gets in, and no secret lies anywhere.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::process::Command;
use std::time::Duration;

use sealock_pki::Purpose;
use sealock_testkit::lab::{Version, lab};
use sealock_testkit::leak::Secrets;
use sealock_testkit::process::{becomes, run};
use sealock_vault::{State, StateKind};

use super::{Desk, Live, inventory, session};
use crate::clients::every_way;
use crate::common::{Host, report};

#[test]
fn a_command_gets_in_with_a_certificate_of_its_own() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let (standing, _) = inventory(&host.sealock);
    for version in [Version::V20, Version::V28] {
        let docker = lab().docker_cli(version).display().to_string();
        let words = ["session", "alice", "--", &docker, "ps", "-q", "--no-trunc"];
        let ps = host.sealock.run(&words).expect_code(0);
        assert_eq!(ps.stdout.trim(), host.container.id);
        assert_eq!(ps.stderr, "");
    }
    // By the shortest name the server's certificate has, as well as by the first.
    let endpoint = format!("tcp://localhost:{}", host.port);
    let docker = lab().docker_cli(Version::V28).display().to_string();
    let there = [
        "session",
        "alice",
        "--endpoint",
        &endpoint,
        "--",
        &docker,
        "ps",
    ];
    let _ = host.sealock.run(&there).expect_code(0);

    let before = findings(&host);
    let live = Live::start(&host.sealock, &["--ttl", "5m"]);
    let beside = Live::start(&host.sealock, &[]);
    assert_ne!(live.directory, beside.directory);
    for (name, attempt) in every_way(&host, &live.directory) {
        assert!(attempt.got_in, "{name}: {}", attempt.text);
    }
    // Of two that live side by side the end of one does not end the other.
    let gone = live.directory.clone();
    assert_eq!(live.end(), Some(0));
    assert!(!gone.exists());
    for (name, attempt) in every_way(&host, &beside.directory).into_iter().take(2) {
        assert!(attempt.got_in, "{name}: {}", attempt.text);
    }
    // A short life is half over when it begins, and is no finding for that.
    let short = Live::start(&host.sealock, &["--ttl", "1m"]);
    assert_eq!(findings(&host), before);
    assert_eq!(short.end(), Some(0));
    // While it lives it is nobody's standing certificate.
    let list = host.sealock.run(&["--json", "client", "list"]).ok();
    assert!(list.contains(&standing[0].serial.to_string()), "{list}");
    assert_eq!(beside.end(), Some(0));

    let (still, sessions) = inventory(&host.sealock);
    assert_eq!(still.len(), 1);
    assert_eq!(
        (&still[0].serial, &still[0].state),
        (&standing[0].serial, &State::Active)
    );
    assert_eq!(sessions.len(), 6);
    for entry in &sessions {
        assert_eq!(entry.state.kind(), StateKind::Withdrawn);
        assert_eq!(entry.common_name.as_deref(), Some("alice"));
        let life = entry.not_after.since(entry.issued_at).as_secs();
        assert!((60..=901).contains(&life), "{life} s");
        assert_eq!(entry.issued_at.since(entry.not_before).as_secs() / 10, 30);
        assert!(
            entry
                .certificate
                .describe()
                .purposes
                .to_string()
                .contains("client")
        );
        assert_eq!(entry.purpose, Purpose::Client);
    }
    let _ = host.sealock.run(&["status"]).expect_code(0);
    host.lives();
}

/// The codes of everything that a check finds.
fn findings(host: &Host) -> Vec<String> {
    let said = host.sealock.run(&["--json", "check"]).stdout;
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let reports = said["reports"].as_array().unwrap().iter();
    reports
        .flat_map(|report| report["findings"].as_array().unwrap())
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn when_its_time_is_over_docker_20_refuses_it() {
    ends_with_its_time(Version::V20);
}

#[test]
fn when_its_time_is_over_docker_28_refuses_it() {
    ends_with_its_time(Version::V28);
}

fn ends_with_its_time(version: Version) {
    let host = Host::new(version);
    let _ = host.up(&[]).expect_code(0);
    let docker = lab().docker_cli(version).display().to_string();
    let script = format!("{docker} ps -q --no-trunc; sleep 2.5; {docker} ps -q");
    let outcome = host
        .sealock
        .run(&session(&["--ttl", "2s"], &script))
        .expect_code(1);
    assert_eq!(outcome.stdout.trim(), host.container.id, "{outcome}");
    // What the client says of it depends on who is faster; the daemon knows why.
    let why = "certificate has expired or is not yet valid";
    let logged = becomes(Duration::from_secs(5), || host.daemon.log().contains(why));
    assert!(logged, "{}", host.daemon.log());
}

#[test]
fn no_secret_has_a_name_and_none_is_handed_on() {
    let desk = Desk::new("inside");
    let live = Live::start(&desk.sealock, &[]);
    let directory = fs::symlink_metadata(&live.directory).unwrap();
    assert_eq!(
        (directory.mode() & 0o7777, directory.is_dir()),
        (0o700, true)
    );
    let mut names = Vec::new();
    for entry in fs::read_dir(&live.directory).unwrap() {
        let entry = entry.unwrap();
        assert!(entry.file_type().unwrap().is_symlink());
        let target = fs::read_link(entry.path()).unwrap();
        let ours = format!("/proc/{}/fd/", live.sealock.id());
        assert!(target.to_str().unwrap().starts_with(&ours), "{target:?}");
        let file = fs::metadata(entry.path()).unwrap();
        assert!(file.is_file() && !file.file_type().is_block_device());
        assert_eq!(file.mode() & 0o7777, 0o400);
        // Not even root changes it.
        assert!(fs::write(entry.path(), "x").is_err());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["ca.pem", "cert.pem", "key.pem"]);

    let secrets = Secrets::new().key_file(&live.key());
    for process in [live.sealock.id(), live.command] {
        for about in ["environ", "cmdline"] {
            let bytes = fs::read(format!("/proc/{process}/{about}")).unwrap();
            assert_eq!(secrets.in_text(about, &bytes), []);
        }
        // 1, and not 0, which a kernel that pipes dumps to a program does not heed.
        let limits = fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
        let core = limits
            .lines()
            .find(|line| line.starts_with("Max core file size"));
        assert_eq!(core.unwrap().split_whitespace().nth(4), Some("1"));
    }
    let environment = fs::read(format!("/proc/{}/environ", live.command)).unwrap();
    let environment = String::from_utf8(environment).unwrap();
    let variable = |name: &str| {
        let begin = format!("{name}=");
        environment
            .split('\0')
            .find_map(|line| line.strip_prefix(&begin))
    };
    assert_eq!(variable("DOCKER_HOST"), Some("tcp://127.0.0.1:2376"));
    assert_eq!(variable("DOCKER_TLS_VERIFY"), Some("1"));
    assert_eq!(variable("DOCKER_CERT_PATH"), live.directory.to_str());
    assert_eq!(variable("SEALOCK_SESSION"), Some("alice"));
    assert_eq!(live.end(), Some(0));
}

#[test]
fn what_signed_it_is_not_in_memory_any_more() {
    let phrase = sealock_testkit::Scratch::new("phrase");
    let file = phrase.write("pass", "vier bunte Boote im Nebel\n");
    let source = format!("file:{}", file.display());
    for options in [&[][..], &["--passphrase", &source]] {
        let desk = Desk::with("memory", options);
        let live = Live::start(&desk.sealock, options);
        let mut keys = vec![live.key()];
        let issuers = fs::read_dir(desk.sealock.home().join("issuers")).unwrap();
        keys.extend(issuers.map(|entry| entry.unwrap().path()));
        assert_eq!(keys.len(), 3);
        for key in &keys {
            assert_eq!(in_memory(&live, key, &file), "none", "{}", key.display());
        }
        assert_eq!(live.end(), Some(0));
    }
}

/// Which forms of a key (lines of its PEM, its DER, the number itself either way round), and whether its passphrase, are in
/// the memory of a session's sealock.
fn in_memory(live: &Live, key: &std::path::Path, passphrase: &std::path::Path) -> String {
    let script = "\
import re, subprocess, sys
pid, key, passphrase, known = sys.argv[1:]
command = ['openssl', 'pkey', '-passin', 'file:' + passphrase, '-in', key]
pem = subprocess.run(command, capture_output=True, check=True).stdout
der = subprocess.run(command + ['-outform', 'DER'], capture_output=True, check=True).stdout
number = re.search(rb'\\x02\\x01\\x01\\x04\\x20(.{32})', der, re.S).group(1)
needles = {'der': der, 'number': number, 'turned': number[::-1], 'passphrase': open(passphrase, 'rb').read().strip()}
for line in pem.splitlines():
    if len(line) > 32 and not line.startswith(b'-'):
        needles[f'line of {len(line)}'] = line
found = set()
sees = False
with open(f'/proc/{pid}/mem', 'rb', 0) as memory:
    for line in open(f'/proc/{pid}/maps'):
        begin, end = (int(word, 16) for word in line.split()[0].split('-'))
        if 'rw' not in line.split()[1] or '[v' in line:
            continue
        memory.seek(begin)
        text = memory.read(end - begin)
        sees |= known.encode() in text
        found |= {name for name, needle in needles.items() if needle in text}
assert sees, 'not even the directory of its links is found'
print(*sorted(found) or ['none'])
";
    let process = live.sealock.id().to_string();
    let outcome = run(Command::new("python3")
        .args(["-c", script, &process])
        .args([key, passphrase])
        .arg(&live.directory));
    outcome.ok().trim().to_owned()
}

#[test]
fn the_users_own_settings_do_not_lead_elsewhere() {
    let desk = Desk::new("settings");
    let mut command = desk
        .sealock
        .command(&session(&[], "env | grep ^DOCKER_ | sort"));
    for (name, value) in [
        ("DOCKER_HOST", "unix:///elsewhere"),
        ("DOCKER_CONTEXT", "elsewhere"),
        ("DOCKER_TLS", "1"),
        ("DOCKER_TLS_VERIFY", ""),
        ("DOCKER_CERT_PATH", "/elsewhere"),
        ("DOCKER_TLS_HOSTNAME", "elsewhere"),
        ("DOCKER_CONFIG", "/their/own"),
    ] {
        command.env(name, value);
    }
    let said = run(&mut command).ok();
    let lines: Vec<&str> = said.lines().collect();
    let [cert, config, host, verify] = lines.as_slice() else {
        panic!("{said}");
    };
    assert!(
        cert.starts_with("DOCKER_CERT_PATH=/run/sealock-session-"),
        "{said}"
    );
    assert_eq!(*config, "DOCKER_CONFIG=/their/own");
    assert_eq!(*host, "DOCKER_HOST=tcp://127.0.0.1:2376");
    assert_eq!(*verify, "DOCKER_TLS_VERIFY=1");
}

#[test]
fn the_passphrase_is_not_inherited_and_other_descriptors_are() {
    let phrase = sealock_testkit::Scratch::new("phrase");
    let file = phrase.write("pass", "vier bunte Boote im Nebel\n");
    let file = file.display().to_string();
    let desk = Desk::with("sealed", &["--passphrase", &format!("file:{file}")]);
    let script = "for fd in 3 4 5; do [ -e /proc/$$/fd/$fd ] && echo $fd; done; cat <&4";
    let words = session(&["--passphrase", "fd:3"], script);
    let inner = desk.sealock.command(&words);
    let other = desk.file("other", "for the command\n", 0o600);
    let mut bash = Command::new("bash");
    bash.args(["-c", "exec \"$@\" 3<\"$PASS\" 4<\"$OTHER\"", "bash"])
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("PASS", &file)
        .env("OTHER", &other);
    let outcome = run(&mut bash);
    assert_eq!(outcome.clone().ok(), "4\nfor the command\n", "{outcome}");
    // As standard input the command gets an empty one in its place.
    let words = session(&["--passphrase", "fd:0"], "cat; echo end");
    let inner = desk.sealock.command(&words);
    let mut bash = Command::new("bash");
    bash.args(["-c", "exec \"$@\" <\"$PASS\"", "bash"])
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("PASS", &file);
    assert_eq!(run(&mut bash).ok(), "end\n");
}

#[test]
fn how_long_it_takes_to_begin() {
    let desk = Desk::new("begin");
    let mut times: Vec<f64> = (0..9)
        .map(|_| {
            let words = session(&[], "true");
            let words = [&["-v"], words.as_slice()].concat();
            let said = desk.sealock.run(&words).expect_code(0).stderr;
            let after = said
                .split("runs after ")
                .nth(1)
                .unwrap_or_else(|| panic!("{said}"));
            after.split(' ').next().unwrap().parse().unwrap()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    report(&format!(
        "session: its command runs after {} ms (median of 9)",
        times[4]
    ));
    assert!(times[4] < 1000.0, "{times:?}");
}
