//! No private key and no passphrase where others could see it: not in arguments or environments of any process that is started,
//! not in what is printed, and in no file that is open to others, from the instant it is created.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sealock_change::{Content, Edit, Snapshot};
use sealock_host::Material;
use sealock_host::client::Bundle;
use sealock_pki::{
    AnchorRequest, AuthorityName, CommonName, KeyKind, LeafRequest, Passphrase, PrivateKey,
    Purpose, Timestamp, create_anchor, issue_leaf,
};
use sealock_testkit::leak::{Leak, Secrets};
use sealock_testkit::process::{call, run};
use sealock_testkit::{Dockerd, Outcome, Scratch, Version};
use sealock_tls::Identity;
use sealock_vault::SystemEntropy;

use crate::common::Host;

const SEAL: &str = "correct horse battery staple";
const EXPORT: &str = "an otter in the harbour";

/// Every system call of a command and its children in which a secret could leave, with all its bytes.
struct Traced {
    /// Starts of programs: arguments and environments.
    starts: Vec<String>,
    /// Opens, writes and changes of mode, in order.
    files: Vec<String>,
    outcome: Outcome,
}

fn traced(command: &Command) -> Traced {
    let scratch = Scratch::new("traced");
    let trace = scratch.join("trace");
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-v", "-y", "-s", "1000000", "-e", "signal=none"])
        .args([
            "-e",
            "trace=execve,execveat,openat,write,pwrite64,writev,sendto,chmod,fchmod,fchmodat",
            "-o",
        ])
        .arg(&trace)
        .arg("--")
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear();
    for (name, value) in command.get_envs() {
        strace.env(name, value.unwrap_or_default());
    }
    let outcome = run(&mut strace);
    let text = String::from_utf8_lossy(&std::fs::read(&trace).unwrap()).into_owned();
    let (starts, files) = text
        .lines()
        .map(str::to_owned)
        .partition(|line: &String| line.contains(" execve"));
    Traced {
        starts,
        files,
        outcome,
    }
}

/// A restart command under which nothing of the daemon becomes a child of what is traced: a trace would wait for it.
struct Restarter {
    script: PathBuf,
    asked: PathBuf,
    done: PathBuf,
}

