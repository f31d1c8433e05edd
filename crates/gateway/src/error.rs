//! Why a gateway does not start, does not take over new files, or refuses.

use sealock_diag::{Code, Diagnose, Entry};
use std::fmt;

/// An error of the gateway. Its code is one of [`CATALOGUE`](crate::CATALOGUE).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayError {
    code: Code,
    headline: String,
    location: Option<String>,
    cause: Option<String>,
    help: Option<String>,
}

impl GatewayError {
    /// An error with a headline: lowercase, no full stop, foreign text escaped.
    pub(crate) fn new(code: &'static str, headline: impl Into<String>) -> Self {
        Self {
            code: Code(code),
            headline: headline.into(),
            location: None,
            cause: None,
            help: None,
        }
    }

    /// Where: a file, an address.
    pub(crate) fn at(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// What was found.
    pub(crate) fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// What to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same error, where and why taken over from one of a crate below.
    pub(crate) fn from_below(error: &(dyn Diagnose + '_)) -> Self {
        Self {
            code: error.code(),
            headline: error.to_string(),
            location: error.location(),
            cause: Diagnose::cause(error),
            help: error.help(),
        }
    }
}

impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline)
    }
}

impl std::error::Error for GatewayError {}

impl Diagnose for GatewayError {
    fn code(&self) -> Code {
        self.code
    }

    fn location(&self) -> Option<String> {
        self.location.clone()
    }

    fn cause(&self) -> Option<String> {
        self.cause.clone()
    }

    fn help(&self) -> Option<String> {
        self.help.clone()
    }
}

const fn entry(
    code: &'static str,
    title: &'static str,
    meaning: &'static str,
    remedy: &'static str,
) -> Entry {
    Entry {
        code: Code(code),
        title,
        meaning,
        remedy,
    }
}

