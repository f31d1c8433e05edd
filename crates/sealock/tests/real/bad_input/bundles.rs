//! Archives that came over the network.

use super::ground::Ground;

#[test]
fn archives_and_folders() {
    let mut ground = Ground::with_client("bundles");
    let _made = ground
        .run(&["client", "bundle", "alice", "-o", "alice.tar"])
        .ok();
    let _other = ground
        .run(&[
            "cert",
            "issue",
            "a.example.org",
            "--profile",
            "server",
            "--cert",
            "server.pem",
            "--key",
            "server.key",
        ])
        .ok();
    ground.tool(
        r"{ mkdir x; tar -C x -xf alice.tar; cd x; t='tar --owner=0 --group=0 -cf'
        $t ../traversal.tar -P --transform 's,^key.pem,../../etc/key.pem,' ca.pem cert.pem key.pem
        $t ../absolute.tar -P --transform 's,^key.pem,/etc/key.pem,' ca.pem cert.pem key.pem
        ln -s /etc/passwd link.pem; $t ../link.tar --transform 's,link.pem,key.pem,' ca.pem cert.pem link.pem; rm link.pem
        $t ../no-key.tar ca.pem cert.pem
        echo hi > notes.txt; $t ../extra.tar ca.pem cert.pem key.pem notes.txt
        $t ../twice.tar ca.pem cert.pem key.pem key.pem
        gzip -c ../alice.tar > ../alice.tar.gz; head -c 1000 ../alice.tar > ../cut.tar; head -c 4096 /dev/zero > ../zeros.tar
        : > ../empty.tar; head -c 3000 ../alice.tar | tail -c 2000 > ../middle.tar; truncate -s 12M ../big.tar
        cp notes.txt $(printf 'a\033[2Jb'); $t ../escape.tar ca.pem cert.pem key.pem a*b
        cd ..; d() { cp -r x $1; rm -f $1/notes.txt $1/a*b; chmod 600 $1/*; }
        d mismatch; cp server.key mismatch/key.pem; d server; cp server.pem server/cert.pem; cp server.key server/key.pem
        d nokey; rm nokey/key.pem; d swapped; mv swapped/key.pem t; mv swapped/cert.pem swapped/key.pem; mv t swapped/cert.pem
        d hidden; cat hidden/key.pem >> hidden/cert.pem; d leafca; cp leafca/ca.pem leafca/cert.pem
        d clientca; d locked; openssl pkey -in x/key.pem -aes256 -passout pass:x -out locked/key.pem
        d linked; mv linked/key.pem k; ln -s ../k linked/key.pem; d large; truncate -s 2M large/ca.pem; } >log 2>&1 || { cat log; exit 1; }; rm -rf log x",
    );
    let client_anchor = ground.run(&["ca", "export", "client"]).ok();
    ground.write("clientca/ca.pem", client_anchor);
    let cases = [
        ("a name that leads out", "traversal.tar", "SL-H505"),
        ("an absolute name", "absolute.tar", "SL-H505"),
        ("a symbolic link", "link.tar", "SL-H505"),
        ("an extra file", "extra.tar", "SL-H505"),
        ("a file twice", "twice.tar", "SL-H505"),
        (
            "a name that would clear the screen",
            "escape.tar",
            "SL-H505",
        ),
        ("compressed", "alice.tar.gz", "SL-H505"),
        ("cut off", "cut.tar", "SL-H505"),
        ("a piece from the middle", "middle.tar", "SL-H505"),
        ("12 MB", "big.tar", "SL-U008"),
        ("zeros", "zeros.tar", "SL-H505"),
        ("nothing", "empty.tar", "SL-H505"),
        ("without a key", "no-key.tar", "SL-H502"),
        ("no such bundle", "nobody.tar", "SL-U008"),
        ("a folder without a key", "nokey", "SL-H502"),
        ("another's key", "mismatch", "SL-H504"),
        ("a server's certificate", "server", "SL-H504"),
        ("certificate and key swapped", "swapped", "SL-H504"),
        ("a key hidden in cert.pem", "hidden", "SL-H504"),
        ("the anchor as certificate", "leafca", "SL-H504"),
        ("the wrong anchor", "clientca", "SL-H504"),
        ("a key with a passphrase", "locked", "SL-H503"),
        ("a large file", "large", "SL-H508"),
    ];
    for (about, source, code) in cases {
        ground.about(about);
        ground.refuse(
            &["client", "install", source, "--to", "dir:target"],
            code,
            1,
        );
    }
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn keys_of_every_form() {
    let mut ground = Ground::with_client("key-forms");
    let _made = ground
        .run(&["client", "bundle", "alice", "-o", "alice.tar"])
        .ok();
    ground.tool(
        r"{ for d in rfc1423 pbes2 rc2 two public garbage der pkcs1 dsa; do mkdir $d; tar -C $d -xf alice.tar; mv $d/key.pem $d/old; chmod 600 $d/*; done
        openssl ec -in rfc1423/old -aes128 -passout pass:x -out rfc1423/key.pem
        openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:x -in pbes2/old -out pbes2/key.pem
        openssl pkcs8 -topk8 -v1 PBE-SHA1-RC2-40 -provider legacy -provider default -passout pass:x -in rc2/old -out rc2/key.pem
        cat two/old two/old > two/key.pem; openssl pkey -in public/old -pubout -out public/key.pem
        printf '%s\n' '-----BEGIN PRIVATE KEY-----' aGVsbG8gd29ybGQ= '-----END PRIVATE KEY-----' > garbage/key.pem
        openssl pkey -in der/old -outform DER -out der/key.pem
        openssl genrsa -traditional -out pkcs1/key.pem 1024; openssl dsaparam -genkey 1024 -noout > dsa/key.pem || openssl dsaparam -genkey 2048 > dsa/key.pem
        rm */old; } >log 2>&1 || { cat log; exit 1; }; rm log",
    );
    for (about, folder) in [
        (
            "RFC 1423, as `openssl ec -aes128` still writes it",
            "rfc1423",
        ),
        ("PBES2: good, but docker cannot open it", "pbes2"),
        ("RC2", "rc2"),
        ("two keys", "two"),
        ("a public key", "public"),
        ("garbage between the right lines", "garbage"),
        ("DER", "der"),
        ("RSA of 1024 bits", "pkcs1"),
        ("DSA", "dsa"),
    ] {
        ground.about(about);
        ground.refuse(
            &["client", "install", folder, "--to", "dir:target"],
            "SL-H503",
            1,
        );
    }
    insta::assert_snapshot!(ground.transcript());
}
