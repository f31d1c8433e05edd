//! The lab: everything real that the tests run against, installed once.
//!
//! Each component has a stamp with the words that describe what is wanted. A stamp that says the
//! same is a component that is there; anything else is built anew. So the second run costs
//! milliseconds, and a changed wish rebuilds exactly what it touches.
//!
//! ```text
//! $SEALOCK_LAB (default /var/cache/sealock-lab)
//!   prefix/bookworm  docker 20.10 with containerd, runc, busybox    prefix/trixie  docker 26.1
//!   prefix/sid       docker 28.5, zlint                             rootfs/{bookworm,trixie}
//!   image/busybox.tar   venv/   npm/node_modules/   cargo-deny/   stamps/   run/ (test leftovers)
//! ```

mod clients;
mod gateway;
mod neighbours;
mod sqlpad;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{at, on_path, quiet, show, timed};
use crate::{Done, apt, sweep};

/// The form of the lab; the testkit refuses another one.
const FORM: &str = "1";

/// Packages the tests call on this machine. None of them starts a service.
const PACKAGES: &[&str] = &[
    "age",
    "ca-certificates",
    "curl",
    "debian-archive-keyring",
    "e2fsprogs",
    "easy-rsa",
    "faketime",
    "fish",
    "gnutls-bin",
    "golang-cfssl",
    "iproute2",
    "iptables",
    "libdevmapper1.02.1",
    "libseccomp2",
    "mkcert",
    "mmdebstrap",
    "mount",
    "openssl",
    "procps",
    "python3",
    "python3-venv",
    "strace",
    "systemd-container",
    "util-linux",
];

/// What a machine under test has installed, beside a minimal Debian.
const MACHINE_PACKAGES: &str = "systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,\
    docker.io,iptables,procps,iproute2,curl,ca-certificates,openssl,strace,util-linux,\
    uidmap,rootlesskit,slirp4netns,fuse-overlayfs";

/// Python packages, in the versions whose findings are known.
const PYTHON: &[&str] = &["docker==7.2.0", "cryptography", "pkilint==0.13.3"];

const DOCKERODE: &str = "dockerode@5.0.1";

/// Installs whatever is missing and gives the lab's folder.
pub(crate) fn install() -> Done<PathBuf> {
    let lab = folder();
    if !is_root() {
        return Err(
            "the tests start real daemons and machines: run `cargo xtask test` as root".to_owned(),
        );
    }
    at(&lab, fs::create_dir_all(lab.join("stamps")))?;
    let lock = at(&lab, fs::File::create(lab.join("lock")))?;
    // Two runs at once would build the same component twice, into each other.
    at(&lab, lock.lock())?;
    sweep::sweep(&lab)?;

    let mut packages = PACKAGES.to_vec();
    if !(on_path("node") && on_path("npm")) {
        packages.extend(["nodejs", "npm"]);
    }
    // No stamp: packages can be removed behind its back, and asking dpkg is cheap.
    apt::install(&packages)?;

    // Two cores: the two root filesystems take longest, so each gets a lane of its own.
    let lanes: [fn(&Path) -> Done; 3] = [
        |lab| machine(lab, "bookworm", "docker.io"),
        |lab| machine(lab, "trixie", "docker.io,docker-cli"),
        |lab| {
            docker(
                lab,
                "bookworm",
                &["docker.io", "containerd", "runc", "busybox-static"],
            )?;
            image(lab)?;
            docker(lab, "trixie", &["docker.io", "docker-cli", "containerd"])?;
            docker(
                lab,
                "sid",
                &["docker.io", "docker-cli", "containerd", "zlint"],
            )?;
            python(lab)?;
            node(lab)?;
            gateway::install(lab)?;
            neighbours::install(lab)?;
            sqlpad::install(lab)?;
            clients::install(lab)
        },
    ];
    let outcomes: Vec<Done> = std::thread::scope(|scope| {
        let started: Vec<_> = lanes
            .iter()
            .map(|lane| scope.spawn(|| lane(&lab)))
            .collect();
        started
            .into_iter()
            .map(|lane| {
                lane.join()
                    .unwrap_or_else(|_| Err("a lane panicked".to_owned()))
            })
            .collect()
    });
    outcomes.into_iter().collect::<Done<Vec<()>>>()?;
    let form = lab.join("form");
    at(&form, fs::write(&form, FORM))?;
    Ok(lab)
}

/// Where the lab is: `$SEALOCK_LAB`, or a folder that survives a reboot.
pub(crate) fn folder() -> PathBuf {
    std::env::var_os("SEALOCK_LAB")
        .map_or_else(|| PathBuf::from("/var/cache/sealock-lab"), PathBuf::from)
}

/// Makes `name` by `build` unless its stamp says that what is `wanted` is already there.
pub(crate) fn component(lab: &Path, name: &str, wanted: &str, build: impl Fn() -> Done) -> Done {
    let stamp = lab.join("stamps").join(name);
    if fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    // No stamp while the work is under way: an interrupted build is begun again.
    let _ = fs::remove_file(&stamp);
    timed(name, &build).or_else(|reason| {
        // Everything here comes over a network; one hiccup in a thousand packages is no verdict.
        println!("lab: {reason}\nlab: {name}: once more");
        timed(name, &build)
    })?;
    at(&stamp, fs::write(&stamp, wanted))
}

