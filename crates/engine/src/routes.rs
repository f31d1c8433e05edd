//! The routes, as dockerd answers them.

use serde_json::{Value, json};

/// The newest API version spoken; what `docker` negotiates down from.
const API: (u32, u32) = (1, 51);
/// The oldest API version spoken.
const OLDEST_API: (u32, u32) = (1, 24);
/// What the engine calls itself.
const ENGINE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// An answer before it is written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) reason: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    fn text(body: &str) -> Self {
        Self {
            status: 200,
            reason: "OK",
            content_type: "text/plain; charset=utf-8",
            body: body.as_bytes().to_vec(),
        }
    }

    fn json(value: &Value) -> Self {
        Self::with(200, "OK", value)
    }

    fn with(status: u16, reason: &'static str, value: &Value) -> Self {
        let mut body = value.to_string().into_bytes();
        body.push(b'\n');
        Self {
            status,
            reason,
            content_type: "application/json",
            body,
        }
    }

    pub(crate) fn bad_request(message: &str) -> Self {
        Self::with(400, "Bad Request", &json!({ "message": message }))
    }
}

/// The headers that dockerd puts on every answer.
pub(crate) fn headers() -> String {
    format!(
        "Api-Version: {}\r\nCache-Control: no-cache, no-store, must-revalidate\r\n\
         Docker-Experimental: false\r\nOstype: linux\r\nPragma: no-cache\r\n\
         Server: Docker/{ENGINE_VERSION}-sealock (linux)\r\n",
        dotted(API)
    )
}

/// Answers a request; `target` is the request line's path with its query.
pub(crate) fn answer(method: &str, target: &str) -> Reply {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let path = match versioned(path) {
        None => path,
        Some((version, _)) if version > API => {
            return Reply::bad_request(&format!(
                "client version {} is too new. Maximum supported API version is {}",
                dotted(version),
                dotted(API)
            ));
        }
        Some((version, _)) if version < OLDEST_API => {
            return Reply::bad_request(&format!(
                "client version {} is too old. Minimum supported API version is {}, please upgrade \
                 your client to a newer version",
                dotted(version),
                dotted(OLDEST_API)
            ));
        }
        Some((_, rest)) => rest,
    };
    match (method, path) {
        ("GET" | "HEAD", "/_ping") => Reply::text("OK"),
        ("GET", "/version") => Reply::json(&version()),
        ("GET", "/info") => Reply::json(&info()),
        ("GET", "/containers/json") => Reply::json(&json!([])),
        _ => Reply::with(404, "Not Found", &json!({ "message": "page not found" })),
    }
}

/// Splits `/v1.43/rest` into its version and `/rest`.
fn versioned(path: &str) -> Option<((u32, u32), &str)> {
    let (version, _) = path.strip_prefix("/v")?.split_once('/')?;
    let rest = &path[2 + version.len()..];
    let (major, minor) = version.split_once('.')?;
    Some(((major.parse().ok()?, minor.parse().ok()?), rest))
}

/// The architecture by the name that Go, and so Docker, has for it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}

fn dotted((major, minor): (u32, u32)) -> String {
    format!("{major}.{minor}")
}

fn version() -> Value {
    json!({
        "Platform": { "Name": "sealock embedded engine" },
        "Components": [{
            "Name": "Engine",
            "Version": ENGINE_VERSION,
            "Details": {
                "ApiVersion": dotted(API),
                "Arch": architecture(),
                "BuildTime": "",
                "Experimental": "false",
                "GitCommit": "",
                "GoVersion": "none",
                "KernelVersion": "",
                "MinAPIVersion": dotted(OLDEST_API),
                "Os": "linux",
            },
        }],
        "Version": ENGINE_VERSION,
        "ApiVersion": dotted(API),
        "MinAPIVersion": dotted(OLDEST_API),
        "GitCommit": "",
        "GoVersion": "none",
        "Os": "linux",
        "Arch": architecture(),
        "KernelVersion": "",
    })
}

fn info() -> Value {
    json!({
        "ID": "sealock-embedded-engine",
        "Name": "embedded",
        "Containers": 0,
        "ContainersRunning": 0,
        "ContainersPaused": 0,
        "ContainersStopped": 0,
        "Images": 0,
        "Driver": "none",
        "ServerVersion": ENGINE_VERSION,
        "OperatingSystem": "sealock embedded engine",
        "OSType": "linux",
        "Architecture": architecture(),
        "NCPU": 0,
        "MemTotal": 0,
        "LiveRestoreEnabled": false,
        "Swarm": { "LocalNodeState": "inactive" },
        "Plugins": { "Volume": [], "Network": [], "Authorization": null, "Log": [] },
        "RegistryConfig": { "InsecureRegistryCIDRs": [], "IndexConfigs": {}, "Mirrors": [] },
        "SecurityOptions": [],
        "Warnings": [],
    })
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn routes_answer_as_dockerd_does() {
        for (method, target, status, start) in [
            ("GET", "/_ping", 200, "OK"),
            ("HEAD", "/_ping", 200, "OK"),
            ("GET", "/v1.41/version", 200, "{\"Platform\""),
            ("GET", "/info", 200, "{\"ID\""),
            ("GET", "/v1.51/containers/json?all=1", 200, "[]"),
            ("GET", "/nothing", 404, "{\"message\":\"page not found\"}"),
            (
                "POST",
                "/containers/create",
                404,
                "{\"message\":\"page not found\"}",
            ),
            (
                "GET",
                "/v1.99/info",
                400,
                "{\"message\":\"client version 1.99 is too new.",
            ),
            (
                "GET",
                "/v1.0/info",
                400,
                "{\"message\":\"client version 1.0 is too old.",
            ),
            ("GET", "/vX/info", 404, "{\"message\":\"page not found\"}"),
            ("GET", "", 404, "{\"message\":\"page not found\"}"),
            ("GET", "/v", 404, "{\"message\":\"page not found\"}"),
        ] {
            let reply = answer(method, target);
            assert_eq!(reply.status, status, "{method} {target}");
            let body = String::from_utf8(reply.body).unwrap();
            assert!(body.starts_with(start), "{method} {target}: {body}");
        }
    }
}
