//! Recipients and identities: the two halves of an X25519 key, as people copy them.

use crate::error::AgeError;
use aws_lc_rs::agreement::{PrivateKey, X25519};
use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};
use sealock_diag::Sensitive;
use std::fmt;
use std::str::FromStr;

const RECIPIENT: &str = "age";
const IDENTITY: &str = "age-secret-key-";

/// Whom something can be sealed for: `age1…`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Recipient(pub(crate) [u8; 32]);

impl FromStr for Recipient {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        let why = match text {
            _ if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") => {
                "this is an identity, the secret half; its recipient begins with age1"
            }
            _ if text.starts_with("ssh-") => {
                "SSH keys are not supported as recipients; age-keygen makes one that is"
            }
            _ if text.starts_with("age1pq1") || text.starts_with("age1tag") => {
                "only the X25519 recipients of age-keygen are supported, age1 and 58 more characters"
            }
            _ => match decode(text, RECIPIENT) {
                Some(key) => return Ok(Self(*key.expose())),
                None if is_plugin(text) => "recipients of age plugins are not supported",
                None => "a recipient is age1 and 58 more characters; here one is wrong or missing",
            },
        };
        Err(AgeError::BadRecipient(why))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        bech32::encode_lower_to_fmt::<Bech32, _>(f, Hrp::parse_unchecked(RECIPIENT), &self.0)
            .map_err(|_| fmt::Error)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What opens files sealed for its recipient: `AGE-SECRET-KEY-1…`.
#[derive(Clone)]
pub struct Identity {
    secret: Sensitive<[u8; 32]>,
    recipient: Recipient,
}

impl Identity {
    /// The identity of this secret scalar: how a new one is made from 32 random bytes.
    ///
    /// # Errors
    /// Never for 32 bytes, as far as we know; the library may refuse.
    pub fn from_secret(secret: [u8; 32]) -> Result<Self, AgeError> {
        Self::at_line(Sensitive::new(secret), 1)
    }

    /// The identities in the text of a file as age-keygen writes it: one on a line, comments after `#`.
    ///
    /// # Errors
    /// [`AgeError::BadIdentity`] for a line that is something else, and for identities that are sealed with a passphrase,
    /// of plugins, or SSH keys; [`AgeError::NoIdentity`] when there is none.
    pub fn read_all(text: &str) -> Result<Vec<Self>, AgeError> {
        let bad = |line, why| AgeError::BadIdentity { line, why };
        let mut found = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let number = number + 1;
            let line = line.trim_end();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let secret =
                decode(line, IDENTITY).ok_or_else(|| bad(number, not_an_identity(line)))?;
            found.push(Self::at_line(secret, number)?);
        }
        if found.is_empty() {
            return Err(AgeError::NoIdentity);
        }
        Ok(found)
    }

    /// Whom to seal for, so that this identity opens it.
    pub fn recipient(&self) -> Recipient {
        self.recipient
    }

    /// The secret half.
    pub(crate) fn private(&self) -> Result<PrivateKey, AgeError> {
        PrivateKey::from_private_key(&X25519, self.secret.expose())
            .map_err(|_| AgeError::Malformed("an identity cannot be used"))
    }

    fn at_line(secret: Sensitive<[u8; 32]>, line: usize) -> Result<Self, AgeError> {
        let public = PrivateKey::from_private_key(&X25519, secret.expose())
            .ok()
            .and_then(|key| key.compute_public_key().ok())
            .and_then(|public| <[u8; 32]>::try_from(public.as_ref()).ok())
            .ok_or(AgeError::BadIdentity {
                line,
                why: "this secret makes no key",
            })?;
        Ok(Self {
            secret,
            recipient: Recipient(public),
        })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity(of {})", self.recipient)
    }
}

fn not_an_identity(line: &str) -> &'static str {
    let upper = line.to_ascii_uppercase();
    if upper.starts_with("AGE-PLUGIN-") {
        "identities of age plugins are not supported"
    } else if line.starts_with("age-encryption.org/")
        || line.starts_with("-----BEGIN AGE ENCRYPTED")
    {
        "identity files that are sealed themselves are not supported: open it with age -d first"
    } else if line.starts_with("-----BEGIN ") {
        "SSH and PEM keys are not supported as identities; age-keygen makes one that is"
    } else if line.starts_with("age1") {
        "this is a recipient, the public half; its identity begins with AGE-SECRET-KEY-1"
    } else if upper.starts_with("AGE-SECRET-KEY-PQ-") {
        "only the X25519 identities of age-keygen are supported"
    } else {
        "an identity is AGE-SECRET-KEY-1 and 58 more characters; here one is wrong or missing"
    }
}

