//! A damaged `vault.db`: opened, read and checked, or refused in words.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_diag::Diagnose;
use sealock_pki::{AnchorRequest, KeyKind, PrivateKey, Purpose, Timestamp, create_anchor};
use sealock_vault::{Filter, NewAnchor, SystemEntropy, Vault, VaultError};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

/// A home, and the bytes of a good vault with one authority.
static HOME: LazyLock<(PathBuf, Vec<u8>)> = LazyLock::new(|| {
    let home = std::env::temp_dir().join(format!("sealock-fuzz-vault-{}", std::process::id()));
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&home)
        .expect("a directory");
    let bytes = good(&home).expect("a vault");
    (home, bytes)
});

// The first byte says whether the rest is the whole file, or where a good one is altered: two bytes
// of place, one of what is there then.
fuzz_target!(|data: &[u8]| {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let (home, good) = &*HOME;
    let bytes = if first % 2 == 0 {
        data.to_vec()
    } else {
        let mut bytes = good.clone();
        for change in data.chunks_exact(3) {
            let at = usize::from(change[0]) << 8 | usize::from(change[1]);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = change[2];
            }
        }
        bytes
    };
    let path = home.join("vault.db");
    let _ = fs::remove_file(home.join("vault.db-journal"));
    let _ = fs::remove_file(home.join("vault.db-wal"));
    fs::write(&path, bytes).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
    if let Err(error) = read(home) {
        let said = [
            Some(error.to_string()),
            error.location(),
            error.cause(),
            error.help(),
        ];
        let harmful = |c: char| c.is_control() && c != '\n';
        assert!(
            !said.iter().flatten().any(|text| text.contains(harmful)),
            "{said:?}"
        );
    }
});

fn read(home: &Path) -> Result<(), VaultError> {
    let vault = Vault::open(home)?;
    let whole = vault.check_integrity();
    for name in vault.authorities()? {
        let _ = vault.authority(&name)?;
    }
    let _ = vault.entries(Filter::all())?;
    whole
}

fn good(home: &Path) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let now = Timestamp::from_unix(1_800_000_000);
    let mut vault = Vault::create_or_open(home)?;
    let request = AnchorRequest {
        authority: "main".parse()?,
        purpose: Purpose::Server,
        scope: None,
        generation: 1,
        life: Duration::from_secs(86_400),
    };
    let key = PrivateKey::generate(KeyKind::EcdsaP256)?;
    let issuer = create_anchor(&request, key, now, &mut SystemEntropy)?;
    let anchor = NewAnchor {
        purpose: Purpose::Server,
        generation: 1,
        issuer: &issuer,
    };
    let (name, kind) = (&request.authority, KeyKind::EcdsaP256);
    vault.store_authority(name, kind, &[anchor], None, &mut SystemEntropy, now)?;
    drop(vault);
    Ok(fs::read(home.join("vault.db"))?)
}
