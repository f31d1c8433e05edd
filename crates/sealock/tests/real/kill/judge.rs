//! What must be true after a kill, after the goal is reached, and after everything is back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::site::{Files, Site, difference};

/// How a place was before anything, and how it is when it is cloaked.
pub(super) struct Reference {
    pub(super) bare: Files,
    pub(super) cloaked: BTreeMap<PathBuf, String>,
}

/// Nobody without a certificate of ours gets an answer: not in clear, not over TLS, not as a stranger.
pub(super) fn nobody_gets_in(site: &dyn Site) {
    let (plain, tls) = (
        format!("http://{}/_ping", site.address()),
        format!("https://{}/_ping", site.address()),
    );
    let [certificate, key] = site.foreign();
    let ask = [
        "-s",
        "-k",
        "-m",
        "20",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code} ",
    ];
    let mut words = Vec::from(ask);
    words.extend([plain.as_str(), "--next"]);
    words.extend(ask);
    words.extend([tls.as_str(), "--next"]);
    words.extend(ask);
    words.extend(["--cert", &certificate, "--key", &key, &tls]);
    let said = site.curl(&words).stdout;
    let codes: Vec<&str> = said.split_whitespace().collect();
    // 400 is how TLS refuses a plain request: "Client sent an HTTP request to an HTTPS server".
    assert!(
        codes.len() == 3 && codes.iter().all(|code| matches!(*code, "000" | "400")),
        "the port answers: {said}"
    );
}

/// The files as they lie let dockerd start.
pub(super) fn the_daemon_can_start(site: &dyn Site) {
    let _ = site.validate().ok();
}

/// The place is cloaked, the rightful client gets in, and nothing else is left over.
pub(super) fn is_cloaked(site: &dyn Site, reference: &Reference) {
    alice_gets_in(site);
    nobody_gets_in(site);
    assert_eq!(shape(&site.host_files()), reference.cloaked);
    assert!(
        site.restarts_from_files(),
        "systemd has another unit in memory"
    );
    nothing_left_over(site);
    lives(site);
}

/// The rightful client gets an answer.
pub(super) fn alice_gets_in(site: &dyn Site) {
    let alice = site.home().join("clients/alice");
    let path = |name: &str| site.for_curl(&alice.join(name));
    let url = format!("https://{}/_ping", site.address());
    let said = site.curl(&[
        "-s",
        "-m",
        "20",
        "--cacert",
        &path("ca.pem"),
        "--cert",
        &path("cert.pem"),
        "--key",
        &path("key.pem"),
        &url,
    ]);
    assert_eq!(said.stdout, "OK", "the rightful client: {said}");
}

/// Everything is as it was.
pub(super) fn is_bare(site: &dyn Site, reference: &Reference) {
    assert_eq!(
        difference(&reference.bare, &site.host_files()),
        Vec::<String>::new()
    );
    assert_eq!(
        site.curl(&[
            "-s",
            "-k",
            "-m",
            "5",
            &format!("https://{}/_ping", site.address())
        ])
        .code,
        7,
        "the port is closed"
    );
    assert!(
        !site.live_restore(),
        "live-restore was lent, and is still on"
    );
    assert!(
        site.restarts_from_files(),
        "systemd has another unit in memory"
    );
    nothing_left_over(site);
    lives(site);
}

/// The container is the same process as ever.
pub(super) fn lives(site: &dyn Site) {
    assert_eq!(
        site.container(),
        Some(site.container_at_first()),
        "the container"
    );
}

/// No temporary file, no journal, no key that no authority has.
fn nothing_left_over(site: &dyn Site) {
    let home = super::site::files(&site.home());
    nothing_half(&home);
    let keys = home
        .keys()
        .filter(|path| path.starts_with("issuers") && path.extension().is_some())
        .count();
    assert!(keys == 0 || keys == 2, "{keys} issuer keys");
    for (path, file) in home.iter().filter(|(path, _)| !path.starts_with("clients")) {
        assert_eq!(file.mode & 0o077, 0, "{} is open to others", path.display());
    }
}

/// No temporary file and no journal.
pub(super) fn nothing_half(home: &super::site::Files) {
    let temporary = home
        .keys()
        .filter(|path| path.to_string_lossy().contains("sealock-new"));
    assert_eq!(temporary.collect::<Vec<_>>(), Vec::<&PathBuf>::new());
    assert!(
        !home.contains_key(Path::new("changes/journal")),
        "the journal of a run is left"
    );
}

/// Files as they are comparable between two issues: names of folders, modes, and the content of what is no certificate.
pub(super) fn shape(files: &Files) -> BTreeMap<PathBuf, String> {
    let name = |path: &Path| PathBuf::from(masked(&path.display().to_string()));
    let shown = |path: &Path, file: &super::site::File| {
        // A temporary file beside it, too.
        let ours = path.to_string_lossy().contains(".pem");
        let content = if ours {
            format!("{} bytes", usize::from(!file.content.is_empty()))
        } else {
            masked(&String::from_utf8_lossy(&file.content))
        };
        format!("{:o} {:?} {content}", file.mode, file.owner)
    };
    files
        .iter()
        .map(|(path, file)| (name(path), shown(path, file)))
        .collect()
}

/// Hexadecimal names, which differ from issue to issue, become one word.
pub(super) fn masked(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_hexdigit() {
            word.push(c);
            continue;
        }
        out.push_str(if word.len() >= 16 { "<hex>" } else { &word });
        word.clear();
        out.push(c);
    }
    out.pop();
    out
}

/// Asks the port without a break, for as long as the sweep lasts: in clear, and over TLS as nobody.
pub(super) struct Watch {
    stop: AtomicBool,
    asked: AtomicUsize,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self {
            stop: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
        }
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    pub(super) fn keep_asking(&self, site: &dyn Site) {
        let (plain, tls) = (
            format!("http://{}/_ping", site.address()),
            format!("https://{}/_ping", site.address()),
        );
        let ask = [
            "-s",
            "-k",
            "-m",
            "2",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code} ",
        ];
        let mut words = Vec::from(ask);
        words.extend([plain.as_str(), "--next"]);
        words.extend(ask);
        words.push(&tls);
        while !self.stop.load(Ordering::Relaxed) {
            let said = site.curl(&words).stdout;
            assert!(
                said.split_whitespace()
                    .all(|code| matches!(code, "000" | "400")),
                "the port answers: {said}"
            );
            self.asked.fetch_add(2, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
