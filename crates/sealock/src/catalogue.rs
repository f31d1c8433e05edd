//! Every code there is, in one list: what `sealock explain` reads.

use sealock_diag::{Code, Entry};

pub(crate) const BUG: Code = Code("SL-U070");
pub(crate) const UNKNOWN_CODE: Code = Code("SL-U001");
pub(crate) const DECLINED: Code = Code("SL-U002");
pub(crate) const NOBODY_TO_ASK: Code = Code("SL-U003");
pub(crate) const CONSENT: Code = Code("SL-U004");
pub(crate) const NO_HOME: Code = Code("SL-U005");
pub(crate) const NOT_SET_UP: Code = Code("SL-U006");
pub(crate) const BAD_NAME: Code = Code("SL-U007");
pub(crate) const PROOF: Code = Code("SL-U020");
pub(crate) const BASELINE: Code = Code("SL-U021");
pub(crate) const INTERRUPTED: Code = Code("SL-U130");
pub(crate) const CLOCK: Code = Code("SL-U022");
pub(crate) const UNREADABLE_FILE: Code = Code("SL-U008");
pub(crate) const BAD_LISTEN: Code = Code("SL-U013");
pub(crate) const NO_CLIENT: Code = Code("SL-U009");
pub(crate) const USAGE: Code = Code("SL-U014");
pub(crate) const UNKNOWN_MESSAGE: Code = Code("SL-U015");
pub(crate) const BAD_ENDPOINT: Code = Code("SL-U016");
pub(crate) const NO_SUCH_CLIENT_SIDE: Code = Code("SL-U017");
pub(crate) const NOT_MENDED: Code = Code("SL-U018");
pub(crate) const UNDER_WAY: Code = Code("SL-U090");
pub(crate) const NOTHING_UNDER_WAY: Code = Code("SL-U091");
pub(crate) const CANNOT_RESTART: Code = Code("SL-U092");
pub(crate) const FILE_IS_THERE: Code = Code("SL-U094");
pub(crate) const REHEARSAL: Code = Code("SL-U093");
pub(crate) const NOTHING_TO_REVOKE: Code = Code("SL-U080");
pub(crate) const NOT_OURS: Code = Code("SL-U081");
pub(crate) const BAD_REASON: Code = Code("SL-U082");
pub(crate) const ON_HOLD: Code = Code("SL-U083");
pub(crate) const NO_SCOPE: Code = Code("SL-U084");
pub(crate) const BAD_SCOPE: Code = Code("SL-U085");
pub(crate) const SCOPE_EXISTS: Code = Code("SL-U086");
pub(crate) const SWAP_ELSEWHERE: Code = Code("SL-U087");
pub(crate) const REVOKED: Code = Code("SL-U088");

