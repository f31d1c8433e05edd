//! What the codes of policies and judgements mean.

use sealock_diag::{Code, Entry};

const fn entry(
    code: &'static str,
    title: &'static str,
    meaning: &'static str,
    remedy: &'static str,
) -> Entry {
    Entry {
        code: Code(code),
        title,
        meaning,
        remedy,
    }
}

/// Every code of policy files and of judgements.
pub const CATALOGUE: &[Entry] = &[
    entry(
        "SL-A030",
        "the policy is not valid TOML",
        "The file breaks the grammar of TOML at the place that is named. A gateway that runs keeps its last good policy.",
        "Mend the line, then\n  sealock policy check FILE",
    ),
    entry(
        "SL-A031",
        "the policy has an unknown key",
        "A key that nobody reads is a typing error that would weaken the policy in silence, so it is refused. Constraints may \
         stand in a role and in a grant; what a grant says replaces what its role says.",
        "Write the key that is meant; docs/policy.md lists them all.",
    ),
    entry(
        "SL-A032",
        "the policy has an unusable value",
        "The value is of another kind than the key takes, or it cannot be read in exactly one way: a path that climbs, a port \
         range that ends before it begins, a size without a known unit.",
        "The cause says what is expected.",
    ),
    entry(
        "SL-A033",
        "the policy names a caller in a way that is not known",
        "Callers are named by what stands in their verified certificate, or by the user and group behind a unix socket: uri:, \
         dns:, email:, cn:, ou:, spki:, serial:, uid:, gid:, and group: for a group of the policy itself. Names are exact; \
         only the path of a URI may have a star.",
        "to = \"cn:alice\"",
    ),
    entry(
        "SL-A034",
        "the policy names something that does not exist",
        "A role, a group, a verb or a call is named that neither the policy defines nor sealock ships.",
        "sealock policy show            lists roles, verbs and calls",
    ),
    entry(
        "SL-A035",
        "a role cannot be defined so",
        "A role takes the name of a shipped one, or is built on itself. Shipped roles mean the same in every policy, so they are \
         built upon, not replaced.",
        "[roles.my-observer]\nfrom = \"observer\"",
    ),
    entry(
        "SL-A036",
        "the policy leaves out something that must be there",
        "A policy says its version, and a grant says whom it is for and which role it gives. Nothing of that is guessed.",
        "The help of the message shows the line to write.",
    ),
    entry(
        "SL-A037",
        "the policy is too large",
        "A policy is read anew at every change, while requests wait for nothing. Files beyond 1 MiB or with more than 10,000 \
         entries in one list are refused.",
        "Give roles to groups or to an organizational unit (ou:) instead of to each caller.",
    ),
    entry(
        "SL-A060",
        "nothing is granted to this caller",
        "The certificate is good, and no grant of the policy means any of its names. Nothing is allowed by default.",
        "[[grants]]\nto = \"cn:alice\"\nrole = \"observer\"",
    ),
    entry(
        "SL-A061",
        "this is denied to the caller by name",
        "An entry of [[denies]], or a grant of the role none, takes the call away. A denial beats every grant.",
        "Take the caller out of the denial that the message names.",
    ),
    entry(
        "SL-A062",
        "none of the caller's roles has this verb",
        "Roles are sets of verbs, and every call of the Engine API belongs to one by what it does, not by its HTTP method. The \
         message names verb and call.",
        "sealock policy show            shows which role has which call\nThen give a role that has it, or build one on it with `verbs = [\"…\"]`.",
    ),
    entry(
        "SL-A063",
        "the object is outside the caller's scope",
        "The grant is about the objects that the caller made, or about those with a label. This object is none of them, so for \
         the caller it does not exist: the answer is the daemon's own 404. The audit tells the difference.",
        "Give the object the label when it is created, or widen the scope of the grant.",
    ),
    entry(
        "SL-A064",
        "this call cannot be held to a scope",
        "The call is about the daemon, the build cache or the swarm as a whole. A grant with a scope never allows it.",
        "Give it with a grant of its own whose scope is \"all\", if the caller shall have it.",
    ),
    entry(
        "SL-A065",
        "this place of the host may not be mounted",
        "A bind is root on the host if the place is well chosen, whichever door it comes through: Binds, Mounts, a volume with \
         options, VolumesFrom. The place is not under `binds`, is there for reading only, or is reached by a symbolic link.",
        "binds = [\"/srv/app\", \"/srv/static:ro\"]",
    ),
    entry(
        "SL-A066",
        "this image may not be used",
        "The image is neither the caller's own nor named by `images`. An image named by its ID goes by the names it has. A \
         registry is asked, or logged in at, only if `images` or `tags` name something in it.",
        "images = [\"registry.example.com/blue/*\"]",
    ),
    entry(
        "SL-A067",
        "an image may not be given or pushed under this name",
        "Whoever can name images can replace the ones that others trust. Names that may be given by tag, build, commit, import \
         and push, and taken back by removing, are listed under `tags`.",
        "tags = [\"registry.example.com/ci/*\"]",
    ),
    entry(
        "SL-A068",
        "this capability may not be added",
        "A capability, or `privileged`, which is all of them and every device.",
        "capabilities = [\"NET_BIND_SERVICE\"]",
    ),
    entry(
        "SL-A069",
        "this namespace may not be shared",
        "A container that shares a namespace of the host is not kept apart from it in that respect; one that shares a \
         container's is not kept apart from that container.",
        "namespaces = [\"network:host\"]",
    ),
    entry(
        "SL-A070",
        "this device may not be used",
        "Devices of the host are given to containers one by one.",
        "devices = [\"/dev/fuse\", \"gpu\"]",
    ),
    entry(
        "SL-A071",
        "this network may not be joined or made",
        "The network is neither the caller's own nor named by `networks`; who names none is in `default`. Or it would have a \
         driver or subnet that the policy does not name. A subnet that somebody chooses freely can take traffic of the host.",
        "networks = [\"default\", \"bridge\", \"frontend\"]\nsubnets = [\"172.28.0.0/16\"]",
    ),
    entry(
        "SL-A072",
        "this volume may not be used",
        "The volume is somebody else's and not named by `volumes`, or it has a driver that the policy does not name.",
        "volumes = [\"shared-data\"]",
    ),
    entry(
        "SL-A073",
        "this port of the host may not be published",
        "Ports below 1024 and ports on every address are seen from outside. `ports` lists numbers, ranges, and `ephemeral` for \
         those that the daemon chooses, each with an address in front if it shall be on that one only.",
        "ports = [\"127.0.0.1:8000-8999\", \"ephemeral\"]",
    ),
    entry(
        "SL-A074",
        "this is more than the limits allow",
        "The policy bounds memory, processors, processes or ulimits of one container. What a request leaves out is set to the \
         bound; what it asks for beyond is refused, at an update too.",
        "Ask for less, or raise `memory`, `cpus`, `pids` or `ulimits`.",
    ),
    entry(
        "SL-A075",
        "this field may not be set",
        "Some fields of a container, service, network or image let it reach beyond itself: runtimes, security options, kernel \
         parameters, log drivers, cgroup parents, annotations, emptied masks. Some have a list in the policy; the rest are for \
         unconfined roles only.",
        "Leave the field out, or list its value: security-options, sysctls, runtimes, log-drivers, restarts.",
    ),
    entry(
        "SL-A076",
        "this user, program or variable may not be used",
        "The user of a container or command, its program, a supplementary group or an environment variable is not among those \
         the policy names. A command without a user runs as the container's own; 0 and no user at all are root.",
        "exec-users = [\"app\"]",
    ),
    entry(
        "SL-A077",
        "this container is as strong as the host",
        "Entering it, or mounting what it has mounted, would give what the caller may not ask for itself: it is privileged, \
         shares the host's processes, or has the daemon's socket, a device or a system folder mounted.",
        "strong-containers = true            if the caller is trusted like root",
    ),
    entry(
        "SL-A078",
        "the command was prepared by somebody else",
        "A command in a container is prepared by one request and started by another. Only who prepared it through this gateway \
         may start it: the daemon does not tell with which environment it was made.",
        "Prepare it again.",
    ),
    entry(
        "SL-A079",
        "this label may not be set",
        "Labels that begin with `sealock.`, and those by which grants of this policy are held to a scope, say who an object \
         belongs to. The gateway sets them itself.",
        "Leave the label out.",
    ),
    entry(
        "SL-A080",
        "this way of building is not allowed",
        "BuildKit's own interface (POST /grpc, which `docker buildx build` uses) carries a build that nobody in between can \
         judge: its network, its outputs and the names it gives. A remote context is fetched by the daemon from wherever the \
         caller says.",
        "DOCKER_BUILDKIT=0 docker build …            is judged\nraw-builds = true                           if names and labels of builds need not be held",
    ),
    entry(
        "SL-A081",
        "a value can be read in more than one way",
        "The value is of another kind than the daemon's, or it could mean another object than it seems to: a name that looks \
         like an ID, a path that climbs. What cannot be judged is not passed on.",
        "The message names the value.",
    ),
    entry(
        "SL-A082",
        "the request names too many objects",
        "Every container, network, volume and image that a request names is looked at before it is judged, 64 at most.",
        "Ask for fewer at once.",
    ),
    entry(
        "SL-A083",
        "the daemon did not say what an object is",
        "The judgement depends on an object, and the daemon's answer about it was an error or could not be read; or a place of \
         the host cannot be looked at. What is not known is not allowed.",
        "docker inspect NAME            on the host shows whether the daemon answers\njournalctl -u docker -n 40",
    ),
];

#[cfg(test)]
mod tests {
    use super::CATALOGUE;
    use crate::Reason;

    #[test]
    fn every_reason_is_explained_once() {
        for reason in Reason::ALL {
            let found = CATALOGUE.iter().filter(|entry| entry.code == reason.code());
            assert_eq!(found.count(), 1, "{reason:?}");
        }
    }
}
