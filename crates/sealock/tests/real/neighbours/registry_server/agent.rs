//! The agent in its sandbox renews a registry's certificate in time, and the registry serves it.

use super::{DOCKER, Packaged, Site, TOML};
use crate::systemd::says;

const SERVICE: &str = "sealock-agent.service";

impl Site {
    /// The life of the next certificate of the registry.
    fn life(&self, life: &str) {
        let _ = self
            .sh(&format!("sed -i 's/^life = .*/life = \"{life}\"/' {TOML}"))
            .ok();
    }

    /// A certificate that is due as soon as it is born: it is dated back by five minutes, and lives two more. The next one
    /// lives as long as always.
    fn make_due(&self, command: &str) {
        self.life("2m");
        let _ = self.sealock(command).expect_code(0);
        self.life("90d");
    }

    #[track_caller]
    fn agent_looks(&self) {
        let start = self.machine.systemctl(&["start", SERVICE]);
        assert_eq!(start.code, 0, "{}", self.machine.journal(SERVICE));
    }
}

#[test]
fn the_agent_renews_a_registry_in_its_sandbox() {
    let site = Site::boot(None);
    site.table("life = \"2m\"\n");
    let host = site.host();
    // Debian's file as it is: whoever gets in is asked for a password that nobody has.
    site.configure(&Packaged::debian());
    site.make_due("apply --yes");
    assert!(site.config().contains(Packaged::PASSWORDS));
    site.configure(&site.config().replace(Packaged::PASSWORDS, ""));
    let trust = format!("registry trust {host} --client alice");
    let _ = site.sealock(&trust).expect_code(0);
    site.is_let_in(DOCKER);
    let (first, config) = (site.served(), site.config());
    let (pid, daemon) = (site.pid(Packaged::UNIT), site.pid("docker.service"));

    // The installation is proved by a look behind its walls.
    let install = site.sealock("agent install --yes").expect_code(0);
    says(&install, &["sealock-agent.service has run in its sandbox"]);
    let unit = site.sh(&format!("systemctl cat {SERVICE}")).ok();
    assert!(unit.contains("ProtectSystem=strict"), "{unit}");
    let log = site.machine.journal(SERVICE);
    assert!(log.contains("renewed images"), "{log}");
    let second = site.served();
    assert_ne!(second, first, "{log}");
    assert_ne!(site.pid(Packaged::UNIT), pid, "{log}");
    assert_eq!(site.pid("docker.service"), daemon, "{log}");
    assert_eq!(site.config(), config);
    site.is_let_in(DOCKER);
    let _ = site.sealock("status").expect_code(0);

    // What is not due is left alone.
    let pid = site.pid(Packaged::UNIT);
    site.agent_looks();
    assert_eq!(
        (site.served(), site.pid(Packaged::UNIT)),
        (second.clone(), pid)
    );

    // A user of Docker without root comes, whose home is hidden behind the walls: that is told, nothing is half done, and
    // the next installation opens it.
    let _ = site.sh("useradd --create-home worker").ok();
    let own = format!("/home/worker/.config/docker/certs.d/{host}");
    let told = site
        .sealock(&format!("{trust} --rootless worker"))
        .expect_code(0);
    says(&told, &[&format!("{own} is closed to the agent's service")]);
    assert_ne!(site.machine.systemctl(&["start", SERVICE]).code, 0);
    let log = site.machine.journal(SERVICE);
    let closed = "/home is closed to this service; `sealock agent install` opens it";
    assert!(log.contains(closed), "{log}");
    assert!(log.contains("state: nothing was changed"), "{log}");
    assert_eq!(site.served(), second);
    let install = site.sealock("agent install --yes").expect_code(0);
    says(&install, &[&format!("+ReadWritePaths={own}")]);

    // The registry and a client of it, due in the same look.
    site.make_due("renew images --yes");
    let due = site.served();
    let before = site.sh(&format!("cat {own}/client.cert")).ok();
    let _ = site.sh("rm /var/lib/sealock/clients/alice/cert.pem").ok();
    site.agent_looks();
    let log = site.machine.journal(SERVICE);
    assert_ne!(site.served(), due, "{log}");
    assert_ne!(
        site.sh(&format!("cat {own}/client.cert")).ok(),
        before,
        "{log}"
    );
    let owners = site.sh(&format!("cd {own} && stat -c '%n %a %U' *")).ok();
    assert_eq!(
        owners,
        "ca.crt 644 worker\nclient.cert 644 worker\nclient.key 600 worker\n"
    );
    site.is_let_in(DOCKER);
    let _ = site.sealock("status").expect_code(0);

    // Whose files they are is looked at too.
    let _ = site.sh(&format!("chown root: {own}/client.cert")).ok();
    let status = site.sealock("status").expect_code(3);
    let told = format!("{own}/client.cert: owner 0:0, expected ");
    assert!(status.stdout.contains(&told), "{status}");
    let _ = site.sealock("apply --yes").expect_code(0);
    let _ = site.sealock("status").expect_code(0);
}
