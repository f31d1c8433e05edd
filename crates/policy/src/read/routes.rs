//! Every route of the Engine API, 1.24 to 1.55, in the order in which the daemon tries them.

use super::Call as C;
use super::Verb as V;
use super::body;
use super::route::Method::{Delete, Get, Head, Options, Post, Put};
use super::route::{Method, Route, Upgrade};
use super::target::until_slash;

const fn at(call: C, method: Method, pattern: &'static str, verb: V) -> Route {
    Route::new(call, method, pattern, verb)
}

/// Bodies of settings; the largest honest ones have a few hundred environment variables.
const PLAIN: usize = 1024 * 1024;
/// Bodies with contents in them: a config may have 1,000 KiB, in base64.
const LARGE: usize = 2 * 1024 * 1024;

const FILTERS: &[&str] = &["filters"];
const FORCE: &[&str] = &["force"];
const SIZE: &[&str] = &["h", "w"];
const STREAMS: &[&str] = &["detachKeys", "logs", "stream", "stdin", "stdout", "stderr"];
const LOGS: &[&str] = &[
    "details",
    "follow",
    "stdout",
    "stderr",
    "since",
    "until",
    "timestamps",
    "tail",
];

static SYSTEM: &[Route] = &[
    at(C::Ping, Get, "/_ping", V::Meta),
    at(C::Ping, Head, "/_ping", V::Meta),
    at(C::Version, Get, "/version", V::Meta),
    at(C::Info, Get, "/info", V::Observe),
    at(C::Events, Get, "/events", V::Observe).query(&["since", "until", "filters"]),
    at(C::DiskUsage, Get, "/system/df", V::Observe).query(&["type*", "verbose"]),
    at(C::Auth, Post, "/auth", V::Outbound).json(PLAIN, &body::AUTH),
];

static ANY: &[Route] = &[at(C::Options, Options, "/{anyroute:.*}", V::Meta).segments()];