fn is_plugin(text: &str) -> bool {
    CheckedHrpstring::new::<Bech32>(text)
        .is_ok_and(|parsed| parsed.hrp().to_lowercase().starts_with("age1"))
}

/// 32 bytes in Bech32 under this prefix. Bech32 has a checksum, so a slip of the finger is not another key.
fn decode(text: &str, prefix: &str) -> Option<Sensitive<[u8; 32]>> {
    let parsed = CheckedHrpstring::new::<Bech32>(text).ok()?;
    if parsed.hrp().to_lowercase() != prefix {
        return None;
    }
    // Padding that is not zero would be a second spelling of the same key.
    parsed.validate_segwit_padding().ok()?;
    let mut bytes = [0; 32];
    let mut count = 0;
    for byte in parsed.byte_iter() {
        *bytes.get_mut(count)? = byte;
        count += 1;
    }
    let bytes = Sensitive::new(bytes);
    (count == 32).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with age-keygen 1.1.1.
    const SECRET: &str =
        "AGE-SECRET-KEY-1GWL99TCLUFLGMAZ30DQY804D3G2KN22VNZQZCVMH29VFPSG7HMUQS3AEW0";
    const PUBLIC: &str = "age1me3sfgndyf745gfhm7lzmu4qvxyrllmanqh7qw5wyej2tjtvedusd7lupd";

    #[test]
    fn the_two_halves_belong_together_as_age_keygen_has_them() {
        let file = format!("# created: 2026\n# public key: {PUBLIC}\r\n\n{SECRET}\n");
        let all = Identity::read_all(&file).unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].recipient().to_string(), PUBLIC);
        assert_eq!(PUBLIC.parse::<Recipient>().unwrap(), all[0].recipient());
        let shown = format!("{all:?}");
        assert!(!shown.contains("SECRET"), "{shown}");
    }

    #[test]
    fn what_is_no_recipient_says_what_it_is() {
        let mut slipped = PUBLIC.to_owned().into_bytes();
        slipped[20] = if slipped[20] == b'q' { b'p' } else { b'q' };
        let slipped = String::from_utf8(slipped).unwrap();
        for (text, why) in [
            (SECRET, "secret half"),
            ("ssh-ed25519 AAAA", "SSH keys"),
            ("age1pq1qqqq", "X25519"),
            (&slipped, "one is wrong"),
            (&PUBLIC[..40], "one is wrong"),
            (&PUBLIC.to_uppercase()[..], ""),
            ("", "one is wrong"),
            (
                "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t",
                "plugins",
            ),
        ] {
            match text.parse::<Recipient>() {
                Ok(same) => assert_eq!((same.to_string().as_str(), why), (PUBLIC, "")),
                Err(error) => {
                    let said = error.to_string();
                    assert!(!why.is_empty() && said.contains(why), "{text}: {said}");
                    assert!(!said.contains("AGE-SECRET-KEY-1Q"), "{said}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_identity_says_what_it_is_and_where() {
        for (text, line, why) in [
            (format!("# x\n{PUBLIC}\n"), 2, "public half"),
            ("AGE-PLUGIN-YUBIKEY-1AAAA".into(), 1, "plugins"),
            (
                "age-encryption.org/v1\n-> scrypt".into(),
                1,
                "sealed themselves",
            ),
            (
                "-----BEGIN AGE ENCRYPTED FILE-----".into(),
                1,
                "sealed themselves",
            ),
            ("-----BEGIN OPENSSH PRIVATE KEY-----".into(), 1, "SSH"),
            (format!("{SECRET}\n{}", &SECRET[..50]), 2, "one is wrong"),
            ("nonsense".into(), 1, "one is wrong"),
        ] {
            match Identity::read_all(&text).unwrap_err() {
                AgeError::BadIdentity {
                    line: at,
                    why: said,
                } => {
                    assert_eq!(at, line, "{text}");
                    assert!(said.contains(why), "{said}");
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(
            Identity::read_all("# only words\n\n").unwrap_err(),
            AgeError::NoIdentity
        );
    }
}
