//! Why something that another tool has left is not adopted.

use sealock_diag::{Code, Entry};

pub(crate) const NOTHING: Code = Code("SL-U040");
pub(crate) const SEVERAL: Code = Code("SL-U041");
pub(crate) const UNFIT: Code = Code("SL-U042");
pub(crate) const NO_KEY: Code = Code("SL-U043");
pub(crate) const OTHER_KEY: Code = Code("SL-U044");
pub(crate) const EXPIRED: Code = Code("SL-U045");
pub(crate) const LOCKED: Code = Code("SL-U046");
pub(crate) const TAKEN: Code = Code("SL-U047");
pub(crate) const INTERMEDIATE: Code = Code("SL-U048");

pub(crate) const CATALOGUE: &[Entry] = &[
    Entry {
        code: NOTHING,
        title: "no authority was found to import",
        meaning: "Import looks for the certificate of a CA and its key: in the folders that were named, else in the usual places of \
                  openssl's recipe, mkcert, easy-rsa, docker-machine, cfssl, minica and anonym, and where the daemon's own \
                  configuration leads. None of them holds a CA.",
        remedy: "sealock ca import DIR        where ca.pem, ca.crt, rootCA.pem or minica.pem lies\nsealock up                   makes a new authority",
    },
    Entry {
        code: SEVERAL,
        title: "several authorities were found",
        meaning: "One authority signs for one host, or one for servers and one for clients. More than that were found, and which of them \
                  is meant cannot be told from the certificates or from the daemon's configuration.",
        remedy: "sealock ca import DIR        the folder, or the certificate itself",
    },
    Entry {
        code: UNFIT,
        title: "the authority cannot sign certificates that everybody accepts",
        meaning: "A CA certificate has to say that it is one: X.509 version 3, CA:TRUE, keyCertSign where a key usage is stated, and a key \
                  that is still held to be strong. Of version 1, which openssl makes without an extension file and anonym always made, \
                  Go accepts roots and others do not; and nothing keeps the holder of any certificate of such a CA from being a CA \
                  himself.",
        remedy: "sealock up --accept replace-tls        a new authority; every client gets a new certificate",
    },
    Entry {
        code: NO_KEY,
        title: "the key of the authority was not found",
        meaning: "Without its key an authority can sign nothing more, so there is nothing to adopt. What it signed goes on being good \
                  until it expires, as long as the daemon and its clients trust it.",
        remedy: "Name the folder that the key lies in, if it lies elsewhere:\n  sealock ca import DIR\nIf it is lost, make a new authority; \
                 every client gets a new certificate:\n  sealock up --accept replace-tls",
    },
    Entry {
        code: OTHER_KEY,
        title: "the key is not that of the authority",
        meaning: "A key lies where the authority's belongs, and it is the key of another certificate: from an earlier attempt, most likely. \
                  A CA whose certificate was made anew has the name of the old one, and another key.",
        remedy: "openssl x509 -noout -pubkey -in ca.pem        is the public half that the key must have\nopenssl pkey -pubout -in ca-key.pem",
    },
    Entry {
        code: EXPIRED,
        title: "the authority has expired",
        meaning: "Nothing that it signed is accepted any more, by anybody who looks at dates, and nothing that it would sign now.",
        remedy: "sealock up --accept replace-tls        a new authority; every client gets a new certificate",
    },
    Entry {
        code: LOCKED,
        title: "the key of the authority is encrypted and was not opened",
        meaning: "The key needs the passphrase that was given when it was made. Sealock takes it from a prompt, a file, an inherited \
                  descriptor or a systemd credential, never from the command line, and stores the key sealed with the passphrase of \
                  the vault.",
        remedy: "sealock ca import DIR --key-passphrase prompt\nsealock ca import DIR --key-passphrase file:/root/ca.pass",
    },
    Entry {
        code: TAKEN,
        title: "the vault has another authority of this name",
        meaning: "A name in the vault stands for one authority and its generations. What was found is another one, so it gets another \
                  name; the same one again would be no change.",
        remedy: "sealock ca show                      the authority of this host\nsealock ca import DIR --name NAME",
    },
    Entry {
        code: INTERMEDIATE,
        title: "the authority was signed by another one",
        meaning: "An anchor in the vault is where verification ends. dockerd and the docker CLI would end it at an intermediate CA too, but \
                  OpenSSL, and so curl, Python and most others, go on to a root that signed itself.",
        remedy: "sealock ca import ROOT               the root above it, when its key is at hand\nsealock up --accept replace-tls      a new authority",
    },
];
