//! The file key, wrapped for a recipient or with a passphrase.

use crate::Draw;
use crate::error::AgeError;
use crate::header::{Stanza, decode, encode};
use crate::keys::{Identity, Recipient};
use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use sealock_diag::Sensitive;

/// Bytes of a file key.
pub(crate) const FILE_KEY: usize = 16;
/// The file key with its tag.
const WRAPPED: usize = FILE_KEY + 16;

/// What age itself takes: about a second, and 256 MiB.
const COST: u8 = 18;
/// The most that is computed for a file from outside: 1 GiB of memory. The real tool takes up to 22, 4 GiB.
const MOST_COST: u8 = 20;

pub(crate) type FileKey = Sensitive<[u8; FILE_KEY]>;

/// Draws a new key in place.
pub(crate) fn fill<const N: usize>(key: &mut Sensitive<[u8; N]>, draw: Draw<'_>) {
    let mut bytes = [0; N];
    draw(&mut bytes);
    *key = Sensitive::new(bytes);
}

pub(crate) fn for_recipient(
    recipient: &Recipient,
    file_key: &FileKey,
    draw: Draw<'_>,
) -> Result<Stanza, AgeError> {
    let unusable = AgeError::BadRecipient("no secret can be agreed on with this recipient");
    let mut secret = Sensitive::new([0; 32]);
    fill(&mut secret, draw);
    let ephemeral =
        PrivateKey::from_private_key(&X25519, secret.expose()).map_err(|_| unusable.clone())?;
    let share = ephemeral
        .compute_public_key()
        .map_err(|_| unusable.clone())?;
    let key = agreed(&ephemeral, &recipient.0, share.as_ref(), &recipient.0).ok_or(unusable)?;
    Ok(Stanza {
        words: vec!["X25519".to_owned(), encode(share.as_ref())],
        body: wrapped(&key, file_key)?,
    })
}

pub(crate) fn with_passphrase(
    passphrase: &Sensitive<String>,
    file_key: &FileKey,
    draw: Draw<'_>,
) -> Result<Stanza, AgeError> {
    let mut salt = [0; 16];
    draw(&mut salt);
    let key = stretched(passphrase, &salt, COST)?;
    Ok(Stanza {
        words: vec!["scrypt".to_owned(), encode(&salt), COST.to_string()],
        body: wrapped(&key, file_key)?,
    })
}

/// The file key, by the first identity that opens one of the stanzas.
pub(crate) fn open_with(identities: &[Identity], stanzas: &[Stanza]) -> Result<FileKey, AgeError> {
    let mut readable = 0;
    let privates = identities
        .iter()
        .map(|identity| Ok((identity.private()?, identity.recipient())))
        .collect::<Result<Vec<_>, AgeError>>()?;
    for stanza in stanzas {
        let [kind, words @ ..] = stanza.words.as_slice() else {
            continue;
        };
        // Other kinds are for others; the format asks readers to pass over them.
        if kind != "X25519" {
            continue;
        }
        let [share] = words else {
            return Err(AgeError::Malformed(
                "an X25519 recipient has too many or too few words",
            ));
        };
        let share = decode(share)
            .and_then(|share| <[u8; 32]>::try_from(share).ok())
            .ok_or(AgeError::Malformed(
                "the share of an X25519 recipient is not 32 bytes",
            ))?;
        if stanza.body.len() != WRAPPED {
            return Err(AgeError::Malformed("a wrapped key is not 32 bytes"));
        }
        readable += 1;
        for (private, recipient) in &privates {
            let key = agreed(private, &share, &share, &recipient.0).ok_or(AgeError::Malformed(
                "the share of an X25519 recipient is no point of use",
            ))?;
            if let Some(file_key) = unwrapped(&key, &stanza.body) {
                return Ok(file_key);
            }
        }
    }
    Err(AgeError::WrongIdentity { readable })
}

