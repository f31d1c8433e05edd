//! Renewal, rotation and rekey of a real daemon, while containers run and clients work.

mod crowd;
mod renewal;
mod rotation;
mod through;

use std::fs;
use std::path::{Path, PathBuf};

use sealock_testkit::clients::{Request, Told};
use sealock_testkit::lab::{Version, lab};

use crate::common::Host;

/// What somebody keeps of a client's files.
fn keep(host: &Host, name: &str, kept: &str) -> PathBuf {
    let to = host.daemon.folder().join(kept);
    fs::create_dir_all(&to).unwrap();
    for file in ["ca.pem", "cert.pem", "key.pem"] {
        let from = host.client(name).join(file);
        let _replaced = fs::remove_file(to.join(file));
        fs::copy(&from, to.join(file)).unwrap();
    }
    to
}

/// Whether the daemon answers whoever comes with these files, and the client believes the daemon.
fn is_in(host: &Host, files: &Path) -> bool {
    let request = Request::new("127.0.0.1", host.port, files);
    let attempt = request.docker(&lab().docker_cli(Version::V28), &Told::CertPath);
    attempt.got_in
}

/// The same for a certificate that is tried with the anchor of another folder.
fn is_in_believing(host: &Host, files: &Path, anchors: &Path) -> bool {
    let mixed = host.daemon.folder().join("mixed");
    fs::create_dir_all(&mixed).unwrap();
    for (from, name) in [(files, "cert.pem"), (files, "key.pem"), (anchors, "ca.pem")] {
        let _replaced = fs::remove_file(mixed.join(name));
        fs::copy(from.join(name), mixed.join(name)).unwrap();
    }
    is_in(host, &mixed)
}
