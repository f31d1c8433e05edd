//! Requests that must not be signed, and lists that revoke nothing.

use super::ground::Ground;

const MAKE: &str = r"
req() { out=$1; shift; openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $out.key -out $out.csr -subj /CN=$out $@; }
req good -addext subjectAltName=DNS:a.example.org
req asks-for-ca -addext basicConstraints=critical,CA:TRUE
req asks-for-more -addext subjectAltName=DNS:a.example.org,DNS:google.com
openssl req -new -newkey rsa:1024 -nodes -keyout weak.key -out weak.csr -subj /CN=weak
openssl req -new -key good.key -sha1 -subj /CN=old -out sha1.csr
openssl req -in good.csr -outform DER -out good.der
openssl req -in good.csr -outform DER | { head -c -3; printf xyz; } | { echo '-----BEGIN CERTIFICATE REQUEST-----'; base64; echo '-----END CERTIFICATE REQUEST-----'; } > forged.csr
openssl req -x509 -key good.key -subj /CN=itself -days 9 -out certificate.pem
openssl ecparam -name secp521r1 -genkey -noout -out p521.key; openssl req -new -key p521.key -subj /CN=p521 -out p521.csr
";

#[test]
fn requests() {
    let mut ground = Ground::with_authority("requests");
    ground.tool(&format!(
        "{{ {MAKE} }} >log 2>&1 || {{ cat log; exit 1; }}; rm log"
    ));
    let cases: [(&str, &[&str], &str, i32); 12] = [
        (
            "not signed by its own key",
            &[
                "forged.csr",
                "--profile",
                "server",
                "--name",
                "a.example.org",
            ],
            "SL-P402",
            1,
        ),
        (
            "asks to be a CA",
            &[
                "asks-for-ca.csr",
                "--profile",
                "server",
                "--name",
                "a.example.org",
            ],
            "SL-P319",
            1,
        ),
        (
            "RSA of 1024 bits",
            &["weak.csr", "--profile", "client", "--name", "a"],
            "SL-P208",
            1,
        ),
        (
            "SHA-1",
            &["sha1.csr", "--profile", "client", "--name", "a"],
            "SL-P403",
            1,
        ),
        (
            "a curve that is not issued for",
            &["p521.csr", "--profile", "client", "--name", "a"],
            "SL-P209",
            1,
        ),
        (
            "DER",
            &["good.der", "--profile", "client", "--name", "a"],
            "SL-P103",
            1,
        ),
        (
            "a certificate",
            &["certificate.pem", "--profile", "client", "--name", "a"],
            "SL-P107",
            1,
        ),
        (
            "a key",
            &["good.key", "--profile", "client", "--name", "a"],
            "SL-P107",
            1,
        ),
        (
            "names beyond the fence",
            &[
                "asks-for-more.csr",
                "--profile",
                "server",
                "--names-from-request",
                "--name",
                "a.example.org",
            ],
            "SL-P320",
            1,
        ),
        (
            "no name for a server",
            &["good.csr", "--profile", "server"],
            "SL-P316",
            1,
        ),
        (
            "no name for a client",
            &["good.csr", "--profile", "client"],
            "SL-U007",
            2,
        ),
        (
            "a name that is none",
            &["good.csr", "--profile", "server", "--name", "a b"],
            "SL-P013",
            2,
        ),
    ];
    for (about, words, code, exit) in cases {
        ground.about(about);
        ground.refuse(&[&["cert", "sign"], words].concat(), code, exit);
    }
    ground.about("lives");
    ground.refuse(
        &[
            "cert",
            "sign",
            "good.csr",
            "--profile",
            "server",
            "--name",
            "a.example.org",
            "--days",
            "826",
        ],
        "SL-P313",
        1,
    );
    ground.refuse(
        &[
            "cert",
            "sign",
            "good.csr",
            "--profile",
            "client",
            "--name",
            "a",
            "--days",
            "0",
        ],
        "SL-U014",
        2,
    );
    ground.about("names of what is issued");
    let issue = |name: &'static str, profile: &'static str| {
        [
            "cert",
            "issue",
            name,
            "--profile",
            profile,
            "--cert",
            "new.pem",
            "--key",
            "new.key",
        ]
    };
    ground.refuse(&issue("", "server"), "SL-P010", 2);
    ground.refuse(&issue("a\u{1b}[2J.example.org", "server"), "SL-P013", 2);
    ground.refuse(&issue("*.*.example.org", "server"), "SL-P013", 2);
    ground.refuse(&issue("email:a@example.org", "server"), "SL-P316", 1);
    ground.refuse(&issue(" alice", "client"), "SL-P012", 2);
    ground.refuse(
        &[&issue("alice", "client")[..], &["a.example.org"]].concat(),
        "SL-P317",
        1,
    );
    ground.refuse(
        &[&issue("alice", "client")[..], &["--key-kind", "dsa"]].concat(),
        "SL-U014",
        2,
    );
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn revocation_lists() {
    let mut ground = Ground::bare("lists");
    ground.tool(
        r"{ printf '[ca]\ndefault_ca=x\n[x]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=30\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n' > ca.cnf
        : > index; echo 01 > number
        ca() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.pem -days 3650 -subj /CN=$1 -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign; }
        ca ca; ca other
        openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout c.key -out c.csr -subj /CN=c
        printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\nauthorityKeyIdentifier=keyid\n' > c.ext
        openssl x509 -req -in c.csr -CA ca.pem -CAkey ca.key -out client.pem -extfile c.ext -days 90 -set_serial 0x1002
        openssl ca -config ca.cnf -gencrl -cert ca.pem -keyfile ca.key -out good.crl
        openssl ca -config ca.cnf -gencrl -cert other.pem -keyfile other.key -out other.crl
        openssl ca -config ca.cnf -gencrl -cert ca.pem -keyfile ca.key -crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z -out stale.crl
        openssl ca -config ca.cnf -revoke client.pem -cert ca.pem -keyfile ca.key
        openssl ca -config ca.cnf -gencrl -cert ca.pem -keyfile ca.key -out revoked.crl
        openssl crl -in good.crl -outform DER -out good.der; head -c 150 good.crl > cut.crl; } >log 2>&1 || { cat log; exit 1; }; rm log",
    );
    let verify = |crl: &'static str| {
        [
            "cert",
            "verify",
            "--anchor",
            "ca.pem",
            "--purpose",
            "client",
            "--crl",
            crl,
            "client.pem",
        ]
    };
    ground.accept(&verify("good.crl"), 0);
    for (about, crl, code, exit) in [
        ("it is on the list", "revoked.crl", "SL-P634", 3),
        ("another issuer's list", "other.crl", "SL-P635", 3),
        ("a list whose time is over", "stale.crl", "SL-P636", 3),
        ("a certificate for a list", "ca.pem", "SL-P107", 1),
        ("DER", "good.der", "SL-P103", 1),
        ("cut off", "cut.crl", "SL-P105", 1),
    ] {
        ground.about(about);
        ground.refuse(&verify(crl), code, exit);
    }
    insta::assert_snapshot!(ground.transcript());
}