static CONTAINERS: &[Route] = &[
    at(
        C::CheckpointList,
        Get,
        "/containers/{name:.*}/checkpoints",
        V::Checkpoints,
    )
    .query(&["dir"]),
    at(
        C::CheckpointCreate,
        Post,
        "/containers/{name:.*}/checkpoints",
        V::Checkpoints,
    )
    .json(PLAIN, &body::CHECKPOINT),
    at(
        C::CheckpointDelete,
        Delete,
        "/containers/{name}/checkpoints/{checkpoint}",
        V::Checkpoints,
    )
    .query(&["dir"]),
    at(
        C::ContainerArchiveStat,
        Head,
        "/containers/{name:.*}/archive",
        V::ReadFiles,
    )
    .query(&["path"]),
    at(C::ContainerList, Get, "/containers/json", V::Observe)
        .query(&["all", "limit", "size", "since", "before", "filters"]),
    at(
        C::ContainerExport,
        Get,
        "/containers/{name:.*}/export",
        V::ReadFiles,
    ),
    at(
        C::ContainerChanges,
        Get,
        "/containers/{name:.*}/changes",
        V::Observe,
    ),
    at(
        C::ContainerInspect,
        Get,
        "/containers/{name:.*}/json",
        V::Observe,
    )
    .query(&["size"]),
    at(
        C::ContainerTop,
        Get,
        "/containers/{name:.*}/top",
        V::Observe,
    )
    .query(&["ps_args"]),
    at(C::ContainerLogs, Get, "/containers/{name:.*}/logs", V::Logs).query(LOGS),
    at(
        C::ContainerStats,
        Get,
        "/containers/{name:.*}/stats",
        V::Observe,
    )
    .query(&["stream", "one-shot"]),
    at(
        C::ContainerAttachWebsocket,
        Get,
        "/containers/{name:.*}/attach/ws",
        V::Attach,
    )
    .query(STREAMS)
    .upgrade(Upgrade::Websocket),
    at(
        C::ContainerArchiveRead,
        Get,
        "/containers/{name:.*}/archive",
        V::ReadFiles,
    )
    .query(&["path"]),
    at(C::ContainerCreate, Post, "/containers/create", V::Create)
        .query(&["name", "platform"])
        .json(PLAIN, &body::CONTAINER_CREATE),
    at(
        C::ContainerKill,
        Post,
        "/containers/{name:.*}/kill",
        V::Lifecycle,
    )
    .query(&["signal"]),
    at(
        C::ContainerPause,
        Post,
        "/containers/{name:.*}/pause",
        V::Lifecycle,
    ),
    at(
        C::ContainerUnpause,
        Post,
        "/containers/{name:.*}/unpause",
        V::Lifecycle,
    ),
    at(
        C::ContainerRestart,
        Post,
        "/containers/{name:.*}/restart",
        V::Lifecycle,
    )
    .query(&["t", "signal"]),
    at(
        C::ContainerStart,
        Post,
        "/containers/{name:.*}/start",
        V::Lifecycle,
    )
    .query(&["detachKeys", "checkpoint", "checkpoint-dir"])
    .json(PLAIN, &body::CONTAINER_START),
    at(
        C::ContainerStop,
        Post,
        "/containers/{name:.*}/stop",
        V::Lifecycle,
    )
    .query(&["t", "signal"]),
    at(
        C::ContainerWait,
        Post,
        "/containers/{name:.*}/wait",
        V::Lifecycle,
    )
    .query(&["condition"]),
    at(
        C::ContainerResize,
        Post,
        "/containers/{name:.*}/resize",
        V::Lifecycle,
    )
    .query(SIZE),
    at(
        C::ContainerAttach,
        Post,
        "/containers/{name:.*}/attach",
        V::Attach,
    )
    .query(STREAMS)
    .upgrade(Upgrade::Tcp),
    at(C::ExecCreate, Post, "/containers/{name:.*}/exec", V::Exec).json(PLAIN, &body::EXEC_CREATE),
    at(
        C::ContainerRename,
        Post,
        "/containers/{name:.*}/rename",
        V::Change,
    )
    .query(&["name"]),
    at(
        C::ContainerUpdate,
        Post,
        "/containers/{name:.*}/update",
        V::Change,
    )
    .json(PLAIN, &body::CONTAINER_UPDATE),
    at(C::ContainerPrune, Post, "/containers/prune", V::Prune).query(FILTERS),
    at(
        C::ContainerArchiveWrite,
        Put,
        "/containers/{name:.*}/archive",
        V::FilesIn,
    )
    .query(&["path", "noOverwriteDirNonDir", "copyUIDGID"])
    .stream(),
    at(
        C::ContainerDelete,
        Delete,
        "/containers/{name:.*}",
        V::Delete,
    )
    .query(&["v", "force", "link"]),
];

static EXEC: &[Route] = &[
    at(C::ExecInspect, Get, "/exec/{id:.*}/json", V::Observe),
    at(C::ExecStart, Post, "/exec/{name:.*}/start", V::Exec)
        .json(PLAIN, &body::EXEC_START)
        .upgrade(Upgrade::Tcp),
    at(C::ExecResize, Post, "/exec/{name:.*}/resize", V::Exec).query(SIZE),
];

static COMMIT: &[Route] = &[at(C::ContainerCommit, Post, "/commit", V::Commit)
    .query(&[
        "container",
        "repo",
        "tag",
        "comment",
        "author",
        "pause",
        "changes*",
    ])
    .json(PLAIN, &body::COMMIT)];

