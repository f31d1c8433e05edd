//! Configuration of services that was edited since: what is ours comes out, and the rest stays.

use std::path::Path;

use sealock_change::{Content, Edit, Snapshot, fs};
use sealock_diag::{Sensitive, escape};
use sealock_service::{Kind, Service};

use super::paths;
use crate::failure::Failure;

/// The edits that put files back, and what a person is told of them.
pub(crate) struct Released {
    pub(crate) edits: Vec<Edit>,
    pub(crate) notes: Vec<String>,
    /// Files that keep what came since.
    pub(crate) kept: usize,
}

/// Each file of a service's own configuration that is more than we and the first change left there keeps that.
pub(crate) fn released(services: &[Service], edits: Vec<Edit>) -> Result<Released, Failure> {
    let kinds: Vec<Box<dyn Kind>> = services
        .iter()
        .filter_map(|service| service.kind().ok())
        .collect();
    let mut released = Released {
        edits: Vec::with_capacity(edits.len()),
        notes: Vec::new(),
        kept: 0,
    };
    for edit in edits {
        let kept = match &edit {
            Edit::Restore { path, was } => one(&kinds, path, was, &mut released.notes)?,
            _ => None,
        };
        released.kept += usize::from(kept.is_some());
        released.edits.push(kept.unwrap_or(edit));
    }
    Ok(released)
}

/// The edit of a file that keeps what came since; `None` when it goes back as it was.
fn one(
    kinds: &[Box<dyn Kind>],
    path: &Path,
    was: &Snapshot,
    notes: &mut Vec<String>,
) -> Result<Option<Edit>, Failure> {
    let was = match was {
        Snapshot::File { bytes, .. } => Some(bytes.expose().as_slice()),
        Snapshot::Absent => None,
        _ => return Ok(None),
    };
    let stat = match fs::stat(path)? {
        Some(stat) if stat.kind == fs::Kind::File => stat,
        _ => return Ok(None),
    };
    let now = fs::read(path)?;
    for kind in kinds {
        let files = kind.files();
        let mut own = paths(&**kind).into_iter();
        let own = own.find(|own| {
            !files.iter().any(|file| file.path == *own)
                && fs::resolve(own).is_ok_and(|resolved| resolved == path)
        });
        let Some(own) = own else {
            continue;
        };
        let shown = escape(&path.to_string_lossy());
        let text = match kind.released(&own, was, &now) {
            Ok(None) => return Ok(None),
            Ok(Some(text)) => text,
            Err(refused) => {
                let line = refused
                    .line
                    .map_or(String::new(), |line| format!(", line {line}"));
                notes.push(format!(
                    "{shown}{line}: {}; so it goes back as it was before, without what was written into it since",
                    refused.problem
                ));
                return Ok(None);
            }
        };
        if was.map_or_else(|| text.trim_ascii().is_empty(), |was| was == text) {
            return Ok(None);
        }
        notes.push(format!(
            "{shown} was edited since: what sealock wrote comes out, the rest stays"
        ));
        // Shown where the kind shows what it writes there.
        let edits = kind.configuration().unwrap_or_default();
        let public = edits.iter().any(|edit| {
            matches!(edit, Edit::Write { path, content: Content::Public(_), .. } if *path == own)
        });
        return Ok(Some(Edit::Write {
            path: path.to_owned(),
            content: match public {
                true => Content::Public(text),
                false => Content::Secret(Sensitive::new(text)),
            },
            mode: stat.mode,
            owner: None,
        }));
    }
    Ok(None)
}
