//! Debian packages: installed on this machine, or unpacked beside it.
//!
//! Docker is never installed: a package that starts a daemon has no business on the machine of
//! whoever runs the tests. Its packages are downloaded through a private apt state, which leaves
//! the machine's own lists and preferences alone, and unpacked into the lab.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Done;
use crate::run::{at, quiet, show};

/// Installs those of `packages` that are missing.
pub(crate) fn install(packages: &[&str]) -> Done {
    let missing: Vec<&str> = packages
        .iter()
        .copied()
        .filter(|package| !is_installed(package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("lab: apt-get install {}", missing.join(" "));
    // One dead third-party source must not stop us, so only the installation itself may fail.
    let _ = apt_get().args(["update", "-qq"]).status();
    show(
        apt_get()
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(["-o", "Dpkg::Use-Pty=0"])
            .args(&missing),
    )
}

fn is_installed(package: &str) -> bool {
    quiet(Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status}", package]))
        .is_ok_and(|status| status.trim() == "installed")
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("NEEDRESTART_MODE", "l");
    command
}

/// The Debian mirror this machine's apt is set to.
pub(crate) fn mirror() -> Done<String> {
    let targets = quiet(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(SITE)|$(ORIGIN)|$(LABEL)",
        "Created-By: Packages",
    ]))?;
    let own = targets.lines().find_map(|line| {
        let mut parts = line.split('|');
        let site = parts.next()?;
        let debian = parts.next()? == "Debian" && parts.next()? == "Debian";
        debian.then(|| site.to_owned())
    });
    // On a machine that has never run `apt-get update` origin and label are still unknown.
    let any = || {
        targets.lines().find_map(|line| {
            let site = line.split('|').next()?;
            (site.ends_with("/debian")).then(|| site.to_owned())
        })
    };
    own.or_else(any)
        .ok_or_else(|| "apt has no Debian mirror configured (apt-get indextargets)".to_owned())
}

/// Another Debian suite, seen through a private apt state under `lab/apt/SUITE`.
pub(crate) struct Suite {
    configuration: PathBuf,
    cache: PathBuf,
}

impl Suite {
    /// Sets up the private state and updates its lists.
    pub(crate) fn open(lab: &Path, suite: &str) -> Done<Self> {
        let state = lab.join("apt").join(suite);
        for folder in ["etc", "lists/partial", "cache/archives/partial", "debs"] {
            let folder = state.join(folder);
            at(&folder, fs::create_dir_all(&folder))?;
        }
        let write = |path: PathBuf, text: &str| at(&path, fs::write(&path, text));
        write(state.join("status"), "")?;
        write(
            state.join("etc/sources.list"),
            &format!(
                "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {} {suite} main\n",
                mirror()?
            ),
        )?;
        let configuration = state.join("apt.conf");
        let folder = state.display();
        write(
            configuration.clone(),
            &format!(
                "Dir::Etc::sourcelist \"{folder}/etc/sources.list\";\n\
                 Dir::Etc::sourceparts \"/dev/null\";\n\
                 Dir::Etc::preferencesparts \"/dev/null\";\n\
                 Dir::State \"{folder}\";\n\
                 Dir::State::lists \"{folder}/lists\";\n\
                 Dir::State::status \"{folder}/status\";\n\
                 Dir::Cache \"{folder}/cache\";\n\
                 APT::Sandbox::User \"root\";\n"
            ),
        )?;
        let this = Self {
            configuration,
            cache: state.join("debs"),
        };
        quiet(this.apt_get().args(["update", "-qq"]))?;
        Ok(this)
    }

    /// The version of `package` that the suite offers.
    pub(crate) fn version(&self, package: &str) -> Done<String> {
        let policy = quiet(
            Command::new("apt-cache")
                .env("APT_CONFIG", &self.configuration)
                .args(["show", "--no-all-versions", package]),
        )?;
        policy
            .lines()
            .find_map(|line| line.strip_prefix("Version: "))
            .map(str::to_owned)
            .ok_or_else(|| format!("no version of {package} is offered"))
    }

    /// Downloads `packages` and unpacks them, without running their scripts, into `prefix`.
    pub(crate) fn unpack(&self, packages: &[&str], prefix: &Path) -> Done {
        if self.cache.exists() {
            at(&self.cache, fs::remove_dir_all(&self.cache))?;
        }
        at(&self.cache, fs::create_dir_all(&self.cache))?;
        quiet(
            self.apt_get()
                .current_dir(&self.cache)
                .args(["download", "-qq"])
                .args(packages),
        )?;
        let debs = at(&self.cache, fs::read_dir(&self.cache))?;
        for deb in debs.flatten() {
            quiet(Command::new("dpkg").arg("-x").arg(deb.path()).arg(prefix))?;
        }
        at(&self.cache, fs::remove_dir_all(&self.cache))
    }

    fn apt_get(&self) -> Command {
        let mut command = apt_get();
        command.env("APT_CONFIG", &self.configuration);
        command
    }
}
