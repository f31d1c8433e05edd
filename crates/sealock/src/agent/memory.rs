//! What the agent remembers from one look to the next, in a small file beside the vault.

use std::path::{Path, PathBuf};

use sealock_change::fs;
use sealock_pki::Timestamp;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The agent's memory. Losing it harms nobody: the next look begins it anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) version: u32,
    /// The latest time that a look has believed.
    pub(crate) seen: i64,
    /// When it last looked.
    pub(crate) looked: i64,
    /// When a look last went well.
    pub(crate) succeeded: Option<i64>,
    /// How many looks have failed since.
    pub(crate) failures: u32,
    /// When it means to look again.
    pub(crate) next: i64,
    /// What the last look said, in one line.
    pub(crate) said: String,
    /// The code of the error that ended it.
    pub(crate) code: Option<String>,
}

const VERSION: u32 = 1;

impl Memory {
    pub(crate) fn path(home: &Path) -> PathBuf {
        home.join("agent.json")
    }

    /// What is remembered; `None` before the first look, and when the file is none that we know.
    pub(crate) fn load(home: &Path) -> Option<Self> {
        let bytes = fs::read(&Self::path(home)).ok()?;
        let memory: Self = serde_json::from_slice(&bytes).ok()?;
        (memory.version == VERSION).then_some(memory)
    }

    /// Notes a look. A home that does not exist is not made for it.
    pub(crate) fn save(&self, home: &Path) -> Result<(), Failure> {
        if fs::stat(home)?.is_none() {
            return Ok(());
        }
        let memory = Self {
            version: VERSION,
            ..self.clone()
        };
        let mut bytes = serde_json::to_vec_pretty(&memory).unwrap_or_default();
        bytes.push(b'\n');
        Ok(fs::write_atomic(&Self::path(home), &bytes, 0o600, None)?)
    }

    /// The time that was last believed.
    pub(crate) fn seen(&self) -> Timestamp {
        Timestamp::from_unix(self.seen)
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;

    #[test]
    fn what_is_remembered_comes_back_and_rubbish_does_not() {
        let home = std::env::temp_dir().join(format!("sealock-memory-{}", std::process::id()));
        std::fs::create_dir_all(&home).unwrap();
        assert_eq!(Memory::load(&home), None);
        let memory = Memory {
            seen: 7,
            said: "ünï".to_owned(),
            ..Memory::default()
        };
        memory.save(&home).unwrap();
        let back = Memory::load(&home).unwrap();
        assert_eq!((back.seen, back.said.as_str()), (7, "ünï"));
        for rubbish in ["", "{", "{\"version\":1}", "[]"] {
            std::fs::write(Memory::path(&home), rubbish).unwrap();
            assert_eq!(Memory::load(&home), None, "{rubbish}");
        }
        std::fs::remove_dir_all(&home).unwrap();
        memory.save(&home).unwrap();
        assert!(!home.exists());
    }
}
