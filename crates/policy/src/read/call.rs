//! The calls of the Engine API by name, and what each does.

use std::fmt;

macro_rules! calls {
    ($($variant:ident $name:literal $what:literal;)*) => {
        /// One call of the Engine API, whatever version and spelling it came in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Call {
            $(#[doc = $what] $variant,)*
        }

        impl Call {
            /// Every call.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The call's name in policies and audit records, as `container.create`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

calls! {
    Options "system.options" "Which methods a path has; the daemon answers 200 to any.";
    Ping "system.ping" "Is the daemon there, and which versions does it speak.";
    Version "system.version" "The daemon's version.";
    Info "system.info" "Facts of the host and the daemon.";
    Events "system.events" "What happens, as it happens.";
    DiskUsage "system.df" "What takes how much room.";
    Auth "system.auth" "Tries a password at a registry.";
    ContainerList "container.list" "Lists containers.";
    ContainerInspect "container.inspect" "Everything of one container, its environment too.";
    ContainerTop "container.top" "Processes of a container; with `ps_args`, `ps` runs on the host.";
    ContainerLogs "container.logs" "What a container wrote.";
    ContainerStats "container.stats" "What a container uses.";
    ContainerChanges "container.changes" "Which files of a container changed.";
    ContainerExport "container.export" "The whole file system of a container.";
    ContainerArchiveRead "container.archive.read" "Files out of a container.";
    ContainerArchiveStat "container.archive.stat" "What one file of a container is.";
    ContainerArchiveWrite "container.archive.write" "Files into a container.";
    ContainerAttach "container.attach" "The streams of a container.";
    ContainerAttachWebsocket "container.attach.ws" "The streams of a container over a WebSocket: a GET that writes.";
    ContainerCreate "container.create" "Makes a container.";
    ContainerDelete "container.delete" "Removes a container.";
    ContainerKill "container.kill" "Sends a signal to a container.";
    ContainerPause "container.pause" "Freezes a container.";
    ContainerUnpause "container.unpause" "Thaws a container.";
    ContainerStart "container.start" "Starts a container.";
    ContainerStop "container.stop" "Stops a container.";
    ContainerRestart "container.restart" "Stops and starts a container.";
    ContainerWait "container.wait" "Waits for a container's end.";
    ContainerResize "container.resize" "Tells a container the size of its terminal.";
    ContainerRename "container.rename" "Gives a container another name.";
    ContainerUpdate "container.update" "Changes a container's limits.";
    ContainerPrune "container.prune" "Removes every stopped container.";
    ContainerCommit "container.commit" "Makes an image of a container.";
    CheckpointList "checkpoint.list" "Lists checkpoints of a container.";
    CheckpointCreate "checkpoint.create" "Writes a container's state to the host.";
    CheckpointDelete "checkpoint.delete" "Removes a checkpoint.";
    ExecCreate "exec.create" "Prepares a command in a container.";
    ExecStart "exec.start" "Runs a prepared command.";
    ExecResize "exec.resize" "Tells a command the size of its terminal.";
    ExecInspect "exec.inspect" "What became of a command.";
    ImageList "image.list" "Lists images.";
    ImageInspect "image.inspect" "Everything of one image.";
    ImageHistory "image.history" "How an image was made.";
    ImageAttestations "image.attestations" "What is attested of an image.";
    ImageSearch "image.search" "Asks a registry for images.";
    ImageSave "image.save" "Images as an archive.";
    ImageSaveOne "image.save.one" "One image as an archive.";
    ImageLoad "image.load" "Images from an archive.";
    ImageCreate "image.create" "Pulls an image, or imports one.";
    ImagePush "image.push" "Sends an image to a registry.";
    ImageTag "image.tag" "Gives an image one more name.";
    ImageDelete "image.delete" "Removes an image.";
    ImagePrune "image.prune" "Removes unused images.";
    DistributionInspect "distribution.inspect" "Asks a registry for an image's manifest.";
    Build "build.run" "Builds an image.";
    BuildCancel "build.cancel" "Ends a build.";
    BuildPrune "build.prune" "Removes the build cache.";
    Session "build.session" "The side channel of a build.";
    Grpc "build.grpc" "BuildKit's own interface.";
    NetworkList "network.list" "Lists networks.";
    NetworkListSlash "network.list.slash" "Lists networks, in the other spelling the daemon knows.";
    NetworkInspect "network.inspect" "Everything of one network.";
    NetworkCreate "network.create" "Makes a network.";
    NetworkDelete "network.delete" "Removes a network.";
    NetworkConnect "network.connect" "Puts a container into a network.";
    NetworkDisconnect "network.disconnect" "Takes a container out of a network.";
    NetworkPrune "network.prune" "Removes unused networks.";
    VolumeList "volume.list" "Lists volumes.";
    VolumeInspect "volume.inspect" "Everything of one volume.";
    VolumeCreate "volume.create" "Makes a volume; one with options can be any place of the host.";
    VolumeUpdate "volume.update" "Changes a cluster volume.";
    VolumeDelete "volume.delete" "Removes a volume.";
    VolumePrune "volume.prune" "Removes unused volumes.";
    PluginList "plugin.list" "Lists plugins.";
    PluginInspect "plugin.inspect" "Everything of one plugin.";
    PluginPrivileges "plugin.privileges" "Asks a registry what a plugin wants.";
    PluginPull "plugin.pull" "Installs a plugin: root on the host.";
    PluginCreate "plugin.create" "Makes a plugin from an archive.";
    PluginEnable "plugin.enable" "Starts a plugin.";
    PluginDisable "plugin.disable" "Stops a plugin.";
    PluginPush "plugin.push" "Sends a plugin to a registry.";
    PluginSet "plugin.set" "Changes a plugin's settings.";
    PluginUpgrade "plugin.upgrade" "Replaces a plugin.";
    PluginDelete "plugin.delete" "Removes a plugin.";
    SwarmInspect "swarm.inspect" "The swarm, with the tokens to join it.";
    SwarmUnlockKey "swarm.unlockkey" "The key that opens a locked manager.";
    SwarmInit "swarm.init" "Makes this host a swarm.";
    SwarmJoin "swarm.join" "Makes this host part of a swarm.";
    SwarmLeave "swarm.leave" "Takes this host out of its swarm.";
    SwarmUpdate "swarm.update" "Changes the swarm.";
    SwarmUnlock "swarm.unlock" "Opens a locked manager.";
    ServiceList "service.list" "Lists services.";
    ServiceInspect "service.inspect" "Everything of one service.";
    ServiceLogs "service.logs" "What a service wrote.";
    ServiceCreate "service.create" "Makes a service.";
    ServiceUpdate "service.update" "Changes a service.";
    ServiceDelete "service.delete" "Removes a service.";
    TaskList "task.list" "Lists tasks.";
    TaskInspect "task.inspect" "Everything of one task.";
    TaskLogs "task.logs" "What a task wrote.";
    NodeList "node.list" "Lists nodes.";
    NodeInspect "node.inspect" "Everything of one node.";
    NodeUpdate "node.update" "Changes a node.";
    NodeDelete "node.delete" "Removes a node.";
    SecretList "secret.list" "Lists secrets, without their contents.";
    SecretInspect "secret.inspect" "One secret, without its contents.";
    SecretCreate "secret.create" "Makes a secret.";
    SecretUpdate "secret.update" "Changes a secret's labels.";
    SecretDelete "secret.delete" "Removes a secret.";
    ConfigList "config.list" "Lists configs, contents and all.";
    ConfigInspect "config.inspect" "One config with its contents.";
    ConfigCreate "config.create" "Makes a config.";
    ConfigUpdate "config.update" "Changes a config's labels.";
    ConfigDelete "config.delete" "Removes a config.";
    DebugVars "debug.vars" "Counters of the daemon's process.";
    DebugIndex "debug.index" "Which profiles the daemon has.";
    DebugCmdline "debug.cmdline" "The daemon's command line.";
    DebugProfile "debug.profile" "Measures the daemon.";
    DebugSymbol "debug.symbol" "Names of the daemon's functions.";
    DebugTrace "debug.trace" "Traces the daemon.";
    DebugNamed "debug.named" "One profile of the daemon, its memory among them.";
}

impl Call {
    /// The call of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|call| call.name() == name)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! verbs {
    ($($variant:ident $name:literal $what:literal;)*) => {
        /// What a call does, by effect and not by method: the word in which roles grant.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Verb {
            $(#[doc = $what] $variant,)*
        }

        impl Verb {
            /// Every verb.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The verb as a policy has it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it allows, in one line.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => $what,)*
                }
            }
        }
    };
}

verbs! {
    Meta "meta" "Ping and version.";
    Observe "observe" "Lists, inspects, events, figures.";
    Logs "logs" "What containers, services and tasks wrote.";
    ReadFiles "read-files" "Files out of containers.";
    FilesIn "files-in" "Files into containers.";
    Lifecycle "lifecycle" "Start, stop, restart, kill, pause, wait.";
    Change "change" "Rename and update containers.";
    Attach "attach" "The streams of containers.";
    Exec "exec" "Commands in containers.";
    Create "create" "Make containers.";
    Delete "delete" "Remove containers.";
    Commit "commit" "Make images of containers.";
    Pull "pull" "Fetch images from registries.";
    Push "push" "Send images to registries.";
    Tag "tag" "Give images names.";
    ImageIn "image-in" "Load and import images.";
    ImageOut "image-out" "Take images away as archives.";
    ImageDelete "image-delete" "Remove images.";
    Build "build" "Build images.";
    Networks "networks" "Make, join, leave and remove networks.";
    Volumes "volumes" "Make and remove volumes.";
    Prune "prune" "Remove everything unused.";
    Outbound "outbound" "Ask registries by way of the daemon.";
    SwarmRead "swarm-read" "Services, tasks and nodes.";
    Services "services" "Make, change and remove services.";
    SwarmData "swarm-data" "Configs and secrets of a swarm.";
    SwarmAdmin "swarm-admin" "The swarm itself, its nodes, tokens and keys.";
    Plugins "plugins" "Everything of plugins.";
    Checkpoints "checkpoints" "State of containers on the host's disk.";
    Debug "debug" "The inside of the daemon's process.";
}

impl Verb {
    /// The verb of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|verb| verb.name() == name)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
