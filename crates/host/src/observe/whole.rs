//! The files of a unit together: what systemd makes of them.

use super::{Care, Part, Unit};
use crate::command::CommandLine;
use crate::service::read_optional;
use crate::unit::{Effective, directives, environment_file};
use crate::{HostError, System};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What unit files say together, with their environment files. The order is the caller's.
pub(super) fn folded<'p>(
    system: &dyn System,
    files: impl IntoIterator<Item = &'p PathBuf>,
    care: &mut Care,
) -> Result<(Effective, BTreeMap<String, String>), HostError> {
    let mut texts = Vec::new();
    for path in files {
        texts.extend(care.or(Part::Unit, text_of(system, path), |_| None)?);
    }
    let effective = Effective::of(texts.iter().map(String::as_str));
    let mut environment = effective.environment.clone();
    for file in &effective.environment_files {
        let path = Path::new(file.trim_start_matches('-'));
        let text = care.or(Part::Unit, text_of(system, path), |_| None)?;
        environment.extend(text.map(|text| environment_file(&text)).unwrap_or_default());
    }
    Ok((effective, environment))
}

/// A service unit with our drop-in: how the next start would be.
#[derive(Clone, Debug)]
pub(crate) struct Whole {
    /// The unit file, then the drop-ins in systemd's order.
    pub(crate) files: Vec<PathBuf>,
    /// Its `ExecStart` as written; of several the first.
    pub(crate) exec_start: String,
    /// The same, understood.
    pub(crate) command: CommandLine,
    /// The file that it stands in.
    pub(crate) origin: PathBuf,
}

impl Whole {
    /// Reads the files again. One that cannot be read says nothing.
    pub(crate) fn of(system: &dyn System, unit: &Unit) -> Self {
        let mut drop_ins = unit.drop_ins.clone();
        if system.root().at(&unit.our_path).exists() {
            drop_ins.push(unit.our_path.clone());
        }
        drop_ins.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
        let files: Vec<PathBuf> = std::iter::once(unit.fragment.clone())
            .chain(drop_ins)
            .collect();
        let (effective, environment) =
            folded(system, &files, &mut Care::Notes(Vec::new())).unwrap_or_default();
        let exec_start = effective.exec_start.first().cloned().unwrap_or_default();
        let sets = |path: &&PathBuf| {
            let text = text_of(system, path).ok().flatten().unwrap_or_default();
            directives(&text).iter().any(|line| {
                (line.section.as_str(), line.key.as_str()) == ("Service", "ExecStart")
                    && !line.value.is_empty()
            })
        };
        Self {
            origin: files.iter().rfind(sets).unwrap_or(&unit.fragment).clone(),
            command: CommandLine::of_unit(&exec_start, &environment),
            exec_start,
            files,
        }
    }
}

/// The text of a file; `None` when there is no file.
pub(super) fn text_of(system: &dyn System, path: &Path) -> Result<Option<String>, HostError> {
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    Ok(read_optional(&system.root().at(path))?
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}
