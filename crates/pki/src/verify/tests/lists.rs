//! Revocation lists: what they take away, and which of them may not be relied upon.

use super::*;

fn authority() -> Issuer {
    let request = AnchorRequest {
        authority: "lab".parse().unwrap(),
        purpose: Purpose::Client,
        scope: None,
        generation: 1,
        life: 3650 * DAY,
    };
    create_anchor(&request, key(), NOW - DAY, &mut Counter(3)).unwrap()
}

#[test]
fn lists_revoke_and_bad_lists_are_refused() {
    let issuer = authority();
    let anchors = [issuer.certificate().clone()];
    let request = LeafRequest::client("alice".parse().unwrap(), 90 * DAY);
    let leaf = issue_leaf(&issuer, &request, key().public_key(), NOW, &mut Counter(9)).unwrap();
    let entry = |serial: &crate::Serial| Revoked {
        serial: serial.clone(),
        at: NOW - DAY,
        reason: RevocationReason::KeyCompromise,
    };
    let hit = [entry(leaf.serial())];
    let miss = [entry(&"77".parse().unwrap())];
    let list = |entries: &[Revoked], number, from: Timestamp, to: Timestamp| {
        make_crl(&issuer, entries, number, from, to).unwrap()
    };
    let fresh = |entries: &[Revoked], number| list(entries, number, NOW - DAY, NOW + DAY);
    let stranger = authority();
    // The same name, another key: what a rekey under one name would make.
    let impostor = Forge::ca("x", &key(), "x", &key())
        .change(|f| f.subject = issuer.certificate().subject_der().to_vec());
    let impostor_key = key();
    let impostor = impostor.change(|f| {
        f.spki = impostor_key.spki_der().to_vec();
        f.issuer = f.subject.clone();
        f.signer = impostor_key.clone();
    });
    let same_id = (
        oid::SUBJECT_KEY_ID.to_vec(),
        false,
        written(|w| w.value(der::OCTET_STRING, issuer.key().key_id().as_bytes())),
    );
    let impostor = Issuer::new(impostor.with(same_id).make(), impostor_key).unwrap();
    let forged = make_crl(&impostor, &[], 9, NOW - DAY, NOW + DAY);
    assert!(forged.is_ok());
    let forged = forged.unwrap();
    assert_eq!(forged.number_by(&anchors[0]), None);
    assert_eq!(fresh(&miss, 7).number_by(&anchors[0]), Some(7));
    let cases: Vec<(&str, Vec<Crl>, Revocation, &str)> = vec![
        ("none", vec![], Revocation::WhenListed, "ok"),
        ("none, required", vec![], Revocation::Required, "635"),
        (
            "not on it",
            vec![fresh(&miss, 1)],
            Revocation::Required,
            "ok",
        ),
        ("empty", vec![fresh(&[], 1)], Revocation::Required, "ok"),
        ("on it", vec![fresh(&hit, 1)], Revocation::WhenListed, "634"),
        (
            "the newest counts, first",
            vec![fresh(&hit, 2), fresh(&[], 1)],
            Revocation::WhenListed,
            "634",
        ),
        (
            "the newest counts, last",
            vec![fresh(&[], 1), fresh(&hit, 2)],
            Revocation::WhenListed,
            "634",
        ),
        (
            "overdue",
            vec![list(&[], 1, NOW - 2 * DAY, NOW - DAY)],
            Revocation::WhenListed,
            "636",
        ),
        (
            "from the future",
            vec![list(&[], 1, NOW + DAY, NOW + 2 * DAY)],
            Revocation::WhenListed,
            "637",
        ),
        (
            "of a stranger, required",
            vec![make_crl(&stranger, &hit, 1, NOW - DAY, NOW + DAY).unwrap()],
            Revocation::Required,
            "635",
        ),
        (
            "forged",
            vec![forged.clone()],
            Revocation::WhenListed,
            "638",
        ),
        (
            "forged beside a good one",
            vec![forged, fresh(&[], 1)],
            Revocation::WhenListed,
            "ok",
        ),
    ];
    for (what, crls, revocation, wanted) in cases {
        let options = VerifyOptions {
            crls: &crls,
            revocation,
            ..VerifyOptions::new(Purpose::Client, NOW)
        };
        assert_eq!(
            judged(std::slice::from_ref(&leaf), &anchors, &options),
            wanted,
            "{what}"
        );
    }
    // A CA that may not sign lists (mkcert's, minica's, docker-machine's).
    let ca_key = key();
    let dumb = Forge::ca("mkcert", &ca_key, "mkcert", &ca_key)
        .with(usage(KeyUsage::CERT_SIGN))
        .make();
    let dumb = Issuer::new(dumb, ca_key).unwrap();
    assert_eq!(
        make_crl(&dumb, &[], 1, NOW, NOW + DAY)
            .unwrap_err()
            .code()
            .0,
        "SL-P321"
    );
}

