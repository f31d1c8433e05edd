//! Our gateway as a process of its own, in front of a socket, on this machine's loopback.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sealock_testkit::process::{becomes, end, free_port};

use crate::common::program;

/// A gateway that runs; it ends on drop.
pub(crate) struct Gateway {
    pub(crate) port: u16,
    child: Child,
    log: PathBuf,
}

impl Gateway {
    /// In front of `socket`, with the material, list and policy of `folder`, and these lines of `[gateway.limits]`.
    pub(crate) fn start(folder: &Path, socket: &Path, limits: &str) -> Self {
        let (port, at) = (free_port(), folder.display());
        let text = format!(
            "version = 1\n[gateway]\nlisten = [\"127.0.0.1:{port}\"]\ndocker = \"unix://{}\"\npolicy = \"{at}/policy.toml\"\n\
             certificates = \"{at}\"\ncrl = [\"{at}/list.pem\"]\ncontrol = \"{at}/control\"\n\
             [gateway.audit]\npath = \"{at}/audit.jsonl\"\n[gateway.limits]\n{limits}",
            socket.display(),
        );
        Self::with_config(folder, port, &text)
    }

    /// As this file has it; it is there once somebody listens on `port`.
    pub(crate) fn with_config(folder: &Path, port: u16, text: &str) -> Self {
        let (config, log) = (folder.join("gateway.toml"), folder.join("gateway.log"));
        fs::write(&config, text).unwrap();
        let said = fs::File::create(&log).unwrap();
        let child = Command::new(program())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", folder)
            .arg("--config")
            .arg(&config)
            .arg("gateway")
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap();
        let mut this = Self { port, child, log };
        let listens = becomes(Duration::from_secs(20), || {
            assert!(this.runs(), "the gateway ended: {}", this.said());
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        });
        assert!(listens, "the gateway does not listen: {}", this.said());
        this
    }

    /// Everything it has said so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Its memory now, and at its most: bytes that are resident.
    pub(crate) fn memory(&self) -> Memory {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let kib = |name: &str| -> u64 {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        Memory {
            now: kib("VmRSS:") << 10,
            most: kib("VmHWM:") << 10,
        }
    }

    /// How many descriptors it holds.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id()))
            .unwrap()
            .count()
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    pub(crate) most: u64,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        end(self.child.id(), Duration::from_secs(3));
        let _ = self.child.wait();
    }
}
