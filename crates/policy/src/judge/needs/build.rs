//! The query of a build.

use super::field::Needs;
use super::{container, image, labels, networks};
use crate::judge::need::{Flag, List, Need, Use};
use crate::policy::Reference;
use crate::{Json, Request};

/// What the context of a build that comes through the session is called.
const SESSION: &str = "client-session";

/// `POST /build`. What the build itself does is not judged: nobody but BuildKit can tell.
pub(super) fn build(needs: &mut Needs, request: &Request) {
    let query = request.query();
    for name in query.all("t").filter(|name| !name.is_empty()) {
        match Reference::read(name) {
            Some(reference) => needs.add(Need::Tag(reference)),
            None => needs.unclear(format!("the image name {name}")),
        }
    }
    if !matches!(query.get("remote").unwrap_or_default(), "" | SESSION) {
        needs.add(Need::Flag(Flag::RemoteBuild));
    }
    networks::mode(needs, query.get("networkmode").unwrap_or_default());
    if query
        .get("cgroupparent")
        .is_some_and(|value| !value.is_empty())
    {
        needs.beyond("cgroupparent");
    }
    if !matches!(query.get("isolation").unwrap_or_default(), "" | "default") {
        needs.beyond("isolation");
    }
    for option in query.all("securityopt").filter(|option| !option.is_empty()) {
        needs.add(Need::Word(List::SecurityOption, option.to_owned()));
    }
    if let Some(json) = parsed(needs, "ulimits", query.get("ulimits")) {
        container::ulimits(needs, &json);
    }
    if let Some(json) = parsed(needs, "labels", query.get("labels")) {
        labels(needs, &json);
    }
    if let Some(json) = parsed(needs, "cachefrom", query.get("cachefrom")) {
        let names: Vec<String> = needs
            .texts("cachefrom", &json)
            .into_iter()
            .map(str::to_owned)
            .collect();
        for name in names {
            image(needs, &name, Use::Join);
        }
    }
    match outputs(query.get("outputs")) {
        None => needs.unclear("outputs that cannot be read"),
        Some(list) => {
            for output in list {
                self::output(needs, &output);
            }
        }
    }
}

/// A JSON text in the query.
fn parsed(needs: &mut Needs, key: &str, text: Option<&str>) -> Option<Json> {
    let text = text.filter(|text| !text.is_empty())?;
    match Json::parse(text.as_bytes()) {
        Ok(json) => Some(json),
        Err(_) => {
            needs.unclear(format!("{key} that cannot be read"));
            None
        }
    }
}

/// Where a build puts what it made.
#[derive(Debug, PartialEq, Eq)]
struct Output {
    kind: String,
    attributes: Vec<(String, String)>,
}

/// Reads `outputs`; `None` when it is not what the daemon takes.
fn outputs(text: Option<&str>) -> Option<Vec<Output>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Some(Vec::new());
    };
    let json = Json::parse(text.as_bytes()).ok()?;
    if json == Json::Null {
        return Some(Vec::new());
    }
    json.as_array()?
        .iter()
        .map(|item| {
            let fields = item.as_object()?;
            let mut output = Output {
                kind: String::new(),
                attributes: Vec::new(),
            };
            for (key, value) in fields {
                match key.as_str() {
                    "Type" => output.kind = value.as_str()?.to_owned(),
                    "Attrs" if *value == Json::Null => {}
                    "Attrs" => {
                        for (key, value) in value.as_object()? {
                            output
                                .attributes
                                .push((key.clone(), value.as_str()?.to_owned()));
                        }
                    }
                    _ => return None,
                }
            }
            Some(output)
        })
        .collect()
}

fn output(needs: &mut Needs, output: &Output) {
    match output.kind.as_str() {
        // To the client, through the session, or nowhere.
        "local" | "tar" | "cacheonly" => {}
        "moby" | "image" => {
            for (key, value) in &output.attributes {
                match (key.as_str(), value.as_str()) {
                    ("name", names) => {
                        for name in names.split(',') {
                            match Reference::read(name) {
                                Some(reference) => needs.add(Need::Tag(reference)),
                                None => needs.unclear(format!("the image name {name}")),
                            }
                        }
                    }
                    ("push" | "push-by-digest", "false") | ("unpack", _) => {}
                    (other, _) => needs.beyond(format!("the output option {other}")),
                }
            }
        }
        other => needs.beyond(format!("the output {other}")),
    }
}
