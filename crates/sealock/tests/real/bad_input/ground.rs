//! Where the cases of bad input are tried: a home, a host's files, and a transcript of what was said.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use sealock_testkit::process::{Outcome, run};
use sealock_testkit::{Redactor, Scratch};

use crate::common::{faketime_library, program};

/// The `sealock.toml` of a host whose daemon is off, told by its paths.
pub(super) const TOML: &str = r#"version = 1

[authority]
name = "sealock"

[daemon]
listen = ["127.0.0.1:24376"]
names = ["localhost", "127.0.0.1"]
docker-config = "%HERE%/etc/daemon.json"
docker-socket = "%HERE%/etc/docker.sock"

[[client]]
name = "alice"
"#;

/// A folder of its own for one test, and what was said in it.
pub(super) struct Ground {
    scratch: Scratch,
    transcript: String,
    wrapper: Vec<String>,
    cases: usize,
    problems: Vec<String>,
}

impl Ground {
    /// Nothing but an empty folder `etc`, which plays the host.
    pub(super) fn bare(name: &str) -> Self {
        let scratch = Scratch::new(name);
        fs::create_dir(scratch.join("etc")).unwrap();
        Self {
            scratch,
            transcript: String::new(),
            wrapper: Vec::new(),
            cases: 0,
            problems: Vec::new(),
        }
    }

    /// With `sealock.toml` and an authority.
    pub(super) fn with_authority(name: &str) -> Self {
        let ground = Self::bare(name);
        ground.toml(TOML);
        let _made = ground.run(&["ca", "create"]).ok();
        ground
    }

    /// With a client `alice` whose certificate lies in the vault's home.
    pub(super) fn with_client(name: &str) -> Self {
        let ground = Self::with_authority(name);
        let _made = ground.run(&["client", "add", "alice"]).ok();
        ground
    }

    pub(super) fn path(&self) -> &Path {
        self.scratch.path()
    }

    pub(super) fn join(&self, relative: &str) -> PathBuf {
        self.scratch.join(relative)
    }

    pub(super) fn write(&self, relative: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        self.scratch.write(relative, bytes)
    }

    /// Writes `sealock.toml`; `%HERE%` in it becomes the folder.
    pub(super) fn toml(&self, text: &str) {
        let folder = self.path().display().to_string();
        self.write("etc/sealock.toml", text.replace("%HERE%", &folder));
    }

