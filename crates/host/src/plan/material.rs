//! The daemon's certificates: a folder for every issue, and one link that leads to the one in force.

use super::{HostPlan, disk};
use crate::HostError;
use crate::observe::Observed;
use sealock_change::{Content, Edit, Owner, Step};
use sealock_diag::Sensitive;
use sealock_pki::Certificate;
use std::path::PathBuf;

/// The certificates that the daemon shall have.
#[derive(Clone, Debug)]
pub struct Material {
    folder: String,
    pub(super) ca_pem: Vec<u8>,
    cert_pem: Vec<u8>,
    key_pem: Sensitive<Vec<u8>>,
}

impl Material {
    /// `ca_pem`: the client anchors; `chain`: the server leaf first; `key_pem`: its key, PKCS#8.
    ///
    /// `None` when the chain is empty.
    pub fn new(
        ca_pem: Vec<u8>,
        chain: &[Certificate],
        key_pem: Sensitive<Vec<u8>>,
    ) -> Option<Self> {
        let fingerprint = chain.first()?.fingerprint().to_string();
        let cert_pem = chain
            .iter()
            .map(Certificate::to_pem)
            .collect::<String>()
            .into_bytes();
        Some(Self {
            folder: fingerprint.chars().take(16).collect(),
            ca_pem,
            cert_pem,
            key_pem,
        })
    }

    /// The name of the folder: the first 16 hex digits of the leaf's fingerprint.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    #[cfg(test)]
    pub(crate) fn for_test(folder: &str) -> Self {
        Self {
            folder: folder.into(),
            ca_pem: b"ca\n".to_vec(),
            cert_pem: format!("cert {folder}\n").into_bytes(),
            key_pem: Sensitive::new(format!("key {folder}\n").into_bytes()),
        }
    }
}

/// The steps that put certificates where a later [`plan_up`](super::plan_up) takes them for the installed ones. No daemon reads
/// them yet.
pub fn plan_material(observed: &Observed, material: &Material) -> Result<Vec<Step>, HostError> {
    let mut plan = HostPlan::default();
    certificates(observed, material, &mut plan)?;
    Ok(plan.steps)
}

/// The same for a gateway that runs in this group: the steps, and what goes once it is proved. The gateway reads its key
/// and can change nothing; the server anchors tell it what its clients trust.
pub fn plan_gateway_material(
    observed: &Observed,
    material: &Material,
    group: u32,
    server_anchors: Vec<u8>,
) -> Result<(Vec<Step>, Vec<Edit>), HostError> {
    let mut plan = HostPlan::default();
    let access = Access {
        owner: Owner { uid: 0, gid: group },
        folder: 0o750,
        key: 0o440,
        server_anchors: Some(server_anchors),
    };
    certificates_for(observed, material, &access, &mut plan)?;
    Ok((plan.steps, superseded(observed, material)?))
}

/// Who reads the files.
struct Access {
    owner: Owner,
    folder: u32,
    key: u32,
    /// What clients trust, for a reader that judges its own certificate by it.
    server_anchors: Option<Vec<u8>>,
}

/// A folder of its own for every issue, and one link that is swapped: certificate and key are never
/// of two different issues, at no instant.
pub(super) fn certificates(
    observed: &Observed,
    material: &Material,
    plan: &mut HostPlan,
) -> Result<(), HostError> {
    let access = Access {
        owner: observed.owner(),
        folder: 0o700,
        key: 0o400,
        server_anchors: None,
    };
    certificates_for(observed, material, &access, plan)
}

fn certificates_for(
    observed: &Observed,
    material: &Material,
    access: &Access,
    plan: &mut HostPlan,
) -> Result<(), HostError> {
    let owner = Some(access.owner);
    let folder = observed.directory.join(&material.folder);
    let mut edits = Vec::new();
    if let Some(base) = observed.directory.parent() {
        edits.extend(Edit::missing_directories(&observed.at(base), 0o755, owner).map_err(disk)?);
    }
    for path in [&observed.directory, &folder] {
        edits.push(Edit::Directory {
            path: observed.at(path),
            mode: access.folder,
            owner,
        });
    }
    for (name, content, mode) in [
        ("ca.pem", Content::Public(material.ca_pem.clone()), 0o444),
        (
            "server-cert.pem",
            Content::Public(material.cert_pem.clone()),
            0o444,
        ),
        (
            "server-key.pem",
            Content::Secret(material.key_pem.clone()),
            access.key,
        ),
    ] {
        edits.push(Edit::Write {
            path: observed.at(&folder.join(name)),
            content,
            mode,
            owner,
        });
    }
    if let Some(anchors) = &access.server_anchors {
        edits.push(Edit::Write {
            path: observed.at(&folder.join("server-ca.pem")),
            content: Content::Public(anchors.clone()),
            mode: 0o444,
            owner,
        });
    }
    edits.push(Edit::Symlink {
        path: observed.at(&observed.directory.join("live")),
        target: PathBuf::from(&material.folder),
    });
    for edit in edits {
        if !edit.is_noop().map_err(disk)? {
            plan.edit(edit);
        }
    }
    Ok(())
}

/// Folders of earlier issues.
pub(super) fn superseded(observed: &Observed, material: &Material) -> Result<Vec<Edit>, HostError> {
    let directory = observed.at(&observed.directory);
    let Ok(entries) = std::fs::read_dir(&directory) else {
        return Ok(Vec::new());
    };
    let mut edits = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let issue = name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !issue || name == material.folder {
            continue;
        }
        let folder = directory.join(&name);
        for file in [
            "server-key.pem",
            "server-cert.pem",
            "server-ca.pem",
            "ca.pem",
        ] {
            let path = folder.join(file);
            if sealock_change::fs::stat(&path).map_err(disk)?.is_some() {
                edits.push(Edit::Remove { path });
            }
        }
        edits.push(Edit::Remove { path: folder });
    }
    Ok(edits)
}