/// The codes of the command line itself.
const OWN: &[Entry] = &[
    Entry {
        code: UNDER_WAY,
        title: "another operation on these anchors is under way",
        meaning: "A rotation or a rekey has begun and not ended. Two at once would not know which generation to keep, so the one that \
                  is there is finished or taken back first.",
        remedy: "sealock ca rotate                goes on with a rotation\nsealock ca rotate --undo         takes it back\nsealock rekey                    goes on with a rekey",
    },
    Entry {
        code: NOTHING_UNDER_WAY,
        title: "there is nothing to undo",
        meaning: "A rotation can be taken back until its old generation is dropped. After that the way back is another rotation.",
        remedy: "sealock ca show                  shows the generations\nsealock ca rotate",
    },
    Entry {
        code: CANNOT_RESTART,
        title: "sealock cannot restart this daemon",
        meaning: "The phases of a rotation or rekey need restarts of the daemon, and each is proved before the next. A daemon that no \
                  service manager runs is restarted by the command that sealock.toml names.",
        remedy: "In sealock.toml:\n  [daemon]\n  restart-command = \"/path/to/restart\"",
    },
    Entry {
        code: FILE_IS_THERE,
        title: "an archive would replace a file",
        meaning: "The archive of retired keys may be the only copy of them, so it is never written over something that is there.",
        remedy: "Name a file that is not there yet.",
    },
    Entry {
        code: REHEARSAL,
        title: "the rehearsal did not hold",
        meaning: "A rehearsal makes a whole new generation in a copy and shakes hands with it. What it expected there was not so; the \
                  live vault and the daemon were not touched.",
        remedy: "sealock status            says whether the live host is healthy\nsealock check",
    },
    Entry {
        code: UNKNOWN_CODE,
        title: "there is no such code",
        meaning: "Codes look like SL-H107: a letter for the part of sealock that speaks, and a number that is never given twice.",
        remedy: "sealock explain            lists them all",
    },
    Entry {
        code: UNKNOWN_MESSAGE,
        title: "nothing in this message is known",
        meaning: "Sealock reads the messages of dockerd, the docker CLI, curl, OpenSSL, Go, Python, Node and Java about TLS and \
                  configuration. In this text it found none of them. A message is known by its middle, so a longer piece of the log helps.",
        remedy: "sealock check                    looks by itself, without a message\njournalctl -u docker -n 50 | sealock explain -",
    },
    Entry {
        code: BAD_ENDPOINT,
        title: "this is no endpoint to look at",
        meaning: "An endpoint is a host and a port, as in DOCKER_HOST: tcp://docker.example.org:2376. Unix sockets, SSH and pipes have no \
                  TLS to look at.",
        remedy: "sealock check tcp://HOST:2376",
    },
    Entry {
        code: NO_SUCH_CLIENT_SIDE,
        title: "there is no such client, context or folder",
        meaning: "--client takes the name of a docker context, a folder with ca.pem, cert.pem and key.pem, or the name of a client in \
                  sealock.toml. Without a name it looks at this shell: its environment and its current context.",
        remedy: "docker context ls\nsealock client list",
    },
    Entry {
        code: NOT_MENDED,
        title: "what was to be mended is still there",
        meaning: "A plan of --fix ends with another look at the files that it changed. What it had found there is still found, so the \
                  change was taken back.",
        remedy: "sealock check            shows what is left",
    },
    Entry {
        code: DECLINED,
        title: "you said no",
        meaning: "The plan was shown and declined, so nothing was done.",
        remedy: "Run the command again when you are ready; `sealock plan` shows the plan without asking.",
    },
    Entry {
        code: NOBODY_TO_ASK,
        title: "the plan needs a yes and there is nobody to ask",
        meaning: "Sealock shows its plan and asks before it changes a host. Without a terminal it cannot ask, and it does not guess.",
        remedy: "Add --yes once you have read the plan.",
    },
    Entry {
        code: CONSENT,
        title: "the plan has a consequence that you have not accepted",
        meaning: "Some consequences are too grave for a general --yes: containers that would stop, a swarm manager that would need its \
                  unlock key, credentials of other clients that would cease to work. Each of them is accepted by its own name.",
        remedy: "Read what would happen, then add --accept RISK for it.",
    },
    Entry {
        code: NO_HOME,
        title: "there is no place for the vault",
        meaning: "Sealock keeps its vault in /var/lib/sealock for root and in the XDG data directory for everybody else; \
                  neither XDG_DATA_HOME nor HOME is set.",
        remedy: "sealock --home DIR …",
    },
    Entry {
        code: NOT_SET_UP,
        title: "this host has no sealock.toml yet",
        meaning: "plan, apply and status compare the host with the desired state in sealock.toml; `sealock up` writes that file.",
        remedy: "sealock up",
    },
    Entry {
        code: BAD_NAME,
        title: "a name cannot be used",
        meaning: "Names end up in certificates, file names and the logs of the daemon, so they are short and hold no control characters.",
        remedy: "Use letters, digits, dots, dashes and underscores.",
    },
    Entry {
        code: UNREADABLE_FILE,
        title: "a file cannot be read",
        meaning: "A file that was named on the command line is absent, unreadable, or larger than anything that belongs there.",
        remedy: "Check the path and its owner.",
    },
    Entry {
        code: BAD_LISTEN,
        title: "this is no address to listen on",
        meaning: "dockerd listens on an IP address and a port. Without a port it would take 2375, the customary plain one, even with \
                  TLS; a name would be resolved once, at boot, when the resolver may not be up yet.",
        remedy: "sealock up --listen 0.0.0.0:2376        every IPv4 address\nsealock up --listen [::]:2376           every address",
    },
    Entry {
        code: NO_CLIENT,
        title: "there is no such client",
        meaning: "Clients are the people and machines listed in sealock.toml.",
        remedy: "sealock client list",
    },
    Entry {
        code: USAGE,
        title: "the command line cannot be understood",
        meaning: "A command or an option is misspelt, is missing, or was given a value that it does not take. Nothing was looked at \
                  and nothing was done. The exit code of all such mistakes is 2.",
        remedy: "sealock --help                lists the commands\nsealock COMMAND --help        shows the options of one, with examples",
    },
    Entry {
        code: PROOF,
        title: "the proof does not hold",
        meaning: "After a change sealock asks the daemon from outside, as every kind of client: the rightful one must get an answer, and \
                  plain HTTP, no certificate, a foreign one, an expired one and a server's certificate must get none. With TLS 1.3 \
                  a handshake alone proves nothing, so each of them sends a request. One of the rows came out wrong.",
        remedy: "The row names the address and what was seen. A firewall or another process on the port is the usual cause.",
    },
    Entry {
        code: BASELINE,
        title: "the daemon does not answer as it did before",
        meaning: "A change was rolled back, and the last step of a rollback is to see that the daemon answers on its socket as it did before. It does not.",
        remedy: "journalctl -u docker -n 40\nsystemctl status docker",
    },
    Entry {
        code: CLOCK,
        title: "this host's clock cannot be right",
        meaning: "The clock stands before the birth of the authority's own certificates. Everything issued or judged now would be \
                  wrong for every peer whose clock is right.",
        remedy: "Set the clock (timedatectl set-ntp true), then run the command again.",
    },
    Entry {
        code: BUG,
        title: "sealock has a bug",
        meaning: "Something happened that we hold to be impossible.",
        remedy: "Please report it with the text above. `sealock status` tells how the host stands; the next apply or down finishes or undoes the run.",
    },
    Entry {
        code: NOTHING_TO_REVOKE,
        title: "the vault knows no such certificate",
        meaning: "What is to be revoked is named by a client's name, by a serial, or by a file with the certificate. The inventory \
                  has none that fits.",
        remedy: "sealock cert list",
    },
    Entry {
        code: NOT_OURS,
        title: "no anchor of this vault has signed the certificate",
        meaning: "A revocation list tells of the certificates of one issuer, and is signed by that issuer. This certificate was signed \
                  by somebody else, so only they can revoke it. To shut it out here, take their CA out of what the daemon trusts.",
        remedy: "sealock check            shows whom the daemon trusts\nsealock cert list        shows what this vault has issued",
    },
    Entry {
        code: BAD_REASON,
        title: "there is no such reason for a revocation",
        meaning: "A revocation list says why a certificate was revoked, with one of the words of RFC 5280, section 5.3.1.",
        remedy: "sealock cert revoke NAME --reason key-compromise",
    },
    Entry {
        code: ON_HOLD,
        title: "sealock revokes for good",
        meaning: "RFC 5280 knows certificates on hold, which may come back. Whoever sees only the list after that never learns that the \
                  certificate was held, and signatures of that time count again. A new certificate costs nothing here.",
        remedy: "sealock cert revoke NAME\nsealock client add NAME",
    },
    Entry {
        code: NO_SCOPE,
        title: "there is no such scope",
        meaning: "A scope is a group of hosts with a client anchor of its own. The one that sealock.toml or the command line names has \
                  none in this vault.",
        remedy: "sealock ca scope list\nsealock ca scope add NAME",
    },
    Entry {
        code: BAD_SCOPE,
        title: "this cannot be the name of a scope",
        meaning: "The name of a scope becomes part of a subject, a folder, a file and a metric's label, so it is short and plain.",
        remedy: "Use letters, digits, dashes and underscores, 32 at most.",
    },
    Entry {
        code: SCOPE_EXISTS,
        title: "the scope exists",
        meaning: "A scope's client anchor is not replaced by making the scope again: everybody in it would be locked out.",
        remedy: "sealock ca scope list",
    },
    Entry {
        code: SWAP_ELSEWHERE,
        title: "a swap on this host would not shut them out",
        meaning: "--swap replaces the client anchor of the scope that sealock.toml names. The revoked certificates are of another scope \
                  or authority, so this host refuses them already, and the hosts that let them in would go on doing so. The \
                  revocation itself is done.",
        remedy: "sealock --config FILE cert revoke NAME --swap      # FILE is the sealock.toml of a host that lets them in",
    },
    Entry {
        code: REVOKED,
        title: "the client was revoked",
        meaning: "The last certificate that this client was given is revoked. Nothing that only keeps things going (apply, renew --all, the \
                  agent, a session) gives it another one, so that a revocation is not undone in passing.",
        remedy: "sealock client add NAME      # lets the client in again, with a new key",
    },
    Entry {
        code: INTERRUPTED,
        title: "interrupted",
        meaning: "Ctrl-C or a SIGTERM arrived between two steps; what had been done was rolled back.",
        remedy: "Run the command again.",
    },
];

