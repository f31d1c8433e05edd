//! What a request needs, read from its route, its query and its body.

mod build;
mod container;
mod field;
mod mounts;
mod networks;
mod service;

use super::need::{Flag, List, Need, Use};
use crate::policy::{Reference, may_be_id, split_registry};
use crate::{Call, Json, Request, Verb};

pub(crate) use container::capability;
pub(crate) use field::Needs;
pub(crate) use mounts::{Bind, driver as volume_driver};
pub(crate) use networks::PREDEFINED;

/// Everything a request needs, in the order in which it is judged: what it is about comes first.
pub(crate) fn of(request: &Request) -> Vec<Need> {
    let mut needs = Needs::default();
    let call = request.call();
    let name = request.name().unwrap_or_default();
    let null = Json::Null;
    let body = request.json().unwrap_or(&null);
    match call {
        Call::ContainerCreate => {
            fresh_name(&mut needs, request.query().get("name"));
            container::create(&mut needs, body);
        }
        Call::ContainerUpdate => {
            container::container(&mut needs, name, Use::Target);
            container::update(&mut needs, body);
        }
        Call::ContainerRename => {
            container::container(&mut needs, name, Use::Target);
            fresh_name(&mut needs, request.query().get("name"));
        }
        Call::ContainerAttach
        | Call::ContainerAttachWebsocket
        | Call::ContainerArchiveRead
        | Call::ContainerArchiveStat
        | Call::ContainerArchiveWrite => container::container(&mut needs, name, Use::Enter),
        Call::ContainerInspect
        | Call::ContainerLogs
        | Call::ContainerStats
        | Call::ContainerChanges
        | Call::ContainerExport
        | Call::ContainerKill
        | Call::ContainerPause
        | Call::ContainerUnpause
        | Call::ContainerStop
        | Call::ContainerRestart
        | Call::ContainerWait
        | Call::ContainerResize => container::container(&mut needs, name, Use::Target),
        Call::ContainerStart => {
            container::container(&mut needs, name, Use::Target);
            for key in ["checkpoint", "checkpoint-dir"] {
                if request
                    .query()
                    .get(key)
                    .is_some_and(|value| !value.is_empty())
                {
                    needs.beyond(key);
                }
            }
            needs.beyond_unless_empty("a body at the start", body);
        }
        Call::ContainerTop => {
            container::container(&mut needs, name, Use::Target);
            if request
                .query()
                .get("ps_args")
                .is_some_and(|value| !value.is_empty())
            {
                needs.beyond("ps_args, which runs ps on the host");
            }
        }
        Call::ContainerDelete => {
            container::container(&mut needs, name, Use::Target);
            if request.query().flag("link") {
                needs.beyond("link");
            }
        }
        Call::CheckpointList | Call::CheckpointDelete | Call::CheckpointCreate => {
            container::container(&mut needs, name, Use::Target);
            needs.beyond("checkpoints");
        }
        Call::ContainerCommit => {
            let name = request.query().get("container").unwrap_or_default();
            container::container(&mut needs, name, Use::Target);
            changes(&mut needs, request);
            if let Some(reference) = repository(&mut needs, request) {
                needs.add(Need::Tag(reference));
            }
            labels(&mut needs, body.get("Labels").unwrap_or(&null));
        }
        Call::ExecCreate => {
            container::container(&mut needs, name, Use::Enter);
            exec(&mut needs, name, body);
        }
        Call::ExecStart => needs.add(Need::Exec {
            id: name.to_owned(),
            start: true,
        }),
        Call::ExecResize | Call::ExecInspect => {
            needs.add(Need::Exec {
                id: name.to_owned(),
                start: false,
            });
        }
        Call::ImageInspect | Call::ImageHistory | Call::ImageAttestations | Call::ImageSaveOne => {
            image(&mut needs, name, Use::Join);
        }
        Call::ImageSave => {
            let names: Vec<String> = request.query().all("names").map(str::to_owned).collect();
            for name in &names {
                image(&mut needs, name, Use::Join);
            }
        }
        Call::ImageLoad => needs.add(Need::Import),
        Call::ImageCreate => image_create(&mut needs, request),
        Call::ImagePush => match pushed(name, request.query().get("tag")) {
            Some(reference) => needs.add(Need::Tag(reference)),
            None => needs.unclear(format!("the image name {name}")),
        },
        Call::ImageTag => {
            image(&mut needs, name, Use::Join);
            match repository(&mut needs, request) {
                Some(reference) => needs.add(Need::Tag(reference)),
                None => needs.unclear("no name for the image"),
            }
        }
        Call::ImageDelete => image(&mut needs, name, Use::Target),
        Call::Auth => login(&mut needs, body),
        Call::DistributionInspect => match Reference::read(name) {
            Some(reference) => needs.add(Need::Registry(reference.registry().to_owned())),
            None => needs.unclear(format!("the image name {name}")),
        },
        Call::ImageSearch => {
            // A term goes to the registry that its first part names.
            let term = request.query().get("term").unwrap_or_default();
            registry(&mut needs, split_registry(term).0);
        }
        Call::Build => build::build(&mut needs, request),
        Call::Grpc => needs.add(Need::Flag(Flag::RawBuild)),
        Call::NetworkInspect | Call::NetworkDelete => {
            networks::named(&mut needs, name, Use::Target)
        }
        Call::NetworkCreate => networks::create(&mut needs, body),
        Call::NetworkConnect => networks::connect(&mut needs, name, body, false),
        Call::NetworkDisconnect => networks::connect(&mut needs, name, body, true),
        Call::VolumeInspect | Call::VolumeDelete => mounts::volume(&mut needs, name, Use::Target),
        Call::VolumeCreate => volume_create(&mut needs, body),
        Call::VolumeUpdate => {
            mounts::volume(&mut needs, name, Use::Target);
            needs.beyond("cluster volumes");
        }
        Call::ServiceInspect | Call::ServiceDelete | Call::ServiceLogs => {
            needs.add(Need::Service {
                name: name.to_owned(),
            });
        }
        Call::ServiceCreate => service::spec(&mut needs, body),
        Call::ServiceUpdate => {
            needs.add(Need::Service {
                name: name.to_owned(),
            });
            // Then the daemon takes what the service was before, and leaves the body aside.
            if !matches!(request.query().get("rollback"), None | Some("" | "none")) {
                needs.beyond("a rollback");
            }
            service::spec(&mut needs, body);
        }
        _ => {}
    }
    needs.into_list()
}

