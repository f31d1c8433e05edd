//! The three files of a docker client, checked to belong together.

use super::error::{BundleFile, ClientError, Misfit};
use sealock_change::{Content, fs};
use sealock_diag::{Diagnose, Sensitive, escape};
use sealock_pki::{Certificate, PrivateKey, Purpose};
use std::path::Path;

/// The largest of the three files that is read, in bytes. A chain of RSA-4096 certificates has ten
/// thousand; 1 MiB leaves room for a corporate `ca.pem` with every root there is.
const LARGEST_FILE: usize = 1 << 20;

/// A client's `ca.pem`, `cert.pem` and `key.pem`.
///
/// Whoever holds one knows: each file parses, the key is the leaf's, the leaf may be a client, `ca.pem`
/// holds CAs only, and no secret is in a public file. Dates are not judged here, since a bundle does
/// not know the time. The texts are written anew from what was parsed: comments and whatever else
/// stood between the PEM blocks are gone, and the key is unencrypted PKCS#8.
#[derive(Clone, Debug)]
pub struct Bundle {
    anchors: Vec<Certificate>,
    chain: Vec<Certificate>,
    key_pem: Sensitive<Vec<u8>>,
}

impl Bundle {
    /// A bundle from its parts: what the client trusts, its chain (leaf first) and its key.
    ///
    /// # Errors
    /// [`ClientError::Misfit`] when they do not belong together, [`ClientError::Missing`] when a list
    /// is empty.
    pub fn new(
        anchors: Vec<Certificate>,
        chain: Vec<Certificate>,
        key: &PrivateKey,
    ) -> Result<Self, ClientError> {
        Self::checked("the client's files", anchors, chain, key)
    }

    /// A bundle from the texts of the three files. `place` says in messages where they are from.
    ///
    /// # Errors
    /// [`ClientError::BadPem`] for a file that does not parse (a locked key included),
    /// [`ClientError::Misfit`] when they do not belong together.
    pub fn from_pem(place: &str, ca: &[u8], cert: &[u8], key: &[u8]) -> Result<Self, ClientError> {
        for public in [ca, cert] {
            if holds_a_key(public) {
                return Err(misfit(place, Misfit::KeyInPublicFile, String::new()));
            }
        }
        let anchors = Certificate::chain_from_pem(ca)
            .map_err(|error| bad_pem(place, BundleFile::Ca, error))?;
        let chain = Certificate::chain_from_pem(cert)
            .map_err(|error| bad_pem(place, BundleFile::Cert, error))?;
        let key = PrivateKey::from_pem(key, None)
            .map_err(|error| bad_pem(place, BundleFile::Key, error))?;
        Self::checked(place, anchors, chain, &key)
    }

    /// The bundle in a directory; the files may be links, as in mounted secrets.
    ///
    /// # Errors
    /// Those of [`Bundle::from_pem`]; [`ClientError::Missing`], [`ClientError::Unreadable`].
    pub fn read_dir(dir: &Path) -> Result<Self, ClientError> {
        let place = dir.to_string_lossy();
        let read = |file: BundleFile| {
            let path = dir.join(file.name());
            let there = std::fs::metadata(&path).is_ok() || fs_stat(&path)?.is_some();
            if !there {
                return Err(ClientError::Missing {
                    place: place.clone().into_owned(),
                    file,
                });
            }
            let bytes = fs::read(&path).map_err(|error| ClientError::unreadable(&path, error))?;
            if bytes.len() > LARGEST_FILE {
                return Err(ClientError::Oversized {
                    path,
                    size: bytes.len(),
                });
            }
            Ok(Sensitive::new(bytes))
        };
        let (ca, cert, key) = (
            read(BundleFile::Ca)?,
            read(BundleFile::Cert)?,
            read(BundleFile::Key)?,
        );
        Self::from_pem(&place, ca.expose(), cert.expose(), key.expose())
    }

    /// What the client trusts.
    pub fn anchors(&self) -> &[Certificate] {
        &self.anchors
    }

    /// The client's own certificate, followed by intermediates if there are any.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The client's own certificate.
    pub fn leaf(&self) -> &Certificate {
        // `checked` has refused an empty chain.
        &self.chain[0]
    }

    /// What to call the client in a sentence: its common name, else its subject, escaped.
    pub fn client_name(&self) -> String {
        name_of(self.leaf())
    }

    /// The text of `ca.pem`.
    pub fn ca_pem(&self) -> Vec<u8> {
        pem_of(&self.anchors)
    }

    /// The text of `cert.pem`, leaf first.
    pub fn cert_pem(&self) -> Vec<u8> {
        pem_of(&self.chain)
    }

    /// The text of `key.pem`, unencrypted PKCS#8.
    pub fn key_pem(&self) -> &Sensitive<Vec<u8>> {
        &self.key_pem
    }

