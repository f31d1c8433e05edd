//! How each call is held to a scope, and which calls need no look at all.

use crate::policy::{Grant, Scope};
use crate::{Call, Request, Verb};

/// How a call is held to a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It tells and touches nothing of anybody's.
    Nothing,
    /// Its needs name what it touches.
    Objects,
    /// It lists; the list is filtered.
    List,
    /// It removes what is unused; what it looks at is filtered.
    Prune,
    /// It is about the daemon or the swarm as a whole.
    Everything,
}

/// How this call is held to a scope.
pub(crate) fn reach(call: Call) -> Reach {
    match call {
        Call::Options
        | Call::Ping
        | Call::Version
        | Call::Info
        | Call::Auth
        | Call::ImageSearch
        | Call::DistributionInspect
        | Call::BuildCancel
        | Call::Session
        | Call::Grpc => Reach::Nothing,
        Call::ContainerList
        | Call::ImageList
        | Call::NetworkList
        | Call::NetworkListSlash
        | Call::VolumeList
        | Call::ServiceList
        | Call::Events
        | Call::DiskUsage => Reach::List,
        Call::ContainerPrune | Call::ImagePrune | Call::NetworkPrune | Call::VolumePrune => {
            Reach::Prune
        }
        Call::ContainerInspect
        | Call::ContainerTop
        | Call::ContainerLogs
        | Call::ContainerStats
        | Call::ContainerChanges
        | Call::ContainerExport
        | Call::ContainerArchiveRead
        | Call::ContainerArchiveStat
        | Call::ContainerArchiveWrite
        | Call::ContainerAttach
        | Call::ContainerAttachWebsocket
        | Call::ContainerCreate
        | Call::ContainerDelete
        | Call::ContainerKill
        | Call::ContainerPause
        | Call::ContainerUnpause
        | Call::ContainerStart
        | Call::ContainerStop
        | Call::ContainerRestart
        | Call::ContainerWait
        | Call::ContainerResize
        | Call::ContainerRename
        | Call::ContainerUpdate
        | Call::ContainerCommit
        | Call::ExecCreate
        | Call::ExecStart
        | Call::ExecResize
        | Call::ExecInspect
        | Call::ImageInspect
        | Call::ImageHistory
        | Call::ImageAttestations
        | Call::ImageSave
        | Call::ImageSaveOne
        | Call::ImageCreate
        | Call::ImagePush
        | Call::ImageTag
        | Call::ImageDelete
        | Call::Build
        | Call::NetworkInspect
        | Call::NetworkCreate
        | Call::NetworkDelete
        | Call::NetworkConnect
        | Call::NetworkDisconnect
        | Call::VolumeInspect
        | Call::VolumeCreate
        | Call::VolumeDelete
        | Call::ServiceInspect
        | Call::ServiceLogs
        | Call::ServiceCreate
        | Call::ServiceUpdate
        | Call::ServiceDelete => Reach::Objects,
        Call::ImageLoad
        | Call::BuildPrune
        | Call::VolumeUpdate
        | Call::CheckpointList
        | Call::CheckpointCreate
        | Call::CheckpointDelete
        | Call::PluginList
        | Call::PluginInspect
        | Call::PluginPrivileges
        | Call::PluginPull
        | Call::PluginCreate
        | Call::PluginEnable
        | Call::PluginDisable
        | Call::PluginPush
        | Call::PluginSet
        | Call::PluginUpgrade
        | Call::PluginDelete
        | Call::SwarmInspect
        | Call::SwarmUnlockKey
        | Call::SwarmInit
        | Call::SwarmJoin
        | Call::SwarmLeave
        | Call::SwarmUpdate
        | Call::SwarmUnlock
        | Call::TaskList
        | Call::TaskInspect
        | Call::TaskLogs
        | Call::NodeList
        | Call::NodeInspect
        | Call::NodeUpdate
        | Call::NodeDelete
        | Call::SecretList
        | Call::SecretInspect
        | Call::SecretCreate
        | Call::SecretUpdate
        | Call::SecretDelete
        | Call::ConfigList
        | Call::ConfigInspect
        | Call::ConfigCreate
        | Call::ConfigUpdate
        | Call::ConfigDelete
        | Call::DebugVars
        | Call::DebugIndex
        | Call::DebugCmdline
        | Call::DebugProfile
        | Call::DebugSymbol
        | Call::DebugTrace
        | Call::DebugNamed => Reach::Everything,
    }
}

/// Whether the request is about everything at once: an import makes images that nobody's stamp is on.
pub(crate) fn is_unscopable(request: &Request) -> bool {
    reach(request.call()) == Reach::Everything
        || (request.call() == Call::ImageCreate && request.verb() == Verb::ImageIn)
}

/// Calls whose answers show environment variables, or passwords among the options of volumes.
pub(crate) fn shows_env(call: Call) -> bool {
    matches!(
        call,
        Call::ContainerInspect
            | Call::ImageInspect
            | Call::ImageHistory
            | Call::ServiceList
            | Call::ServiceInspect
            | Call::TaskList
            | Call::TaskInspect
            | Call::PluginList
            | Call::PluginInspect
            | Call::VolumeList
            | Call::VolumeInspect
    )
}

/// Calls by which the daemon goes to the registry that the request names.
pub(crate) fn asks_registry(call: Call) -> bool {
    matches!(
        call,
        Call::Auth | Call::ImageSearch | Call::DistributionInspect
    )
}

/// Calls that change a container or go into it: the audit names the container by its full ID, even where
/// the judgement would not have to know.
pub(crate) fn names_its_container(call: Call) -> bool {
    matches!(
        call,
        Call::ContainerAttach
            | Call::ContainerAttachWebsocket
            | Call::ContainerArchiveWrite
            | Call::ContainerDelete
            | Call::ContainerKill
            | Call::ContainerStart
            | Call::ContainerStop
            | Call::ContainerRestart
            | Call::ContainerRename
            | Call::ContainerUpdate
            | Call::ExecCreate
            | Call::ExecStart
    )
}

/// Whether a grant allows a call whatever the request says, and the answer may pass as it comes.
pub(crate) fn is_free(grant: &Grant, call: Call) -> bool {
    if matches!(call, Call::Ping | Call::Version | Call::Options) {
        return true;
    }
    if grant.scope != Scope::All || names_its_container(call) {
        return false;
    }
    if grant.constraints.unconfined {
        return true;
    }
    if shows_env(call) && !grant.constraints.env_values {
        return false;
    }
    match reach(call) {
        Reach::Nothing => !asks_registry(call) && call != Call::Grpc,
        Reach::List | Reach::Prune => true,
        Reach::Everything => !matches!(
            call,
            Call::ImageLoad
                | Call::VolumeUpdate
                | Call::CheckpointList
                | Call::CheckpointCreate
                | Call::CheckpointDelete
        ),
        Reach::Objects => matches!(
            call,
            Call::ContainerInspect
                | Call::ContainerLogs
                | Call::ContainerStats
                | Call::ContainerChanges
                | Call::ContainerExport
                | Call::ContainerPause
                | Call::ContainerUnpause
                | Call::ContainerWait
                | Call::ContainerResize
                | Call::NetworkInspect
                | Call::VolumeInspect
                | Call::ServiceInspect
                | Call::ServiceLogs
                | Call::ServiceDelete
        ),
    }
}
