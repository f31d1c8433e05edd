//! What can go wrong with a gateway before it runs, and when it is asked.

use sealock_diag::{Code, Entry};

pub(crate) const NOTHING_TOLD: Code = Code("SL-U100");
pub(crate) const NO_CERTIFICATES: Code = Code("SL-U101");
pub(crate) const NOBODY_ANSWERS: Code = Code("SL-U102");
pub(crate) const NOT_DONE: Code = Code("SL-U103");
pub(crate) const OTHER_MODE: Code = Code("SL-U104");
pub(crate) const NO_SYSTEMD: Code = Code("SL-U105");
pub(crate) const CLOSED_SOCKET: Code = Code("SL-U106");
pub(crate) const NOT_STARTED: Code = Code("SL-U107");
pub(crate) const DAEMON_TOUCHED: Code = Code("SL-U108");
pub(crate) const BAD_DOOR: Code = Code("SL-U109");
pub(crate) const CONTROL: Code = Code("SL-U110");
pub(crate) const HIDDEN: Code = Code("SL-U111");
pub(crate) const NOT_TAKEN_OVER: Code = Code("SL-U115");
pub(crate) const NOT_KEPT: Code = Code("SL-U116");

pub(crate) const CATALOGUE: &[Entry] = &[
    Entry {
        code: NOTHING_TOLD,
        title: "nobody has said what the gateway is to do",
        meaning: "A gateway is told by its command line, or by the [gateway] of sealock.toml or of the file that --config names. \
                  Here neither says anything.",
        remedy: "sealock gateway --listen 0.0.0.0:2376 --docker unix:///var/run/docker.sock --policy policy.toml\n\
                 sealock up --mode gateway",
    },
    Entry {
        code: NO_CERTIFICATES,
        title: "there are no certificates for the gateway",
        meaning: "A listener on an address speaks mutual TLS: it needs a certificate, its key, and the anchors of the clients. Without \
                  --certificates they are looked for where sealock puts them on this host.",
        remedy: "sealock gateway --certificates DIR …      a folder with ca.pem, server-cert.pem and server-key.pem\n\
                 sealock cert issue HOST --profile server --cert server-cert.pem --key server-key.pem",
    },
    Entry {
        code: NOBODY_ANSWERS,
        title: "no gateway answers at its control socket",
        meaning: "`gateway reload` and `gateway drain` ask a running gateway through a unix socket that only root and its own user may \
                  open. Nobody answers there: the gateway does not run, or it was started with another --control or with none.",
        remedy: "systemctl status sealock-gateway.service\nsealock gateway reload --control PATH",
    },
    Entry {
        code: NOT_DONE,
        title: "the gateway could not do it",
        meaning: "The running gateway was asked and refused. What it had before is still in force; what it said is the cause.",
        remedy: "journalctl -u sealock-gateway.service",
    },
    Entry {
        code: OTHER_MODE,
        title: "this host is in the other mode",
        meaning: "The daemon listens itself, or a gateway listens in front of it: one host has one of them. Going from one to the other \
                  gives the port to somebody else and may restart the daemon, so it is done in two steps that are both seen.",
        remedy: "sealock down\nsealock up --mode gateway",
    },
    Entry {
        code: NO_SYSTEMD,
        title: "a gateway is installed in the systemd of the system",
        meaning: "`up --mode gateway` installs a service and its sockets, so it needs systemd and root. A gateway can run under any other \
                  supervisor, and for a rootless daemon under its user: `sealock gateway` stays in the foreground.",
        remedy: "sealock gateway --listen 0.0.0.0:2376 --docker unix:///run/user/1000/docker.sock --policy policy.toml",
    },
    Entry {
        code: CLOSED_SOCKET,
        title: "the daemon's socket can be opened by root only",
        meaning: "The gateway does not run as root: it gets the group that may write to the daemon's socket, and nothing else. This socket \
                  has no such group, or there is no socket.",
        remedy: "In daemon.json: \"group\": \"docker\"; with docker.socket: SocketGroup=docker and SocketMode=0660",
    },
    Entry {
        code: NOT_STARTED,
        title: "the gateway's service does not start",
        meaning: "systemd was asked to start the gateway in its sandbox and it did not come up. Its own last lines are the cause. The plan \
                  was rolled back; the daemon was never touched.",
        remedy: "sealock gateway --check       reads everything as a start would\njournalctl -u sealock-gateway.service",
    },
    Entry {
        code: DAEMON_TOUCHED,
        title: "the daemon was restarted meanwhile",
        meaning: "With a gateway in front nothing about the daemon changes, and its process must be the same before and after. It is not: \
                  somebody else restarted it while the plan ran.",
        remedy: "Run it again. journalctl -u docker.service tells who restarted it.",
    },
    Entry {
        code: BAD_DOOR,
        title: "this is no door of a gateway",
        meaning: "What stands behind --listen, or behind a key of [gateway], cannot be used: an address without a port, a name that no \
                  certificate can have, two doors in one place.",
        remedy: "sealock gateway --help",
    },
    Entry {
        code: CONTROL,
        title: "the control socket cannot be opened",
        meaning: "The gateway listens for `gateway reload` and `gateway drain` on a unix socket of its own. It could not be made, or \
                  another gateway is listening there.",
        remedy: "Name another place with --control, or stop the other gateway.",
    },
    Entry {
        code: HIDDEN,
        title: "the gateway could not see one of its files",
        meaning: "The service has no /tmp and no homes, and is not root. A program, a policy or a certificate that lies there does not \
                  exist for it.",
        remedy: "install -m 755 sealock /usr/local/bin/\nsealock up --mode gateway --policy /etc/sealock/policy.toml",
    },
    Entry {
        code: NOT_TAKEN_OVER,
        title: "no new process has taken over",
        meaning: "`gateway upgrade`, or an apply of other settings, starts a new process that takes the listening sockets and says when \
                  it serves. It did not get that far; why is the cause. The process that ran goes on, with everything that it had.",
        remedy: "sealock gateway --check       reads everything as a start would\njournalctl -u sealock-gateway.service",
    },
    Entry {
        code: NOT_KEPT,
        title: "what is learned is kept in memory only",
        meaning: "While the policy has `mode = \"learn\"`, what was asked is written to learned.toml, in the folder that \
                  STATE_DIRECTORY names or else beside the control socket, so that it outlives the process. It cannot be written or \
                  read there. The gateway goes on, and a restart would forget.",
        remedy: "Look at the file and its folder. Deleting the file makes the gateway begin to learn anew.",
    },
];
