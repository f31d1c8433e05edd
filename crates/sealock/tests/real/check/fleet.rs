//! Many endpoints from a file: side by side, again and again, and for programs.

mod input;
mod metrics;
mod overview;
mod schema;
mod watch;

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::Command;

use sealock_engine::{Engine, Mode};
use sealock_pki::{Certificate, PrivateKey};
use sealock_testkit::process::{Outcome, run};
use sealock_tls::{Clock, Identity};

use super::peers::Kit;

impl Kit {
    /// An Engine API behind mutual TLS that is as it should be.
    fn engine(&self) -> Engine {
        let read = |name: &str| fs::read(self.path(name)).unwrap();
        let key = PrivateKey::from_pem(&read("server-key.pem"), None).unwrap();
        let chain = Certificate::chain_from_pem(&read("server.pem")).unwrap();
        self.engine_as(&Mode::Mutual {
            identity: Identity::new(chain, &key).unwrap(),
            anchors: Certificate::chain_from_pem(&read("client-ca.pem")).unwrap(),
        })
    }

    fn engine_as(&self, mode: &Mode) -> Engine {
        Engine::start(mode, IpAddr::V4(Ipv4Addr::LOCALHOST), Clock::System).unwrap()
    }

    /// A list of endpoints.
    fn list(&self, text: &str) -> PathBuf {
        self.folder.write("fleet.txt", text)
    }

    /// `sealock check` of a list, with more words.
    fn fleet(&self, more: &[&str]) -> Outcome {
        run(&mut self.fleet_command(more))
    }

    fn fleet_command(&self, more: &[&str]) -> Command {
        let list = self.path("fleet.txt").display().to_string();
        let words = self.words(&[&["--from", &list], more].concat());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.sealock().command(&words)
    }
}

fn place(engine: &Engine) -> String {
    format!("tcp://{}", engine.address())
}
