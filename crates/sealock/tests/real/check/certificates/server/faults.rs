//! The faults of a server's certificate that docker and curl, or docker alone, or neither of them minds.

use crate::check::certificates::forge::{
    ANCHOR, AUTHORITY, Extensions, FOR_SERVERS, Forge, Recipe, SERVER,
};

/// One fault of the certificate that the daemon serves.
#[derive(Clone, Copy)]
pub(super) struct Case {
    pub(super) code: &'static str,
    pub(super) what: &'static str,
    /// The parts of the daemon's certificate file.
    pub(super) chain: &'static [&'static str],
    pub(super) key: &'static str,
    /// What is told first on the host before the daemon has loaded it.
    pub(super) waits: &'static str,
    /// How it bites when it is served.
    pub(super) bites: &'static str,
    /// How clients call the host.
    pub(super) name: &'static str,
    /// What the words of docker and of curl are read as; nothing when they do not mind.
    pub(super) said: [&'static str; 2],
}

/// Everybody is shut out; the words of docker and of curl are read as these.
const fn down(
    code: &'static str,
    what: &'static str,
    chain: &'static [&'static str],
    said: [&'static str; 2],
) -> Case {
    Case {
        code,
        what,
        chain,
        said,
        key: "server.key",
        waits: code,
        bites: "down",
        name: "127.0.0.1",
    }
}

/// Nobody minds: before the restart it is merely news, whatever is wrong with it.
const fn weak(code: &'static str, what: &'static str, chain: &'static [&'static str]) -> Case {
    Case {
        waits: "SL-F212",
        bites: "weak",
        ..down(code, what, chain, ["", ""])
    }
}

pub(super) const ALL: &[Case] = &[
    down(
        "SL-F301",
        "expired",
        &["expired.pem"],
        ["SL-F301", "SL-F301"],
    ),
    down(
        "SL-F302",
        "not yet valid",
        &["future.pem"],
        ["SL-F302", "SL-F302"],
    ),
    Case {
        bites: "soon",
        ..weak("SL-F303", "five days are left", &["soon.pem"])
    },
    down(
        "SL-F305",
        "no address",
        &["no-address.pem"],
        ["SL-F305", "SL-F305"],
    ),
    Case {
        name: "localhost",
        ..down(
            "SL-F306",
            "a common name only",
            &["common-name.pem"],
            ["SL-F306", ""],
        )
    },
    down(
        "SL-F308",
        "for clients",
        &["for-clients.pem"],
        ["SL-F308", "SL-F308"],
    ),
    weak("SL-F309", "for anything", &["for-anything.pem"]),
    weak("SL-F310", "for both", &["for-both.pem"]),
    Case {
        bites: "locked-out",
        ..down("SL-F311", "a CA's", &["authority.pem"], ["", "SL-F308"])
    },
    Case {
        key: "middle.key",
        ..down(
            "SL-F312",
            "an intermediate first",
            &["middle.pem", "below.pem"],
            ["SL-F305", "SL-F308"],
        )
    },
    down(
        "SL-F313",
        "no intermediate",
        &["below.pem"],
        ["SL-F313", "SL-F313"],
    ),
    down(
        "SL-F314",
        "self-signed",
        &["alone.pem"],
        ["SL-F314", "SL-F314"],
    ),
    weak(
        "SL-F315",
        "the root is sent along",
        &["server.pem", "servers.pem"],
    ),
    down(
        "SL-F316",
        "by somebody else",
        &["by-others.pem"],
        ["SL-F316", "SL-F316"],
    ),
    Case {
        key: "small.key",
        said: ["", "SL-F321"],
        ..weak("SL-F321", "RSA of 1024 bits", &["small.pem"])
    },
    down(
        "SL-F322",
        "signed with SHA-1",
        &["sha1.pem"],
        ["SL-F322", "SL-F322"],
    ),
    weak("SL-F326", "called like its CA", &["namesake.pem"]),
    Case {
        bites: "locked-out",
        ..down(
            "SL-F326",
            "its CA's name, and whose key is not said",
            &["lookalike.pem"],
            ["", "SL-F314"],
        )
    },
    down(
        "SL-F329",
        "by the same name with another key",
        &["twin.pem"],
        ["SL-F329", "SL-F316"],
    ),
    weak("SL-F330", "three years", &["long.pem"]),
    weak("SL-F334", "may not sign", &["agreement.pem"]),
    down(
        "SL-F335",
        "an address as a name",
        &["as-name.pem"],
        ["SL-F305", "SL-F305"],
    ),
    weak("SL-F335", "a wildcard for everything", &["wildcard.pem"]),
];

