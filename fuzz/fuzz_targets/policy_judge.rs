//! Bodies of a create before a narrow policy: what is allowed holds nothing that reaches beyond the container, and is
//! allowed again as it was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_policy::{Asked, Assumed, Json, Name, Policy};
use std::sync::OnceLock;

const LINE: &str = "POST /v1.41/containers/create";

fuzz_target!(|body: &str| {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    let policy = POLICY.get_or_init(|| {
        Policy::parse(
            "version = 1\n[[grants]]\nto = \"cn:alice\"\nrole = \"deployer\"\nimages = [\"*\"]\nbinds = [\"/srv/a:ro\"]\nmemory = \"1MiB\"\n",
        )
        .unwrap()
    });
    let asked = |body: &str| Asked {
        caller: vec![Name::Cn("alice".to_owned())],
        line: LINE.to_owned(),
        body: body.to_owned(),
    };
    for assumed in Assumed::ALL {
        let Ok(tried) = policy.attempt(&asked(body), *assumed) else {
            return;
        };
        let (Some(sent), "allow") = (tried.body.clone(), tried.word()) else {
            continue;
        };
        let json = Json::parse(sent.as_bytes()).unwrap();
        let host = json.get("HostConfig").cloned().unwrap_or(Json::Null);
        for key in ["Privileged", "CapAdd", "Devices", "DeviceCgroupRules", "CgroupParent", "SecurityOpt", "Runtime", "Sysctls", "Annotations"] {
            let value = host.get(key);
            let harmless = value.is_none_or(Json::is_empty)
                || (key == "SecurityOpt" && sent.contains("no-new-privileges"));
            assert!(harmless, "{key} in {sent}");
        }
        for key in ["PidMode", "IpcMode", "UTSMode", "UsernsMode", "CgroupnsMode", "NetworkMode"] {
            assert_ne!(host.get(key).and_then(Json::as_str), Some("host"), "{key} in {sent}");
        }
        for bind in host.get("Binds").and_then(Json::as_array).unwrap_or_default() {
            let text = bind.as_str().unwrap();
            assert!(!text.starts_with('/') || !text.contains(":/") || text.starts_with("/srv/a") || text.starts_with("//") || text.starts_with("/."), "{sent}");
        }
        let memory = host.get("Memory").and_then(Json::as_i64).unwrap();
        assert!((1..=1 << 20).contains(&memory), "{sent}");
        assert!(sent.contains("\"sealock.owner\":\"cn:alice\""), "{sent}");
        let again = policy.attempt(&asked(&sent), *assumed).unwrap();
        assert_eq!(again.word(), "allow", "{sent} {:?}", again.decision.refusal);
        assert_eq!(again.body.as_deref(), Some(sent.as_str()));
    }
});
