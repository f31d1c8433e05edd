//! The passphrase as systemd hands it over: by name, from a file that the unit only points to.

use std::path::{Path, PathBuf};

use sealock_change::fs;
use sealock_diag::escape;
use sealock_pki::Passphrase;

use super::WRONG_CREDENTIAL;
use crate::failure::Failure;
use crate::passphrase::Source;

/// The name under which the service finds it.
const NAME: &str = "sealock-passphrase";

/// A file with the passphrase, plain or as `systemd-creds encrypt` writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credential {
    path: PathBuf,
    encrypted: bool,
}

impl Credential {
    /// Looks at the file. A plain one must be closed to others.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let shown = escape(&path.to_string_lossy());
        let bytes = fs::read(&path).map_err(|error| {
            let cause = sealock_diag::Diagnose::cause(&error);
            wrong(&shown, &cause.unwrap_or_else(|| error.to_string()))
        })?;
        let encrypted = is_encrypted(&bytes);
        let mode = fs::stat(&path)?.map_or(0, |stat| stat.mode);
        if !encrypted && mode & 0o077 != 0 {
            return Err(wrong(
                &shown,
                &format!("its mode is {mode:04o}, expected 0600: others could read the passphrase"),
            )
            .help(format!("chmod 0600 {shown}")));
        }
        Ok(Self { path, encrypted })
    }

    #[cfg(test)]
    pub(crate) fn of_file(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            encrypted: false,
        }
    }

    /// The passphrase, where it can be read here; systemd alone opens what it has encrypted.
    pub(crate) fn passphrase(&self) -> Result<Option<Passphrase>, Failure> {
        if self.encrypted {
            return Ok(None);
        }
        Source::File(self.path.clone()).read().map(Some)
    }

    /// The line of the unit.
    pub(crate) fn directive(&self) -> String {
        let kind = if self.encrypted { "Encrypted" } else { "" };
        let path = self.path.to_string_lossy().replace('%', "%%");
        format!("LoadCredential{kind}={NAME}:{path}\n")
    }

    /// What the service names as its source.
    pub(crate) fn source() -> String {
        format!("credential:{NAME}")
    }
}

pub(crate) fn wrong(place: &str, cause: &str) -> Failure {
    Failure::own(WRONG_CREDENTIAL, "the credential cannot be used")
        .at(place)
        .because(cause)
}

/// Whether this is the Base64 of a header as systemd writes it: 16 bytes that name the sealing key, then the sizes of key,
/// block, initialisation vector and tag of AES-256-GCM, little endian.
fn is_encrypted(bytes: &[u8]) -> bool {
    const SIZES: [u8; 16] = [32, 0, 0, 0, 1, 0, 0, 0, 12, 0, 0, 0, 16, 0, 0, 0];
    let header = decode(bytes, 32);
    header.len() == 32 && header.get(16..) == Some(&SIZES)
}

/// The first `most` bytes of a Base64 text; fewer where it is none.
fn decode(text: &[u8], most: usize) -> Vec<u8> {
    let digits = text.iter().filter(|byte| !byte.is_ascii_whitespace());
    let (mut out, mut held, mut bits) = (Vec::new(), 0_u32, 0_u32);
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        held = (held << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
        if out.len() == most {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Credential, is_encrypted};
    use std::path::Path;

    #[test]
    fn what_systemd_has_encrypted_is_known_by_its_header() {
        // As `systemd-creds encrypt --with-key=host` of systemd 252 begins.
        let encrypted = b"Whxqht+dQJax1aZeCGLxmiAAAAABAAAADAAAABAAAAClzVrqJcjAbVDVmCJ\nLEmJ4AAAAA";
        assert!(is_encrypted(encrypted));
        for plain in [
            &b""[..],
            b"correct horse",
            b"Whxqht+dQJax1aZeCGLxmiAAAA",
            &[0xff; 64],
        ] {
            assert!(!is_encrypted(plain));
        }
    }

    #[test]
    fn the_unit_points_to_the_file_and_does_not_hold_it() {
        let mut credential = Credential::of_file(Path::new("/etc/sealock/100%.pass"));
        let plain = "LoadCredential=sealock-passphrase:/etc/sealock/100%%.pass\n";
        assert_eq!(credential.directive(), plain);
        credential.encrypted = true;
        assert!(
            credential
                .directive()
                .starts_with("LoadCredentialEncrypted=")
        );
    }
}
