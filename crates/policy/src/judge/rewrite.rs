//! A request is changed to what was judged: full IDs for names, stamps for labels, bounds for limits.

use super::facts::Answer;
use super::needs::Bind;
use super::question::Question;
use super::weigh::Scales;
use crate::policy::{Scope, may_be_id};
use crate::{Call, Json, Request};

/// Changes the request in place.
pub(crate) fn rewrite(scales: &Scales<'_>, request: &mut Request) {
    let unbound = scales.grant.scope == Scope::All && scales.grant.constraints.unconfined;
    if unbound {
        return;
    }
    let pen = Pen { scales };
    let call = request.call();
    pen.name(request);
    match call {
        Call::ContainerCreate => {
            if let Some(body) = request.json_mut() {
                pen.container(body);
            }
        }
        Call::NetworkCreate | Call::VolumeCreate => pen.stamp_body(request),
        Call::ContainerCommit => {
            let id = request
                .query()
                .get("container")
                .and_then(|name| pen.container_id(name));
            if let Some(id) = id {
                request.set_query("container", Some(&id));
            }
            if matches!(request.json(), Some(Json::Object(_))) {
                pen.stamp_body(request);
            }
        }
        Call::NetworkConnect | Call::NetworkDisconnect => {
            if let Some(body) = request.json_mut() {
                pen.text(body, "Container", |name| pen.container_id(name));
                if let Some(endpoint) = body.get_mut("EndpointConfig") {
                    pen.links(endpoint);
                }
            }
        }
        Call::Build => pen.build(request),
        Call::ServiceCreate | Call::ServiceUpdate => {
            if let Some(body) = request.json_mut() {
                pen.service(body);
            }
        }
        _ => {}
    }
}

struct Pen<'s, 'a> {
    scales: &'s Scales<'a>,
}

impl Pen<'_, '_> {
    fn id(&self, question: &Question) -> Option<String> {
        match self.scales.facts.answer(question) {
            Some(Answer::Found(found)) => Some(found.object.id.clone()),
            _ => None,
        }
    }

    fn container_id(&self, name: &str) -> Option<String> {
        self.id(&Question::Container(name.to_owned()))
    }

    fn network_id(&self, name: &str) -> Option<String> {
        self.id(&Question::Network(name.to_owned()))
    }

    /// An image keeps its name, which is what was judged, unless the name may be the beginning of an ID.
    fn image_id(&self, name: &str) -> Option<String> {
        self.id(&Question::Image(name.to_owned()))
            .filter(|_| may_be_id(name))
    }

    /// The mode of a namespace, with its container or network by full ID.
    fn mode(&self, mode: &str) -> Option<String> {
        match mode.strip_prefix("container:") {
            Some(name) => self.container_id(name).map(|id| format!("container:{id}")),
            None => self.network_id(mode),
        }
    }

    /// The name in the path.
    fn name(&self, request: &mut Request) {
        let Some(name) = request.name() else { return };
        let name = name.to_owned();
        let id = match request.route().pattern.split('/').nth(1) {
            Some("containers") => self.container_id(&name),
            Some("exec") => self.id(&Question::Exec(name)),
            Some("networks") => self.network_id(&name),
            Some("images") => self.image_id(&name),
            Some("services") => self.id(&Question::Service(name)),
            _ => None,
        };
        if let Some(id) = id {
            request.set_name(&id);
        }
    }

    /// Replaces a text by another, where there is one.
    fn text(&self, json: &mut Json, key: &str, with: impl Fn(&str) -> Option<String>) {
        let new = json.get(key).and_then(Json::as_str).and_then(with);
        if let Some(new) = new {
            json.set(key, Json::String(new));
        }
    }

    /// Replaces the part before the first colon in each of a list of texts.
    fn heads(&self, json: &mut Json, key: &str) {
        let Some(Json::Array(items)) = json.get_mut(key) else {
            return;
        };
        for item in items {
            let Json::String(text) = item else { continue };
            let (name, rest) = match text.split_once(':') {
                Some((name, rest)) => (name.to_owned(), format!(":{rest}")),
                None => (text.clone(), String::new()),
            };
            if let Some(id) = self.container_id(&name) {
                // A link without an alias is known by the name that stood there.
                let rest = if rest.is_empty() && key == "Links" {
                    format!(":{name}")
                } else {
                    rest
                };
                *text = format!("{id}{rest}");
            }
        }
    }

    fn links(&self, endpoint: &mut Json) {
        self.heads(endpoint, "Links");
        self.text(endpoint, "NetworkID", |name| self.network_id(name));
    }

    /// Puts the stamps over whatever labels stand there.
    fn stamp(&self, json: &mut Json) {
        let stamps = self.scales.stamps();
        if stamps.is_empty() {
            return;
        }
        if let Some(labels) = json.entry("Labels") {
            for (key, value) in stamps {
                labels.set(&key, Json::String(value));
            }
        }
    }

    fn stamp_body(&self, request: &mut Request) {
        if let Some(body) = request.json_mut() {
            self.stamp(body);
        }
    }