impl Restarter {
    fn new(folder: &Path) -> Self {
        let [script, asked, done] = ["restart", "asked", "done"].map(|name| folder.join(name));
        let text = format!(
            "#!/bin/sh\nrm -f {1}\ntouch {0}\nwhile [ ! -e {1} ]; do sleep 0.05; done\n",
            asked.display(),
            done.display()
        );
        std::fs::write(&script, text).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            script,
            asked,
            done,
        }
    }

    fn serve(&self, daemon: &Dockerd, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            if std::fs::remove_file(&self.asked).is_ok() {
                daemon.restart();
                std::fs::write(&self.done, "").unwrap();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn no_secret_leaves_a_sealed_vault() {
    let scratch = Scratch::new("leaks");
    let host = Host::new(Version::V28);
    let restarter = Restarter::new(scratch.path());
    let closed = |name: &str, text: &str| {
        let path = scratch.write(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        format!("file:{}", path.display())
    };
    let (seal, export) = (closed("seal", SEAL), closed("export", EXPORT));
    let stop = AtomicBool::new(false);
    let folders = [host.daemon.folder(), scratch.path()];
    let (seen, secrets) = std::thread::scope(|scope| {
        scope.spawn(|| restarter.serve(&host.daemon, &stop));
        let runs = every_command(&host, &restarter, scratch.path(), &seal, &export);
        let mut seen: Vec<Traced> = runs.iter().map(traced).collect();
        // `down` takes keys away, so they are read before.
        let secrets = all_secrets(&host, &folders);
        let readable = folders.map(|folder| secrets.in_readable_files(folder));
        assert_eq!(readable.concat(), []);
        seen.push(traced(&host.sealock.command(&[
            "-v",
            "--passphrase",
            &seal,
            "down",
            "--yes",
        ])));
        stop.store(true, Ordering::Relaxed);
        (seen, secrets)
    });
    let codes: Vec<i32> = seen.iter().map(|traced| traced.outcome.code).collect();
    for traced in &seen {
        assert_eq!(traced.outcome.code, 0, "{codes:?} {}", traced.outcome);
    }
    let mut leaks = Vec::new();
    let mut starts = 0;
    let mut written = 0;
    for traced in &seen {
        starts += traced.starts.len();
        leaks.extend(secrets.in_text(
            &format!("arguments and environments of {}", traced.outcome.command),
            traced.starts.join("\n").as_bytes(),
        ));
        leaks.extend(secrets.in_text(
            &format!("output of {}", traced.outcome.command),
            traced.outcome.stdout.as_bytes(),
        ));
        leaks.extend(secrets.in_text(
            &format!("errors of {}", traced.outcome.command),
            traced.outcome.stderr.as_bytes(),
        ));
        let (found, count) = open_to_others(&secrets, &traced.files);
        leaks.extend(found);
        written += count;
    }
    leaks.extend(secrets.in_text("the daemon's log", host.daemon.log().as_bytes()));
    for folder in folders {
        leaks.extend(secrets.in_readable_files(folder));
    }
    println!(
        "leaks: {} commands, {starts} programs started, {written} writes of secret bytes, all closed to others",
        seen.len()
    );
    assert!(
        starts > seen.len() && written >= 9,
        "the search sees nothing: {starts} starts, {written} writes"
    );
    assert_eq!(leaks, []);
    host.lives();
}

/// Every command that handles a key or a passphrase, but `down`.
fn every_command(
    host: &Host,
    restarter: &Restarter,
    folder: &Path,
    seal: &str,
    export: &str,
) -> Vec<Command> {
    let path = |name: &str| folder.join(name).display().to_string();
    let daemon = [
        host.daemon.config_file(),
        host.daemon.socket(),
        restarter.script.clone(),
    ]
    .map(|path| path.display().to_string());
    let listen = host.listen();
    let sealed = |words: &[&str]| {
        let mut all = vec!["-v", "--passphrase", seal];
        all.extend(words);
        host.sealock.command(&all)
    };
    vec![
        sealed(&[
            "up",
            "--yes",
            "--listen",
            &listen,
            "--name",
            "localhost",
            "--client",
            "alice",
            "--docker-config",
            &daemon[0],
            "--docker-socket",
            &daemon[1],
            "--restart-command",
            &daemon[2],
        ]),
        sealed(&["apply", "--yes"]),
        sealed(&["status"]),
        sealed(&["--json", "status"]),
        sealed(&[
            "client",
            "add",
            "bob",
            "--yes",
            "--install",
            &format!("dir:{}", path("zone")),
        ]),
        sealed(&["client", "bundle", "bob", "--output", &path("bob.tar")]),
        sealed(&["client", "env", "bob"]),
        sealed(&[
            "cert",
            "issue",
            "carol",
            "--yes",
            "--profile",
            "client",
            "--cert",
            &path("carol.pem"),
            "--key",
            &path("carol.key"),
            "--p12",
            &path("carol.p12"),
            "--p12-passphrase",
            export,
        ]),
        sealed(&["ca", "show"]),
        sealed(&["cert", "list"]),
    ]
}

/// Both passphrases, every line of every key that lies in the folders, and the issuers' keys, unsealed.
fn all_secrets(host: &Host, folders: &[&Path]) -> Secrets {
    let mut secrets = Secrets::new().word(SEAL).word(EXPORT);
    let mut keys = Vec::new();
    for folder in folders {
        find(
            folder,
            &|path| {
                path.to_string_lossy().ends_with("key.pem")
                    || path.extension().is_some_and(|e| e == "key")
            },
            &mut keys,
        );
    }
    let (issuers, leaves): (Vec<_>, Vec<_>) = keys
        .into_iter()
        .partition(|path| path.starts_with(host.sealock.home().join("issuers")));
    assert!(
        issuers.len() == 2 && leaves.len() >= 5,
        "{issuers:?} {leaves:?}"
    );
    for leaf in &leaves {
        secrets = secrets.key_file(leaf);
    }
    for issuer in &issuers {
        let sealed = std::fs::read_to_string(issuer).unwrap();
        assert!(
            sealed.contains("BEGIN ENCRYPTED PRIVATE KEY"),
            "{} is not sealed",
            issuer.display()
        );
        let plain = call(
            "openssl",
            &[
                "pkey",
                "-in",
                &issuer.display().to_string(),
                "-passin",
                &format!("pass:{SEAL}"),
            ],
        )
        .ok();
        for line in plain
            .lines()
            .filter(|line| line.len() >= 32 && !line.starts_with('-'))
        {
            secrets = secrets.word(line);
        }
    }
    secrets
}

fn find(folder: &Path, wanted: &dyn Fn(&Path) -> bool, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(metadata) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        // The daemon's own data are not ours to look through.
        if metadata.is_dir() && !path.ends_with("data") && !path.ends_with("exec") {
            find(&path, wanted, found);
        } else if metadata.is_file() && wanted(&path) && metadata.size() > 0 {
            found.push(path);
        }
    }
}

/// Writes of secret bytes into files that were created, or later made, readable by others; and how many such writes there were.
fn open_to_others(secrets: &Secrets, calls: &[String]) -> (Vec<Leak>, usize) {
    let mut modes: BTreeMap<String, u32> = BTreeMap::new();
    let mut secret: Vec<String> = Vec::new();
    let (mut leaks, mut count) = (Vec::new(), 0);
    let mut leak = |path: &str, mode: Option<u32>| {
        leaks.push(Leak {
            place: path.to_owned(),
            what: format!("a secret, with mode {:o}", mode.unwrap_or_default()),
        });
    };
    for call in calls {
        let path = target(call).unwrap_or_default();
        let mode = octal(call);
        if call.contains(" openat(") && call.contains("O_CREAT") {
            if let Some(mode) = mode {
                modes.insert(path.clone(), mode);
            }
        } else if call.contains("chmod(") {
            if let Some(mode) = mode {
                modes.insert(path.clone(), mode);
                if mode & 0o077 != 0 && secret.contains(&path) {
                    leak(&path, Some(mode));
                }
            }
        } else if (call.contains("write") || call.contains("sendto"))
            // PKCS#12 is binary and sealed, and closed all the same.
            && (path.contains(".p12") || !secrets.in_text("", call.as_bytes()).is_empty())
        {
            count += 1;
            let mode = modes.get(&path).copied();
            if mode.is_none_or(|mode| mode & 0o077 != 0) {
                leak(&path, mode);
            }
            secret.push(path);
        }
    }
    (leaks, count)
}

/// The file that a call is about: what an open gives back, or what a descriptor stands for.
fn target(call: &str) -> Option<String> {
    if call.contains(" openat(") {
        let back = call.rsplit_once(" = ")?.1;
        return Some(back.split_once('<')?.1.trim_end_matches('>').to_owned());
    }
    let arguments = call.split_once('(')?.1;
    let path = arguments
        .split(['<', '>', '"'])
        .find(|word| word.starts_with('/'))?;
    Some(path.to_owned())
}

/// The mode among a call's arguments, the last of them: `0600`.
fn octal(call: &str) -> Option<u32> {
    let arguments = call.rsplit_once(") ").map_or(call, |(before, _)| before);
    u32::from_str_radix(arguments.rsplit_once(", ")?.1.trim_end_matches(')'), 8).ok()
}

/// Every public type that has a key or a passphrase in it, as `{:?}` and `{:#?}` show it.
#[test]
fn debug_shows_no_secret() {
    let scratch = Scratch::new("debug");
    let now = Timestamp::from_unix(1_790_000_000);
    let entropy = &mut SystemEntropy;
    let request = |purpose| AnchorRequest {
        authority: AuthorityName::try_from("debug").unwrap(),
        purpose,
        scope: None,
        generation: 1,
        life: Duration::from_secs(86_400),
    };
    let anchor_key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let pem = key.to_pem().unwrap();
    let files = [
        scratch.write("anchor.key", anchor_key.to_pem().unwrap().expose()),
        scratch.write("leaf.key", pem.expose()),
    ];
    let secrets = files
        .iter()
        .fold(Secrets::new().word(SEAL), |secrets, file| {
            secrets.key_file(file)
        });
    let issuer = create_anchor(&request(Purpose::Client), anchor_key, now, entropy).unwrap();
    let other_key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let server = create_anchor(&request(Purpose::Server), other_key, now, entropy).unwrap();
    let anchors = vec![server.certificate().clone()];
    let name = CommonName::try_from("debug").unwrap();
    let leaf_request = LeafRequest::client(name, Duration::from_secs(3600));
    let leaf = issue_leaf(&issuer, &leaf_request, key.public_key(), now, entropy).unwrap();
    let chain = vec![leaf];
    let content = Content::Secret(key.to_pem().unwrap());
    let edit = Edit::Write {
        path: files[1].clone(),
        content: content.clone(),
        mode: 0o400,
        owner: None,
    };
    let identity = Identity::new(chain.clone(), &key).unwrap();
    let shown: [(&str, &dyn std::fmt::Debug); 10] = [
        ("key", &key),
        ("sensitive", &pem),
        ("passphrase", &Passphrase::new(SEAL.to_owned()).unwrap()),
        ("issuer", &issuer),
        ("identity", &identity),
        ("content", &content),
        ("edit", &edit),
        ("snapshot", &Snapshot::take(&files[1]).unwrap()),
        (
            "bundle",
            &Bundle::new(anchors, chain.clone(), &key).unwrap(),
        ),
        (
            "material",
            &Material::new(Vec::new(), &chain, key.to_pem().unwrap()).unwrap(),
        ),
    ];
    for (name, value) in shown {
        let text = format!("{value:?} {value:#?}");
        assert_eq!(secrets.in_text(name, text.as_bytes()), [], "{text}");
        // Bytes as numbers would pass the search above.
        assert!(
            !text.contains("80, 82, 73, 86, 65, 84, 69"),
            "{name}: {text}"
        );
    }
}
