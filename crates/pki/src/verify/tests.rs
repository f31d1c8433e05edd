//! Chains that must fail, each for its reason, and their neighbours that must pass.

use std::time::Duration;

mod leaf;
mod lists;

use super::*;
use crate::der::{self, Critical, Writer, context, context_constructed};
use crate::{
    AnchorRequest, Entropy, Issuer, KeyKind, KeyUsage, LeafRequest, PrivateKey, RevocationReason,
    Revoked, create_anchor, issue_leaf, make_crl,
};
use sealock_diag::Diagnose;

const DAY: Duration = Duration::from_secs(86_400);
const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self.0.wrapping_mul(29).wrapping_add(41);
            *byte = self.0;
        }
    }
}

/// OID, critical, value.
type RawExtension = (Vec<u8>, bool, Vec<u8>);

/// A certificate of which everything can be wrong.
#[derive(Clone)]
struct Forge {
    version: Option<u64>,
    serial: Vec<u8>,
    subject: Vec<u8>,
    issuer: Vec<u8>,
    from: Timestamp,
    to: Timestamp,
    spki: Vec<u8>,
    extensions: Vec<RawExtension>,
    algorithms: Option<(Vec<u8>, Vec<u8>)>,
    unique_id: bool,
    signer: PrivateKey,
}

fn name(common_name: &str) -> Vec<u8> {
    let mut w = Writer::with_capacity(64);
    w.sequence(|w| w.attribute(oid::COMMON_NAME, common_name));
    w.finish()
}

fn written(fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut w = Writer::with_capacity(64);
    fill(&mut w);
    w.finish()
}

fn basic(ca: bool, path_length: Option<u64>) -> RawExtension {
    let value = written(|w| {
        w.sequence(|w| {
            if ca {
                w.truth();
            }
            if let Some(length) = path_length {
                w.number(length);
            }
        })
    });
    (oid::BASIC_CONSTRAINTS.to_vec(), true, value)
}

fn usage(bits: u16) -> RawExtension {
    (
        oid::KEY_USAGE.to_vec(),
        true,
        written(|w| w.named_bits(bits)),
    )
}

fn purposes(list: &[&[u8]]) -> RawExtension {
    let value = written(|w| w.sequence(|w| list.iter().for_each(|one| w.oid(one))));
    (oid::EXTENDED_KEY_USAGE.to_vec(), false, value)
}

fn names(list: &[(u8, &[u8])]) -> RawExtension {
    let value = written(|w| {
        w.sequence(|w| {
            list.iter()
                .for_each(|(tag, content)| w.value(*tag, content))
        })
    });
    (oid::SUBJECT_ALT_NAME.to_vec(), false, value)
}

fn constraints(permitted: &[(u8, &[u8])], excluded: &[(u8, &[u8])]) -> RawExtension {
    let value = written(|w| {
        w.sequence(|w| {
            for (number, list) in [(0, permitted), (1, excluded)] {
                if !list.is_empty() {
                    w.nested(context_constructed(number), |w| {
                        list.iter()
                            .for_each(|(tag, content)| w.sequence(|w| w.value(*tag, content)));
                    });
                }
            }
        })
    });
    (oid::NAME_CONSTRAINTS.to_vec(), true, value)
}

fn key() -> PrivateKey {
    PrivateKey::generate(KeyKind::EcdsaP256).unwrap()
}

impl Forge {
    fn ca(common_name: &str, key: &PrivateKey, issuer: &str, signer: &PrivateKey) -> Self {
        Self {
            version: Some(2),
            serial: vec![0x11, 0x22],
            subject: name(common_name),
            issuer: name(issuer),
            from: NOW - DAY,
            to: NOW + 100 * DAY,
            spki: key.spki_der().to_vec(),
            extensions: vec![
                basic(true, None),
                usage(KeyUsage::CERT_SIGN | KeyUsage::CRL_SIGN),
            ],
            algorithms: None,
            unique_id: false,
            signer: signer.clone(),
        }
    }

    fn leaf(issuer: &str, signer: &PrivateKey) -> Self {
        let key = key();
        Self {
            extensions: vec![
                usage(KeyUsage::DIGITAL_SIGNATURE),
                purposes(&[oid::SERVER_AUTH]),
                names(&[
                    (context(2), b"host.example.org"),
                    (context(7), &[192, 0, 2, 7]),
                ]),
            ],
            ..Self::ca("host", &key, issuer, signer)
        }
    }

