//! Every flaw a leaf can have.

use super::*;

#[test]
fn every_flaw_of_a_leaf_has_its_reason() {
    let root_key = key();
    let root = Forge::ca("root", &root_key, "root", &root_key).make();
    let good = || Forge::leaf("root", &root_key);
    let weak_spki = written(|w| {
        w.sequence(|w| {
            w.sequence(|w| {
                w.oid(oid::RSA);
                w.value(der::NULL, &[]);
            });
            let body = written(|w| {
                w.sequence(|w| {
                    w.unsigned(&[0xc5; 128]);
                    w.number(65_537);
                })
            });
            w.bits(&body);
        })
    });
    let sha1 = written(|w| w.sequence(|w| w.oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1])));
    let odd = written(|w| w.sequence(|w| w.oid(&[0x2a, 3, 4])));
    let sha384 = written(|w| w.sequence(|w| w.oid(oid::ECDSA_SHA384)));
    let sha256 = written(|w| w.sequence(|w| w.oid(oid::ECDSA_SHA256)));
    let cases: Vec<(&str, Forge, &str)> = vec![
        ("good", good(), "ok"),
        (
            "unknown extension, not critical",
            good().with((vec![0x2a, 3], false, vec![5, 0])),
            "ok",
        ),
        ("CA:FALSE", good().with(basic(false, None)), "ok"),
        (
            "two purposes",
            good().with(purposes(&[oid::SERVER_AUTH, oid::CLIENT_AUTH])),
            "ok",
        ),
        ("no key usage", good().without(oid::KEY_USAGE), "ok"),
        (
            "expired",
            good().change(|f| f.to = NOW - Duration::from_secs(1)),
            "604",
        ),
        (
            "not yet valid",
            good().change(|f| f.from = NOW + Duration::from_secs(1)),
            "603",
        ),
        ("no purpose", good().without(oid::EXTENDED_KEY_USAGE), "613"),
        (
            "other purpose",
            good().with(purposes(&[oid::CLIENT_AUTH])),
            "614",
        ),
        (
            "any purpose",
            good().with(purposes(&[oid::ANY_PURPOSE])),
            "615",
        ),
        (
            "any and the right one",
            good().with(purposes(&[oid::ANY_PURPOSE, oid::SERVER_AUTH])),
            "ok",
        ),
        ("empty purposes", good().with(purposes(&[])), "627 613"),
        ("CA", good().with(basic(true, None)), "616"),
        (
            "may sign certificates",
            good().with(usage(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::CERT_SIGN)),
            "617",
        ),
        (
            "may not sign",
            good().with(usage(KeyUsage::KEY_ENCIPHERMENT)),
            "617",
        ),
        (
            "version 1",
            good().change(|f| {
                f.version = None;
                f.extensions.clear();
            }),
            "618 613",
        ),
        (
            "version 2",
            good().change(|f| {
                f.version = Some(1);
                f.extensions.clear();
            }),
            "618 613",
        ),
        (
            "unknown critical extension",
            good().with((vec![0x2a, 3], true, vec![5, 0])),
            "626",
        ),
        (
            "malformed key usage",
            good().with((oid::KEY_USAGE.to_vec(), true, vec![5, 0])),
            "627",
        ),
        (
            "malformed names",
            good().with((
                oid::SUBJECT_ALT_NAME.to_vec(),
                false,
                vec![0x30, 3, 0x82, 1, 0xff],
            )),
            "627",
        ),
        (
            "extension twice",
            good().change(|f| f.extensions.push(purposes(&[oid::SERVER_AUTH]))),
            "628",
        ),
        (
            "purpose twice, the second for a client",
            good().change(|f| f.extensions.push(purposes(&[oid::CLIENT_AUTH]))),
            "628",
        ),
        (
            "empty subject",
            good().change(|f| f.subject = vec![0x30, 0]),
            "629",
        ),
        (
            "empty subject, critical names",
            good().change(|f| {
                f.subject = vec![0x30, 0];
                f.extensions[2].1 = true;
            }),
            "ok",
        ),
        ("serial 0", good().change(|f| f.serial = vec![0]), "630"),
        (
            "negative serial",
            good().change(|f| f.serial = vec![0x80, 1]),
            "630",
        ),
        (
            "serial of 21 bytes",
            good().change(|f| f.serial = vec![0x7f; 21]),
            "630",
        ),
        (
            "serial of 20 bytes",
            good().change(|f| f.serial = vec![0x7f; 20]),
            "ok",
        ),
        (
            "NUL in a name",
            good().with(names(&[(context(2), b"host.example.org\0.evil.example")])),
            "633",
        ),
        (
            "address of 5 bytes",
            good().with(names(&[(context(7), &[1, 2, 3, 4, 5])])),
            "633",
        ),
        (
            "weak key",
            good().change(|f| f.spki = weak_spki.clone()),
            "612",
        ),
        (
            "SHA-1",
            good().change(|f| f.algorithms = Some((sha1.clone(), sha1.clone()))),
            "609",
        ),
        (
            "unknown algorithm",
            good().change(|f| f.algorithms = Some((odd.clone(), odd.clone()))),
            "610",
        ),
        (
            "algorithms differ",
            good().change(|f| f.algorithms = Some((sha384.clone(), sha256.clone()))),
            "611",
        ),
        (
            "another algorithm than was used",
            good().change(|f| f.algorithms = Some((sha384.clone(), sha384.clone()))),
            "607",
        ),
        (
            "signed by another key",
            good().change(|f| f.signer = key()),
            "607",
        ),
        ("unique ids", good().change(|f| f.unique_id = true), "642"),
        (
            "unknown issuer",
            good().change(|f| f.issuer = name("stranger")),
            "605",
        ),
        (
            "own issuer",
            good().change(|f| f.issuer = f.subject.clone()),
            "606",
        ),
        (
            "names another key",
            good().with((
                oid::AUTHORITY_KEY_ID.to_vec(),
                false,
                vec![0x30, 3, 0x80, 1, 9],
            )),
            "ok",
        ),
        (
            "expired, for a client, of a stranger",
            good().with(purposes(&[oid::CLIENT_AUTH])).change(|f| {
                f.to = NOW - DAY;
                f.issuer = name("x");
            }),
            "605 604 614",
        ),
    ];
    for (what, forge, wanted) in cases {
        assert_eq!(
            judged(&[forge.make()], std::slice::from_ref(&root), &server()),
            wanted,
            "{what}"
        );
    }
    assert_eq!(judged(&[], std::slice::from_ref(&root), &server()), "601");
    assert_eq!(judged(&[good().make()], &[], &server()), "602");
    assert_eq!(
        judged(
            std::slice::from_ref(&root),
            std::slice::from_ref(&root),
            &server()
        ),
        "616 613"
    );
}

#[test]
fn a_client_may_carry_the_empty_name_that_cfssl_gives_it_and_a_server_may_not() {
    let root_key = key();
    let root = [Forge::ca("root", &root_key, "root", &root_key).make()];
    let empty = (
        oid::SUBJECT_ALT_NAME.to_vec(),
        false,
        vec![0x30, 2, 0x82, 0],
    );
    let judged = |usage: &[u8], purpose| {
        let leaf = Forge::leaf("root", &root_key)
            .with(purposes(&[usage]))
            .with(empty.clone())
            .make();
        verify(&[leaf], &root, &VerifyOptions::new(purpose, NOW))
    };
    assert!(judged(oid::CLIENT_AUTH, Purpose::Client).is_ok());
    assert!(matches!(
        judged(oid::SERVER_AUTH, Purpose::Server),
        Err(Refusal::UnsoundName { .. })
    ));
}
