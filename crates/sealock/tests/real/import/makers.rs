//! Leftovers, made as their tools make them. Each ends with a folder `hand` that holds what a client was handed:
//! `ca.pem`, `cert.pem`, `key.pem`.

use std::path::Path;
use std::process::Command;

use sealock_testkit::process::run;

/// The passphrase of every sealed key here.
pub(super) const PASSPHRASE: &str = "vier bunte Boote";

/// Runs a script in a folder; its variables `PASS` and `HERE` are a file with the passphrase (twice, for tools that
/// read it twice) and the folder.
pub(super) fn make(folder: &Path, script: &str) {
    let pass = folder.with_extension("pass");
    std::fs::write(&pass, format!("{PASSPHRASE}\n{PASSPHRASE}\n")).unwrap();
    let made = run(Command::new("bash")
        .args(["-euc", &format!("exec 2>&1; {script}")])
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", folder)
        .env("PASS", &pass)
        .env("HERE", folder)
        .current_dir(folder));
    assert_eq!(made.code, 0, "{made}");
}

/// The recipe of the Docker documentation, command by command, for any kind of key; `$HOST` is the CA's and the server's
/// common name, as it has it.
fn openssl(ca_key: &str, key: &str) -> String {
    format!(
        "HOST=h1.test
        {ca_key}
        openssl req -new -x509 -days 365 -key ca-key.pem -passin file:$PASS -sha256 -out ca.pem -subj \"/C=US/O=Lab/CN=$HOST\"
        {key} -out server-key.pem
        openssl req -subj \"/CN=$HOST\" -sha256 -new -key server-key.pem -out server.csr
        echo subjectAltName = DNS:$HOST,DNS:localhost,IP:127.0.0.1 >> extfile.cnf
        echo extendedKeyUsage = serverAuth >> extfile.cnf
        openssl x509 -req -days 364 -sha256 -in server.csr -CA ca.pem -CAkey ca-key.pem -passin file:$PASS -CAcreateserial -out server-cert.pem -extfile extfile.cnf
        {key} -out key.pem
        openssl req -subj /CN=client -new -key key.pem -out client.csr
        echo extendedKeyUsage = clientAuth > extfile-client.cnf
        openssl x509 -req -days 364 -sha256 -in client.csr -CA ca.pem -CAkey ca-key.pem -passin file:$PASS -CAcreateserial -out cert.pem -extfile extfile-client.cnf
        chmod 0400 ca-key.pem key.pem server-key.pem; chmod 0444 ca.pem server-cert.pem cert.pem
        mkdir ../hand; cp ca.pem cert.pem key.pem ../hand"
    )
}

/// RSA 4096, sealed as OpenSSL 1.1 sealed it (RFC 1423), which was current when most of these were made.
pub(super) fn openssl_rsa_traditional() -> String {
    openssl(
        "openssl genrsa -traditional -aes256 -passout file:$PASS -out ca-key.pem 4096",
        "openssl genrsa -traditional 4096 >tmp; openssl rsa -in tmp -traditional",
    )
}

/// RSA 2048, sealed as OpenSSL 3 seals it: PKCS#8 with PBES2.
pub(super) fn openssl_rsa_pkcs8() -> String {
    openssl(
        "openssl genrsa -aes256 -passout file:$PASS -out ca-key.pem 2048",
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048",
    )
}

/// ECDSA: SEC1 with its parameters in front, the CA's sealed with 3DES.
pub(super) fn openssl_ec() -> String {
    openssl(
        "openssl ecparam -name secp384r1 -genkey -noout | openssl ec -des3 -passout file:$PASS -out ca-key.pem",
        "openssl ecparam -name prime256v1 -genkey",
    )
}

/// Ed25519.
pub(super) fn openssl_ed25519() -> String {
    openssl(
        "openssl genpkey -algorithm ED25519 -aes-256-cbc -pass file:$PASS -out ca-key.pem",
        "openssl genpkey -algorithm ED25519",
    )
}

/// mkcert with a root of its own; `more` is `-ecdsa` or nothing.
pub(super) fn mkcert(more: &str) -> String {
    format!(
        "export CAROOT=$HERE
        mkcert {more} -cert-file server-cert.pem -key-file server-key.pem h1.test localhost 127.0.0.1
        mkcert {more} -client -cert-file alice-client.pem -key-file alice-client-key.pem alice@lab.test
        mkdir ../hand; cp rootCA.pem ../hand/ca.pem; cp alice-client.pem ../hand/cert.pem; cp alice-client-key.pem ../hand/key.pem"
    )
}