    fn with(mut self, extension: RawExtension) -> Self {
        match self
            .extensions
            .iter_mut()
            .find(|known| known.0 == extension.0)
        {
            Some(known) => *known = extension,
            None => self.extensions.push(extension),
        }
        self
    }

    fn without(mut self, oid: &[u8]) -> Self {
        self.extensions.retain(|known| known.0 != oid);
        self
    }

    fn change(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn make(&self) -> Certificate {
        let algorithm = written(|w| self.signer.kind().write_signature_algorithm(w));
        let (inner, outer) = self
            .algorithms
            .clone()
            .unwrap_or((algorithm.clone(), algorithm));
        let signed = written(|w| {
            w.sequence(|w| {
                if let Some(version) = self.version {
                    w.nested(context_constructed(0), |w| w.number(version));
                }
                w.value(der::INTEGER, &self.serial);
                w.raw(&inner);
                w.raw(&self.issuer);
                w.sequence(|w| {
                    w.time(self.from);
                    w.time(self.to);
                });
                w.raw(&self.subject);
                w.raw(&self.spki);
                if self.unique_id {
                    w.value(context(1), &[0, 7]);
                }
                if !self.extensions.is_empty() {
                    w.nested(context_constructed(3), |w| {
                        w.sequence(|w| {
                            for (oid, critical, value) in &self.extensions {
                                let critical = if *critical {
                                    Critical::Yes
                                } else {
                                    Critical::No
                                };
                                w.extension(oid, critical, |w| w.raw(value));
                            }
                        })
                    });
                }
            })
        });
        let signature = self.signer.sign(&signed).unwrap();
        let der = written(|w| {
            w.sequence(|w| {
                w.raw(&signed);
                w.raw(&outer);
                w.bits(&signature);
            })
        });
        Certificate::from_der(der).unwrap()
    }
}

/// `ok`, or the codes of all reasons, the root cause first.
fn judged(chain: &[Certificate], anchors: &[Certificate], options: &VerifyOptions<'_>) -> String {
    match verify_with_reasons(chain, anchors, options) {
        Ok(_) => "ok".into(),
        Err(refused) => refused
            .reasons()
            .map(|one| one.code().0.trim_start_matches("SL-P"))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

fn server() -> VerifyOptions<'static> {
    VerifyOptions::new(Purpose::Server, NOW)
}

#[test]
fn every_flaw_of_an_anchor_has_its_reason() {
    let root_key = key();
    let good = || Forge::ca("root", &root_key, "root", &root_key);
    let leaf = Forge::leaf("root", &root_key).make();
    let key_id = |byte| (oid::SUBJECT_KEY_ID.to_vec(), false, vec![4, 1, byte]);
    let named = Forge::leaf("root", &root_key)
        .with((
            oid::AUTHORITY_KEY_ID.to_vec(),
            false,
            vec![0x30, 3, 0x80, 1, 9],
        ))
        .make();
    let cases: Vec<(&str, Forge, &Certificate, &str)> = vec![
        ("good", good(), &leaf, "ok"),
        (
            "expired",
            good().change(|f| f.to = NOW - Duration::from_secs(1)),
            &leaf,
            "604",
        ),
        (
            "not yet valid",
            good().change(|f| f.from = NOW + Duration::from_secs(1)),
            &leaf,
            "603",
        ),
        (
            "version 1",
            good().change(|f| {
                f.version = None;
                f.extensions.clear();
            }),
            &leaf,
            "618",
        ),
        (
            "no CA",
            good().without(oid::BASIC_CONSTRAINTS),
            &leaf,
            "619",
        ),
        ("CA:FALSE", good().with(basic(false, None)), &leaf, "619"),
        ("no key usage", good().without(oid::KEY_USAGE), &leaf, "621"),
        (
            "may not sign certificates",
            good().with(usage(KeyUsage::CRL_SIGN)),
            &leaf,
            "620",
        ),
        ("pathlen 0", good().with(basic(true, Some(0))), &leaf, "ok"),
        (
            "for clients only",
            good().with(purposes(&[oid::CLIENT_AUTH])),
            &leaf,
            "643",
        ),
        (
            "for servers only",
            good().with(purposes(&[oid::SERVER_AUTH])),
            &leaf,
            "ok",
        ),
        (
            "unknown critical extension",
            good().with((vec![0x2a, 3], true, vec![5, 0])),
            &leaf,
            "626",
        ),
        (
            "extension twice",
            good().change(|f| f.extensions.push(basic(true, None))),
            &leaf,
            "628",
        ),
        (
            "malformed constraints",
            good().with((oid::NAME_CONSTRAINTS.to_vec(), true, vec![0x30, 0])),
            &leaf,
            "627",
        ),
        (
            "negative serial",
            good().change(|f| f.serial = vec![0x80, 1]),
            &leaf,
            "630",
        ),
        (
            "another key",
            good().change(|f| f.spki = key().spki_der().to_vec()),
            &leaf,
            "607",
        ),
        ("the key id named", good().with(key_id(9)), &named, "ok"),
        (
            "another key id than named",
            good().with(key_id(8)),
            &named,
            "608",
        ),
    ];
    for (what, forge, leaf, wanted) in cases {
        assert_eq!(
            judged(std::slice::from_ref(leaf), &[forge.make()], &server()),
            wanted,
            "{what}"
        );
    }
    let lenient = VerifyOptions {
        key_usage: CaKeyUsage::Optional,
        ..server()
    };
    assert_eq!(
        judged(&[leaf], &[good().without(oid::KEY_USAGE).make()], &lenient),
        "ok"
    );
}

#[test]
fn name_constraints_bind_what_is_below() {
    let root_key = key();
    let root = |bounds| {
        Forge::ca("root", &root_key, "root", &root_key)
            .with(bounds)
            .make()
    };
    let leaf = Forge::leaf("root", &root_key);
    let dns = context(2);
    let cn = name("host");
    let cases: Vec<(&str, RawExtension, &str)> = vec![
        (
            "permitted",
            constraints(&[(dns, b"example.org")], &[]),
            "ok",
        ),
        (
            "permitted elsewhere",
            constraints(&[(dns, b"example.net")], &[]),
            "624",
        ),
        (
            "excluded",
            constraints(&[], &[(dns, b"example.org")]),
            "624",
        ),
        (
            "permitted and excluded",
            constraints(&[(dns, b"example.org")], &[(dns, b"host.example.org")]),
            "624",
        ),
        (
            "address permitted",
            constraints(&[(context(7), &[192, 0, 2, 0, 255, 255, 255, 0])], &[]),
            "ok",
        ),
        (
            "address outside",
            constraints(&[(context(7), &[10, 0, 0, 0, 255, 0, 0, 0])], &[]),
            "624",
        ),
        (
            "mask with holes",
            constraints(&[(context(7), &[10, 0, 0, 0, 255, 0, 255, 0])], &[]),
            "625",
        ),
        (
            "directory permitted",
            constraints(&[(context_constructed(4), &cn)], &[]),
            "ok",
        ),
        (
            "directory outside",
            constraints(&[(context_constructed(4), &name("other"))], &[]),
            "624",
        ),
        (
            "directory excluded in another spelling",
            constraints(&[], &[(context_constructed(4), &name("HOST"))]),
            "624",
        ),
        (
            "other kind",
            constraints(&[(context_constructed(0), &[6, 1, 0x2a, 0xa0, 0])], &[]),
            "625",
        ),
    ];
    for (what, bounds, wanted) in cases {
        assert_eq!(
            judged(&[leaf.make()], &[root(bounds)], &server()),
            wanted,
            "{what}"
        );
    }
}

#[test]
fn paths_are_found_and_their_length_is_limited() {
    let keys: Vec<_> = (0..12).map(|_| key()).collect();
    let names: Vec<_> = (0..12).map(|n| format!("ca {n}")).collect();
    let ca = |n: usize| {
        Forge::ca(
            &names[n],
            &keys[n],
            &names[n.saturating_sub(1)],
            &keys[n.saturating_sub(1)],
        )
    };
    let root = ca(0).make();
    let chain = |count: usize| -> Vec<Certificate> {
        let mut chain = vec![Forge::leaf(&names[count], &keys[count]).make()];
        chain.extend((1..=count).map(|n| ca(n).make()));
        chain
    };
    let anchors = std::slice::from_ref(&root);
    assert_eq!(judged(&chain(0), anchors, &server()), "ok");
    assert_eq!(judged(&chain(1), anchors, &server()), "ok");
    assert_eq!(judged(&chain(6), anchors, &server()), "ok");
    assert_eq!(judged(&chain(7), anchors, &server()), "623");
    assert_eq!(judged(&chain(11), anchors, &server()), "623");
    assert_eq!(judged(&chain(2)[..2], anchors, &server()), "605");
    // An intermediate as the anchor is where the path ends.
    assert_eq!(judged(&chain(1)[..1], &[ca(1).make()], &server()), "ok");
    let limited = |limit| [ca(0).with(basic(true, Some(limit))).make()];
    assert_eq!(judged(&chain(1), &limited(0), &server()), "622");
    assert_eq!(judged(&chain(1), &limited(1), &server()), "ok");
    assert_eq!(judged(&chain(2), &limited(1), &server()), "622");
    // A flaw in the middle.
    let mut broken = chain(2);
    broken[1] = ca(1).change(|f| f.to = NOW - DAY).make();
    assert_eq!(judged(&broken, anchors, &server()), "604");
    // Two anchors of one name: the one that fits is found, whichever comes first.
    let twin = Forge::ca(&names[0], &key(), &names[0], &keys[0]).make();
    assert_eq!(
        judged(&chain(1), &[twin.clone(), root.clone()], &server()),
        "ok"
    );
    assert_eq!(
        judged(&chain(1), &[root.clone(), twin.clone()], &server()),
        "ok"
    );
    assert_eq!(judged(&chain(1), &[twin], &server()), "607");
}

#[test]
fn names_must_fit_and_a_common_name_does_not_count() {
    let root_key = key();
    let root = Forge::ca("root", &root_key, "root", &root_key).make();
    let leaf = Forge::leaf("root", &root_key);
    let bare = leaf
        .clone()
        .without(oid::SUBJECT_ALT_NAME)
        .change(|f| f.subject = name("host.example.org"));
    let wild = leaf.clone().with(names(&[(context(2), b"*.example.org")]));
    for (forge, wanted_name, wanted) in [
        (&leaf, "host.example.org", "ok"),
        (&leaf, "HOST.example.org.", "ok"),
        (&leaf, "192.0.2.7", "ok"),
        (&leaf, "192.0.2.8", "632"),
        (&leaf, "example.org", "632"),
        (&bare, "host.example.org", "631"),
        (&wild, "host.example.org", "ok"),
        (&wild, "example.org", "632"),
        (&wild, "a.host.example.org", "632"),
    ] {
        let options = VerifyOptions {
            name: wanted_name.parse().ok(),
            ..server()
        };
        assert_eq!(
            judged(&[forge.make()], std::slice::from_ref(&root), &options),
            wanted,
            "{wanted_name}"
        );
    }
}

#[test]
fn hostile_chains_cost_little() {
    let root_key = key();
    let root = Forge::ca("root", &root_key, "root", &root_key);
    let start = std::time::Instant::now();
    // A hundred CAs of one name that all could be each other's issuers.
    let cas: Vec<_> = (0..100)
        .map(|_| Forge::ca("loop", &key(), "loop", &root_key).make())
        .collect();
    let mut chain = vec![Forge::leaf("loop", &root_key).make()];
    chain.extend(cas);
    assert_ne!(judged(&chain, &[root.make()], &server()), "ok");
    // Every one signed by the same key, so that every candidate verifies: the search would explode.
    let shared: Vec<_> = (0..60)
        .map(|n| {
            Forge::ca("loop", &root_key, "loop", &root_key)
                .change(|f| f.serial = vec![1, n])
                .make()
        })
        .collect();
    let mut chain = vec![Forge::leaf("loop", &root_key).make()];
    chain.extend(shared);
    assert_ne!(judged(&chain, &[root.make()], &server()), "ok");
    // 10,000 names under 1,000 constraints.
    let hosts: Vec<String> = (0..10_000)
        .map(|n| format!("host{n}.example.org"))
        .collect();
    let list: Vec<(u8, &[u8])> = hosts
        .iter()
        .map(|host| (context(2), host.as_bytes()))
        .collect();
    let many = Forge::leaf("root", &root_key).with(names(&list)).make();
    assert_eq!(many.sans().len(), 10_000);
    assert_eq!(
        judged(std::slice::from_ref(&many), &[root.make()], &server()),
        "ok"
    );
    let bounds = constraints(
        &[],
        &list[..1000]
            .iter()
            .map(|(tag, _)| (*tag, &b"evil.example"[..]))
            .collect::<Vec<_>>(),
    );
    assert_eq!(
        judged(&[many], &[root.clone().with(bounds).make()], &server()),
        "641"
    );
    let flood = vec![root.make(); 1001];
    assert_eq!(judged(&flood, &[root.make()], &server()), "641");
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}
