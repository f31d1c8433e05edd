//! What `sealock explain` says of the codes of this module.

use sealock_diag::{Code, Entry};

/// One entry per code of [`super::ClientError`].
pub const CATALOGUE: &[Entry] = &[
    Entry {
        code: Code("SL-H501"),
        title: "a file of the docker client cannot be read",
        meaning: "A bundle, a Docker context or the docker CLI's config.json is there, and the \
                  system does not let this user read it. Keys are readable by their owner only, so \
                  this is normal when the files belong to somebody else. Nothing was changed.",
        remedy: "Run the command as the owner of the files, or give the files to this user:\n  \
                 sudo chown -R \"$USER\" ~/.docker",
    },
    Entry {
        code: Code("SL-H502"),
        title: "the client bundle is not complete",
        meaning: "A Docker client needs three files: ca.pem (the server anchor it trusts), cert.pem \
                  (its certificate, leaf first) and key.pem (its private key). The docker CLI skips \
                  a missing cert.pem or key.pem without a word and is then turned away as a client \
                  without a certificate; so an incomplete bundle is never installed.",
        remedy: "Write the bundle again where the client was made:\n  sealock client bundle NAME",
    },
    Entry {
        code: Code("SL-H503"),
        title: "a file of the client bundle does not hold what its name says",
        meaning: "ca.pem and cert.pem hold certificates as PEM text, key.pem exactly one private \
                  key. Keys locked with a passphrase are refused too: no Docker client since 23.0 \
                  can open them.",
        remedy: "Look at the files:\n  sealock cert show cert.pem\nUnlock a key with:\n  openssl \
                 pkcs8 -topk8 -nocrypt -in key.pem -out key-plain.pem",
    },
    Entry {
        code: Code("SL-H504"),
        title: "the files of the client bundle do not belong together",
        meaning: "Each file is readable, yet together they are no client: the key belongs to another \
                  certificate, the certificate is not allowed to be a client (extended key usage \
                  clientAuth is needed), ca.pem is no CA or the wrong one, or a private key hides in \
                  a file that would be readable for all. A daemon would turn such a client away with \
                  a message that does not name the reason.",
        remedy: "Write the bundle again where the client was made:\n  sealock client bundle \
                 NAME\nThen install that archive.",
    },
    Entry {
        code: Code("SL-H505"),
        title: "the archive is refused",
        meaning: "A bundle is a plain tar archive with exactly ca.pem, cert.pem and key.pem; an \
                  archive of `docker context export` is understood too. Links, devices, names that \
                  point outside, files that occur twice, foreign files and archives above 10 MiB \
                  are refused, because an archive that came over the network may have been made to \
                  harm. Nothing was unpacked.",
        remedy: "Look into it:\n  tar -tvf BUNDLE.tar\nand write it again:\n  sealock client \
                 bundle NAME",
    },
    Entry {
        code: Code("SL-H506"),
        title: "there is another client's certificate already",
        meaning: "The directory holds the certificate of somebody else, perhaps for another daemon. \
                  Overwriting it would lock that client out. A certificate of the same name is \
                  renewed without asking.",
        remedy: "Install into a directory of its own:\n  sealock client install BUNDLE --to \
                 ~/.docker/zones/NAME\nor as a context (--to context:NAME), or say --replace.",
    },
    Entry {
        code: Code("SL-H507"),
        title: "the place for the client's files is taken",
        meaning: "A link, a file or a directory of other things has the name that a directory or \
                  file of ours needs. Links are not followed, because whoever owns the link could \
                  redirect the key; a directory with other files in it is not closed to others \
                  (mode 0700), because somebody may need them.",
        remedy: "Name a real directory that is new or holds nothing else:\n  sealock client install \
                 BUNDLE --to ~/.docker/zones/NAME",
    },
    Entry {
        code: Code("SL-H508"),
        title: "a file of the client bundle is too large",
        meaning: "A chain of certificates has a few thousand bytes and a ca.pem with every public root \
                  some hundred thousand. What has more than 1 MiB is another file.",
        remedy: "Name the directory that holds ca.pem, cert.pem and key.pem.",
    },
    Entry {
        code: Code("SL-H510"),
        title: "this cannot be the name of a docker context",
        meaning: "The docker CLI takes names of two or more letters, digits, `_`, `.`, `+` and `-`, \
                  starting with a letter or a digit; `default` is its own word for no context.",
        remedy: "Choose another name, such as the host's:\n  sealock client install BUNDLE --to \
                 context:build-host",
    },
    Entry {
        code: Code("SL-H511"),
        title: "a docker context of this name exists and is not sealock's",
        meaning: "The context was made with `docker context create` or by another program. Replacing \
                  it would take its certificate away. Contexts made by sealock carry \
                  \"ManagedBy\": \"sealock\" in their metadata and are refreshed without asking.",
        remedy: "Look at it:\n  docker context inspect NAME\nthen choose another name or say \
                 --replace.",
    },
    Entry {
        code: Code("SL-H512"),
        title: "there is no docker context of this name",
        meaning: "The docker CLI keeps each context under ~/.docker/contexts (or $DOCKER_CONFIG), in \
                  a directory called after the SHA-256 of its name. There is none for this name. \
                  While config.json or DOCKER_CONTEXT names a missing context, docker 20.10 refuses \
                  every command.",
        remedy: "docker context ls\ndocker context use default",
    },
    Entry {
        code: Code("SL-H513"),
        title: "the docker context cannot be understood",
        meaning: "Its meta.json is not the JSON that the docker CLI writes: an object with Name, \
                  Metadata and Endpoints. It is not overwritten unless you say so.",
        remedy: "Remove it and make it again:\n  docker context rm -f NAME",
    },
    Entry {
        code: Code("SL-H514"),
        title: "the docker context is in use",
        meaning: "config.json names this context as the current one. Without it docker 20.10 would \
                  refuse every command, even `docker context ls`.",
        remedy: "docker context use default\nand then remove it.",
    },
    Entry {
        code: Code("SL-H515"),
        title: "the docker CLI's config.json cannot be understood",
        meaning: "The file must be a JSON object. sealock reads only `currentContext` from it and \
                  writes only that key, keeping everything else as it is; a file that is no JSON \
                  cannot be edited that way.",
        remedy: "Mend the file, or move it away:\n  python3 -m json.tool ~/.docker/config.json",
    },
    Entry {
        code: Code("SL-H516"),
        title: "--host and --context were given together",
        meaning: "The docker CLI stops with `conflicting options: cannot specify both --host and \
                  --context`, because both say where the daemon is.",
        remedy: "Leave one of them out.",
    },
    Entry {
        code: Code("SL-H520"),
        title: "this is not the endpoint of a docker daemon",
        meaning: "A daemon behind TLS is reached by tcp://NAME:PORT, where NAME is one of the names \
                  or addresses in the server's certificate. The port is 2376 when none is given. \
                  IPv6 addresses stand in brackets.",
        remedy: "For example:\n  tcp://build.example.org:2376\n  tcp://[2001:db8::7]:2376",
    },
    Entry {
        code: Code("SL-H521"),
        title: "the path cannot be written for a shell",
        meaning: "Control characters, invisible characters and bytes that are not UTF-8 have no safe \
                  spelling that bash, fish and PowerShell share.",
        remedy: "Install the client into a directory with a plain name.",
    },
    Entry {
        code: Code("SL-H522"),
        title: "the shell or client is not known",
        meaning: "`env` speaks bash (which dash, ksh and zsh understand too), fish and powershell; \
                  the list of clients is printed with the error.",
        remedy: "sealock client env NAME --shell bash",
    },
];
