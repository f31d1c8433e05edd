//! What the daemon behind the unix socket says of itself: answers with a head of their own, and
//! bodies under a good one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_diag::{Diagnose, escape};
use sealock_host::{Interface, Invocation, Options, Outcome, Root, System, observe};
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

// The first byte says whether heads are fuzzed too; zero bytes part the answers, the last of which
// is given to whatever is asked further.
fuzz_target!(|data: &[u8]| {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let mut answers: Vec<Vec<u8>> = data.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    if first % 2 == 0 {
        for answer in &mut answers {
            answer.splice(0..0, *b"HTTP/1.1 200 OK\r\n\r\n");
        }
        answers.insert(0, b"HTTP/1.1 200 OK\r\n\r\nOK".to_vec());
    }
    answers.reverse();
    let system: Arc<dyn System> = Arc::new(Scripted {
        root: Root::new("/nonexistent/sealock-fuzz"),
        answers: Mutex::new(answers),
    });
    let options = Options {
        docker_socket: Some(PathBuf::from("/run/docker.sock")),
        docker_config: Some(PathBuf::from("/etc/docker/daemon.json")),
        ..Options::default()
    };
    match observe(&system, &options) {
        Ok(observed) => {
            let Some(facts) = observed.engine.facts() else {
                return;
            };
            let texts = [&facts.version.text, &facts.api, &facts.id, &facts.cgroup];
            let names = facts.containers.iter().map(|container| &container.name);
            for text in texts.into_iter().chain(&facts.warnings).chain(names) {
                assert_eq!(&escape(text), text);
            }
            for container in &facts.containers {
                assert!(container.id.bytes().all(|b| b.is_ascii_alphanumeric()));
            }
        }
        Err(error) => {
            let said = [
                Some(error.to_string()),
                error.location(),
                error.cause(),
                error.help(),
            ];
            let harmful = |c: char| c.is_control() && c != '\n';
            assert!(
                !said.iter().flatten().any(|text| text.contains(harmful)),
                "{said:?}"
            );
        }
    }
});

/// A machine with nothing on it but a socket that answers what it is told to.
struct Scripted {
    root: Root,
    answers: Mutex<Vec<Vec<u8>>>,
}

impl System for Scripted {
    fn root(&self) -> &Root {
        &self.root
    }

    fn run(&self, _: &Invocation) -> io::Result<Outcome> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn exchange(&self, _: &Path, _: &[u8], _: Duration) -> io::Result<Vec<u8>> {
        let mut answers = self.answers.lock().expect("one thread");
        let answer = match answers.len() {
            0 | 1 => answers.first().cloned(),
            _ => answers.pop(),
        };
        answer.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn listener_pid(&self, _: &Path) -> io::Result<u32> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn hang_up(&self, _: u32) -> io::Result<()> {
        Ok(())
    }

    fn user(&self) -> (u32, u32) {
        (0, 0)
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn hostname(&self) -> String {
        "host".to_owned()
    }

    fn interfaces(&self) -> Vec<Interface> {
        vec![Interface {
            name: "eth0".to_owned(),
            address: IpAddr::from([192, 0, 2, 7]),
        }]
    }

    fn pause(&self, _: Duration) {}
}
