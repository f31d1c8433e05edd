//! Keys as OpenSSL sealed them before version 3 (RFC 1423): the cipher stands in a DEK-Info line, and its
//! key is MD5 of the passphrase, once. Weak, and all over the place: read here, never written.

use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use des::TdesEde3;
use md5::{Digest, Md5};
use zeroize::Zeroizing;

use crate::key::{KeyError, Passphrase};
use crate::pem::Block;

/// What a seal begins with in the lines above the body.
const DEK: &str = "DEK-Info:";

/// Whether the block is sealed in this way, with whatever cipher.
pub(crate) fn is_sealed(block: &Block) -> bool {
    block
        .headers
        .iter()
        .any(|header| header.starts_with(DEK) || header.contains("ENCRYPTED"))
}

/// What a sealed block holds; `None` when it is not sealed in this way.
///
/// A wrong passphrase is told by the padding, most of the time: what comes out must still be read.
pub(crate) fn open(
    block: &Block,
    passphrase: Option<&Passphrase>,
) -> Result<Option<Zeroizing<Vec<u8>>>, KeyError> {
    if !is_sealed(block) {
        return Ok(None);
    }
    let unread = |cipher: &str| KeyError::LegacyEncryption {
        cipher: cipher.to_owned(),
    };
    let header = block
        .headers
        .iter()
        .find_map(|header| header.strip_prefix(DEK))
        .ok_or_else(|| unread("no DEK-Info line"))?;
    let (cipher, iv) = header.split_once(',').unwrap_or((header, ""));
    let cipher = cipher.trim();
    let decrypt = match cipher {
        "AES-128-CBC" => cbc::<Aes128>,
        "AES-192-CBC" => cbc::<Aes192>,
        "AES-256-CBC" => cbc::<Aes256>,
        "DES-EDE3-CBC" => cbc::<TdesEde3>,
        other => return Err(unread(other)),
    };
    let passphrase = passphrase.ok_or_else(|| unread(cipher))?;
    let iv = hex(iv.trim()).ok_or_else(|| unread(cipher))?;
    decrypt(&iv, passphrase, &block.body).map(Some)
}

fn cbc<C>(iv: &[u8], passphrase: &Passphrase, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError>
where
    C: BlockCipherDecrypt + KeyInit,
    Decryptor<C>: KeyIvInit + BlockModeDecrypt,
{
    let malformed = KeyError::Malformed {
        detail: "its DEK-Info line does not fit its cipher",
    };
    let salt = iv.get(..8).ok_or(malformed.clone())?;
    let key = derive(passphrase, salt, C::key_size());
    let decryptor = Decryptor::<C>::new_from_slices(&key, iv).map_err(|_| malformed)?;
    let mut plain = Zeroizing::new(sealed.to_vec());
    let length = decryptor
        .decrypt_padded::<Pkcs7>(&mut plain)
        .map_err(|_| KeyError::WrongPassphrase)?
        .len();
    plain.truncate(length);
    Ok(plain)
}

/// OpenSSL's EVP_BytesToKey with MD5 and one round: each digest covers the one before, the passphrase and the salt.
fn derive(passphrase: &Passphrase, salt: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length + 16));
    let mut last = Zeroizing::new([0; 16]);
    while key.len() < length {
        let mut digest = Md5::new();
        if !key.is_empty() {
            digest.update(*last);
        }
        digest.update(passphrase.expose().as_bytes());
        digest.update(salt);
        last.copy_from_slice(&digest.finalize());
        key.extend_from_slice(&*last);
    }
    key.truncate(length);
    key
}

