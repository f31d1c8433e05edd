//! Debian's docker-registry 2.8, started by hand, or as its package has it in a machine.

use std::path::Path;

use crate::lab::lab;
use crate::machine::{Builder, Machine};
use crate::network::Network;
use crate::server::{Server, Spec};

/// A registry of our own; dropping it ends it and removes its files.
///
/// dockerd never verifies a registry on a loopback address, so one that is to be verified needs a [`Network`].
///
/// [`Server`] is what it is below: its scripts, its log, its process. Its configuration is `config.yml` in its folder.
#[derive(Debug)]
pub struct Registry {
    server: Server,
    port: u16,
}

impl Registry {
    /// Writes the configuration; nothing is started. `tls` is the inside of `http.tls`, a line each without indentation,
    /// and empty for clear text; `@FOLDER@` in it is the registry's folder.
    ///
    /// # Panics
    /// When something cannot be written.
    #[must_use]
    pub fn prepare(network: &Network, port: u16, tls: &str) -> Self {
        let program = lab().peer("usr/bin/docker-registry");
        let program = program.get_program().to_string_lossy().into_owned();
        let server = Server::prepare(&Spec {
            name: "registry",
            command: [&program, "serve", "@FOLDER@/config.yml"]
                .map(str::to_owned)
                .to_vec(),
            ready: "listening on",
            user: None,
            network: Some(network),
            libraries: lab().neighbour_libraries(),
        });
        let this = Self { server, port };
        this.configure(tls);
        this
    }

    /// Replaces what was given to [`Registry::prepare`]; it counts from the next start on, for a registry knows no reload.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn configure(&self, tls: &str) {
        let folder = self.server.folder().display().to_string();
        let mut text = format!(
            "version: 0.1\nlog:\n  level: info\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: {folder}/data\n\
             http:\n  addr: {}\n  secret: not-one\n",
            self.host()
        );
        if !tls.is_empty() {
            text.push_str("  tls:\n");
        }
        for line in tls.lines() {
            text.push_str(&format!("    {}\n", line.replace("@FOLDER@", &folder)));
        }
        self.server.write("config.yml", text);
    }

    /// The process, its folder, its scripts and its log.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// What stands in front of the slash in the names of its images: `10.77.0.254:PORT`.
    #[must_use]
    pub fn host(&self) -> String {
        format!("{}:{}", self.server.address(), self.port)
    }
}

/// The registry as if its package were installed in a machine: Debian's program, unit, configuration, user and folders.
#[derive(Debug)]
pub struct Packaged;

impl Packaged {
    /// Its unit.
    pub const UNIT: &'static str = "docker-registry.service";
    /// Its configuration.
    pub const CONFIG: &'static str = "/etc/docker/registry/config.yml";

    /// What [`Packaged::debian`] says of passwords, which leads nowhere: the file that is to hold them is a folder.
    pub const PASSWORDS: &'static str =
        "auth:\n  htpasswd:\n    realm: basic-realm\n    path: /etc/docker/registry\n";

    /// The configuration that the package brings along.
    ///
    /// # Panics
    /// When it demands no such passwords any more.
    #[must_use]
    pub fn debian() -> String {
        let config = packaged(Self::CONFIG.trim_start_matches('/'));
        assert!(
            config.contains(Self::PASSWORDS),
            "Debian's file is another: {config}"
        );
        config
    }

    /// Shows the program inside of what will be booted.
    #[must_use]
    pub fn program(builder: Builder) -> Builder {
        const PROGRAM: &str = "usr/bin/docker-registry";
        builder.bind_read_only(&lab().peers().join(PROGRAM), &Path::new("/").join(PROGRAM))
    }

    /// Does what the package does beside the program; the configuration demands no passwords. It listens everywhere on port
    /// 5000. Nothing is started.
    ///
    /// # Panics
    /// When something cannot be written.
    pub fn install(machine: &Machine) {
        let unit = format!("lib/systemd/system/{}", Self::UNIT);
        machine.write(&format!("/{unit}"), 0o644, packaged(&unit));
        let config = Self::debian().replace(Self::PASSWORDS, "");
        machine.write(Self::CONFIG, 0o644, config);
        let _ = machine
            .sh(
                "useradd --system --user-group --no-create-home --home-dir /var/lib/docker-registry docker-registry && \
                 install -d -o docker-registry -g docker-registry /var/lib/docker-registry && systemctl daemon-reload",
            )
            .ok();
    }
}

/// A text of the package.
fn packaged(path: &str) -> String {
    let path = lab().peers().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
