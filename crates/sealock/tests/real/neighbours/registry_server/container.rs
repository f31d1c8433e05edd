//! A registry in a container: the compose file is ours, and stands beside that of our page.

use std::time::Duration;

use sealock_testkit::process::wait_for;
use sealock_testkit::{Version, lab};

use super::super::registry::block_of;
use super::{DOCKER, Site, TOML};
use crate::systemd::says;

const PAGE: &str = include_str!("../../../../../../docs/services/registry.md");
const FOLDER: &str = "/srv/registry";
const COMPOSE: &str = "docker compose -f /srv/registry/compose.yml -f /srv/registry/sealock.yml up -d --force-recreate registry";

/// Debian's program as an image, with the libraries that it needs and Debian's configuration.
const IMAGE: &str = "tar -hcP $(ldd /usr/bin/docker-registry | grep -o '/[^ ]*') /usr/bin/docker-registry \
    /etc/docker/registry/config.yml | docker import -c 'VOLUME /var/lib/docker-registry' \
    -c 'CMD [\"/usr/bin/docker-registry\",\"serve\",\"/etc/docker/registry/config.yml\"]' - registry:2";

#[test]
fn in_a_container_the_compose_file_is_ours() {
    let site = Site::boot_with(Some(Version::V28), |builder| {
        let compose = lab().docker_plugins().join("docker-compose");
        let inside = "/usr/libexec/docker/cli-plugins/docker-compose";
        builder.bind_read_only(&compose, inside.as_ref())
    });
    let host = site.host();
    let _ = site.sh("systemctl stop docker-registry").ok();
    let _ = site.sh(IMAGE).ok();
    // As the page has it, with the age that Debian has.
    let own = block_of(PAGE, "<!-- compose.yml -->").replace("registry:3", "registry:2");
    site.machine
        .write(&format!("{FOLDER}/compose.yml"), 0o644, own);
    let table = block_toml(&site);
    let text = String::from_utf8(site.machine.read(TOML)).unwrap();
    site.machine.write(TOML, 0o644, text + &table);
    assert!(table.contains(COMPOSE), "{table}");

    let applied = site.sealock("apply --yes").expect_code(0);
    let proved = format!("https at {host}: TLS 1.3, our clients get in, nobody else does");
    says(&applied, &[&proved]);
    let ours = String::from_utf8(site.machine.read(&format!("{FOLDER}/sealock.yml"))).unwrap();
    let (_, ours) = ours.split_once('\n').unwrap();
    assert_eq!(ours, block_of(PAGE, "<!-- sealock.yml -->"));
    let trust = format!("registry trust {host} --client alice");
    let _ = site.sealock(&trust).expect_code(0);
    site.machine.import_busybox();
    site.push_and_pull(DOCKER, "first");

    // A renewal reaches the container: its folder is mounted, and it is made anew.
    let id = || {
        site.sh("docker ps -q --no-trunc --filter publish=5000")
            .ok()
    };
    let (container, served) = (id(), site.served());
    assert_eq!(container.lines().count(), 1, "{container}");
    let _ = site.sealock("renew images --yes").expect_code(0);
    assert_ne!(site.served(), served);
    assert_ne!(id(), container);
    site.is_let_in(DOCKER);

    // Our file in the form that fails open is told, and mended before it does any harm.
    let open = "sed -i \"s/CLIENTCAS: .*/CLIENTCAS_0: '\\/etc\\/docker\\/registry\\/tls\\/ca.pem'/\" /srv/registry/sealock.yml";
    let _ = site.sh(open).ok();
    let _ = site.sh(COMPOSE).ok();
    // Its port is taken before it listens there.
    wait_for("a registry that is open", Duration::from_secs(60), || {
        site.stranger("https").stdout == "{}"
    });
    let status = site.sealock("status").expect_code(3);
    for told in [
        "sealock.yml, configuration of images: not as",
        "a client without a certificate gets in",
    ] {
        assert!(status.stdout.contains(told), "{status}");
    }
    let _ = site.sealock("apply --yes").expect_code(0);
    assert_eq!(site.stranger("https").stdout, "");
    site.is_let_in(DOCKER);
}

/// The table of the page's section about containers, for this machine.
fn block_toml(site: &Site) -> String {
    let (_, section) = PAGE.split_once("## In a container").unwrap();
    let (_, rest) = section.split_once("```toml\n").unwrap();
    let (table, _) = rest.split_once("```").unwrap();
    format!(
        "\n{}",
        table.replace("registry.example.org", site.machine.address())
    )
}