/// Makes all these certificates.
pub(super) fn make(forge: &Forge) {
    let with = |name: &str, extensions: Extensions<'_>| {
        forge.make(
            name,
            &Recipe {
                extensions: Some(extensions),
                ..SERVER
            },
        );
    };
    let names = |name: &str, names: &str| {
        with(
            name,
            Extensions {
                names,
                ..FOR_SERVERS
            },
        )
    };
    let purposes = |name: &str, purposes: &str| {
        with(
            name,
            Extensions {
                purposes,
                ..FOR_SERVERS
            },
        );
    };
    let at = |name: &str, when: &str, days: &str| {
        forge.make(
            name,
            &Recipe {
                when,
                days,
                ..SERVER
            },
        );
    };
    at("expired", "-40d", "30");
    at("future", "+20d", "90");
    at("soon", "-95d", "100");
    at("long", "-10d", "1100");
    names("no-name", "DNS:docker.example.org,IP:127.0.0.1");
    names("no-address", "DNS:localhost");
    names("common-name", "");
    names("as-name", "DNS:localhost,DNS:127.0.0.1");
    names("wildcard", "DNS:*,DNS:localhost,IP:127.0.0.1");
    purposes("for-clients", "clientAuth");
    purposes("for-anything", "");
    purposes("for-both", "serverAuth,clientAuth");
    with(
        "authority",
        Extensions {
            names: FOR_SERVERS.names,
            issuer_key: "keyid",
            ..AUTHORITY
        },
    );
    let usage = "critical,keyAgreement";
    let agreement = Extensions {
        usage,
        ..FOR_SERVERS
    };
    with("agreement", agreement);
    let alone = Extensions {
        issuer_key: "none",
        ..FOR_SERVERS
    };
    forge.make(
        "alone",
        &Recipe {
            by: "",
            extensions: Some(alone),
            ..SERVER
        },
    );
    let digest = "-sha1";
    forge.make("sha1", &Recipe { digest, ..SERVER });
    for (name, kind) in [
        ("small", ["RSA", "-pkeyopt", "rsa_keygen_bits:1024"]),
        ("curve", ["EC", "-pkeyopt", "ec_paramgen_curve:secp224r1"]),
    ] {
        forge.key_of(name, &kind);
        forge.make(
            name,
            &Recipe {
                key: name,
                ..SERVER
            },
        );
    }
    for (name, extensions) in [("namesake", FOR_SERVERS), ("lookalike", alone)] {
        forge.make(
            name,
            &Recipe {
                subject: ANCHOR.subject,
                extensions: Some(extensions),
                ..SERVER
            },
        );
    }
    for (issuer, key, subject, by, name) in [
        (
            "middle",
            "middle",
            "/CN=Hand-made issuing CA",
            "servers",
            "below",
        ),
        ("others", "others", "/CN=Somebody else", "", "by-others"),
        ("again", "again", ANCHOR.subject, "", "twin"),
    ] {
        forge.make(
            issuer,
            &Recipe {
                subject,
                key,
                by,
                ..ANCHOR
            },
        );
        let by = issuer;
        forge.make(name, &Recipe { by, ..SERVER });
    }
}