    fn container(&self, body: &mut Json) {
        self.stamp(body);
        self.text(body, "Image", |name| self.image_id(name));
        let endpoints = body
            .get_mut("NetworkingConfig")
            .and_then(|config| config.get_mut("EndpointsConfig"));
        if let Some(Json::Object(endpoints)) = endpoints {
            for (network, settings) in endpoints {
                self.links(settings);
                if let Some(id) = self.mode(network) {
                    *network = id;
                }
            }
        }
        let Some(host) = body.entry("HostConfig") else {
            return;
        };
        self.text(host, "NetworkMode", |mode| self.mode(mode));
        for key in ["PidMode", "IpcMode"] {
            self.text(host, key, |mode| {
                mode.starts_with("container:").then(|| self.mode(mode))?
            });
        }
        self.heads(host, "VolumesFrom");
        self.heads(host, "Links");
        self.volumes(host);
        self.limits(host, "Memory", "NanoCpus", "PidsLimit");
        // A path of the caller's own machine, of which the daemon only tells again.
        if host
            .get("ContainerIDFile")
            .is_some_and(|path| !path.is_empty())
        {
            host.set("ContainerIDFile", Json::String(String::new()));
        }
    }

    /// Volumes that a bind would make get no label; a mount says the same and carries one.
    fn volumes(&self, host: &mut Json) {
        let mut moved = Vec::new();
        if let Some(Json::Array(binds)) = host.get_mut("Binds") {
            binds.retain(|item| {
                let Some(bind) = item.as_str().and_then(Bind::read) else {
                    return true;
                };
                let question = Question::Volume(bind.source.to_owned());
                let made = matches!(self.scales.facts.answer(&question), Some(Answer::Absent));
                if made {
                    moved.push(mount_of(&bind));
                }
                !made
            });
        }
        if !moved.is_empty() {
            if !matches!(host.get("Mounts"), Some(Json::Array(_))) {
                host.set("Mounts", Json::Array(Vec::new()));
            }
            if let Some(Json::Array(mounts)) = host.get_mut("Mounts") {
                mounts.extend(moved);
            }
        }
        self.mounts(host);
    }

    fn mounts(&self, holder: &mut Json) {
        let Some(Json::Array(mounts)) = holder.get_mut("Mounts") else {
            return;
        };
        for mount in mounts {
            match mount.get("Type").and_then(Json::as_str) {
                Some("volume") => {
                    if let Some(options) = mount.entry("VolumeOptions") {
                        self.stamp(options);
                    }
                }
                Some("image") => self.text(mount, "Source", |name| self.image_id(name)),
                _ => {}
            }
        }
    }

    /// What was not asked for is bounded by the policy.
    fn limits(&self, holder: &mut Json, memory: &str, cpus: &str, pids: &str) {
        let own = &self.scales.grant.constraints;
        let quota = holder
            .get("CpuQuota")
            .is_some_and(|quota| !quota.is_empty());
        for (key, most, other) in [
            (memory, own.memory, false),
            (cpus, own.cpus, quota),
            (pids, own.pids, false),
        ] {
            let said = holder.get(key).is_some_and(|value| !value.is_empty());
            if let Some(most) = most
                && !said
                && !other
            {
                holder.set(key, Json::Number(most.to_string()));
            }
        }
    }

    fn build(&self, request: &mut Request) {
        let mode = request
            .query()
            .get("networkmode")
            .and_then(|mode| self.mode(mode));
        if let Some(mode) = mode {
            request.set_query("networkmode", Some(&mode));
        }
        let stamps = self.scales.stamps();
        if stamps.is_empty() {
            return;
        }
        let mut labels = request
            .query()
            .get("labels")
            .and_then(|text| Json::parse(text.as_bytes()).ok())
            .unwrap_or(Json::Null);
        for (key, value) in stamps {
            labels.set(&key, Json::String(value));
        }
        request.set_query("labels", Some(&labels.to_text()));
    }

    fn service(&self, body: &mut Json) {
        self.stamp(body);
        self.targets(body);
        let Some(task) = body.entry("TaskTemplate") else {
            return;
        };
        self.targets(task);
        if let Some(container) = task.entry("ContainerSpec") {
            self.stamp(container);
            self.mounts(container);
            self.text(container, "Image", |name| self.image_id(name));
        }
        if let Some(limits) = task
            .entry("Resources")
            .and_then(|resources| resources.entry("Limits"))
        {
            self.limits(limits, "MemoryBytes", "NanoCPUs", "Pids");
        }
    }

    fn targets(&self, holder: &mut Json) {
        if let Some(Json::Array(networks)) = holder.get_mut("Networks") {
            for network in networks {
                self.text(network, "Target", |name| self.network_id(name));
            }
        }
    }
}

/// The mount that says what a bind of a volume says.
fn mount_of(bind: &Bind<'_>) -> Json {
    let mut mount = Json::Object(Vec::new());
    mount.set("Type", "volume".into());
    mount.set("Source", bind.source.into());
    mount.set("Target", bind.target.into());
    mount.set("ReadOnly", Json::Bool(bind.mode.contains(&"ro")));
    if bind.mode.contains(&"nocopy")
        && let Some(options) = mount.entry("VolumeOptions")
    {
        options.set("NoCopy", Json::Bool(true));
    }
    mount
}
