//! A rootless dockerd under its user's own systemd: cloaked by that user, without root.
//!
//! Two things are different there. The port is published by RootlessKit, which has to be told by a drop-in of the user's
//! unit. And containers end with the daemon, whatever live-restore says: that has to be asked first.

use std::time::Duration;

use sealock_testkit::process::{Outcome, wait_for};
use sealock_testkit::{Machine, Rootless, Suite};

use crate::check::ground::Found;
use crate::common::program;
use crate::systemd::{Outside, same, says};

const UNIT: &str = "~/.config/systemd/user/docker.service.d";

struct User {
    docker: Rootless,
    outside: Outside,
}

impl User {
    fn boot(suite: Suite) -> Self {
        let machine = Machine::builder(suite)
            .name("rootless")
            .program(program())
            .boot();
        let docker = Rootless::set_up(machine);
        let outside = Outside::new(
            docker.machine().network().clone(),
            docker.machine().address(),
        );
        Self { docker, outside }
    }

    fn sealock(&self, words: &str) -> Outcome {
        self.docker.sh(&format!("sealock --color never {words}"))
    }

    /// Everything that the user has, but for Docker's own data, the vault, and what Docker's key is written into.
    fn home(&self) -> String {
        self.docker
            .sh(
                "cd && find . -path ./.local/share -prune -o -printf '%p %y %m %u:%g %l\\n' | sort && \
                 find . -path ./.local/share -prune -o -type f -print0 | sort -z | xargs -0 sha256sum && \
                 find . -path ./.local/share -prune -o -type f -printf '%p %T@\\n' | sort",
            )
            .ok()
    }

    #[track_caller]
    fn is_cloaked(&self, container: &str) {
        let _ = self.sealock("client bundle alice -o /tmp/alice.tar").ok();
        self.outside
            .take(&self.docker.machine().read("/tmp/alice.tar"));
        let _ = self.docker.sh("rm /tmp/alice.tar").ok();
        self.outside.only_alice_gets_in(container);
    }

    /// By the user that owns all of it.
    #[track_caller]
    fn nothing_is_found(&self) {
        let address = self.docker.machine().address();
        for endpoint in [String::new(), format!("tcp://{address}:2376")] {
            let outcome = self.sealock(&format!("--json check {endpoint}"));
            Found::of(outcome).expect_nothing();
        }
    }

    #[track_caller]
    fn second_apply_changes_nothing(&self) {
        let before = self.home();
        let apply = self.sealock("apply --yes").expect_code(0);
        says(&apply, &["0 changes"]);
        same(&before, &self.home(), &apply);
        let status = self.sealock("status").expect_code(0);
        assert!(status.stdout.contains("healthy"), "{status}");
    }
}

fn there_and_back(suite: Suite) {
    let user = User::boot(suite);
    let docker = &user.docker;
    let container = docker.run_container("keeper");

    // Neither files nor the daemon are touched before somebody has agreed that containers stop.
    let (before, pid) = (
        user.home(),
        docker.sh("systemctl --user show -P MainPID docker").ok(),
    );
    let asked = user.sealock("up --yes --client alice").expect_code(1);
    says(
        &asked,
        &[
            "containers of a rootless daemon end with it",
            "the restart stops keeper",
            "--accept containers-stop",
            "nothing was changed",
        ],
    );
    same(&before, &user.home(), &asked);
    assert_eq!(
        docker.sh("systemctl --user show -P MainPID docker").ok(),
        pid
    );
    assert_eq!(docker.container_pid(&container.id), Some(container.pid));

    let up = user
        .sealock("up --yes --client alice --accept containers-stop")
        .expect_code(0);
    assert_eq!(
        docker.container_pid(&container.id),
        None,
        "then nobody has to be asked: {up}"
    );
    // A daemon that has just come back may still be clearing away what is left of the container.
    wait_for("keeper to start", Duration::from_secs(30), || {
        docker.docker(&["start", "keeper"]).code == 0
    });
    user.is_cloaked(&container.id);
    let drop_in = docker.sh(&format!("cat {UNIT}/zz-sealock.conf")).ok();
    assert!(
        drop_in.contains(
            "Environment=\"DOCKERD_ROOTLESS_ROOTLESSKIT_FLAGS=-p 0.0.0.0:2376:2376/tcp\""
        ),
        "{drop_in}"
    );
    user.second_apply_changes_nothing();
    user.nothing_is_found();

    let asked = user.sealock("down --yes").expect_code(1);
    says(
        &asked,
        &["the restart stops keeper", "--accept containers-stop"],
    );
    let down = user
        .sealock("down --yes --accept containers-stop")
        .expect_code(0);
    same(&before, &user.home(), &down);
    assert_eq!(docker.docker(&["version"]).code, 0);
    assert!(user.outside.plain(2376).code != 0);

    let _ = docker.docker(&["rm", "-f", "keeper"]);
    with_files_of_the_users_own(&user);
    what_cannot_start_is_rolled_back(&user);
}

/// Other forwarded ports and foreign keys stay.
fn with_files_of_the_users_own(user: &User) {
    let _ = user
        .docker
        .sh(&format!(
            "mkdir -p {UNIT} ~/.config/docker && printf '[Service]\\nEnvironment=\"DOCKERD_ROOTLESS_ROOTLESSKIT_FLAGS=-p 127.0.0.1:18080:80/tcp\"\\n' > {UNIT}/ports.conf && \
             printf '{{\\n\\t\"labels\": [\"own=yes\"],\\n  \"debug\":true\\n}}\\n' > ~/.config/docker/daemon.json && \
             chmod 640 ~/.config/docker/daemon.json && systemctl --user daemon-reload && systemctl --user restart docker"
        ))
        .ok();
    let before = user.home();
    let _ = user.sealock("up --yes --client alice").expect_code(0);
    user.is_cloaked("");
    let drop_in = user.docker.sh(&format!("cat {UNIT}/zz-sealock.conf")).ok();
    assert!(
        drop_in.contains("FLAGS=-p 127.0.0.1:18080:80/tcp -p 0.0.0.0:2376:2376/tcp\""),
        "{drop_in}"
    );
    let config = user.docker.sh("cat ~/.config/docker/daemon.json").ok();
    assert!(
        config.contains("\t\"labels\": [\"own=yes\"]") && config.contains("  \"debug\":true"),
        "{config}"
    );
    let labels = user.docker.docker(&["info", "-f", "{{json .Labels}}"]).ok();
    assert!(labels.contains("own=yes"), "{labels}");
    user.second_apply_changes_nothing();
    let down = user.sealock("down --yes").expect_code(0);
    same(&before, &user.home(), &down);
}

/// RootlessKit cannot publish an address that the host does not have.
fn what_cannot_start_is_rolled_back(user: &User) {
    let before = user.home();
    let up = user
        .sealock("up --yes --client alice --listen 10.77.0.254:2376")
        .expect_code(4);
    says(&up, &["SL-H107", "rolled back and verified"]);
    same(&before, &user.home(), &up);
    assert_eq!(
        user.docker.docker(&["version"]).code,
        0,
        "{}",
        user.docker.journal()
    );
}

#[test]
fn docker_20() {
    there_and_back(Suite::Bookworm);
}

#[test]
fn docker_26() {
    there_and_back(Suite::Trixie);
}
