//! The agent: looks again and again, renews what is due, publishes, reports.
//!
//! One look is [`look`]; a loop of looks is [`rounds`]; [`install`] gives them to systemd instead. Nothing here asks
//! anybody: a consent that nobody has given is an error of that look.

pub(crate) mod access;
mod backoff;
mod clock;
pub(crate) mod credential;
mod daemon;
pub(crate) mod install;
pub(crate) mod look;
pub(crate) mod memory;
pub(crate) mod notify;
pub(crate) mod place;
pub(crate) mod rounds;
mod signals;
pub(crate) mod standing;
pub(crate) mod steps;
pub(crate) mod units;
pub(crate) mod wake;

use sealock_diag::{Code, Entry};

pub(crate) const CLOCK_BEHIND: Code = Code("SL-U060");
pub(crate) const NO_SYSTEMD: Code = Code("SL-U061");
pub(crate) const NOT_PROVED: Code = Code("SL-U062");
pub(crate) const NO_CREDENTIAL: Code = Code("SL-U063");
pub(crate) const HIDDEN_PROGRAM: Code = Code("SL-U064");
pub(crate) const WRONG_CREDENTIAL: Code = Code("SL-U065");
pub(crate) const SYSTEMCTL: Code = Code("SL-U066");
pub(crate) const REMAINS: Code = Code("SL-U067");

pub(crate) const CATALOGUE: &[Entry] = &[
    Entry {
        code: CLOCK_BEHIND,
        title: "the clock stands before what has already happened",
        meaning: "The agent remembers the latest time that it has seen, and the vault knows when its anchors were born. A clock that \
                  stands more than a day before that is wrong, and whatever it dated would be wrong for every peer whose clock is \
                  right. So nothing is issued, and the agent looks again later.",
        remedy: "Set the clock (timedatectl set-ntp true). If it was far ahead once and is right now, remove agent.json from the vault's home.",
    },
    Entry {
        code: NO_SYSTEMD,
        title: "there is no systemd here to install the agent in",
        meaning: "The service and its timer are units of systemd: of the system's for root, of the user's own for everybody else. \
                  Here neither answers. The agent needs neither of them: it can run as a loop under any supervisor.",
        remedy: "sealock agent            looks again and again until it is stopped",
    },
    Entry {
        code: NOT_PROVED,
        title: "the agent's service does not work in its sandbox",
        meaning: "An installation is finished when systemd has run the service once and it went well, under all of its restrictions. \
                  It did not, so the units were taken away again.",
        remedy: "The cause is the service's own last line. sealock agent --once runs the same look outside of the sandbox.",
    },
    Entry {
        code: NO_CREDENTIAL,
        title: "the issuer keys are sealed and the service would have nobody to ask",
        meaning: "A service has no terminal. systemd hands it the passphrase as a credential, from a file that only root reads, or \
                  from one that systemd-creds has encrypted for this machine. It is never written into the unit.",
        remedy: "systemd-ask-password -n | systemd-creds encrypt --name=sealock-passphrase - /etc/sealock/passphrase.cred\n\
                 sealock agent install --credential /etc/sealock/passphrase.cred",
    },
    Entry {
        code: HIDDEN_PROGRAM,
        title: "the service could not see this program",
        meaning: "The service has temporary folders of its own, so a program that lies in /tmp, /var/tmp or /dev/shm does not exist for \
                  it. Nor does one that was replaced while it ran.",
        remedy: "install -m 755 sealock /usr/local/bin/\nsealock agent install",
    },
    Entry {
        code: WRONG_CREDENTIAL,
        title: "the credential cannot be used",
        meaning: "The file that --credential names cannot be read, can be read by others, or holds a passphrase that does not open \
                  the issuer keys of this vault.",
        remedy: "chmod 0600 FILE, and check that its first line is the passphrase.",
    },
    Entry {
        code: SYSTEMCTL,
        title: "systemd refused",
        meaning: "A call of systemctl failed. What it said is the cause.",
        remedy: "systemctl status sealock-agent.service sealock-agent.timer",
    },
    Entry {
        code: REMAINS,
        title: "what was renewed waits for a restart that is not ours",
        meaning: "Nobody has told sealock how this daemon is restarted, so the agent can write new certificates and cannot make the \
                  daemon read them. Each look says so until somebody has restarted it.",
        remedy: "Restart dockerd the way it was started, or say how, and the agent does it: sealock up --restart-command CMD",
    },
];