/// What mends an error that has no help of its own: the remedy of its code.
pub(crate) fn remedy(code: Code) -> Option<&'static str> {
    let entries = all();
    entries
        .iter()
        .find(|entry| entry.code == code)
        .map(|entry| entry.remedy)
}

/// The code that is written so, when there is one.
pub(crate) fn code(text: &str) -> Option<Code> {
    let entries = all();
    entries
        .iter()
        .find(|entry| entry.code.0 == text)
        .map(|entry| entry.code)
}

/// All codes of all crates, in order.
pub(crate) fn all() -> Vec<&'static Entry> {
    let lists: Vec<&'static [Entry]> = vec![
        OWN,
        crate::agent::CATALOGUE,
        crate::passphrase::CATALOGUE,
        crate::sealed::CATALOGUE,
        crate::commands::session::CATALOGUE,
        crate::commands::gateway::codes::CATALOGUE,
        crate::commands::policy::codes::CATALOGUE,
        crate::commands::service::codes::CATALOGUE,
        crate::import::codes::CATALOGUE,
        sealock_pki::CATALOGUE,
        sealock_vault::CATALOGUE,
        sealock_change::CATALOGUE,
        sealock_tls::CATALOGUE,
        sealock_probe::CATALOGUE,
        sealock_host::CATALOGUE,
        sealock_host::client::CATALOGUE,
        sealock_host::registry::CATALOGUE,
        sealock_engine::CATALOGUE,
        sealock_gateway::CATALOGUE,
        sealock_policy::read::CATALOGUE,
        sealock_policy::JUDGEMENTS,
        sealock_check::checks::catalogue(),
    ];
    let mut entries: Vec<&Entry> = lists.into_iter().flatten().collect();
    entries.sort_by_key(|entry| entry.code);
    entries
}

#[cfg(test)]
mod tests {
    use super::all;

    #[test]
    fn no_code_means_two_things() {
        let entries = all();
        for pair in entries.windows(2) {
            assert_ne!(pair[0].code, pair[1].code);
        }
    }

    #[test]
    fn every_entry_says_something() {
        for entry in all() {
            assert!(
                entry.code.0.starts_with("SL-") && entry.code.0.len() == 7,
                "{}",
                entry.code
            );
            assert!(
                !entry.title.ends_with('.') && entry.title.len() < 90,
                "{}: {}",
                entry.code,
                entry.title
            );
            assert!(
                entry.meaning.len() > 40 && !entry.remedy.is_empty(),
                "{}",
                entry.code
            );
        }
    }
}