    /// What a file of the bundle holds; only the key is a secret.
    pub(super) fn content(&self, file: BundleFile) -> Content {
        match file {
            BundleFile::Ca => Content::Public(self.ca_pem()),
            BundleFile::Cert => Content::Public(self.cert_pem()),
            BundleFile::Key => Content::Secret(self.key_pem.clone()),
        }
    }

    fn checked(
        place: &str,
        anchors: Vec<Certificate>,
        chain: Vec<Certificate>,
        key: &PrivateKey,
    ) -> Result<Self, ClientError> {
        let missing = |file| ClientError::Missing {
            place: place.to_owned(),
            file,
        };
        let leaf = chain.first().ok_or_else(|| missing(BundleFile::Cert))?;
        if anchors.is_empty() {
            return Err(missing(BundleFile::Ca));
        }
        let fault = |what, found| Err(misfit(place, what, found));
        if let Some(anchor) = anchors
            .iter()
            .find(|anchor| anchor.spki_der() == key.spki_der())
        {
            return fault(Misfit::KeyOfAnchor, name_of(anchor));
        }
        if leaf.is_ca() {
            return fault(Misfit::LeafIsAnchor, name_of(leaf));
        }
        if leaf.spki_der() != key.spki_der() {
            let found = format!(
                "the certificate of {} has key {}, key.pem {}",
                name_of(leaf),
                leaf.key_id(),
                key.key_id()
            );
            return fault(Misfit::KeyOfAnother, found);
        }
        if !may_be_client(leaf) {
            return fault(
                Misfit::NotAClient,
                format!("{}: {}", name_of(leaf), purposes_of(leaf)),
            );
        }
        if let Some(odd) = anchors.iter().find(|anchor| !anchor.is_ca()) {
            return fault(Misfit::CaIsNoAnchor, name_of(odd));
        }
        if let Some(odd) = anchors.iter().find(|anchor| is_our_client_anchor(anchor)) {
            return fault(Misfit::CaIsClientAnchor, name_of(odd));
        }
        let key_pem = key
            .to_pem()
            .map_err(|error| bad_pem(place, BundleFile::Key, error))?;
        Ok(Self {
            anchors,
            chain,
            key_pem,
        })
    }
}

/// What to call a certificate's holder in a sentence, escaped.
pub(super) fn name_of(certificate: &Certificate) -> String {
    escape(
        &certificate
            .common_name()
            .unwrap_or_else(|| certificate.subject()),
    )
}

fn may_be_client(leaf: &Certificate) -> bool {
    leaf.purposes().include(Purpose::Client)
}

fn purposes_of(leaf: &Certificate) -> String {
    escape(&leaf.purposes().to_string())
}

/// Our anchors say in their subject what they sign; of anybody else's we cannot know.
fn is_our_client_anchor(anchor: &Certificate) -> bool {
    anchor
        .common_name()
        .is_some_and(|name| name.starts_with("sealock ") && name.contains(" client anchor "))
}

/// Whether a text has a private key in it, of whatever form.
fn holds_a_key(text: &[u8]) -> bool {
    const MARK: &[u8] = b"PRIVATE KEY-----";
    text.windows(MARK.len()).any(|window| window == MARK)
}

fn fs_stat(path: &Path) -> Result<Option<sealock_change::Stat>, ClientError> {
    fs::stat(path).map_err(|error| ClientError::unreadable(path, error))
}

fn pem_of(certificates: &[Certificate]) -> Vec<u8> {
    certificates
        .iter()
        .map(Certificate::to_pem)
        .collect::<String>()
        .into_bytes()
}

fn misfit(place: &str, misfit: Misfit, found: String) -> ClientError {
    ClientError::Misfit {
        place: place.to_owned(),
        misfit,
        found,
    }
}

fn bad_pem<E>(place: &str, file: BundleFile, error: E) -> ClientError
where
    E: Diagnose + Send + Sync + 'static,
{
    ClientError::BadPem {
        place: place.to_owned(),
        file,
        reason: Box::new(error),
    }
}

#[cfg(test)]
mod tests {
    use super::{Bundle, LARGEST_FILE};
    use crate::client::fixture::{Authority, Scratch};
    use crate::client::{BundleFile, ClientError, Misfit};
    use sealock_diag::Diagnose;
    use sealock_pki::{Certificate, PrivateKey, Purpose};

    fn pems(bundle: &Bundle) -> [Vec<u8>; 3] {
        [
            bundle.ca_pem(),
            bundle.cert_pem(),
            bundle.key_pem().expose().clone(),
        ]
    }

    fn pem(certificates: &[&Certificate]) -> Vec<u8> {
        certificates
            .iter()
            .map(|certificate| certificate.to_pem())
            .collect::<String>()
            .into()
    }