/// A name for something new. One that looks like an ID would be taken for another object's, because a
/// name wins over the beginning of an ID.
fn fresh_name(needs: &mut Needs, name: Option<&str>) {
    let name = name.unwrap_or_default().trim_start_matches('/');
    if looks_like_id(name) {
        needs.unclear(format!("the name {name}, which looks like an ID"));
    }
}

fn looks_like_id(name: &str) -> bool {
    name.len() >= 12 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Labels of something new, of which only the telling ones are kept: see [`Need::Label`].
fn labels(needs: &mut Needs, json: &Json) {
    for (key, value) in needs.fields("Labels", json) {
        needs.add(Need::Label {
            key: key.clone(),
            value: value.as_str().unwrap_or_default().to_owned(),
        });
    }
}

/// Instructions of a Dockerfile that change nothing but how an image is run. LABEL is not among them: a label can be
/// quoted, escaped and substituted in more ways than are worth following; nor ONBUILD, which holds any other.
const PLAIN_CHANGES: &[&str] = &[
    "CMD",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "HEALTHCHECK",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// Lines of a Dockerfile that are applied to an image. The daemon reads them as one text, in which the end of one line
/// can go on in the next.
fn changes(needs: &mut Needs, request: &Request) {
    for line in request.query().all("changes") {
        let line = line.trim();
        let word = line.split_whitespace().next().unwrap_or_default();
        let plain = PLAIN_CHANGES
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known));
        if line.ends_with(['\\', '`']) || line.contains(char::is_control) {
            needs.beyond("several lines by `changes`");
        } else if !plain && !line.is_empty() {
            needs.beyond(format!("{word} by `changes`"));
        }
    }
}