/// A list of one entry, signed, with these extensions of the entry and of the list.
fn forged_list(
    issuer: &Issuer,
    serial: &crate::Serial,
    entry: &[(&[u8], &[u8])],
    list: &[(&[u8], &[u8])],
) -> Crl {
    let write = |w: &mut der::Writer, extensions: &[(&[u8], &[u8])]| {
        w.sequence(|w| {
            for (oid, value) in extensions {
                w.extension(oid, der::Critical::No, |w| w.raw(value));
            }
        });
    };
    let key = issuer.key();
    let signed = written(|w| {
        w.sequence(|w| {
            w.number(1);
            key.kind().write_signature_algorithm(w);
            w.raw(issuer.certificate().subject_der());
            w.time(NOW - DAY);
            w.time(NOW + DAY);
            w.sequence(|w| {
                w.sequence(|w| {
                    w.unsigned(serial.as_bytes());
                    w.time(NOW - DAY);
                    write(w, entry);
                });
            });
            w.nested(context_constructed(0), |w| write(w, list));
        });
    });
    let signature = key.sign(&signed).unwrap();
    Crl::from_der(written(|w| {
        w.sequence(|w| {
            w.raw(&signed);
            key.kind().write_signature_algorithm(w);
            w.bits(&signature);
        });
    }))
    .unwrap()
}

#[test]
fn a_list_with_a_repeated_extension_is_refused() {
    let issuer = authority();
    let request = LeafRequest::client("alice".parse().unwrap(), 90 * DAY);
    let leaf = issue_leaf(&issuer, &request, key().public_key(), NOW, &mut Counter(9)).unwrap();
    let key_id = written(|w| w.sequence(|w| w.value(context(0), &issuer.key_identifier())));
    let (first, second) = (written(|w| w.number(1)), written(|w| w.number(2)));
    let reason = |code: u8| written(|w| w.integer_like(der::ENUMERATED, &[code]));
    let (stolen, replaced) = (reason(1), reason(4));
    let named = (oid::AUTHORITY_KEY_ID, &key_id[..]);
    let number = (oid::CRL_NUMBER, &first[..]);
    let why = (oid::CRL_REASON, &stolen[..]);
    let good = [named, number];
    for (what, entry, list, wanted) in [
        ("nothing", &[why][..], &good[..], "634"),
        (
            "the number",
            &[why],
            &[named, number, (oid::CRL_NUMBER, &second)],
            "640",
        ),
        ("the key", &[why], &[named, number, named], "640"),
        (
            "an unknown one",
            &[why],
            &[named, number, (&[0x2a, 3], &first), (&[0x2a, 3], &first)],
            "640",
        ),
        (
            "the reason",
            &[why, (oid::CRL_REASON, &replaced)],
            &good,
            "640",
        ),
    ] {
        // Listed or not: a list that two programs read differently says nothing.
        let listed = forged_list(&issuer, leaf.serial(), entry, list);
        let other = forged_list(&issuer, &"77".parse().unwrap(), entry, list);
        for (crl, wanted) in [
            (listed, wanted),
            (other, wanted.replace("634", "ok").as_str()),
        ] {
            let options = VerifyOptions {
                crls: std::slice::from_ref(&crl),
                ..VerifyOptions::new(Purpose::Client, NOW)
            };
            let anchors = [issuer.certificate().clone()];
            let got = judged(std::slice::from_ref(&leaf), &anchors, &options);
            assert_eq!(got, wanted, "{what} repeated");
        }
    }
}

#[test]
fn every_reason_has_a_word_and_a_number_of_its_own() {
    let words: std::collections::BTreeSet<_> = RevocationReason::all().map(|r| r.word()).collect();
    assert_eq!(words.len(), RevocationReason::all().count());
    for reason in RevocationReason::all() {
        assert_eq!(RevocationReason::from_word(reason.word()), Some(reason));
    }
    assert_eq!(RevocationReason::from_word("keyCompromise"), None);
    // RFC 5280 §5.3.1 has no 7.
    let codes: Vec<_> = RevocationReason::all()
        .map(RevocationReason::code)
        .collect();
    assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 8, 9, 10]);
}
