//! Certificates and keys that are not what they are named as, for `cert show` and `cert verify`.

use super::ground::Ground;

/// An authority of openssl's making with a server and a client, and what can be broken about them.
const MAKE: &str = r"
ext() { printf '%s\n' $2 > $1.ext; }
ca() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.pem -days 3650 -subj /CN=$1 \
  -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign; }
ca ca; ca other
leaf() { openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.csr -subj /CN=$1
  printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n%b' $2 > $1.ext
  openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -out $1.pem -extfile $1.ext -set_serial $3 $4 $5; }
leaf server 'extendedKeyUsage=serverAuth\nsubjectAltName=DNS:a.example.org\n' 0x1001 -days 90
leaf client 'extendedKeyUsage=clientAuth\n' 0x1002 -days 90
openssl x509 -in server.pem -outform DER -out server.der
head -c 300 server.pem > cut.pem
sed 's/M/!/' server.pem | sed 1s/.*/-----BEGIN\ CERTIFICATE-----/ > garbled.pem
openssl x509 -in server.pem -outform DER | head -c 200 | { echo '-----BEGIN CERTIFICATE-----'; base64; echo '-----END CERTIFICATE-----'; } > short.pem
{ echo '-----BEGIN CERTIFICATE-----'; base64 ca.key; echo '-----END CERTIFICATE-----'; } > wrong-inside.pem
openssl pkcs12 -export -inkey client.key -in client.pem -passout pass:x -out client.p12
openssl req -in server.csr -pubkey -noout -out public.pem
tr -d '\n' < server.pem > one-line.pem
sed 's/$/\r/' server.pem > crlf.pem
";

#[test]
fn not_a_certificate() {
    let mut ground = Ground::bare("certificates");
    ground.tool(&format!(
        "{{ {MAKE} }} >log 2>&1 || {{ cat log; exit 1; }}; rm log"
    ));
    let cases = [
        ("DER", "server.der", "SL-P103"),
        ("PKCS#12", "client.p12", "SL-P103"),
        ("a private key", "server.key", "SL-P107"),
        ("a public key", "public.pem", "SL-P107"),
        ("a request", "server.csr", "SL-P107"),
        ("cut off in the middle", "cut.pem", "SL-P105"),
        ("a character that is no base64", "garbled.pem", "SL-P106"),
        ("DER that ends too early", "short.pem", "SL-P110"),
        (
            "a key inside a certificate's lines",
            "wrong-inside.pem",
            "SL-P110",
        ),
    ];
    for (about, file, code) in cases {
        ground.about(about);
        ground.refuse(&["cert", "show", file], code, 1);
    }
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn hostile_subjects() {
    let mut ground = Ground::bare("subjects");
    // openssl's own configuration carries bytes that no command line does.
    let subject = "a\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}fdp.exe\u{200b}";
    ground.write(
        "hostile.cnf",
        format!("[req]\nx509_extensions=x\ndistinguished_name=dn\nprompt=no\nutf8=yes\nstring_mask=utf8only\n[dn]\nO=one\\, CN=two\nCN={subject}\n[x]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"),
    );
    ground.tool("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out hostile.pem -config hostile.cnf -days 36500 -set_serial 7 -utf8 2>/dev/null");
    let shown = ground.run(&["cert", "show", "hostile.pem"]);
    assert_eq!(shown.code, 0, "{shown}");
    for said in [
        shown,
        ground.run(&["cert", "show", "hostile.pem", "--json"]),
    ] {
        assert!(
            !said
                .stdout
                .contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{200b}']),
            "{said}"
        );
    }
    ground.accept(&["cert", "show", "hostile.pem"], 0);
    ground.refuse(
        &[
            "cert",
            "verify",
            "--anchor",
            "hostile.pem",
            "--purpose",
            "server",
            "--name",
            "a.example.org",
            "hostile.pem",
        ],
        "SL-P616",
        3,
    );
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn judged_and_refused() {
    let mut ground = Ground::bare("judged");
    ground.tool(&format!(
        "{{ {MAKE} }} >log 2>&1 || {{ cat log; exit 1; }}; rm log"
    ));
    ground.tool(
        "openssl req -x509 -newkey rsa:1024 -nodes -keyout weak.key -out weak.pem -days 90 -subj /CN=weak -addext basicConstraints=critical,CA:TRUE 2>/dev/null",
    );
    let verify = |anchor: &'static str, purpose: &'static str, chain: &'static str| {
        vec![
            "cert",
            "verify",
            "--anchor",
            anchor,
            "--purpose",
            purpose,
            chain,
        ]
    };
    let more = |mut words: Vec<&'static str>, more: &[&'static str]| {
        words.extend(more);
        words
    };
    ground.about("what is good");
    ground.accept(&verify("ca.pem", "client", "client.pem"), 0);
    ground.accept(&verify("ca.pem", "server", "crlf.pem"), 0);
    let cases: [(&str, Vec<&str>, &str); 9] = [
        (
            "an anchor of another authority",
            verify("other.pem", "server", "server.pem"),
            "SL-P605",
        ),
        (
            "a server as a client",
            verify("ca.pem", "client", "server.pem"),
            "SL-P614",
        ),
        (
            "a client as a server",
            verify("ca.pem", "server", "client.pem"),
            "SL-P614",
        ),
        (
            "another name",
            more(
                verify("ca.pem", "server", "server.pem"),
                &["--name", "b.example.org"],
            ),
            "SL-P632",
        ),
        (
            "expired by then",
            more(
                verify("ca.pem", "server", "server.pem"),
                &["--at", "2038-01-01"],
            ),
            "SL-P604",
        ),
        (
            "before its birth",
            more(
                verify("ca.pem", "server", "server.pem"),
                &["--at", "2001-01-01"],
            ),
            "SL-P603",
        ),
        (
            "the anchor itself as a client",
            verify("ca.pem", "client", "ca.pem"),
            "SL-P616",
        ),
        (
            "a weak anchor",
            verify("weak.pem", "server", "weak.pem"),
            "SL-P612",
        ),
        (
            "an anchor that is no CA",
            verify("server.pem", "server", "server.pem"),
            "SL-P605",
        ),
    ];
    for (about, words, code) in cases {
        ground.about(about);
        ground.refuse(&words, code, 3);
    }
    ground.about("questions that cannot be asked");
    ground.refuse(
        &more(verify("ca.pem", "server", "server.pem"), &["--name", "a b"]),
        "SL-P013",
        2,
    );
    ground.refuse(
        &more(
            verify("ca.pem", "server", "server.pem"),
            &["--at", "tomorrow"],
        ),
        "SL-U014",
        2,
    );
    ground.refuse(
        &more(
            verify("ca.pem", "server", "server.pem"),
            &["--at", "2027-02-30"],
        ),
        "SL-U014",
        2,
    );
    ground.refuse(&verify("ca.pem", "peer", "server.pem"), "SL-U014", 2);
    insta::assert_snapshot!(ground.transcript());
}