/// Every code of this crate.
pub const CATALOGUE: &[Entry] = &[
    entry(
        "SL-G001",
        "a file of the gateway cannot be read",
        "The certificate, its key, the anchors, a revocation list, or a folder of lists is not there, may not \
         be read by the user of the gateway, or is larger than any file of its kind. Nothing was changed: a \
         gateway that runs goes on with what it has.",
        "Look at the path and its permissions; the gateway's user must be able to read it.",
    ),
    entry(
        "SL-G002",
        "no client would accept the server's certificate",
        "Before a certificate is used, the gateway looks at it as a client would: dates, purpose, names, the \
         signatures from link to link, and a handshake in each version. This one failed, and is not used.",
        "Issue it again (`sealock renew`), or put the chain in order: leaf first, then its issuers.",
    ),
    entry(
        "SL-G003",
        "a client anchor has no revocation list",
        "When revocation lists are asked for, every client anchor must have one, also when nothing was \
         revoked: a missing list looks just like one that somebody took away.",
        "`sealock cert revoke` and `sealock renew` write the lists; give the folder with `--crl`.",
    ),
    entry(
        "SL-G004",
        "a revocation list is of none of the client anchors",
        "A list that was given by name was issued by no anchor of this gateway, so it says nothing about any \
         client. An intermediate CA counts only when it is among the anchors. In a folder of lists there may \
         be lists of others; the log tells of them.",
        "Take the list away, or add its issuer to the anchors.",
    ),
    entry(
        "SL-G005",
        "a revocation list went back",
        "The list has a lower number than the one that holds. It would let in again who was revoked since, so \
         the one that holds is kept.",
        "Publish the newest list. Where the lower number is on purpose, restart the gateway.",
    ),
    entry(
        "SL-G006",
        "the deny-list cannot be read",
        "A line is neither `serial:` nor `spki:` with hexadecimal digits. Whoever wrote it meant to refuse \
         somebody, so it is not passed over.",
        "Mend the line; `sealock cert show FILE` prints the serial.",
    ),
    entry(
        "SL-G007",
        "every client anchor has expired",
        "None of the anchors is within its dates: nobody could be let in.",
        "`sealock ca rotate` makes new anchors and issues again.",
    ),
    entry(
        "SL-G010",
        "files cannot be watched",
        "The gateway watches its files on a thread of its own, and the operating system gave no thread or no \
         event queue for it. (Without inotify alone it looks at the files several times a second.)",
        "Raise `TasksMax=` and `LimitNOFILE=` of the unit.",
    ),
    entry(
        "SL-G023",
        "the caller's certificate, or the list that vouches for it, has run out",
        "The connection was good when it was made. Since then the certificate has expired, or the revocation \
         list of its issuer is overdue, so a new request is not let through. Streams that run go on.",
        "Renew the certificate and connect again (`sealock renew`); or see why no new list is published.",
    ),
    entry(
        "SL-G020",
        "the handshake took too long",
        "A client connected and did not complete its TLS handshake in time. Slow networks need tenths of \
         seconds; whoever needs longer holds up others.",
        "`handshake_time` in the limits of the gateway sets the time.",
    ),
    entry(
        "SL-G021",
        "the handshake has too many bytes",
        "A client sent more than the longest handshake of an honest client.",
        "Look at what connects there.",
    ),
    entry(
        "SL-G022",
        "the other end of a unix socket is not known",
        "The kernel did not say which process connected, so nobody can tell who asks.",
        "Look at what connects there; a socket pair has no peer.",
    ),
    entry(
        "SL-G030",
        "the daemon behind the gateway cannot be reached",
        "The gateway could not connect to the daemon's socket: the daemon is not running, the socket is somewhere \
         else, or the gateway's user is not in the socket's group. The caller gets 503; the next request tries again.",
        "systemctl status docker\nls -l /var/run/docker.sock         its owner and group",
    ),
    entry(
        "SL-G031",
        "the daemon closed the connection without an answer",
        "The request was sent, and the daemon closed before the first byte of an answer: it was stopped, or it \
         crashed. Whether it did what was asked is not known, so the request was not sent again. The caller gets 502.",
        "journalctl -u docker               why it closed\ndocker ps -a                       what it has done",
    ),
    entry(
        "SL-G032",
        "the daemon's answer cannot be passed on",
        "What came from the daemon's socket is no HTTP response, frames its body in two ways, or has a head without \
         an end: something else than a Docker daemon answers there. The caller gets 502.",
        "curl --unix-socket /var/run/docker.sock http://docker/_ping",
    ),
    entry(
        "SL-G033",
        "a request is not framed as HTTP/1.1 must be",
        "Two readers could take the request differently: it has both Content-Length and Transfer-Encoding or one of \
         them twice, a line that ends without CR, a header over two lines, a name that is no token, or a chunk whose \
         size is no number. Or it is too large, too slow, or HTTP/2. That is how one request is hidden in another, so \
         none is let in, though the daemon itself would take some. The caller gets the status that says which.",
        "Every Docker client writes what is taken here. Native gRPC (HTTP/2) has no way through: builds use /session and \
         /grpc instead.",
    ),
    entry(
        "SL-G034",
        "an answer had to be gone through and could not be",
        "The caller may see only a part of the answer, and the answer is larger than what is held in memory, or is \
         not what the daemon should have sent. Nothing of it was passed on. The caller gets 502.",
        "Ask for less at once, with filters or a limit.",
    ),
    entry(
        "SL-G035",
        "requests must be recorded and records cannot be written",
        "The audit is required, and its file cannot be written: the disk is full, or the folder is gone. Until it \
         can be, every request is refused. The caller gets 503.",
        "df -h /var/log/sealock",
    ),
    entry(
        "SL-G036",
        "there is no policy to judge by",
        "A listener leads to a Docker daemon and the gateway has no policy, so nothing is granted to anybody. The \
         caller gets 503.",
        "sealock gateway --policy policy.toml",
    ),
    entry(
        "SL-G050",
        "a listener cannot be opened",
        "The gateway could not listen where it was told to: the address belongs to no interface of this host, \
         another process listens there, the port is below 1024 and the capability for it is missing, or the folder \
         of a unix socket cannot be written.",
        "ss -ltnp                         who listens where\nip address                       which addresses there are",
    ),
    entry(
        "SL-G051",
        "the place of a listener is taken",
        "Where the unix socket was to be, there is something that is no socket, or a socket at which another \
         process answers. Nothing of somebody else's is removed; a socket that nobody answers at is replaced.",
        "ls -l PATH\nss -lxp                          who listens there",
    ),
    entry(
        "SL-G052",
        "an inherited socket cannot be used",
        "systemd, or the gateway before this one, passed a descriptor that is no listening TCP or unix socket, \
         passed two with the same name, or the kernel does not let the process take it over: that needs Linux 5.6 \
         and the system call pidfd_getfd, which a filter of system calls has to allow.",
        "systemctl cat sealock-gateway.socket\nSystemCallFilter=pidfd_getfd     in the unit",
    ),
    entry(
        "SL-G053",
        "the inherited socket of a listener is missing",
        "A listener is told to use an inherited socket, and none of this name was passed. The name is \
         FileDescriptorName= of the socket unit.",
        "systemctl cat sealock-gateway.socket\nsystemctl status sealock-gateway.socket",
    ),
    entry(
        "SL-G054",
        "the address for metrics cannot be listened on",
        "Metrics and health are told on an address of their own, in plain HTTP without asking who wants to know; \
         127.0.0.1 is the usual one. Another process listens there, or the address is not one of this host.",
        "ss -ltnp                         who listens where",
    ),
    entry(
        "SL-G055",
        "the header for the caller's name cannot be used",
        "A service that believes a header gets the caller's name in it. The header must be one that means nothing else \
         to anybody on the way: letters, digits and hyphens. Behind an equals sign can stand the kind of name that the \
         service asks for.",
        "X-WEBAUTH-USER                   the first name of the certificate\nX-WEBAUTH-EMAIL=email            its mail address",
    ),
    entry(
        "SL-G056",
        "a caller is not on the listener's list",
        "The certificate is good, and none of its names is on the list of those who may use this listener. Names are \
         compared whole; a listener without a list lets nobody in.",
        "sealock audit show --event refused\nallow = [\"cn:alice\"]              in the listener's table, or --allow cn:alice",
    ),
    entry(
        "SL-G060",
        "the audit file cannot be opened",
        "Audit records have to go somewhere before the first connection is taken. The folder is missing, or the \
         gateway's user may not write it.",
        "install -d -o sealock-gateway -m 0750 /var/log/sealock",
    ),
    entry(
        "SL-G061",
        "an audit file cannot be read",
        "The file is not there, or only the gateway's user and group may read it.",
        "sudo sealock audit verify\nsealock audit show PATH          another file than the usual one",
    ),
    entry(
        "SL-G090",
        "a worker of the gateway could not be started",
        "The gateway runs one thread for each core, each with an event loop of its own. The operating \
         system gave no thread or no event queue: the limits on processes or on open files are reached.",
        "Raise `TasksMax=` and `LimitNOFILE=` of the unit, or ask for fewer workers with `--workers`.",
    ),
];