/// dockerd, containerd and the client of one suite, unpacked side by side.
fn docker(lab: &Path, suite: &str, packages: &[&str]) -> Done {
    let wanted = format!("2 {}", packages.join(" "));
    component(lab, &format!("prefix-{suite}"), &wanted, || {
        let prefix = fresh(&lab.join("prefix").join(suite))?;
        let source = apt::Suite::open(lab, suite)?;
        println!(
            "lab: {suite} has docker.io {}",
            source.version("docker.io")?
        );
        source.unpack(packages, &prefix)?;
        if suite != "bookworm" {
            // A newer runc wants a newer glibc than Debian 12 has; Debian 12's serves them all.
            let _ = fs::remove_file(prefix.join("usr/sbin/runc"));
        }
        for program in ["usr/sbin/dockerd", "usr/bin/docker", "usr/bin/containerd"] {
            let program = prefix.join(program);
            at(&program, fs::metadata(&program))?;
        }
        quiet(Command::new(prefix.join("usr/sbin/dockerd")).arg("--version"))
            .map(|version| println!("lab: {}", version.trim()))
    })
}

/// A root filesystem that systemd-nspawn boots: Debian with its own docker.io.
fn machine(lab: &Path, suite: &str, docker: &str) -> Done {
    let include = MACHINE_PACKAGES.replace("docker.io", docker);
    component(
        lab,
        &format!("rootfs-{suite}"),
        &format!("3 {include}"),
        || {
            let root = fresh(&lab.join("rootfs").join(suite))?;
            quiet(
                Command::new("mmdebstrap")
                    .args(["--quiet", "--variant=minbase"])
                    .arg("--aptopt=APT::Sandbox::User \"root\"")
                    .arg(format!("--include={include}"))
                    .arg(suite)
                    .arg(&root)
                    .arg(apt::mirror()?),
            )?;
            // mmdebstrap copies the builder's name; a machine gets its own at boot.
            let _ = fs::remove_file(root.join("etc/hostname"));
            let _ = fs::remove_file(root.join("etc/docker/key.json"));
            let units = root.join("etc/systemd/system");
            let wants = units.join("sysinit.target.wants");
            at(&wants, fs::create_dir_all(&wants))?;
            let unit = units.join("writable-kernel-files.service");
            at(&unit, fs::write(&unit, WRITABLE))?;
            let want = wants.join("writable-kernel-files.service");
            at(
                &want,
                symlink("/etc/systemd/system/writable-kernel-files.service", &want),
            )
        },
    )
}

/// nspawn mounts cgroups and /proc/sys read-only; dockerd inside needs to write to both.
const WRITABLE: &str = "\
[Unit]
Description=make cgroups and kernel settings of this test machine writable
DefaultDependencies=no
Before=docker.service containerd.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'for d in /sys/fs/cgroup /sys/fs/cgroup/*/ /proc/sys; do mount -o remount,bind,rw $d || true; done'
[Install]
WantedBy=sysinit.target
";

/// A container image without a registry: busybox with every applet, as `docker import` takes it.
fn image(lab: &Path) -> Done {
    component(lab, "image", "1", || {
        let tree = fresh(&lab.join("image/tree"))?;
        for folder in ["bin", "tmp", "etc", "root", "proc", "sys", "dev"] {
            let folder = tree.join(folder);
            at(&folder, fs::create_dir_all(&folder))?;
        }
        let source = lab.join("prefix/bookworm/bin/busybox");
        let busybox = tree.join("bin/busybox");
        at(&source, fs::copy(&source, &busybox))?;
        at(
            &busybox,
            fs::set_permissions(&busybox, fs::Permissions::from_mode(0o755)),
        )?;
        for applet in quiet(Command::new(&busybox).arg("--list"))?.lines() {
            if applet != "busybox" {
                let link = tree.join("bin").join(applet);
                at(&link, symlink("busybox", &link))?;
            }
        }
        let passwd = tree.join("etc/passwd");
        at(
            &passwd,
            fs::write(&passwd, "root:x:0:0:root:/root:/bin/sh\n"),
        )?;
        quiet(
            Command::new("tar")
                .arg("-C")
                .arg(&tree)
                .arg("-cf")
                .arg(lab.join("image/busybox.tar"))
                .arg("."),
        )?;
        at(&tree, fs::remove_dir_all(&tree))
    })
}

fn python(lab: &Path) -> Done {
    component(lab, "venv", &PYTHON.join(" "), || {
        let venv = lab.join("venv");
        // Debian's own interpreter: a version manager's shim costs a second at every start.
        quiet(
            Command::new("/usr/bin/python3")
                .args(["-m", "venv", "--clear"])
                .arg(&venv),
        )?;
        quiet(
            Command::new(venv.join("bin/pip"))
                .args(["install", "--quiet", "--disable-pip-version-check"])
                .args(PYTHON),
        )
        .map(drop)
    })
}

fn node(lab: &Path) -> Done {
    component(lab, "npm", DOCKERODE, || {
        let folder = fresh(&lab.join("npm"))?;
        let manifest = folder.join("package.json");
        at(&manifest, fs::write(&manifest, "{\"private\":true}\n"))?;
        show(
            Command::new("npm")
                .current_dir(&folder)
                .args([
                    "install",
                    "--silent",
                    "--no-audit",
                    "--no-fund",
                    "--ignore-scripts",
                ])
                .arg(DOCKERODE),
        )
    })
}

fn fresh(folder: &Path) -> Done<PathBuf> {
    if folder.exists() {
        at(folder, fs::remove_dir_all(folder))?;
    }
    at(folder, fs::create_dir_all(folder))?;
    Ok(folder.to_owned())
}

fn is_root() -> bool {
    quiet(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
