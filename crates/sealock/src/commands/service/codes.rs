//! What can go wrong with a service.

use sealock_diag::{Code, Entry};

pub(crate) const TABLE: Code = Code("SL-U120");
pub(crate) const PLACE: Code = Code("SL-U121");
pub(crate) const OWNER: Code = Code("SL-U122");
pub(crate) const NOT_TAKEN_UP: Code = Code("SL-U123");
pub(crate) const NOT_PROVED: Code = Code("SL-U124");
pub(crate) const AS_BEFORE: Code = Code("SL-U125");
pub(crate) const NO_SERVICE: Code = Code("SL-U126");
pub(crate) const CONFIGURATION: Code = Code("SL-U127");

/// Every one.
pub(crate) const CATALOGUE: &[Entry] = &[
    Entry {
        code: TABLE,
        title: "a service cannot be made so",
        meaning: "A service is told by its files, by the command that makes it take them up, and by the address at which it is asked. One \
                  of these does not fit its kind.",
        remedy: "sealock service add --help\nsealock service list",
    },
    Entry {
        code: PLACE,
        title: "a file of a service would lie in the vault's home",
        meaning: "The vault's home holds the issuer keys, and only its owner gets in. A service that reads its certificate there would \
                  need a way in as well.",
        remedy: "Name files in the service's own folder, such as /etc/redis/tls.",
    },
    Entry {
        code: OWNER,
        title: "the owner of a service's files is not known here",
        meaning: "owner is a user of this host, or USER:GROUP. For a user that exists in a container only, both are told by number.",
        remedy: "getent passwd\nsealock service add NAME … --owner 999:999",
    },
    Entry {
        code: NOT_TAKEN_UP,
        title: "the command that makes a service take up its files fails",
        meaning: "The files of the service are written, and its `reload` or `restart` has ended with another exit code than 0. The files \
                  were put back.",
        remedy: "Run the command by hand: it is started by /bin/sh, in a clean environment, as the user that runs sealock.",
    },
    Entry {
        code: NOT_PROVED,
        title: "the proof of a service does not hold",
        meaning: "After its files were taken up, the service was asked from outside: it must serve the new certificate, let a client of ours \
                  in, take no clear text, and, where clients need certificates, refuse everybody else. One of these is not so. A service \
                  that reads its files but does not demand certificates is the usual cause.",
        remedy: "Set its own configuration right (tls-auth-clients of Redis, clientcert of PostgreSQL, ssl_verify_client of nginx), or say \
                 clients = \"none\" where nobody is to show a certificate.",
    },
    Entry {
        code: AS_BEFORE,
        title: "a service does not answer as it did before",
        meaning: "A change was rolled back: the service's files are as they were, and it was told to take them up. It does not show what it \
                  showed before.",
        remedy: "Restart the service by hand, then\n  sealock status",
    },
    Entry {
        code: NO_SERVICE,
        title: "there is no such service",
        meaning: "Services are the tables [[service]] of sealock.toml.",
        remedy: "sealock service list",
    },
    Entry {
        code: CONFIGURATION,
        title: "the configuration of a service is not changed",
        meaning: "Some kinds of service have their own configuration edited: pg_hba.conf of PostgreSQL, mssql.conf of SQL Server. The line \
                  that is named is not understood, or it lets somebody in past TLS or without a certificate, and only its owner can say \
                  whether it may go. No part of the file was changed.",
        remedy: "Change that line by hand, then\n  sealock apply",
    },
];