static IMAGES: &[Route] = &[
    at(C::ImageList, Get, "/images/json", V::Observe).query(&[
        "all",
        "filter",
        "filters",
        "digests",
        "shared-size",
        "manifests",
        "identity",
    ]),
    at(C::ImageSearch, Get, "/images/search", V::Outbound).query(&["term", "limit", "filters"]),
    at(C::ImageSave, Get, "/images/get", V::ImageOut).query(&["names*", "platform*"]),
    at(C::ImageSaveOne, Get, "/images/{name:.*}/get", V::ImageOut)
        .query(&["platform*"])
        .segments(),
    at(
        C::ImageHistory,
        Get,
        "/images/{name:.*}/history",
        V::Observe,
    )
    .query(&["platform"])
    .segments(),
    at(C::ImageInspect, Get, "/images/{name:.*}/json", V::Observe)
        .query(&["manifests", "platform"])
        .segments(),
    at(
        C::ImageAttestations,
        Get,
        "/images/{name:.*}/attestations",
        V::Observe,
    )
    .query(&["platform*", "type*", "statement"])
    .segments(),
    at(C::ImageLoad, Post, "/images/load", V::ImageIn)
        .query(&["quiet", "platform*"])
        .stream(),
    at(C::ImageCreate, Post, "/images/create", V::Pull)
        .query(&[
            "fromImage",
            "fromSrc",
            "repo",
            "tag",
            "platform",
            "message",
            "changes*",
        ])
        .stream(),
    at(C::ImagePush, Post, "/images/{name:.*}/push", V::Push)
        .query(&["tag", "platform"])
        .segments(),
    at(C::ImageTag, Post, "/images/{name:.*}/tag", V::Tag)
        .query(&["repo", "tag"])
        .segments(),
    at(C::ImagePrune, Post, "/images/prune", V::Prune).query(FILTERS),
    at(C::ImageDelete, Delete, "/images/{name:.*}", V::ImageDelete)
        .query(&["force", "noprune", "platforms*"])
        .segments(),
];

static DISTRIBUTION: &[Route] = &[at(
    C::DistributionInspect,
    Get,
    "/distribution/{name:.*}/json",
    V::Outbound,
)
.segments()];

static BUILD: &[Route] = &[
    at(C::Build, Post, "/build", V::Build)
        .query(&[
            "dockerfile",
            "t*",
            "remote",
            "q",
            "nocache",
            "cachefrom",
            "pull",
            "rm",
            "forcerm",
            "memory",
            "memswap",
            "cpushares",
            "cpusetcpus",
            "cpusetmems",
            "cpuperiod",
            "cpuquota",
            "buildargs",
            "shmsize",
            "squash",
            "labels",
            "networkmode",
            "extrahosts*",
            "platform",
            "target",
            "version",
            "outputs",
            "cgroupparent",
            "securityopt*",
            "isolation",
            "ulimits",
            "session",
            "buildid",
        ])
        .stream(),
    at(C::BuildPrune, Post, "/build/prune", V::Prune).query(&[
        "keep-storage",
        "reserved-space",
        "max-used-space",
        "min-free-space",
        "all",
        "filters",
    ]),
    at(C::BuildCancel, Post, "/build/cancel", V::Build).query(&["id"]),
];

static SESSION: &[Route] = &[at(C::Session, Post, "/session", V::Build).upgrade(Upgrade::H2c)];

static GRPC: &[Route] = &[at(C::Grpc, Post, "/grpc", V::Build).upgrade(Upgrade::H2c)];

static NETWORKS: &[Route] = &[
    at(C::NetworkList, Get, "/networks", V::Observe).query(FILTERS),
    at(C::NetworkListSlash, Get, "/networks/", V::Observe).query(FILTERS),
    at(C::NetworkInspect, Get, "/networks/{id:.+}", V::Observe).query(&["verbose", "scope"]),
    at(C::NetworkCreate, Post, "/networks/create", V::Networks).json(PLAIN, &body::NETWORK_CREATE),
    at(
        C::NetworkConnect,
        Post,
        "/networks/{id:.*}/connect",
        V::Networks,
    )
    .json(PLAIN, &body::NETWORK_CONNECT),
    at(
        C::NetworkDisconnect,
        Post,
        "/networks/{id:.*}/disconnect",
        V::Networks,
    )
    .json(PLAIN, &body::NETWORK_DISCONNECT),
    at(C::NetworkPrune, Post, "/networks/prune", V::Prune).query(FILTERS),
    at(C::NetworkDelete, Delete, "/networks/{id:.*}", V::Networks),
];

