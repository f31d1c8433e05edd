//! What a break really does, measured with the real programs: who gets in, who does not, and what they are told.

use std::collections::BTreeMap;
use std::process::Command;

use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{Outcome, call, run};

use super::breaks::{Bites, Client};
use super::ground::{Ground, shown};

/// What was felt of a break.
#[derive(Clone, Debug, Default)]
pub(super) struct Felt {
    /// Somebody without the right certificate or rights got in, and how.
    pub(super) intruder: Option<String>,
    /// What a client with sound files and settings was told, when it did not get in.
    pub(super) sound: Option<String>,
    /// What the clients of the ground were told that did not get in.
    pub(super) clients: BTreeMap<Client, String>,
    /// What the daemon said when it was to start again, and did not.
    pub(super) start: Option<String>,
}

impl Felt {
    pub(super) fn of(ground: &Ground) -> Self {
        let sound = ground.host.daemon.folder().join("saved/zone");
        let endpoint = ground.endpoint();
        let refused = |outcome: Outcome| (outcome.code != 0).then(|| gist(ground, &outcome.stderr));
        let mut clients = BTreeMap::new();
        let home: [(&str, &str); 2] = [("DOCKER_HOST", &endpoint), ("DOCKER_TLS_VERIFY", "1")];
        let shell: Vec<(&str, &str)> = ground
            .shell
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        for (client, variables, words) in [
            (Client::Shell, shell.as_slice(), &[][..]),
            (Client::Home, &home, &[]),
            (Client::Context, &[], &["--context", "prod"]),
        ] {
            if let Some(said) = refused(docker(ground, variables, words)) {
                clients.insert(client, said);
            }
        }
        let path = shown(&sound);
        let variables = [home[0], home[1], ("DOCKER_CERT_PATH", path.as_str())];
        Self {
            intruder: intruder(ground),
            sound: refused(docker(ground, &variables, &[])),
            clients,
            start: None,
        }
    }

    /// Whom it bites today.
    pub(super) fn bites(&self) -> Option<Bites> {
        let one: Vec<Client> = self.clients.keys().copied().collect();
        match (
            self.intruder.is_some(),
            self.sound.is_some(),
            one.as_slice(),
        ) {
            (true, ..) => Some(Bites::Intruder),
            (_, true, _) => Some(Bites::Everyone),
            (_, _, [client]) => Some(Bites::One(*client)),
            (_, _, []) if self.start.is_some() => Some(Bites::Start),
            (_, _, []) => Some(Bites::Nobody),
            _ => None,
        }
    }
}

/// The docker CLI asks for the daemon's version.
fn docker(ground: &Ground, variables: &[(&str, &str)], words: &[&str]) -> Outcome {
    // Whoever holds the daemon's port may never answer.
    let mut command = Command::new("timeout");
    command.arg("10").arg(lab().docker_cli(ground.version()));
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", ground.user());
    command.envs(variables.iter().copied()).args(words).args([
        "version",
        "--format",
        "{{.Server.Version}}",
    ]);
    run(&mut ground.within(&command))
}

/// Somebody who must not get in, and did.
fn intruder(ground: &Ground) -> Option<String> {
    let forged = |file: &str| shown(&ground.forged().join(file));
    // With the daemon's own key nobody is a client.
    let keys = [ground.shells("key.pem"), ground.homes("key.pem")];
    let keys: Vec<String> = keys.iter().map(|path| shown(path)).collect();
    let script = format!(
        "ask() {{ curl -s -m 5 -k --noproxy '*' \"$@\" | grep -q OK; }}\n\
         ask http://{at}/_ping && echo 'over plain HTTP'\n\
         ask https://{at}/_ping && echo 'without a certificate'\n\
         ask --cert {cert} --key {key} https://{at}/_ping && echo 'with a foreign certificate'\n\
         nobody() {{ setpriv --reuid 65534 --regid 65534 --clear-groups \"$@\" 2>/dev/null; }}\n\
         nobody curl -s -m 5 --unix-socket {socket} http://d/_ping | grep -q OK && echo 'by the socket'\n\
         nobody cat {keys} {vault}/*.key | grep -q . && echo 'by reading a key'\n:",
        at = ground.host.listen(),
        cert = forged("client-stranger.pem"),
        key = forged("stranger-key.pem"),
        socket = ground.host.daemon.socket().display(),
        keys = keys.join(" "),
        vault = ground.host.sealock.home().join("issuers").display(),
    );
    let said = call("sh", &["-c", &script]).ok();
    (!said.is_empty()).then_some(said)
}

/// What the daemon says when it is to start with its configuration as it is; `None` when it has nothing to say.
/// It is not started for it: only from 23.0 on it can be asked.
pub(super) fn validate(ground: &Ground) -> Option<String> {
    if ground.version() == Version::V20 {
        return None;
    }
    let daemon = &ground.host.daemon;
    let mut command = Command::new("env");
    command
        .env_clear()
        .env("PATH", lab().docker_path(daemon.version()))
        .env("HOME", "/root");
    command
        .args(daemon.command_line())
        .arg("--validate")
        .current_dir(daemon.folder());
    let outcome = run(&mut command);
    (outcome.code != 0).then(|| gist(ground, &outcome.stderr))
}

/// Starts the daemon, which must not come up, and gives its last words.
#[track_caller]
pub(super) fn fail_to_start(ground: &mut Ground) -> String {
    ground.daemon_touched = true;
    ground.host.daemon.stop();
    let outcome = ground.host.daemon.try_start();
    assert_ne!(outcome.code, 0, "the daemon started all the same");
    let last = outcome.stderr.lines().rfind(|line| !line.trim().is_empty());
    gist(ground, last.unwrap_or_default())
}

/// A message without what changes from one time to the next: times, paths of this test, numbers.
fn gist(ground: &Ground, said: &str) -> String {
    let root = shown(ground.host.daemon.folder());
    let said = said
        .replace(&root, "")
        .replace(ground.host.listen().as_str(), "AT");
    let lines: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let mut gist = String::new();
    for c in lines.join(" ").chars() {
        match c {
            '0'..='9' if gist.ends_with('#') => {}
            '0'..='9' => gist.push('#'),
            c => gist.push(c),
        }
    }
    gist
}
