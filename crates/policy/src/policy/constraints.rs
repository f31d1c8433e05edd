//! What a role may ask of the daemon beyond the bare call.

use super::image::ImagePattern;
use super::pattern::Pattern;
use super::rules::{BindRule, PortRule, Subnet};

/// What a grant allows in the bodies and queries of its calls. The empty value allows nothing that
/// reaches beyond the container itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Constraints {
    /// Nothing is looked at: every body is as good as root.
    pub(crate) unconfined: bool,
    /// Places of the host that may be mounted.
    pub(crate) binds: Vec<BindRule>,
    /// Images that may be pulled, run and read although they are not the caller's own.
    pub(crate) images: Vec<ImagePattern>,
    /// Names that may be given to images, and pushed.
    pub(crate) tags: Vec<ImagePattern>,
    /// Volumes that may be mounted although they are not the caller's own.
    pub(crate) volumes: Vec<Pattern>,
    /// Networks that may be joined although they are not the caller's own.
    pub(crate) networks: Vec<Pattern>,
    /// Capabilities that may be added, in capitals, without `CAP_`.
    pub(crate) capabilities: Vec<Pattern>,
    /// Devices, as `/dev/fuse`, `gpu` or `cdi:vendor/class=name`.
    pub(crate) devices: Vec<Pattern>,
    /// Namespaces that may be shared, as `network:host` or `pid:container`.
    pub(crate) namespaces: Vec<Pattern>,
    /// Ports of the host that may be published.
    pub(crate) ports: Vec<PortRule>,
    /// Subnets that a new network may choose.
    pub(crate) subnets: Vec<Subnet>,
    /// Privileged containers.
    pub(crate) privileged: bool,
    /// Security options beyond `no-new-privileges`.
    pub(crate) security_options: Vec<Pattern>,
    /// Kernel parameters.
    pub(crate) sysctls: Vec<Pattern>,
    /// Limits of processes that may be set.
    pub(crate) ulimits: Vec<Pattern>,
    /// Runtimes other than the daemon's default.
    pub(crate) runtimes: Vec<Pattern>,
    /// Log drivers other than the daemon's default.
    pub(crate) log_drivers: Vec<Pattern>,
    /// Volume drivers other than `local`.
    pub(crate) volume_drivers: Vec<Pattern>,
    /// Network drivers other than `bridge`.
    pub(crate) network_drivers: Vec<Pattern>,
    /// Groups that may be added to a container's process.
    pub(crate) groups: Vec<Pattern>,
    /// Users that a container may run as; any when `None`.
    pub(crate) users: Option<Vec<Pattern>>,
    /// Users that a command may run as.
    pub(crate) exec_users: Vec<Pattern>,
    /// Programs that a command may be; any when `None`.
    pub(crate) exec_commands: Option<Vec<Pattern>>,
    /// Commands with all privileges.
    pub(crate) exec_privileged: bool,
    /// Commands, streams and files in containers that are as strong as the host.
    pub(crate) strong_containers: bool,
    /// Names of environment variables that may not be set.
    pub(crate) env_deny: Vec<Pattern>,
    /// The values of environment variables are shown.
    pub(crate) env_values: bool,
    /// The most memory of one container, in bytes.
    pub(crate) memory: Option<u64>,
    /// The most processors of one container, in billionths.
    pub(crate) cpus: Option<u64>,
    /// The most processes of one container.
    pub(crate) pids: Option<u64>,
    /// Restart policies; any when `None`.
    pub(crate) restarts: Option<Vec<Pattern>>,
    /// BuildKit's own interface, in which nothing is judged.
    pub(crate) raw_builds: bool,
    /// Builds whose context the daemon fetches.
    pub(crate) remote_builds: bool,
}

/// Whether one of the patterns fits.
pub(crate) fn any_fits(patterns: &[Pattern], text: &str) -> bool {
    patterns.iter().any(|pattern| pattern.fits(text))
}