    #[test]
    fn a_bundle_survives_its_own_texts() {
        let bundle = Authority::new("main").bundle("alice");
        let [ca, cert, key] = pems(&bundle);
        let again = Bundle::from_pem("here", &ca, &cert, &key).unwrap();
        assert_eq!(pems(&again), [ca.clone(), cert.clone(), key.clone()]);
        assert!(
            String::from_utf8(key.clone())
                .unwrap()
                .starts_with("-----BEGIN PRIVATE KEY-----\n")
        );
        // Comments and escape sequences between the blocks do not reach the files that are written.
        let noisy = [&b"\x1b[2J bag attributes\n"[..], &cert].concat();
        assert_eq!(
            Bundle::from_pem("here", &ca, &noisy, &key)
                .unwrap()
                .cert_pem(),
            cert
        );
    }

    #[test]
    fn parts_that_do_not_fit_are_named() {
        let main = Authority::new("main");
        let (alice, alice_key) = main.leaf("alice", Purpose::Client);
        let (bob, _) = main.leaf("bob", Purpose::Client);
        let (server, server_key) = main.leaf("host", Purpose::Server);
        let anchor = main.server.certificate();
        let client_anchor = main.client.certificate();
        let key = |key: &PrivateKey| key.to_pem().unwrap().expose().clone();
        let with_key = |public: &Certificate| [pem(&[public]), key(&alice_key)].concat();
        for (ca, cert, key, expected) in [
            (
                pem(&[anchor]),
                pem(&[&bob]),
                key(&alice_key),
                Misfit::KeyOfAnother,
            ),
            (
                pem(&[anchor]),
                pem(&[&server]),
                key(&server_key),
                Misfit::NotAClient,
            ),
            (
                pem(&[anchor]),
                pem(&[client_anchor]),
                key(&alice_key),
                Misfit::LeafIsAnchor,
            ),
            (
                pem(&[&bob]),
                pem(&[&alice]),
                key(&alice_key),
                Misfit::CaIsNoAnchor,
            ),
            (
                pem(&[client_anchor]),
                pem(&[&alice]),
                key(&alice_key),
                Misfit::CaIsClientAnchor,
            ),
            (
                pem(&[anchor]),
                pem(&[&alice]),
                key(main.server.key()),
                Misfit::KeyOfAnchor,
            ),
            (
                with_key(anchor),
                pem(&[&alice]),
                key(&alice_key),
                Misfit::KeyInPublicFile,
            ),
            (
                pem(&[anchor]),
                with_key(&alice),
                key(&alice_key),
                Misfit::KeyInPublicFile,
            ),
        ] {
            let error = Bundle::from_pem("here", &ca, &cert, &key).unwrap_err();
            assert!(
                matches!(&error, ClientError::Misfit { misfit, .. } if *misfit == expected),
                "{error:?} instead of {expected:?}"
            );
            assert_eq!(error.location().as_deref(), Some("here"));
        }
    }

    #[test]
    fn texts_that_do_not_parse_are_named_by_file() {
        let bundle = Authority::new("main").bundle("alice");
        let [ca, cert, key] = pems(&bundle);
        let garbage: &[&[u8]] = &[
            b"",
            b"\0\xff\x1b[2J",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ];
        for bad in garbage {
            for (file, error) in [
                (BundleFile::Ca, Bundle::from_pem("x", bad, &cert, &key)),
                (BundleFile::Cert, Bundle::from_pem("x", &ca, bad, &key)),
                (BundleFile::Key, Bundle::from_pem("x", &ca, &cert, bad)),
            ] {
                let error = error.unwrap_err();
                assert!(
                    matches!(&error, ClientError::BadPem { file: named, .. } if *named == file),
                    "{error:?}"
                );
                assert!(Diagnose::cause(&error).is_some_and(|cause| !cause.contains('\u{1b}')));
            }
        }
    }

    #[test]
    fn directories_are_read_whole_or_not_at_all() {
        let scratch = Scratch::new();
        let bundle = Authority::new("main").bundle("alice");
        let [ca, cert, key] = pems(&bundle);
        for (name, bytes) in [("ca.pem", &ca), ("cert.pem", &cert)] {
            std::fs::write(scratch.path().join(name), bytes).unwrap();
        }
        let error = Bundle::read_dir(scratch.path()).unwrap_err();
        assert!(matches!(
            error,
            ClientError::Missing {
                file: BundleFile::Key,
                ..
            }
        ));
        // Mounted secrets are links.
        std::fs::write(scratch.path().join("data"), &key).unwrap();
        std::os::unix::fs::symlink("data", scratch.path().join("key.pem")).unwrap();
        assert_eq!(
            pems(&Bundle::read_dir(scratch.path()).unwrap()),
            [ca, cert, key]
        );
        std::fs::write(scratch.path().join("ca.pem"), vec![b'a'; LARGEST_FILE + 1]).unwrap();
        assert!(matches!(
            Bundle::read_dir(scratch.path()).unwrap_err(),
            ClientError::Oversized { .. }
        ));
        std::fs::remove_file(scratch.path().join("ca.pem")).unwrap();
        std::fs::create_dir(scratch.path().join("ca.pem")).unwrap();
        assert!(matches!(
            Bundle::read_dir(scratch.path()).unwrap_err(),
            ClientError::Unreadable { .. }
        ));
    }
}