/// easy-rsa with a sealed CA key, a server, two clients and one who was revoked.
pub(super) fn easy_rsa(algorithm: &str) -> String {
    format!(
        "export EASYRSA_PKI=$HERE/pki EASYRSA_ALGO={algorithm} EASYRSA_CURVE=prime256v1
        rsa() {{ /usr/share/easy-rsa/easyrsa --batch --passin=file:$PASS \"$@\"; }}
        rsa init-pki
        rsa --req-cn=Our-CA --passout=file:$PASS build-ca
        rsa --subject-alt-name=DNS:h1.test,DNS:localhost,IP:127.0.0.1 build-server-full h1.test nopass
        rsa build-client-full alice nopass
        rsa build-client-full bob nopass
        rsa revoke bob
        rsa gen-crl
        mkdir ../hand; cp pki/ca.crt ../hand/ca.pem; cp pki/issued/alice.crt ../hand/cert.pem; cp pki/private/alice.key ../hand/key.pem"
    )
}

const CFSSL: &str = r#"
    key='"key":{"algo":"ALGO","size":SIZE}'
    echo '{"CN":"Lab CA","names":[{"O":"Lab"}],'$key'}' > ca-csr.json
    echo '{"signing":{"default":{"expiry":"8760h"},"profiles":{
        "server":{"expiry":"8760h","usages":["signing","key encipherment","server auth"]},
        "client":{"expiry":"8760h","usages":["signing","key encipherment","client auth"]},
        "intermediate":{"expiry":"43800h","usages":["cert sign","crl sign"],"ca_constraint":{"is_ca":true}}}}}' > ca-config.json
    echo '{"CN":"h1.test","hosts":["h1.test","localhost","127.0.0.1"],'$key'}' > server.json
    echo '{"CN":"alice","hosts":[""],'$key'}' > client.json
    cfssl gencert -initca ca-csr.json | cfssljson -bare ca
    issue() { cfssl gencert -ca $1.pem -ca-key $1-key.pem -config ca-config.json -profile $2 $2.json 2>>log | cfssljson -bare $2; }
"#;

/// cfssl; its documentation has clients without hosts so: `"hosts": [""]`.
pub(super) fn cfssl(algorithm: &str, size: &str) -> String {
    let base = CFSSL.replace("ALGO", algorithm).replace("SIZE", size);
    // Its output is JSON on stdout with remarks on stderr, which must not meet.
    base.replace("gencert -initca ca-csr.json", "gencert -initca ca-csr.json 2>>log")
        + "issue ca server; issue ca client
        mkdir ../hand; cp ca.pem ../hand/ca.pem; cp client.pem ../hand/cert.pem; cp client-key.pem ../hand/key.pem"
}

/// cfssl with an intermediate CA that signed the leaves; the root's key is there too.
pub(super) fn cfssl_with_intermediate() -> String {
    let base = CFSSL.replace("ALGO", "ecdsa").replace("SIZE", "256");
    base.replace(
        "gencert -initca ca-csr.json",
        "gencert -initca ca-csr.json 2>>log",
    ) + r#"echo '{"CN":"Lab Intermediate",'$key'}' > intermediate.json
        cfssl gencert -initca intermediate.json 2>>log | cfssljson -bare intermediate
        cfssl sign -ca ca.pem -ca-key ca-key.pem -config ca-config.json -profile intermediate intermediate.csr 2>>log | cfssljson -bare intermediate
        issue intermediate server; issue intermediate client
        for leaf in server client; do cat $leaf.pem intermediate.pem > chain; mv chain $leaf.pem; done
        mkdir ../hand; cp ca.pem ../hand/ca.pem; cp client.pem ../hand/cert.pem; cp client-key.pem ../hand/key.pem"#
}