static VOLUMES: &[Route] = &[
    at(C::VolumeList, Get, "/volumes", V::Observe).query(FILTERS),
    at(C::VolumeInspect, Get, "/volumes/{name:.*}", V::Observe),
    at(C::VolumeCreate, Post, "/volumes/create", V::Volumes).json(PLAIN, &body::VOLUME_CREATE),
    at(C::VolumePrune, Post, "/volumes/prune", V::Prune).query(FILTERS),
    at(C::VolumeUpdate, Put, "/volumes/{name:.*}", V::Volumes)
        .query(&["version"])
        .json(PLAIN, &body::VOLUME_UPDATE),
    at(C::VolumeDelete, Delete, "/volumes/{name:.*}", V::Volumes).query(FORCE),
];

static PLUGINS: &[Route] = &[
    at(C::PluginList, Get, "/plugins", V::Plugins).query(FILTERS),
    at(C::PluginInspect, Get, "/plugins/{name:.*}/json", V::Plugins).segments(),
    at(C::PluginPrivileges, Get, "/plugins/privileges", V::Plugins).query(&["remote", "name"]),
    at(C::PluginDelete, Delete, "/plugins/{name:.*}", V::Plugins)
        .query(FORCE)
        .segments(),
    at(
        C::PluginEnable,
        Post,
        "/plugins/{name:.*}/enable",
        V::Plugins,
    )
    .query(&["timeout"])
    .segments(),
    at(
        C::PluginDisable,
        Post,
        "/plugins/{name:.*}/disable",
        V::Plugins,
    )
    .query(FORCE)
    .segments(),
    at(C::PluginPull, Post, "/plugins/pull", V::Plugins)
        .query(&["remote", "name"])
        .json(PLAIN, &body::PLUGIN_PRIVILEGES),
    at(C::PluginPush, Post, "/plugins/{name:.*}/push", V::Plugins).segments(),
    at(
        C::PluginUpgrade,
        Post,
        "/plugins/{name:.*}/upgrade",
        V::Plugins,
    )
    .query(&["remote"])
    .json(PLAIN, &body::PLUGIN_PRIVILEGES)
    .segments(),
    at(C::PluginSet, Post, "/plugins/{name:.*}/set", V::Plugins)
        .json(PLAIN, &body::PLUGIN_SET)
        .segments(),
    at(C::PluginCreate, Post, "/plugins/create", V::Plugins)
        .query(&["name"])
        .stream(),
];

static SWARM: &[Route] = &[
    at(C::SwarmInit, Post, "/swarm/init", V::SwarmAdmin).json(PLAIN, &body::SWARM_INIT),
    at(C::SwarmJoin, Post, "/swarm/join", V::SwarmAdmin).json(PLAIN, &body::SWARM_JOIN),
    at(C::SwarmLeave, Post, "/swarm/leave", V::SwarmAdmin).query(FORCE),
    at(C::SwarmInspect, Get, "/swarm", V::SwarmAdmin),
    at(C::SwarmUnlockKey, Get, "/swarm/unlockkey", V::SwarmAdmin),
    at(C::SwarmUpdate, Post, "/swarm/update", V::SwarmAdmin)
        .query(&[
            "version",
            "rotateWorkerToken",
            "rotateManagerToken",
            "rotateManagerUnlockKey",
        ])
        .json(PLAIN, &body::SWARM_SPEC),
    at(C::SwarmUnlock, Post, "/swarm/unlock", V::SwarmAdmin).json(PLAIN, &body::SWARM_UNLOCK),
];

