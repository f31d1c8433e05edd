//! Reading `[[service]]`: what every kind has is read here, the rest is judged by the kind.

use super::{Section, names, shown};
use crate::HostError;
use crate::desired::LEAF_LIFE;
use sealock_service::{File, Service, Setting, check_name, kinds};
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml_edit::Item;

/// What is read here.
const COMMON: &[&str] = &["name", "kind", "names", "life"];

/// Every service; no two have one name or one file.
pub(super) fn services(top: &Section<'_>) -> Result<Vec<Service>, HostError> {
    let mut services: Vec<Service> = Vec::new();
    let mut taken: Vec<(PathBuf, String)> = Vec::new();
    for section in top.sections("service", "[[service]]")? {
        let (service, files) = service(&section)?;
        if services.iter().any(|earlier| earlier.name == service.name) {
            let problem = format!("`{}` is there twice", shown(&service.name));
            return Err(section.refuse("name", section.item("name"), &problem, None));
        }
        for file in files {
            if let Some((_, other)) = taken.iter().find(|(path, _)| *path == file.path) {
                let problem = format!(
                    "{} is a file of the service {other} already",
                    shown(&file.path.to_string_lossy())
                );
                return Err(section.refuse("name", section.item("name"), &problem, None));
            }
            taken.push((file.path, service.name.clone()));
        }
        services.push(service);
    }
    Ok(services)
}

fn service(section: &Section<'_>) -> Result<(Service, Vec<File>), HostError> {
    let Some(name) = section.string("name")? else {
        return Err(section.refuse(
            "name",
            None,
            "the service has no name",
            Some("name = \"redis\""),
        ));
    };
    if let Err(problem) = check_name(&name) {
        let problem = format!("`{}`: {problem}", shown(&name));
        return Err(section.refuse("name", section.item("name"), &problem, None));
    }
    let of_kind = || format!("kind = \"{}\"", kinds::words().join("\" or \""));
    let Some(kind) = section.string("kind")? else {
        let problem = "the service does not say its kind";
        return Err(section.refuse("kind", None, problem, Some(&of_kind())));
    };
    let Some(known) = kinds::find(&kind) else {
        let problem = format!("`{}` is no kind of service", shown(&kind));
        let item = section.item("kind");
        return Err(section.refuse("kind", item, &problem, Some(&of_kind())));
    };
    refused(section, known)?;
    section.only(known.keys)?;
    let names = names(section)?;
    if names.is_empty() {
        let problem = "its certificate needs the names by which clients reach it";
        let help = Some("names = [\"HOST\"]");
        return Err(section.refuse("names", section.item("names"), problem, help));
    }
    let service = Service {
        name,
        kind,
        names,
        life: section.life("life", LEAF_LIFE)?,
        settings: settings(section)?,
    };
    let files = match service.kind() {
        Ok(kind) => kind.files(),
        Err(why) => {
            let item = section.item(&why.key);
            return Err(section.refuse(&why.key, item, &why.problem, why.help.as_deref()));
        }
    };
    Ok((service, files))
}

/// Keys of which a kind says why it has none.
fn refused(section: &Section<'_>, kind: &kinds::Entry) -> Result<(), HostError> {
    for (key, item) in section.table.iter() {
        if let Some(why) = kind.refuses(key) {
            return Err(section.refuse(key, Some(item), &why.problem, why.help.as_deref()));
        }
    }
    Ok(())
}

fn settings(section: &Section<'_>) -> Result<BTreeMap<String, Setting>, HostError> {
    let mut settings = BTreeMap::new();
    for (key, item) in section.table.iter() {
        if COMMON.contains(&key) {
            continue;
        }
        let setting = setting(item).ok_or_else(|| {
            let problem = format!("{}, expected a plain value", item.type_name());
            section.refuse(key, Some(item), &problem, None)
        })?;
        settings.insert(key.to_owned(), setting);
    }
    Ok(settings)
}

fn setting(item: &Item) -> Option<Setting> {
    if let Some(text) = item.as_str() {
        return Some(Setting::Text(text.to_owned()));
    }
    if let Some(flag) = item.as_bool() {
        return Some(Setting::Flag(flag));
    }
    if let Some(number) = item.as_integer() {
        return Some(Setting::Number(number));
    }
    let texts = item
        .as_array()?
        .iter()
        .map(|one| one.as_str().map(str::to_owned));
    texts.collect::<Option<Vec<_>>>().map(Setting::List)
}