/// docker-machine: not the program, but the layout and the fields that its source writes. The CA has neither cRLSign
/// nor a common name; servers are good for clients too; a client is `USER.<bootstrap>`. Keys are PKCS#1. (Leaves live a day less
/// than the CA, where the program gives all of them 1080 days: nothing here may hang on a second.)
pub(super) fn docker_machine() -> String {
    "mkdir -p machine/certs machine/machines/dev; cd machine/certs
    sign() { # name, subject, extensions
        openssl genrsa -traditional -out $1-key.pem 2048
        openssl req -new -key $1-key.pem -subj \"$2\" -out req
        printf '%b' \"$3\" > ext
        openssl x509 -req -in req -days 1079 -CA ca.pem -CAkey ca-key.pem -set_serial 0x$(openssl rand -hex 15) -extfile ext -out $1.pem
        rm req ext
    }
    openssl genrsa -traditional -out ca-key.pem 2048
    openssl req -new -x509 -days 1080 -key ca-key.pem -subj /O=ann -out ca.pem -config <(printf '%s\\n' '[req]' 'distinguished_name=n' 'x509_extensions=x' '[n]' '[x]' \
        'keyUsage=critical,digitalSignature,keyEncipherment,keyAgreement,keyCertSign' 'basicConstraints=critical,CA:TRUE')
    sign client '/O=ann.<bootstrap>' 'keyUsage=critical,digitalSignature\\nextendedKeyUsage=clientAuth\\nbasicConstraints=critical,CA:FALSE\\n'
    mv client.pem cert.pem; mv client-key.pem key.pem
    sign server '/O=ann.dev' 'keyUsage=critical,digitalSignature,keyEncipherment,keyAgreement\\nextendedKeyUsage=clientAuth,serverAuth\\nbasicConstraints=critical,CA:FALSE\\nsubjectAltName=IP:127.0.0.1,DNS:localhost\\n'
    cp ca.pem cert.pem key.pem ../machines/dev; mv server.pem server-key.pem ../machines/dev
    echo '{\"ConfigVersion\":3,\"DriverName\":\"generic\",\"Name\":\"dev\"}' > ../machines/dev/config.json
    chmod 600 ca-key.pem key.pem; mkdir $HERE/../hand; cp ca.pem cert.pem key.pem $HERE/../hand"
        .to_owned()
}

/// minica of jsha: not the program, but the layout and the fields that its source writes. Every certificate is good for
/// servers and clients; the root has no cRLSign.
pub(super) fn minica() -> String {
    "openssl genrsa -traditional -out minica-key.pem 2048
    openssl req -new -x509 -days 36500 -key minica-key.pem -subj '/CN=minica root ca 3b1a0f' -out minica.pem -config <(printf '%s\\n' '[req]' 'distinguished_name=n' 'x509_extensions=x' '[n]' '[x]' \
        'keyUsage=critical,digitalSignature,keyCertSign' 'extendedKeyUsage=serverAuth,clientAuth' 'basicConstraints=critical,CA:TRUE,pathlen:0' 'subjectKeyIdentifier=hash')
    issue() {
        mkdir $1; openssl genrsa -traditional -out $1/key.pem 2048
        openssl req -new -key $1/key.pem -subj /CN=$1 -out req
        printf '%s\\n' keyUsage=critical,digitalSignature,keyEncipherment extendedKeyUsage=serverAuth,clientAuth basicConstraints=critical,CA:FALSE authorityKeyIdentifier=keyid $2 > ext
        openssl x509 -req -in req -days 760 -CA minica.pem -CAkey minica-key.pem -set_serial 0x$(openssl rand -hex 7) -extfile ext -out $1/cert.pem
        rm req ext
    }
    issue h1.test subjectAltName=DNS:h1.test,DNS:localhost,IP:127.0.0.1
    issue alice.client subjectAltName=DNS:alice.client
    mkdir ../hand; cp minica.pem ../hand/ca.pem; cp alice.client/{cert,key}.pem ../hand"
        .to_owned()
}

/// anonym: the commands that its library gave to the openssl program. The CA comes from a request without extensions, so
/// it is of version 1.
pub(super) fn anonym() -> String {
    "issue() { # name, usage
        openssl genrsa -out $1-key.pem 2048
        printf '%s\\n' '[req]' 'req_extensions=v3' 'distinguished_name=n' 'prompt=no' '[n]' 'C=US' 'ST=CO' 'O=anonym' \"CN=$1\" '[v3]' \"extendedKeyUsage=$2\" 'subjectAltName=DNS:localhost,IP:127.0.0.1' > $1.cnf
        openssl req -new -config $1.cnf -key $1-key.pem -out $1.csr
        openssl x509 -req -sha256 -days 365 -in $1.csr -CA CA-cert.pem -CAkey CA-key.pem -CAcreateserial -extensions v3 -extfile $1.cnf -out $1-cert.pem
    }
    openssl genrsa -out CA-key.pem 2048
    openssl req -new -key CA-key.pem -subj /CN=localhost -out ca.csr
    openssl x509 -req -sha256 -days 365 -in ca.csr -signkey CA-key.pem -out CA-cert.pem
    rm ca.csr
    issue docker serverAuth; issue dockerCLI clientAuth
    mkdir ../hand; cp CA-cert.pem ../hand/ca.pem; cp dockerCLI-cert.pem ../hand/cert.pem; cp dockerCLI-key.pem ../hand/key.pem"
        .to_owned()
}