/// The bytes of an even number of hexadecimal digits, at most 32.
fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || text.len() > 32 || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::{KeyError, Passphrase, PrivateKey, is_sealed};

    /// One key, made by OpenSSL 3.0 (`openssl ec -aes128` and so on), and its public half.
    const SEALED: [&str; 4] = [
        "-----BEGIN EC PRIVATE KEY-----\n\
         Proc-Type: 4,ENCRYPTED\n\
         DEK-Info: AES-128-CBC,400451439A9CEB2DA370BCC2C436BEC4\n\
         \n\
         +8eJawLVas18HeGz2PWz6w604oH1vGCqN9sS2C+KoB7XuquizhgsfMFi4Z1G4BdK\n\
         SK5FCjqaFrUPVDdoowPQGLCtrZvOYpC0zMhgkS8R8TCWfLBCl4zrPda63oA3q6X9\n\
         vk6nW91No9sY7Ng9wGgNvyTV0xIVI4UCSs495ypRjns=\n\
         -----END EC PRIVATE KEY-----",
        "-----BEGIN EC PRIVATE KEY-----\n\
         Proc-Type: 4,ENCRYPTED\n\
         DEK-Info: AES-192-CBC,4DA6A997925B82E50F9FAE2E48855F81\n\
         \n\
         4IF0i1oANIId5Cb0AYizXMBtBB9kd0W0hFDnEqi6fdqix0ykGRSpd5TsDjMYurtx\n\
         wx0tRJg4XWRooucb5YtUqal+IoLMoC30Rb7TIrLHxVF5n5GXVfInRHLoE9Z7xMoZ\n\
         PlIfqR70R81wGmeX/4aXXLoRY0v5YdRzXhCJha40Fdk=\n\
         -----END EC PRIVATE KEY-----",
        "-----BEGIN EC PRIVATE KEY-----\n\
         Proc-Type: 4,ENCRYPTED\n\
         DEK-Info: AES-256-CBC,9D689D3417A0C993BBDF1B656625D06D\n\
         \n\
         vGUdPzaS3MX43tDKddNn6gtpTTZrxV/Oc+N++7B37e3l2MktkgovtmpOAJGUhyyu\n\
         wcTAfldvoZK3tM28emvjAN1e0IId6CG23QxPKSqNfg1wL8UJA5VxhhuqQya+HUgD\n\
         wbWOf4A5GeWbf8G68QDmSk64zLNRwdUUY198lb/KESc=\n\
         -----END EC PRIVATE KEY-----",
        "-----BEGIN EC PRIVATE KEY-----\n\
         Proc-Type: 4,ENCRYPTED\n\
         DEK-Info: DES-EDE3-CBC,1980346868554C69\n\
         \n\
         H4kKoGPjjR9hqfhBFxy++GVYB8lGWrRSbdm6ENDEeojbVIgt1IfQR5AvhFBywGVf\n\
         a3i1OX7gcQ5z5+5AF+bSrT2foFY0+Q0CLo+nfo8/xZrgOhKtUhO+URFSQGdDNurH\n\
         LQQSVVW47aoeehCjXyvmbu7y0n05Nws/Z6r+fyHp1vo=\n\
         -----END EC PRIVATE KEY-----",
    ];
    const POINT: &str = "d06a55cbb413305ff690b005896c1f525fd6c91c06aebfd564b98803610d3585a45beeb098e541fe2b5907908d2ecf96de1283c19179c1ce09d72157a3b253ae";

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.into()).unwrap()
    }

    #[test]
    fn what_openssl_sealed_is_opened() {
        for pem in SEALED {
            assert!(is_sealed(pem.as_bytes()));
            let key = PrivateKey::from_pem(pem.as_bytes(), Some(&passphrase("geheim"))).unwrap();
            let point: String = key
                .spki_der()
                .iter()
                .rev()
                .take(64)
                .rev()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(point, POINT);
        }
    }

    #[test]
    fn a_wrong_passphrase_is_told_as_such() {
        for pem in SEALED {
            // Every 256th passphrase ends in lawful padding.
            for attempt in 0..600 {
                let wrong = passphrase(&format!("wrong {attempt}"));
                let refused = PrivateKey::from_pem(pem.as_bytes(), Some(&wrong)).unwrap_err();
                assert_eq!(refused, KeyError::WrongPassphrase);
            }
        }
    }

    #[test]
    fn what_cannot_be_opened_names_its_cipher() {
        let pem = SEALED[2];
        let unread = |pem: &str, passphrase: Option<&Passphrase>| {
            PrivateKey::from_pem(pem.as_bytes(), passphrase).unwrap_err()
        };
        let legacy = |cipher: &str| KeyError::LegacyEncryption {
            cipher: cipher.to_owned(),
        };
        let told = passphrase("geheim");
        assert_eq!(unread(pem, None), legacy("AES-256-CBC"));
        let other = pem.replace("AES-256-CBC", "IDEA-CBC");
        assert_eq!(unread(&other, Some(&told)), legacy("IDEA-CBC"));
        let no_iv = pem.replace("AES-256-CBC,", "AES-256-CBC");
        assert!(matches!(
            unread(&no_iv, Some(&told)),
            KeyError::LegacyEncryption { .. }
        ));
        let short = pem.replace("AES-256-CBC", "DES-EDE3-CBC");
        assert!(matches!(
            unread(&short, Some(&told)),
            KeyError::Malformed { .. } | KeyError::WrongPassphrase
        ));
    }
}