static SERVICES: &[Route] = &[
    at(C::ServiceList, Get, "/services", V::SwarmRead).query(&["filters", "status"]),
    at(C::ServiceInspect, Get, "/services/{id}", V::SwarmRead).query(&["insertDefaults"]),
    at(C::ServiceCreate, Post, "/services/create", V::Services).json(PLAIN, &body::SERVICE),
    at(C::ServiceUpdate, Post, "/services/{id}/update", V::Services)
        .query(&["version", "registryAuthFrom", "rollback"])
        .json(PLAIN, &body::SERVICE),
    at(C::ServiceDelete, Delete, "/services/{id}", V::Services),
    at(C::ServiceLogs, Get, "/services/{id}/logs", V::Logs).query(LOGS),
];

static NODES: &[Route] = &[
    at(C::NodeList, Get, "/nodes", V::SwarmRead).query(FILTERS),
    at(C::NodeInspect, Get, "/nodes/{id}", V::SwarmRead),
    at(C::NodeDelete, Delete, "/nodes/{id}", V::SwarmAdmin).query(FORCE),
    at(C::NodeUpdate, Post, "/nodes/{id}/update", V::SwarmAdmin)
        .query(&["version"])
        .json(PLAIN, &body::NODE),
];

static TASKS: &[Route] = &[
    at(C::TaskList, Get, "/tasks", V::SwarmRead).query(FILTERS),
    at(C::TaskInspect, Get, "/tasks/{id}", V::SwarmRead),
    at(C::TaskLogs, Get, "/tasks/{id}/logs", V::Logs).query(LOGS),
];

static SECRETS: &[Route] = &[
    at(C::SecretList, Get, "/secrets", V::SwarmData).query(FILTERS),
    at(C::SecretCreate, Post, "/secrets/create", V::SwarmData).json(LARGE, &body::SECRET),
    at(C::SecretDelete, Delete, "/secrets/{id}", V::SwarmData),
    at(C::SecretInspect, Get, "/secrets/{id}", V::SwarmData),
    at(C::SecretUpdate, Post, "/secrets/{id}/update", V::SwarmData)
        .query(&["version"])
        .json(LARGE, &body::SECRET),
];

static CONFIGS: &[Route] = &[
    at(C::ConfigList, Get, "/configs", V::SwarmData).query(FILTERS),
    at(C::ConfigCreate, Post, "/configs/create", V::SwarmData).json(LARGE, &body::CONFIG),
    at(C::ConfigDelete, Delete, "/configs/{id}", V::SwarmData),
    at(C::ConfigInspect, Get, "/configs/{id}", V::SwarmData),
    at(C::ConfigUpdate, Post, "/configs/{id}/update", V::SwarmData)
        .query(&["version"])
        .json(LARGE, &body::CONFIG),
];

static DEBUG: &[Route] = &[
    at(C::DebugVars, Get, "/debug/vars", V::Debug),
    at(C::DebugIndex, Get, "/debug/pprof/", V::Debug),
    at(C::DebugCmdline, Get, "/debug/pprof/cmdline", V::Debug),
    at(C::DebugProfile, Get, "/debug/pprof/profile", V::Debug).query(&["seconds"]),
    at(C::DebugSymbol, Get, "/debug/pprof/symbol", V::Debug),
    at(C::DebugTrace, Get, "/debug/pprof/trace", V::Debug).query(&["seconds"]),
    at(C::DebugNamed, Get, "/debug/pprof/{name}", V::Debug).query(&["debug", "gc", "seconds"]),
];

/// The routes whose path starts with this segment.
fn group(segment: &str) -> &'static [Route] {
    match segment {
        "_ping" | "version" | "info" | "events" | "system" | "auth" => SYSTEM,
        "containers" => CONTAINERS,
        "exec" => EXEC,
        "commit" => COMMIT,
        "images" => IMAGES,
        "distribution" => DISTRIBUTION,
        "build" => BUILD,
        "session" => SESSION,
        "grpc" => GRPC,
        "networks" => NETWORKS,
        "volumes" => VOLUMES,
        "plugins" => PLUGINS,
        "swarm" => SWARM,
        "services" => SERVICES,
        "nodes" => NODES,
        "tasks" => TASKS,
        "secrets" => SECRETS,
        "configs" => CONFIGS,
        "debug" => DEBUG,
        _ => &[],
    }
}

