//! A name that means another container between the question whose it is and its use.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::case::Role;
use super::raw::{self, Until, exchange};
use super::world::World;
use sealock_testkit::dockerd::IMAGE;

/// Somebody passes the name `turns` to and fro between the caller's container and another's, while the caller goes on
/// changing whatever has it: the daemon changes both, the gateway only the caller's.
pub(super) fn run(world: &World) {
    let direct = changed(world, &world.daemon.socket());
    assert_eq!(
        direct,
        [true, true],
        "the daemon itself changes whatever has the name"
    );
    let guarded = changed(world, world.door(Role::Deployer));
    assert_eq!(
        guarded,
        [true, false],
        "the gateway changes what was judged"
    );
}

/// Whether the caller's container was changed, and whether the other was.
fn changed(world: &World, socket: &Path) -> [bool; 2] {
    let labels = [json!({"sealock.owner": "uid:0"}), json!({})];
    let ids = labels.map(|labels| {
        let name = if labels == json!({}) {
            "turns-other"
        } else {
            "turns-own"
        };
        world.create(name, &json!({"Image": IMAGE, "Labels": labels}))
    });
    let rename = |id: &str, name: &str| {
        world.direct(&raw::plain(&format!(
            "POST /containers/{id}/rename?name={name}"
        )));
    };
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for (id, name) in [(&ids[0], "turns-own"), (&ids[1], "turns-other")] {
                    rename(id, "turns");
                    std::thread::sleep(Duration::from_millis(2));
                    rename(id, name);
                }
            }
        });
        let update = raw::json("POST /containers/turns/update", r#"{"CpuShares":777}"#);
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end {
            exchange(socket, &update, Until::Answers(1));
        }
        over.store(true, Ordering::Relaxed);
    });
    let changed = [&ids[0], &ids[1]].map(|id| world.inspect(id)["HostConfig"]["CpuShares"] == 777);
    for id in &ids {
        world.direct(&raw::plain(&format!("DELETE /containers/{id}?force=1")));
    }
    changed
}