/// `repo` and `tag` of the query; `None` when there is no `repo`.
fn repository(needs: &mut Needs, request: &Request) -> Option<Reference> {
    let query = request.query();
    let repo = query.get("repo").unwrap_or_default();
    if repo.is_empty() {
        return None;
    }
    let reference = match query.get("tag").unwrap_or_default() {
        "" => Reference::read(repo),
        tag => Reference::read(repo).and_then(|reference| reference.with(tag)),
    };
    if reference.is_none() {
        needs.unclear(format!("the image name {repo}"));
    }
    reference
}

/// What is pushed: without any tag, every one there is.
fn pushed(name: &str, tag: Option<&str>) -> Option<Reference> {
    let read = Reference::read(name)?;
    match tag.unwrap_or_default() {
        "" if has_tag(name) => Some(read),
        "" => Some(Reference { tag: None, ..read }),
        tag => read.with(tag),
    }
}

fn has_tag(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or_default();
    last.contains([':', '@'])
}

fn image(needs: &mut Needs, name: &str, how: Use) {
    let readable = may_be_id(name) || Reference::read(name).is_some();
    if readable && super::question::is_askable(name) {
        needs.add(Need::Image {
            name: name.to_owned(),
            how,
        });
    } else {
        needs.unclear(format!("the image name {name}"));
    }
}

fn image_create(needs: &mut Needs, request: &Request) {
    let query = request.query();
    if request.verb() == Verb::ImageIn {
        needs.add(Need::Import);
        changes(needs, request);
        if let Some(reference) = repository(needs, request) {
            needs.add(Need::Tag(reference));
        }
        return;
    }
    let name = query.get("fromImage").unwrap_or_default();
    match pushed(name, query.get("tag")) {
        Some(reference) => needs.add(Need::Pull(reference)),
        None => needs.unclear(format!("the image name {name}")),
    }
}

/// The registry that the daemon goes to with a password: whatever host the body says.
fn login(needs: &mut Needs, body: &Json) {
    let null = Json::Null;
    let address = needs.text("serveraddress", body.get("serveraddress").unwrap_or(&null));
    let bare = ["https://", "http://"]
        .iter()
        .find_map(|scheme| address.strip_prefix(scheme))
        .unwrap_or(address);
    registry(needs, bare.split_once('/').map_or(bare, |(host, _)| host));
}

fn registry(needs: &mut Needs, host: &str) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    if host.bytes().all(plain) {
        needs.add(Need::Registry(match host {
            "" | "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
            host => host.to_owned(),
        }));
    } else {
        needs.unclear(format!("the registry {host}"));
    }
}

fn volume_create(needs: &mut Needs, body: &Json) {
    let null = Json::Null;
    let (mut driver, mut options) = ("", &null);
    for (key, value) in needs.fields("the body", body) {
        match key.as_str() {
            "Name" => {
                let name = needs.text("Name", value);
                if !name.is_empty() {
                    mounts::volume(needs, name, Use::Create);
                }
            }
            "Driver" => driver = needs.text("Driver", value),
            "DriverOpts" => options = value,
            "Labels" => labels(needs, value),
            other => needs.beyond_unless_empty(other, value),
        }
    }
    mounts::driver(needs, driver, options);
}

fn exec(needs: &mut Needs, name: &str, body: &Json) {
    let mut user = "";
    let mut program = "";
    for (key, value) in needs.fields("the body", body) {
        match key.as_str() {
            "User" => user = needs.text("User", value),
            "Privileged" => {
                if needs.flag("Privileged", value) {
                    needs.add(Need::Flag(Flag::ExecPrivileged));
                }
            }
            "Env" => container::env(needs, value),
            "Cmd" => {
                program = needs
                    .texts("Cmd", value)
                    .first()
                    .copied()
                    .unwrap_or_default()
            }
            "AttachStdin" | "AttachStdout" | "AttachStderr" | "Tty" | "ConsoleSize"
            | "DetachKeys" | "WorkingDir" | "Detach" => {}
            other => needs.beyond_unless_empty(other, value),
        }
    }
    needs.add(Need::Word(List::ExecCommand, program.to_owned()));
    needs.add(Need::ExecUser {
        user: user.to_owned(),
        container: name.to_owned(),
    });
}
