//! Services of a swarm: the same doors as those of containers, under other names.

use super::field::Needs;
use super::{container, labels, mounts, networks};
use crate::Json;
use crate::judge::need::{Amount, List, Need, Use};
use crate::policy::Ports;

/// `POST /services/create` and `update`.
pub(super) fn spec(needs: &mut Needs, body: &Json) {
    for (key, value) in needs.fields("the body", body) {
        match key.as_str() {
            "Labels" => labels(needs, value),
            "TaskTemplate" => task(needs, value),
            "Networks" => attachments(needs, value),
            "EndpointSpec" => endpoint(needs, value),
            "Name" | "Mode" | "UpdateConfig" | "RollbackConfig" => {}
            other => needs.beyond_unless_empty(other, value),
        }
    }
    // As with containers: without any network it is the default one.
    let says = |path: &[&str]| body.at(path).is_some_and(|value| !value.is_empty());
    if !says(&["Networks"]) && !says(&["TaskTemplate", "Networks"]) {
        networks::mode(needs, "");
    }
    let limits = body.at(&["TaskTemplate", "Resources", "Limits"]);
    amount(needs, limits, "MemoryBytes", Amount::Memory);
    amount(needs, limits, "NanoCPUs", Amount::Cpus);
    amount(needs, limits, "Pids", Amount::Pids);
    let resources = body.at(&["TaskTemplate", "Resources"]);
    amount(needs, resources, "SwapBytes", Amount::Memory);
}

fn amount(needs: &mut Needs, limits: Option<&Json>, key: &str, amount: Amount) {
    let null = Json::Null;
    let number = needs.number(
        key,
        limits.and_then(|limits| limits.get(key)).unwrap_or(&null),
    );
    if number != 0 {
        needs.add(Need::Amount(amount, u64::try_from(number).ok()));
    }
}

fn task(needs: &mut Needs, json: &Json) {
    for (key, value) in needs.fields("TaskTemplate", json) {
        match key.as_str() {
            "ContainerSpec" => container_spec(needs, value),
            "Networks" => attachments(needs, value),
            "LogDriver" => {
                let null = Json::Null;
                let name = needs
                    .text("LogDriver.Name", value.get("Name").unwrap_or(&null))
                    .to_owned();
                if !name.is_empty() {
                    needs.add(Need::Word(List::LogDriver, name));
                }
                // Where the log goes is said by the options, and they are the driver's.
                if value
                    .get("Options")
                    .is_some_and(|options| !options.is_empty())
                {
                    needs.beyond("the options of a log driver");
                }
            }
            "Runtime" => {
                if !matches!(needs.text("Runtime", value), "" | "container") {
                    needs.beyond("a service that runs no container");
                }
            }
            "Resources" | "RestartPolicy" | "Placement" | "ForceUpdate" => {}
            // PluginSpec, NetworkAttachmentSpec.
            other => needs.beyond_unless_empty(other, value),
        }
    }
    if let Some(reservations) = json.at(&["Resources", "Reservations", "GenericResources"]) {
        needs.beyond_unless_empty("GenericResources", reservations);
    }
}

fn container_spec(needs: &mut Needs, json: &Json) {
    let mut user = "";
    for (key, value) in needs.fields("ContainerSpec", json) {
        match key.as_str() {
            "Image" => {
                let name = needs.text("Image", value).to_owned();
                super::image(needs, &name, Use::Join);
            }
            "Labels" => labels(needs, value),
            "User" => user = needs.text("User", value),
            "Env" => container::env(needs, value),
            "Groups" => {
                for group in needs.texts("Groups", value) {
                    needs.add(Need::Word(List::Group, group.to_owned()));
                }
            }
            "Mounts" => mounts::mounts(needs, value),
            "CapabilityAdd" => {
                for text in needs.texts("CapabilityAdd", value) {
                    needs.add(Need::Word(List::Capability, container::capability(text)));
                }
            }
            "Sysctls" => {
                for (name, _) in needs.fields("Sysctls", value) {
                    needs.add(Need::Word(List::Sysctl, name.clone()));
                }
            }
            "Ulimits" => container::ulimits(needs, value),
            "Privileges" => {
                for (key, value) in needs.fields("Privileges", value) {
                    if key != "NoNewPrivileges" {
                        needs.beyond_unless_empty(&format!("Privileges.{key}"), value);
                    }
                }
            }
            "OomScoreAdj" => {
                if needs.number("OomScoreAdj", value) < 0 {
                    needs.beyond("a negative OomScoreAdj");
                }
            }
            "Isolation" => {
                if !matches!(needs.text("Isolation", value), "" | "default") {
                    needs.beyond("Isolation");
                }
            }
            "Command" | "Args" | "Hostname" | "Dir" | "TTY" | "OpenStdin" | "ReadOnly"
            | "StopSignal" | "StopGracePeriod" | "HealthCheck" | "Healthcheck" | "Hosts"
            | "DNSConfig" | "Init" | "CapabilityDrop" => {}
            // Secrets and configs are everybody's in a swarm: whoever names one reads it.
            other => needs.beyond_unless_empty(other, value),
        }
    }
    needs.add(Need::Word(List::User, user.to_owned()));
}

fn attachments(needs: &mut Needs, json: &Json) {
    for item in needs.items("Networks", json) {
        for (key, value) in needs.fields("a network", item) {
            match key.as_str() {
                "Target" => {
                    let name = needs.text("Target", value).to_owned();
                    networks::mode(needs, &name);
                }
                "Aliases" => {}
                other => needs.beyond_unless_empty(&format!("a network's {other}"), value),
            }
        }
    }
}

fn endpoint(needs: &mut Needs, json: &Json) {
    for (key, value) in needs.fields("EndpointSpec", json) {
        match key.as_str() {
            "Mode" => {}
            "Ports" => {
                for item in needs.items("EndpointSpec.Ports", value) {
                    let null = Json::Null;
                    let number =
                        needs.number("PublishedPort", item.get("PublishedPort").unwrap_or(&null));
                    match u16::try_from(number) {
                        Ok(0) => needs.add(Need::Port {
                            address: None,
                            ports: Ports::Ephemeral,
                        }),
                        Ok(port) => needs.add(Need::Port {
                            address: None,
                            ports: Ports::Range(port, port),
                        }),
                        Err(_) => needs.unclear(format!("the port {number}")),
                    }
                }
            }
            other => needs.beyond_unless_empty(&format!("EndpointSpec.{other}"), value),
        }
    }
}
