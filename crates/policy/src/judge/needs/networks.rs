//! Every door into a network, and new networks.

use super::field::Needs;
use super::{container, labels};
use crate::Json;
use crate::judge::need::{List, Need, Use};
use crate::judge::question::is_askable;
use crate::policy::Subnet;

/// Networks that exist everywhere and belong to nobody.
pub(crate) const PREDEFINED: &[&str] = &["default", "bridge", "none", "nat"];

/// A network mode: of a container, of a build, of an endpoint's key.
pub(super) fn mode(needs: &mut Needs, mode: &str) {
    if mode.is_empty() {
        join(needs, "default");
    } else if mode == "host" {
        needs.add(Need::Word(List::Namespace, "network:host".to_owned()));
    } else if let Some(name) = mode.strip_prefix("container:") {
        needs.add(Need::Word(List::Namespace, "network:container".to_owned()));
        container::container(needs, name, Use::Join);
    } else {
        join(needs, mode);
    }
}

fn join(needs: &mut Needs, name: &str) {
    named(needs, name, Use::Join);
}

/// A network by name or ID.
pub(super) fn named(needs: &mut Needs, name: &str, how: Use) {
    if is_askable(name) && !name.contains('/') {
        needs.add(Need::Network {
            name: name.to_owned(),
            how,
        });
    } else {
        needs.unclear(format!("the network {name}"));
    }
}

/// `NetworkingConfig`: the second door into networks.
pub(super) fn endpoints_config(needs: &mut Needs, json: &Json) {
    for (key, value) in needs.fields("NetworkingConfig", json) {
        match key.as_str() {
            "EndpointsConfig" => {
                for (network, settings) in needs.fields("EndpointsConfig", value) {
                    mode(needs, network);
                    endpoint(needs, settings);
                }
            }
            other => needs.beyond_unless_empty(&format!("NetworkingConfig.{other}"), value),
        }
    }
}

/// How a container stands in one network.
pub(super) fn endpoint(needs: &mut Needs, json: &Json) {
    for (key, value) in needs.fields("an endpoint", json) {
        match key.as_str() {
            "IPAMConfig"
            | "Aliases"
            | "MacAddress"
            | "GwPriority"
            | "DNSNames"
            | "EndpointID"
            | "Gateway"
            | "IPAddress"
            | "IPPrefixLen"
            | "IPv6Gateway"
            | "GlobalIPv6Address"
            | "GlobalIPv6PrefixLen" => {}
            // The daemon takes the network from the key; this one it fills in itself.
            "NetworkID" => {
                let id = needs.text("NetworkID", value).to_owned();
                if !id.is_empty() {
                    join(needs, &id);
                }
            }
            "Links" => {
                for text in needs.texts("an endpoint's Links", value) {
                    let name = text.split_once(':').map_or(text, |(name, _)| name);
                    container::container(needs, name, Use::Join);
                }
            }
            // Kernel parameters among them.
            "DriverOpts" => needs.beyond_unless_empty("the driver options of an endpoint", value),
            other => needs.beyond_unless_empty(&format!("an endpoint's {other}"), value),
        }
    }
}

/// `POST /networks/{id}/connect` and `disconnect`.
pub(super) fn connect(needs: &mut Needs, name: &str, body: &Json, leaves: bool) {
    if leaves {
        named(needs, name, Use::Target);
    } else {
        mode(needs, name);
    }
    for (key, value) in needs.fields("the body", body) {
        match key.as_str() {
            "Container" => {
                let name = needs.text("Container", value).to_owned();
                container::container(needs, &name, Use::Target);
            }
            "EndpointConfig" => endpoint(needs, value),
            "Force" => {}
            other => needs.beyond_unless_empty(other, value),
        }
    }
}

/// Options of a bridge that concern nothing but the bridge.
const PLAIN_OPTIONS: &[&str] = &[
    "com.docker.network.driver.mtu",
    "com.docker.network.bridge.enable_icc",
    "com.docker.network.bridge.enable_ip_masquerade",
];

/// `POST /networks/create`.
pub(super) fn create(needs: &mut Needs, body: &Json) {
    for (key, value) in needs.fields("the body", body) {
        match key.as_str() {
            "Name" => {
                // A mode's word as a name would mean something else to whoever joins it.
                let name = needs.text("Name", value);
                super::fresh_name(needs, Some(name));
                if name == "host"
                    || PREDEFINED.contains(&name)
                    || name.contains([':', '/'])
                    || !is_askable(name)
                {
                    needs.unclear(format!("the network name {name}"));
                }
            }
            "Driver" => {
                let driver = needs.text("Driver", value).to_owned();
                if !matches!(driver.as_str(), "" | "bridge") {
                    needs.add(Need::Word(List::NetworkDriver, driver));
                }
            }
            "Labels" => labels(needs, value),
            "Options" => {
                for (name, _) in needs.fields("Options", value) {
                    if !PLAIN_OPTIONS.contains(&name.as_str()) {
                        needs.beyond(format!("the network option {name}"));
                    }
                }
            }
            "IPAM" => ipam(needs, value),
            "Scope" => {
                let scope = needs.text("Scope", value);
                if !matches!(scope, "" | "local") {
                    needs.beyond("a network of the swarm");
                }
            }
            "CheckDuplicate" | "Internal" | "EnableIPv4" | "EnableIPv6" => {}
            // Attachable, Ingress, ConfigOnly, ConfigFrom.
            other => needs.beyond_unless_empty(other, value),
        }
    }
}

/// Addresses that a network chooses are routes of the host from then on.
fn ipam(needs: &mut Needs, json: &Json) {
    for (key, value) in needs.fields("IPAM", json) {
        match key.as_str() {
            "Driver" => {
                if !matches!(needs.text("IPAM.Driver", value), "" | "default") {
                    needs.beyond("IPAM.Driver");
                }
            }
            "Config" => {
                for item in needs.items("IPAM.Config", value) {
                    ipam_config(needs, item);
                }
            }
            other => needs.beyond_unless_empty(&format!("IPAM.{other}"), value),
        }
    }
}

fn ipam_config(needs: &mut Needs, json: &Json) {
    for (key, value) in needs.fields("IPAM.Config", json) {
        match key.as_str() {
            "Subnet" => {
                let text = needs.text("Subnet", value);
                match Subnet::read(text) {
                    Some(subnet) => needs.add(Need::Subnet(subnet)),
                    None if text.is_empty() => {}
                    None => needs.unclear(format!("the subnet {text}")),
                }
            }
            // Inside the subnet, or the daemon refuses them.
            "IPRange" | "Gateway" => {}
            "AuxiliaryAddresses" | "AuxAddress" => {}
            other => needs.beyond_unless_empty(&format!("IPAM.Config.{other}"), value),
        }
    }
}
