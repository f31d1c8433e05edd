//! Chromium without a screen, with a certificate database and a policy of its own.
//!
//! Whom it trusts beside the public authorities, and the certificates that it has, lie in a database of NSS. Which of them
//! it shows, and to whom, is a policy, which Chromium reads below `/etc` alone: so it has an `/etc` of its own, in a
//! mount namespace of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::dockerd::quoted;
use crate::lab::lab;
use crate::process::{self, run};
use crate::scratch::Scratch;

const DRIVER: &str = include_str!("browser.js");
/// What a program needs to find users, hosts and itself.
const OF_THIS_MACHINE: &[&str] = &["passwd", "group", "hosts", "nsswitch.conf", "localtime"];

/// A browser with nothing in it; dropping it ends it and removes its files.
#[derive(Debug)]
pub struct Browser {
    scratch: Scratch,
}

impl Browser {
    /// Makes its database, empty, and its `/etc`; nothing is started.
    ///
    /// # Panics
    /// When something cannot be written.
    #[must_use]
    pub fn new() -> Self {
        let this = Self {
            scratch: Scratch::new("browser"),
        };
        for folder in ["home/.pki/nssdb", "etc/fonts", "profile"] {
            fs::create_dir_all(this.scratch.join(folder)).expect("make a folder");
        }
        for name in OF_THIS_MACHINE {
            // A machine without one does without it here too.
            let _ = fs::copy(
                Path::new("/etc").join(name),
                this.scratch.join("etc").join(name),
            );
        }
        let fonts = lab().root().join("chromium/usr/share/fonts");
        this.scratch.write(
            "etc/fonts/fonts.conf",
            format!(
                "<?xml version=\"1.0\"?>\n<!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n<fontconfig>\n\
                 <dir>{}</dir>\n<cachedir>{}</cachedir>\n</fontconfig>\n",
                fonts.display(),
                this.scratch.join("fonts").display()
            ),
        );
        this.database("certutil", &["-N", "--empty-password"]);
        this.write_launcher();
        this
    }

    /// Its home: the database is `.pki/nssdb` below it.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.scratch.join("home")
    }

    /// Trusts a certificate as an authority of servers.
    ///
    /// # Panics
    /// When it is none.
    pub fn trust(&self, certificate: &Path) {
        let name = certificate.display().to_string();
        self.database("certutil", &["-A", "-t", "C,,", "-n", &name, "-i", &name]);
    }

    /// Takes the key and the certificate out of a PKCS#12 file, whose passphrase is in another.
    ///
    /// # Panics
    /// When NSS does not understand it.
    pub fn import(&self, archive: &Path, passphrase: &Path) {
        let [archive, passphrase] = [archive, passphrase].map(|path| path.display().to_string());
        self.database("pk12util", &["-i", &archive, "-w", &passphrase]);
    }

    /// Shows what it has to these origins, `https://localhost:8443`, without asking anybody: a policy of Chromium's own.
    pub fn shows_its_certificate_to(&self, origins: &[&str]) {
        let patterns: Vec<String> = origins
            .iter()
            .map(|origin| format!(r#""{{\"pattern\":\"{origin}\",\"filter\":{{}}}}""#))
            .collect();
        self.scratch.write(
            "etc/chromium/policies/managed/certificates.json",
            format!(
                "{{\"AutoSelectCertificateForUrls\":[{}]}}\n",
                patterns.join(",")
            ),
        );
    }

    /// Starts it, does these steps as `browser.js` has them, ends it, and gives what each of them came to.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn run(&self, steps: &[Value]) -> Vec<Value> {
        let script = self.scratch.write("browser.js", DRIVER);
        let steps: String = steps.iter().map(|step| format!("{step}\n")).collect();
        let steps = self.scratch.write("steps", steps);
        // The driver leaves its own files in the folder for temporary ones.
        let temporary = self.scratch.join("tmp");
        fs::create_dir_all(&temporary).expect("make a folder");
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", "exec \"$0\" \"$@\" <\"$STEPS\""])
            .arg(lab().node())
            .arg(script)
            .arg(self.scratch.join("launch"))
            .arg(self.scratch.join("profile"))
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.scratch.join("home"))
            .env("TMPDIR", temporary)
            .env("STEPS", steps)
            .env("NODE_PATH", lab().sqlpad().join("node_modules"));
        let said = run(&mut shell).ok();
        said.lines()
            .map(|line| serde_json::from_str(line).expect("a line of JSON"))
            .collect()
    }

    fn database(&self, program: &str, words: &[&str]) {
        let database = self.scratch.join("home/.pki/nssdb");
        let mut command = lab().chromium(&format!("usr/bin/{program}"));
        command
            .arg("-d")
            .arg(format!("sql:{}", database.display()))
            .args(words);
        let _ = run(&mut command).ok();
    }

    fn write_launcher(&self) {
        let chromium = lab().chromium("usr/lib/chromium/chromium");
        let variables: Vec<String> = chromium
            .get_envs()
            .filter_map(|(name, value)| {
                let word = format!("{}={}", name.to_str()?, value?.to_str()?);
                Some(quoted(&word))
            })
            .collect();
        let home = format!("HOME={}", self.scratch.join("home").display());
        let etc = self.scratch.join("etc").display().to_string();
        let inside = format!(
            "mount --bind {} /etc && exec env -i {} {} {} \"$@\"",
            quoted(&etc),
            variables.join(" "),
            quoted(&home),
            quoted(&chromium.get_program().to_string_lossy()),
        );
        let path = self.scratch.write(
            "launch",
            format!(
                "#!/bin/sh\nexec unshare --mount -- /bin/sh -c {} sh \"$@\"\n",
                quoted(&inside)
            ),
        );
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("chmod a script");
    }
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its profile is in the command line of each of its processes.
        process::becomes(std::time::Duration::from_secs(10), || {
            let left = process::naming(self.scratch.path());
            for pid in &left {
                process::signal(*pid, rustix::process::Signal::KILL);
            }
            left.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Browser;

    #[test]
    fn a_page_of_our_own_is_seen_and_drawn() {
        let browser = Browser::new();
        let page = browser.scratch.write(
            "page.html",
            "<title>sea</title><h1>lock</h1><input name=a><button>go</button>",
        );
        let shot = browser.scratch.join("shot.png");
        let url = format!("file://{}", page.display());
        let steps = [
            json!({"open": url, "shot": shot}),
            json!({"open": "https://127.0.0.1:1/"}),
        ];
        let told = browser.run(&steps);
        assert_eq!(told[0]["title"], "sea", "{told:?}");
        assert_eq!(told[0]["inputs"][0], "a", "{told:?}");
        let error = told[1]["error"].as_str().unwrap_or_default();
        assert!(error.contains("net::ERR_"), "{told:?}");
        let png = std::fs::read(shot).unwrap();
        assert!(png.starts_with(b"\x89PNG") && png.len() > 1000);
    }
}
