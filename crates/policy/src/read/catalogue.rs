//! What the codes of this folder mean.

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

/// Every code of requests that are refused before anybody asks who sent them.
pub const CATALOGUE: &[Entry] = &[
    entry(
        "SL-A001",
        "the request target cannot be read",
        "The target of the request has characters that no client sends, a bad percent-escape, a \
         `;`, a `#`, or a form that is no path. Two programs can read such a target in two ways, \
         and then one of them lets through what the other forbids.",
        "Send the path as the Engine API documents it, with everything unusual percent-encoded \
         once.",
    ),
    entry(
        "SL-A002",
        "the path is not clean",
        "The path has an empty or a dot segment, is encoded twice, or hides a slash in a name. \
         The daemon would redirect it or take it for another path.",
        "Send the path as the Engine API documents it; a container is best named by its ID.",
    ),
    entry(
        "SL-A003",
        "no such route",
        "The method and path are none of the Engine API. What is not known is not let through.",
        "Compare the path and method with the Engine API's reference. A newer daemon can have \
         routes that this gateway does not know yet.",
    ),
    entry(
        "SL-A004",
        "another spelling of an API version",
        "The version in the path is not written as clients write it, such as `v01.041` or \
         `v1.41.0`. The daemon takes these; whoever filters by path may not.",
        "Write the version as `v1.41`.",
    ),
    entry(
        "SL-A005",
        "the API version is below the floor",
        "The request asks for a version of the API that the policy does not let in. Below 1.24 a \
         start carries a whole host configuration.",
        "Use a newer client, or lower `floor` in the policy.",
    ),
    entry(
        "SL-A006",
        "the API version is above the ceiling",
        "The request asks for a version of the API that the policy does not let in: its bodies \
         can have keys that nobody has judged.",
        "Set `DOCKER_API_VERSION` to the ceiling, or raise `ceiling` in the policy.",
    ),
    entry(
        "SL-A007",
        "a query key is there twice",
        "A key that has one value came twice. The daemon takes the first, other programs the \
         last.",
        "Send the key once.",
    ),
    entry(
        "SL-A008",
        "the filters cannot be read",
        "`filters` is no JSON of the daemon's two forms, has a key twice, or a value that is not \
         `true`.",
        "Send `{\"label\":[\"a=b\"]}` or `{\"label\":{\"a=b\":true}}`.",
    ),
    entry(
        "SL-A009",
        "the body is of the wrong kind",
        "The body is a form, which would override the query, or it is not `application/json` \
         where the daemon reads JSON.",
        "Send `Content-Type: application/json`, and archives as `application/x-tar`.",
    ),
    entry(
        "SL-A010",
        "the body is no JSON",
        "The body is malformed, has something behind its end, is nested too deeply, or has a text \
         that is no UTF-8.",
        "Send one JSON document in UTF-8.",
    ),
    entry(
        "SL-A011",
        "the body has a key twice",
        "A key is there twice, perhaps in another case or with a letter that the daemon takes for \
         `s` or `k`. The daemon lets the last win and merges objects.",
        "Send every key once.",
    ),
    entry(
        "SL-A012",
        "the body has a key that is not known",
        "The key is none of the API up to the highest version that is known, or it stands in the \
         wrong place: settings of the host belong into `HostConfig`. What is not known cannot be \
         judged.",
        "Take the key out, or put it where the API documents it.",
    ),
    entry(
        "SL-A013",
        "a value in the body is of the wrong kind",
        "The daemon takes another kind of value under this key.",
        "Compare the body with the Engine API's reference.",
    ),
    entry(
        "SL-A014",
        "a start with a body",
        "A start takes no body. Before API 1.24 it took a host configuration, which could make a \
         harmless container a privileged one.",
        "Put the configuration into the create.",
    ),
    entry(
        "SL-A015",
        "the body is too large",
        "A body that must be judged is read as a whole, and so has a bound: 1 MiB, and 2 MiB for \
         configs and secrets.",
        "Make the body smaller.",
    ),
    entry(
        "SL-A016",
        "outside of the prefix",
        "The listener takes only paths below its prefix.",
        "Put the prefix into `DOCKER_HOST`, as in `tcp://host:2376/base`.",
    ),
];
