//! `daemon.json`, as far as it can be read.

use crate::json::DaemonJson;
use crate::service::read_optional;
use crate::{HostError, System};
use sealock_check::seen::{Config, ConfigProblem, ConfigState};
use sealock_diag::{Diagnose as _, escape};
use serde_json::{Map, Value};
use std::path::Path;

/// Reads it, whatever is in it.
pub(super) fn read(system: &dyn System, path: &Path) -> Config {
    let mut config = Config {
        path: path.to_path_buf(),
        state: ConfigState::Absent,
        keys: Map::new(),
        bytes: Vec::new(),
    };
    match read_optional(&system.root().at(path)) {
        Err(error) => {
            let why = error.cause().unwrap_or_else(|| error.to_string());
            config.state = ConfigState::Unreadable(escape(&why));
        }
        Ok(None) => {}
        Ok(Some(bytes)) => {
            let text = text(&bytes);
            let read = DaemonJson::parse(path, &text);
            // dockerd takes the last of two, and a value of the wrong type is still there to be seen.
            if let Ok(Value::Object(keys)) =
                serde_json::from_str(text.trim_start_matches('\u{feff}'))
            {
                config.keys = keys;
            }
            config.state = match read {
                Ok(_) => ConfigState::Sound,
                Err(error) => ConfigState::Broken(problem(error)),
            };
            config.bytes = bytes;
        }
    }
    config
}

fn problem(error: HostError) -> ConfigProblem {
    match error {
        HostError::ConfigBroken {
            line,
            column,
            problem,
            ..
        } => ConfigProblem {
            line,
            column,
            words: problem,
            duplicate: None,
        },
        HostError::ConfigDuplicate { line, key, .. } => ConfigProblem {
            line,
            column: 1,
            words: String::new(),
            duplicate: Some(key),
        },
        other => ConfigProblem {
            line: 1,
            column: 1,
            words: escape(&other.to_string()),
            duplicate: None,
        },
    }
}

/// The text as Go's decoder names its parts: a byte that is no UTF-8 is the character of that number.
fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| char::from(*byte)));
    }
    text
}
