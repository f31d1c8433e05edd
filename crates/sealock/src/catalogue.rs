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

/// The codes of the command line itself.
const OWN: &[Entry] = &[
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

/// All codes of all crates, in order.
pub(crate) fn all() -> Vec<&'static Entry> {
    let lists: [&'static [Entry]; 11] = [
        OWN,
        crate::passphrase::CATALOGUE,
        sealock_pki::CATALOGUE,
        sealock_vault::CATALOGUE,
        sealock_change::CATALOGUE,
        sealock_tls::CATALOGUE,
        sealock_probe::CATALOGUE,
        sealock_host::CATALOGUE,
        sealock_host::client::CATALOGUE,
        sealock_engine::CATALOGUE,
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
