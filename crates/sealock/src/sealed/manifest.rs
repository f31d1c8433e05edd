//! What an archive says of itself, as its first member.

use std::collections::HashMap;
use std::path::Path;

use sealock_change::Digest;
use sealock_diag::{Diagnose, escape};
use sealock_vault::KeyFile;
use serde::{Deserialize, Serialize};

use super::codes;
use super::tar::Member;
use crate::failure::Failure;
use crate::session::Session;

/// Its name in the archive.
pub(super) const NAME: &str = "manifest.json";
/// The version that is written, and the newest that is read.
const VERSION: u32 = 1;

/// The first member of every archive.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    version: u32,
    /// The version of the program that made it.
    pub(crate) sealock: String,
    /// When, in RFC 3339.
    pub(crate) made_at: String,
    /// Where.
    pub(crate) host: Host,
    /// The home it was made from.
    pub(crate) home: String,
    /// Where its `sealock.toml` was.
    pub(crate) config: String,
    /// The anchors of all generations.
    pub(crate) anchors: Vec<AnchorLine>,
    /// Every other file of the archive.
    pub(crate) files: Vec<FileLine>,
}

/// A host, as far as one can be known again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Host {
    /// Its name.
    pub(crate) name: String,
    /// A digest of its machine id, which is nobody's business; none where there is no id.
    pub(crate) machine: Option<String>,
}

/// An anchor, for people.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AnchorLine {
    pub(crate) authority: String,
    pub(crate) purpose: String,
    pub(crate) scope: String,
    pub(crate) generation: u32,
    pub(crate) state: String,
    pub(crate) fingerprint: String,
}

/// A file of the archive, and its digest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FileLine {
    name: String,
    size: u64,
    sha256: String,
}

impl Host {
    /// This one.
    pub(crate) fn this() -> Self {
        let id = std::fs::read("/etc/machine-id").unwrap_or_default();
        let id = id.trim_ascii();
        let machine = (id.len() == 32).then(|| {
            let salted = [b"sealock backup\0", id].concat();
            Digest::of(&salted).to_string()
        });
        Self {
            name: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
            machine,
        }
    }

    /// Whether both are surely one: copies of a machine have its id, and names are given twice.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.machine.is_some() && self == other
    }
}

impl Manifest {
    /// The manifest of these members.
    pub(super) fn of(session: &Session, keys: &[KeyFile], members: &[Member]) -> Self {
        let anchors = keys.iter().map(|key| AnchorLine {
            authority: key.authority.to_string(),
            purpose: key.anchor.purpose.to_string(),
            scope: key.anchor.scope.as_str().to_owned(),
            generation: key.anchor.generation,
            state: key.anchor.state.as_str().to_owned(),
            fingerprint: key.anchor.certificate.fingerprint().to_string(),
        });
        let files = members.iter().filter(|member| member.bytes.is_some());
        Self {
            version: VERSION,
            sealock: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: session.now.to_string(),
            host: Host::this(),
            home: session.home.to_string_lossy().into_owned(),
            config: session.config.to_string_lossy().into_owned(),
            anchors: anchors.collect(),
            files: files
                .map(|member| FileLine {
                    name: member.name.clone(),
                    size: member.content().len() as u64,
                    sha256: Digest::of(member.content()).to_string(),
                })
                .collect(),
        }
    }

    /// As a member of the archive.
    pub(super) fn to_member(&self) -> Result<Member, Failure> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| {
            Failure::own(crate::catalogue::BUG, "the manifest cannot be written")
                .because(error.to_string())
        })?;
        Ok(Member::file(NAME, text, 0o644))
    }

    /// Reads it; see [`Manifest::compare`].
    pub(super) fn read(members: &[Member]) -> Result<Self, Failure> {
        let foreign = |cause: String| {
            Failure::own(codes::NO_ARCHIVE, "this is no archive of sealock").because(cause)
        };
        let bytes = members
            .iter()
            .find(|member| member.name == NAME && member.bytes.is_some())
            .ok_or_else(|| foreign(format!("it has no {NAME}")))?
            .content();
        let value: serde_json::Value = serde_json::from_slice(bytes)
            .map_err(|error| foreign(format!("its {NAME} is no JSON: {error}")))?;
        match value["version"].as_u64() {
            Some(1) => {}
            Some(newer) => {
                return Err(foreign(format!(
                    "its form is {newer}, and this program reads up to {VERSION}"
                ))
                .help("use the newer sealock"));
            }
            None => return Err(foreign(format!("its {NAME} has no version"))),
        }
        serde_json::from_value(value)
            .map_err(|error| foreign(format!("its {NAME}: {}", escape(&error.to_string()))))
    }

    /// Compares every file with its digest.
    pub(super) fn compare(&self, members: &[Member]) -> Result<(), Failure> {
        let differs = |name: &str, why: &str| {
            Failure::own(
                codes::NOT_INTACT,
                "what the archive holds is not what its manifest says",
            )
            .because(format!("{}: {why}", escape(name)))
        };
        let mut files: HashMap<&str, &[u8]> = members
            .iter()
            .filter(|member| member.bytes.is_some() && member.name != NAME)
            .map(|member| (member.name.as_str(), member.content()))
            .collect();
        for line in &self.files {
            let bytes = files.remove(line.name.as_str());
            let bytes = bytes.ok_or_else(|| differs(&line.name, "it is missing"))?;
            if Digest::of(bytes).to_string() != line.sha256 {
                return Err(differs(&line.name, "its digest is another"));
            }
        }
        match files.keys().min() {
            Some(more) => Err(differs(more, "it is not listed")),
            None => Ok(()),
        }
    }
}

/// An error of a vault that was unpacked here, as one of the archive: where it was unpacked is nobody's business.
pub(super) fn not_intact(error: &dyn Diagnose, unpacked: &Path) -> Failure {
    let cause = match Diagnose::cause(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    Failure::own(
        codes::NOT_INTACT,
        "what the archive holds is not an intact vault",
    )
    .because(cause.replace(&format!("{}/", escape(&unpacked.to_string_lossy())), ""))
}