/// The route of a decoded path without version, and the names in it.
pub(super) fn find(method: Method, path: &str) -> Option<(&'static Route, &str, &str)> {
    let routes = if method == Options {
        ANY
    } else {
        let rest = path.strip_prefix('/')?;
        group(until_slash(rest))
    };
    routes
        .iter()
        .filter(|route| route.method == method)
        .find_map(|route| {
            let (name, second) = route.matches(path)?;
            Some((route, name, second))
        })
}

impl Route {
    /// Every route.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        [
            SYSTEM,
            ANY,
            CONTAINERS,
            EXEC,
            COMMIT,
            IMAGES,
            DISTRIBUTION,
            BUILD,
            SESSION,
            GRPC,
            NETWORKS,
            VOLUMES,
            PLUGINS,
            SWARM,
            SERVICES,
            NODES,
            TASKS,
            SECRETS,
            CONFIGS,
            DEBUG,
        ]
        .into_iter()
        .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::{Method, Route, find};
    use crate::read::Call;

    fn check(method: &str, path: &str, expected: Option<(Call, &str)>) {
        let found = find(Method::named(method).unwrap(), path);
        assert_eq!(
            found.map(|(route, name, _)| (route.call, name)),
            expected,
            "{method} {path}"
        );
    }

    #[test]
    fn every_row_of_the_daemon_is_here() {
        // 122 rows, 115 of them outside of /debug.
        assert_eq!(Route::all().count(), 122);
        for call in Call::ALL {
            assert!(Route::all().any(|route| route.call == *call), "{call}");
            assert_eq!(Call::named(call.name()), Some(*call));
        }
    }

    #[test]
    fn every_route_finds_itself() {
        for route in Route::all() {
            let path = route
                .pattern
                .replace("{checkpoint}", "cp")
                .replacen('{', "\u{1}", 1);
            let path = match path.split_once('\u{1}') {
                Some((head, tail)) => {
                    format!("{head}box{}", tail.split_once('}').unwrap().1)
                }
                None => path,
            };
            let (found, _, _) = find(route.method, &path).unwrap();
            assert_eq!(found.call, route.call, "{path}");
        }
    }

    #[test]
    fn the_first_match_wins_and_names_are_greedy() {
        check("GET", "/containers/json", Some((Call::ContainerList, "")));
        check(
            "GET",
            "/containers/a/json",
            Some((Call::ContainerInspect, "a")),
        );
        check(
            "GET",
            "/containers/a/b/json",
            Some((Call::ContainerInspect, "a/b")),
        );
        check(
            "GET",
            "/images/a/json/json",
            Some((Call::ImageInspect, "a/json")),
        );
        check("GET", "/images/get", Some((Call::ImageSave, "")));
        check("GET", "/images/x/get", Some((Call::ImageSaveOne, "x")));
        check("GET", "/networks/", Some((Call::NetworkListSlash, "")));
        check("GET", "/services/a/b", None);
        check(
            "DELETE",
            "/containers/a/checkpoints/b",
            Some((Call::CheckpointDelete, "a")),
        );
        check(
            "DELETE",
            "/containers/a/b/checkpoints/c",
            Some((Call::ContainerDelete, "a/b/checkpoints/c")),
        );
        check("HEAD", "/containers/a/json", None);
        check("GET", "/debug/pprof/heap", Some((Call::DebugNamed, "heap")));
        check("OPTIONS", "/what/ever", Some((Call::Options, "what/ever")));
        check("GET", "/containers/json/", None);
        check("GET", "/Containers/json", None);
    }
}
