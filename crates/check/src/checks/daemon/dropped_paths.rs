//! F205: paths that stand as flags are dropped.

use super::at_start;
use crate::mode::{self, Mode};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F205",
    title: "TLS is switched on in daemon.json, and its certificate is not named there",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "moby daemon/command/daemon.go (loadDaemonCliConfig: TLS options of flags count only with a TLS flag)",
    meaning: "Flags that name TLS files count only when a flag switches TLS on. Here daemon.json does, so dockerd drops the \
              paths and looks for a certificate with no name at all. It ends with an error that shows empty quotes, which \
              points to nothing.",
    remedy: "Keep all TLS settings in one place. In daemon.json:\n  \"tlsverify\": true, \"tlscacert\": \"…\", \"tlscert\": \"…\", \"tlskey\": \"…\"\nand take the --tls… flags off the command line.",
    explains: super::STOPPED,
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    let (Some(tls), Some(json)) = (mode::tls(host), mode::members(host)) else {
        return Vec::new();
    };
    let Mode::WouldNotStart(words) = &tls.mode else {
        return Vec::new();
    };
    let dropped: Vec<String> = ["tlscert", "tlskey"]
        .into_iter()
        .filter(|name| !json.contains_key(*name))
        .filter_map(|name| host.flag(name))
        .map(|flag| format!("--{}", escape(&flag.name)))
        .collect();
    if tls.by_flags {
        return Vec::new();
    }
    let cause = if dropped.is_empty() {
        format!("TLS is switched on, and no certificate is named: {words}")
    } else {
        format!(
            "TLS is switched on here only, so {} is dropped: {words}",
            dropped.join(" and ")
        )
    };
    let place = escape(&host.config.path.to_string_lossy());
    vec![at_start(host, Spot::new(place, cause))]
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;

    #[test]
    fn flags_without_a_tls_flag() {
        assert_eq!(World::new().look(&CHECK), vec![]);
        let mut world = World::new();
        let host = world.host_mut();
        host.flags.retain(|flag| flag.name != "tlsverify");
        host.config.keys.insert("tlsverify".into(), true.into());
        let spots = world.look(&CHECK);
        assert!(spots[0].cause.contains("--tlscert and --tlskey is dropped"));
        world.host_mut().flags.retain(|flag| flag.name == "host");
        assert!(
            world.look(&CHECK)[0]
                .cause
                .contains("no certificate is named")
        );
    }
}