pub(crate) fn open_by_passphrase(
    passphrase: &Sensitive<String>,
    stanzas: &[Stanza],
) -> Result<FileKey, AgeError> {
    let [Stanza { words, body }] = stanzas else {
        return Err(AgeError::Malformed(
            "a passphrase stands beside other recipients",
        ));
    };
    let [_, salt, cost] = words.as_slice() else {
        return Err(AgeError::Malformed(
            "the passphrase's line has too many or too few words",
        ));
    };
    let salt = decode(salt)
        .and_then(|salt| <[u8; 16]>::try_from(salt).ok())
        .ok_or(AgeError::Malformed("the passphrase's salt is not 16 bytes"))?;
    let digits = cost.bytes().all(|byte| byte.is_ascii_digit()) && !cost.starts_with('0');
    let cost = cost.parse().ok().filter(|cost| digits && *cost < 64);
    let cost: u8 = cost.ok_or(AgeError::Malformed("the passphrase's cost is no number"))?;
    if body.len() != WRAPPED {
        return Err(AgeError::Malformed("a wrapped key is not 32 bytes"));
    }
    if cost > MOST_COST {
        return Err(AgeError::TooMuchWork {
            presented: cost,
            most: MOST_COST,
        });
    }
    let key = stretched(passphrase, &salt, cost)?;
    unwrapped(&key, body).ok_or(AgeError::WrongPassphrase)
}

/// 32 bytes derived with HKDF-SHA256.
pub(crate) fn derived(secret: &[u8], salt: &[u8], label: &[u8]) -> Sensitive<[u8; 32]> {
    let mut out = [0; 32];
    let salt = Salt::new(HKDF_SHA256, salt);
    let label = [label];
    let filled = salt
        .extract(secret)
        .expand(&label, Length)
        .and_then(|okm| okm.fill(&mut out));
    // HKDF refuses only more than 255 blocks.
    debug_assert!(filled.is_ok());
    Sensitive::new(out)
}

struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

/// The wrapping key between one side's private half and the other's public half; `None` for a point of low order.
fn agreed(
    private: &PrivateKey,
    public: &[u8; 32],
    share: &[u8],
    recipient: &[u8; 32],
) -> Option<Sensitive<[u8; 32]>> {
    let mut salt = [0; 64];
    salt[..32].copy_from_slice(share);
    salt[32..].copy_from_slice(recipient);
    agree(
        private,
        UnparsedPublicKey::new(&X25519, public),
        (),
        |secret| Ok(derived(secret, &salt, b"age-encryption.org/v1/X25519")),
    )
    .ok()
}

fn stretched(
    passphrase: &Sensitive<String>,
    salt: &[u8; 16],
    cost: u8,
) -> Result<Sensitive<[u8; 32]>, AgeError> {
    let refused = AgeError::Malformed("the passphrase's cost cannot be computed");
    let params = scrypt::Params::new(cost, 8, 1).map_err(|_| refused.clone())?;
    let salt = [b"age-encryption.org/v1/scrypt".as_slice(), salt].concat();
    let mut out = [0; 32];
    scrypt::scrypt(passphrase.expose().as_bytes(), &salt, &params, &mut out)
        .map_err(|_| refused)?;
    Ok(Sensitive::new(out))
}

fn wrapped(key: &Sensitive<[u8; 32]>, file_key: &FileKey) -> Result<Vec<u8>, AgeError> {
    let mut body = file_key.expose().to_vec();
    // The wrapping key is used once, so the nonce may be zero.
    cipher(key)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key([0; 12]),
            Aad::empty(),
            &mut body,
        )
        .map_err(|_| AgeError::Altered("a wrapped key"))?;
    Ok(body)
}

fn unwrapped(key: &Sensitive<[u8; 32]>, body: &[u8]) -> Option<FileKey> {
    let (text, tag) = body.split_at_checked(FILE_KEY)?;
    let mut out = [0; FILE_KEY];
    cipher(key)
        .ok()?
        .open_separate_gather(
            Nonce::assume_unique_for_key([0; 12]),
            Aad::empty(),
            text,
            tag,
            &mut out,
        )
        .ok()?;
    Some(Sensitive::new(out))
}

pub(crate) fn cipher(key: &Sensitive<[u8; 32]>) -> Result<LessSafeKey, AgeError> {
    UnboundKey::new(&CHACHA20_POLY1305, key.expose())
        .map(LessSafeKey::new)
        .map_err(|_| AgeError::Altered("a key"))
}
