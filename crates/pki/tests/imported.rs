//! Authorities that other tools have made: what is issued below them fits them, and openssl and our own verification
//! take it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
// The other half of the shared module is for other tests.
#![allow(dead_code)]

mod lab;

use std::path::{Path, PathBuf};
use std::process::Command;

use lab::{DAY, leaf_of};
use sealock_diag::Diagnose;
use sealock_pki::{
    CaKeyUsage, Certificate, Issuer, KeyKind, PrivateKey, Purpose, VerifyOptions, make_crl, verify,
};

/// The extensions of a CA, whether it may sign CRLs, and the key id that its leaves must name (hex; empty: that of its
/// key).
const PROFILES: [(&str, &str, bool, &str); 6] = [
    (
        "Docker's recipe",
        "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always,issuer\n",
        true,
        "",
    ),
    (
        "mkcert",
        "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n",
        false,
        "",
    ),
    (
        "docker-machine, which has no key id",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature,keyEncipherment,keyAgreement,keyCertSign\n",
        false,
        "",
    ),
    (
        "minica",
        "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,digitalSignature,keyCertSign\nextendedKeyUsage=serverAuth,clientAuth\nsubjectKeyIdentifier=hash\n",
        false,
        "",
    ),
    (
        "easy-rsa",
        "basicConstraints=CA:TRUE\nkeyUsage=cRLSign,keyCertSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always,issuer:always\n",
        true,
        "",
    ),
    (
        "a key id by another method",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=0102030405\n",
        true,
        "0102030405",
    ),
];

#[test]
fn what_is_issued_below_an_imported_authority_fits_it() {
    let folder =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("imported-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, extensions, crls, key_id) in PROFILES {
        let ca = foreign(&folder, extensions);
        let now = ca.not_before() + DAY;
        let key = PrivateKey::from_pem(&read(&folder, "ca.key"), None).unwrap();
        let issuer = Issuer::new(ca.clone(), key.clone()).unwrap();
        let expected = match key_id {
            "" => key.key_id().to_string(),
            told => told.to_owned(),
        };
        for purpose in [Purpose::Server, Purpose::Client] {
            let leaf_key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
            let leaf = leaf_of(&issuer, &leaf_key, purpose, now);
            assert_eq!(leaf.issuer_der(), ca.subject_der(), "{name}");
            let named = leaf.describe().authority_key_id.unwrap();
            assert_eq!(named.replace(':', "").to_lowercase(), expected, "{name}");
            let options = VerifyOptions {
                key_usage: CaKeyUsage::Optional,
                ..VerifyOptions::new(purpose, now)
            };
            let anchors = [ca.clone()];
            verify(std::slice::from_ref(&leaf), &anchors, &options)
                .unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
            std::fs::write(folder.join("leaf.pem"), leaf.to_pem()).unwrap();
            let at = now.as_unix().to_string();
            openssl(
                &folder,
                &["verify", "-attime", &at, "-CAfile", "ca.pem", "leaf.pem"],
            );
        }
        match make_crl(&issuer, &[], 1, ca.not_before(), now + DAY) {
            Ok(crl) => {
                assert!(crls, "{name}");
                std::fs::write(folder.join("ca.crl"), crl.to_pem()).unwrap();
                let at = now.as_unix().to_string();
                openssl(
                    &folder,
                    &[
                        "verify",
                        "-attime",
                        &at,
                        "-crl_check",
                        "-CAfile",
                        "ca.pem",
                        "-CRLfile",
                        "ca.crl",
                        "leaf.pem",
                    ],
                );
            }
            Err(error) => {
                assert!(!crls, "{name}: {error}");
                assert_eq!(error.code().0, "SL-P321", "{name}");
            }
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

fn foreign(folder: &Path, extensions: &str) -> Certificate {
    let config = format!("[req]\ndistinguished_name=n\nx509_extensions=x\n[n]\n[x]\n{extensions}");
    std::fs::write(folder.join("ca.cnf"), config).unwrap();
    openssl(
        folder,
        &[
            "req",
            "-x509",
            "-new",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "ca.key",
            "-sha256",
            "-days",
            "3650",
            "-subj",
            "/O=Lab/CN=CA",
            "-config",
            "ca.cnf",
            "-out",
            "ca.pem",
        ],
    );
    Certificate::from_pem(&read(folder, "ca.pem")).unwrap()
}

fn read(folder: &Path, file: &str) -> Vec<u8> {
    std::fs::read(folder.join(file)).unwrap()
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let done = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("openssl; run through: cargo xtask test");
    assert!(
        done.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}
