//! What can be wrong with an archive.

use sealock_diag::{Code, Entry};

pub(crate) const NOBODY: Code = Code("SL-U050");
pub(crate) const NO_KEY: Code = Code("SL-U051");
pub(crate) const NO_ARCHIVE: Code = Code("SL-U052");
pub(crate) const ALTERED: Code = Code("SL-U053");
pub(crate) const CLOSED: Code = Code("SL-U054");
pub(crate) const HOSTILE: Code = Code("SL-U055");
pub(crate) const OCCUPIED: Code = Code("SL-U056");
pub(crate) const NOT_INTACT: Code = Code("SL-U057");
pub(crate) const NOT_REPLACED: Code = Code("SL-U058");

/// The codes of archives.
pub(crate) const CATALOGUE: &[Entry] = &[
    Entry {
        code: NOBODY,
        title: "nobody was named who could open the archive",
        meaning: "An archive holds the issuer keys, so it is never written in the clear. It is sealed for age recipients, \
                  whose identities then open it, or with a passphrase, which comes from a prompt, a file, a descriptor or a \
                  systemd credential.",
        remedy: "age-keygen -o key.txt        once; keep key.txt away from this host\n\
                 sealock backup -o vault.age --to age1…\n\
                 sealock backup -o vault.age --archive-passphrase prompt",
    },
    Entry {
        code: NO_KEY,
        title: "this is no recipient or identity that sealock can use",
        meaning: "Recipients are age1 and 58 more characters, and identities AGE-SECRET-KEY-1 and 58 more, as age-keygen makes them. \
                  Both carry a checksum, so a slip of the finger is noticed. SSH keys, plugins and identity files that are \
                  sealed with a passphrase of their own are for the age tool and not for sealock.",
        remedy: "age-keygen -o key.txt             makes an identity\nage-keygen -y key.txt             prints its recipient\nage -d sealed-key.txt > key.txt   opens an identity file that is sealed",
    },
    Entry {
        code: NO_ARCHIVE,
        title: "this is no archive of sealock",
        meaning: "The file does not begin as an age file does, or what is sealed in it was not made by `sealock backup`: it is no tar \
                  archive, or it has no manifest that this version can read.",
        remedy: "Check the path. `age -d FILE | tar -tvf -` shows what is in an age file.",
    },
    Entry {
        code: ALTERED,
        title: "the archive was cut off or altered",
        meaning: "Every part of an age file is authenticated. Some bytes of this one are not those that were sealed, or its end is \
                  missing. Nothing of it was used.",
        remedy: "Fetch the file again from where it was copied from, or take an older one.",
    },
    Entry {
        code: CLOSED,
        title: "the archive does not open with this",
        meaning: "A file that is sealed for recipients opens with the identity of one of them, and one that is sealed with a passphrase \
                  with that passphrase. There is no other way in.",
        remedy: "sealock restore FILE --identity key.txt\nsealock restore FILE --archive-passphrase prompt",
    },
    Entry {
        code: HOSTILE,
        title: "the archive holds something that no archive of ours holds",
        meaning: "Whoever knows a recipient can seal a file for it, so what comes out is looked at before it is used. Names that lead \
                  elsewhere, links, devices, files that occur twice, files that do not belong, and more than can be needed are \
                  refused, and nothing is unpacked.",
        remedy: "Do not use this file. Ask where it came from.",
    },
    Entry {
        code: OCCUPIED,
        title: "something lies where the vault would go",
        meaning: "A restore never writes over a vault: the one that is there may be the younger one. Only the very same vault is taken for \
                  done.",
        remedy: "Move it aside and run the command again, or restore beside it with --home DIR.",
    },
    Entry {
        code: NOT_INTACT,
        title: "what the archive holds is not an intact vault",
        meaning: "Before anything is put in place, every file is compared with the digest in the manifest, the database is read as a whole, \
                  and the key of every anchor is looked at. Something of that does not hold.",
        remedy: "Take another archive. If this is the only one, `age -d FILE | tar -xf -` brings out what there is.",
    },
    Entry {
        code: NOT_REPLACED,
        title: "a file that is no archive is not replaced",
        meaning: "A backup may replace the backup before it. What lies at this path is something else, and is left alone.",
        remedy: "Choose another path with -o, or remove the file.",
    },
];