    pub(super) fn mode(&self, relative: &str, mode: u32) {
        fs::set_permissions(self.join(relative), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Runs another program in the folder: openssl makes most of what is wrong here.
    pub(super) fn tool(&self, line: &str) {
        let outcome = run(Command::new("sh")
            .args(["-ec", line])
            .current_dir(self.path()));
        assert_eq!(outcome.code, 0, "{outcome}");
    }

    /// Everything that follows is run through this program: setpriv, env, unshare.
    pub(super) fn through(&mut self, wrapper: &[&str]) {
        self.wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
    }

    /// Everything that follows happens at this time. The library and not the program `faketime`, whose semaphore has the name
    /// of a process that may have been before.
    pub(super) fn at_time(&mut self, time: &str) {
        let library = faketime_library();
        let preload = format!("LD_PRELOAD={}", library.display());
        let time = format!("FAKETIME=@{time}");
        self.through(&["env", &preload, &time, "NO_FAKE_STAT=1"]);
    }

    /// The binary, in this folder, with half a minute to live.
    pub(super) fn run(&self, words: &[&str]) -> Outcome {
        run(&mut self.command(words))
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command
            .args(["-k", "2", "60"])
            .args(&self.wrapper)
            .arg(program());
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.path());
        for (option, place) in [("--home", "home"), ("--config", "etc/sealock.toml")] {
            if !words.contains(&option) {
                command.arg(option).arg(self.join(place));
            }
        }
        command.args(words).current_dir(self.path());
        command
    }

    /// A line of prose above the next case.
    pub(super) fn about(&mut self, text: &str) {
        self.transcript.push_str(&format!("# {text}\n"));
    }

    /// Runs a command that must end in an error of this code and exit status, in the shape that every error has,
    /// with and without `--json`, and with nothing changed anywhere. What is wrong is collected for the end.
    pub(super) fn refuse(&mut self, words: &[&str], code: &str, exit: i32) {
        let before = tree(self.path());
        let json = self.run(&[&["--json"], words].concat());
        let outcome = self.run(words);
        let after = tree(self.path());
        let checked =
            shape(&outcome, code, exit).and_then(|()| same_as_json(&json, &outcome, code, exit));
        let mut changes = changed(&before, &after);
        if exit == 4 {
            // A run that was rolled back is remembered in the inventory: what was signed was signed.
            changes.retain(|change| !change.starts_with("home/"));
        }
        if let Err(problem) = checked {
            self.problems.push(format!("{problem}\n{outcome}"));
        }
        if !changes.is_empty() {
            self.problems
                .push(format!("changed:\n{}\nby {outcome}", changes.join("\n")));
        }
        self.record(words, &outcome);
    }

    /// Runs a command that must work, however odd what it reads.
    pub(super) fn accept(&mut self, words: &[&str], exit: i32) {
        let outcome = self.run(words);
        if outcome.code != exit || !is_harmless(&outcome.stdout) || !is_harmless(&outcome.stderr) {
            self.problems
                .push(format!("the exit code is not {exit}: {outcome}"));
        }
        self.record(words, &outcome);
    }

    /// Writes down what was said.
    pub(super) fn record(&mut self, words: &[&str], outcome: &Outcome) {
        self.cases += 1;
        let line: Vec<String> = words.iter().map(|word| shown(word)).collect();
        let wrapper = self
            .wrapper
            .first()
            .map(|program| format!("{program} … "))
            .unwrap_or_default();
        let said = self.unfolded(&format!("{}{}", outcome.stdout, outcome.stderr));
        self.transcript.push_str(&format!(
            "$ {wrapper}sealock {}\n{}\n({})\n\n",
            line.join(" "),
            said.trim_end(),
            outcome.code
        ));
    }

    /// Where a line was broken depends on how long this folder's name is: a cause that names it is put back together.
    fn unfolded(&self, said: &str) -> String {
        let Some(start) = said.find("\n  cause: ").map(|at| at + 1) else {
            return said.to_owned();
        };
        let end = said[start..]
            .find("\n  state:")
            .map_or(said.len(), |at| start + at);
        let cause = &said[start..end];
        let name = self
            .path()
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        match cause.contains(&name) {
            true => format!(
                "{}{}{}",
                &said[..start],
                cause.replace("\n         ", " "),
                &said[end..]
            ),
            false => said.to_owned(),
        }
    }

    /// The whole transcript, with what differs from run to run replaced.
    ///
    /// # Panics
    /// When a case did not go as it should, with all of them.
    pub(super) fn transcript(&self) -> String {
        let text = Redactor::new()
            .replace(self.path(), "here")
            .redact(&anchors(&self.transcript));
        println!("{} kinds of bad input", self.cases);
        assert!(
            self.problems.is_empty(),
            "{} problems:\n\n{}",
            self.problems.len(),
            self.problems.join("\n\n")
        );
        text
    }
}

/// An anchor's name ends with eight digits of its key.
fn anchors(text: &str) -> String {
    let mut parts = text.split(" anchor 1 ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        out.push_str(" anchor 1 <id>");
        out.push_str(rest);
    }
    out
}

/// A word of a command line as people see it: hostile characters escaped, quoted where a shell needs it.
fn shown(word: &str) -> String {
    let escaped = sealock_diag::escape(word);
    let short: String = if escaped.chars().count() > 100 {
        escaped.chars().take(60).chain(" …".chars()).collect()
    } else {
        escaped
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+~%".contains(c);
    if !short.is_empty() && short.chars().all(plain) {
        short
    } else {
        format!("'{short}'")
    }
}

/// No character that drives a terminal or reorders what is shown.
fn is_harmless(text: &str) -> bool {
    text.chars()
        .all(|c| c == '\n' || sealock_diag::escape(&c.to_string()).len() == c.len_utf8())
}

/// The shape of an error: one headline, then where, cause, state, help and more, in this order.
fn shape(outcome: &Outcome, code: &str, exit: i32) -> Result<(), String> {
    let must = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
    must(
        outcome.code == exit,
        &format!("the exit code is not {exit}"),
    )?;
    must(is_harmless(&outcome.stderr), "it drives the terminal")?;
    must(outcome.stdout.is_empty(), "data although it failed")?;
    let at = outcome.stderr.find("error[").ok_or("no error")?;
    let (head, rest) = outcome.stderr[at..]
        .split_once('\n')
        .ok_or("one line only")?;
    let headline = head
        .strip_prefix(&format!("error[{code}]: "))
        .ok_or(format!("the code is not {code}"))?;
    must(
        !headline.ends_with('.') && !headline.starts_with(char::is_uppercase),
        "no headline",
    )?;
    let inner = |line: &&str| line.starts_with("         ");
    let labels: Vec<&str> = rest
        .lines()
        .filter(|line| !inner(line))
        .map(|line| line.get(2..8).unwrap_or(line).trim_end())
        .collect();
    let wanted = ["where:", "cause:", "state:", "help:", "more:"];
    let expected: Vec<&str> = wanted
        .into_iter()
        .filter(|label| labels.contains(label))
        .collect();
    must(labels == expected, "fields are in disorder")?;
    for label in ["where:", "state:", "help:", "more:"] {
        must(labels.contains(&label), &format!("{label} is missing"))?;
    }
    let state = rest
        .lines()
        .find(|line| line.starts_with("  state:"))
        .unwrap_or_default();
    let truth = match exit {
        4 => "rolled back and verified",
        5 => "partly changed",
        _ => "nothing was changed",
    };
    must(
        state.contains(truth),
        "the state is not the one of the exit code",
    )?;
    must(
        rest.ends_with(&format!("  more:  sealock explain {code}\n")),
        "it does not end with explain",
    )
}

/// `--json` gives the same fields on stdout.
fn same_as_json(json: &Outcome, text: &Outcome, code: &str, exit: i32) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{what} in {json}"));
    let value: serde_json::Value = match serde_json::from_str(&json.stdout) {
        Ok(value) => value,
        Err(error) => return wrong(&error.to_string()),
    };
    if json.code != exit {
        return wrong("another exit code");
    }
    if value["good"] == false {
        // A judgement that says no lists its reasons as data.
        return if value["reasons"][0]["code"] == code {
            Ok(())
        } else {
            wrong("another reason")
        };
    }
    let error = &value["error"];
    let headline = error["headline"].as_str().unwrap_or("none");
    let complete = ["where", "state", "help"]
        .iter()
        .all(|field| error[field].is_string());
    if !complete
        || error["code"] != code
        || error["exit"] != exit
        || !hashless(&text.stderr).contains(&hashless(headline))
    {
        return wrong("other fields");
    }
    Ok(())
}

/// Without what names a folder after its content, which is another one in every run.
fn hashless(text: &str) -> String {
    Redactor::new().redact(text)
}

/// Everything below a folder: kind, mode, owner and content. What belongs to the journal of runs is left out, and
/// so is SQLite's own journal: both are memory of the tool, and whole however a command ends.
fn tree(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(&current).into_iter().flatten().flatten() {
            let path = entry.path();
            let relative = path.strip_prefix(folder).unwrap().to_owned();
            if relative.starts_with("home/changes")
                || relative.ends_with("vault.db-journal")
                || relative == Path::new("home")
            {
                if relative == Path::new("home") {
                    folders.push(path);
                }
                continue;
            }
            let Ok(meta) = fs::symlink_metadata(&path) else {
                continue;
            };
            let kind = meta.file_type();
            let content = if kind.is_file() {
                let bytes = fs::read(&path).unwrap_or_default();
                format!("file {} {:x}", bytes.len(), simple_hash(&bytes))
            } else if kind.is_dir() {
                folders.push(path);
                "directory".to_owned()
            } else if kind.is_symlink() {
                format!("link to {}", fs::read_link(&path).unwrap().display())
            } else if kind.is_fifo() {
                "fifo".to_owned()
            } else {
                "special".to_owned()
            };
            // A directory's own time tells of files that came and went, which is allowed.
            let modified = if kind.is_dir() { 0 } else { meta.mtime() };
            found.insert(
                relative,
                format!(
                    "{content} {:o} {} {} {modified}",
                    meta.mode(),
                    meta.uid(),
                    meta.gid()
                ),
            );
        }
    }
    found
}

/// FNV-1a: enough to see that a file is not the one it was.
fn simple_hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn changed(before: &BTreeMap<PathBuf, String>, after: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let mut different: Vec<String> = after
        .iter()
        .filter(|(path, was)| before.get(*path) != Some(was))
        .map(|(path, now)| format!("{}: {:?}, now {now}", path.display(), before.get(path)))
        .collect();
    different.extend(
        before
            .keys()
            .filter(|path| !after.contains_key(*path))
            .map(|path| format!("{} is gone", path.display())),
    );
    different
}
