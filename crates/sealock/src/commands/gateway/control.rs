//! The socket where a running gateway is asked: one line of JSON each way.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sealock_diag::escape;
use serde_json::{Value, json};

use super::codes;
use crate::failure::Failure;

/// More than any question has.
const MOST: u64 = 4096;
/// How long whoever connects may take to say what he wants.
const PATIENCE: Duration = Duration::from_secs(5);

/// What can be asked.
#[derive(Debug)]
pub(super) enum Question {
    /// Read the files now.
    Reload,
    /// Take no more connections, and end.
    Drain,
    /// Start anew, and hand over.
    Upgrade,
    /// Tell the policy that was learned so far.
    Learned,
    /// Give the listening sockets to whoever is at the other end of this.
    HandOver(UnixStream),
}

/// What is said to a question.
pub(super) enum Answer {
    /// This, on one line.
    Say(Value),
    /// The stream was given away with the question.
    Given,
}

/// The question of a new process, which has something else to receive than a line.
pub(super) const HAND_OVER: &str = "{\"version\":1,\"do\":\"hand-over\"}\n";

/// As a question is sent.
pub(super) fn line(word: &str) -> String {
    format!("{}\n", json!({ "version": 1, "do": word }))
}

impl Question {
    fn of(line: &str, visitor: &UnixStream) -> Option<Self> {
        let value: Value = serde_json::from_str(line).ok()?;
        match value.get("do")?.as_str()? {
            "reload" => Some(Self::Reload),
            "drain" => Some(Self::Drain),
            "upgrade" => Some(Self::Upgrade),
            "learned" => Some(Self::Learned),
            "hand-over" => Some(Self::HandOver(visitor.try_clone().ok()?)),
            _ => None,
        }
    }
}

/// The open socket; its file goes with it.
pub(super) struct Control {
    path: PathBuf,
    /// Device and number of the file, so that a successor's is not taken for ours.
    file: Option<(u64, u64)>,
}

impl Control {
    /// Opens it, and answers in a thread of its own by `answer`. One that `replaces` a running gateway takes its place.
    pub(super) fn open(
        path: &Path,
        replaces: bool,
        answer: impl Fn(Question) -> Answer + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        let refuse = |why: String| {
            Failure::own(codes::CONTROL, "the control socket cannot be opened")
                .at(escape(&path.to_string_lossy()))
                .because(why)
        };
        if !replaces && UnixStream::connect(path).is_ok() {
            return Err(refuse("another gateway listens there".to_owned()));
        }
        // Nobody listens: what is left of one that was killed is replaced, and nothing but a socket is.
        if std::fs::symlink_metadata(path).is_ok_and(|found| !found.file_type().is_socket()) {
            return Err(refuse("something that is no socket is there".to_owned()));
        }
        let (listener, file) = place(path).map_err(|error| refuse(error.to_string()))?;
        let control = Self {
            path: path.to_owned(),
            file,
        };
        let answer = Arc::new(answer);
        std::thread::Builder::new()
            .name("control".into())
            .spawn(move || {
                for visitor in listener.incoming().flatten() {
                    let answer = Arc::clone(&answer);
                    // By itself: who waits for an upgrade must not keep the new process from asking for the sockets.
                    let _not_heard = std::thread::Builder::new()
                        .name("question".into())
                        .spawn(move || hear(&visitor, &*answer));
                }
            })
            .map_err(|error| refuse(error.to_string()))?;
        Ok(control)
    }
}

/// Makes the socket beside its place and renames it: its mode is right from the first moment on, and at every moment either
/// the old one is there or this one.
fn place(path: &Path) -> std::io::Result<(UnixListener, Option<(u64, u64)>)> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let _of_a_killed_one = std::fs::remove_file(&beside);
    let listener = UnixListener::bind(&beside)?;
    // Whoever may write to it may stop the gateway.
    let placed = std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o600))
        .map(|()| identity(&beside))
        .and_then(|file| std::fs::rename(&beside, path).map(|()| file));
    if placed.is_err() {
        let _never_placed = std::fs::remove_file(&beside);
    }
    placed.map(|file| (listener, file))
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let found = std::fs::symlink_metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

impl Drop for Control {
    fn drop(&mut self) {
        if self.file.is_some() && identity(&self.path) == self.file {
            let _gone = std::fs::remove_file(&self.path);
        }
    }
}

fn hear(visitor: &UnixStream, answer: &impl Fn(Question) -> Answer) -> std::io::Result<()> {
    visitor.set_read_timeout(Some(PATIENCE))?;
    visitor.set_write_timeout(Some(PATIENCE))?;
    let peer = rustix::net::sockopt::socket_peercred(visitor)?;
    // The mode of the file says the same; a file can be given to others.
    if !peer.uid.is_root() && peer.uid != rustix::process::geteuid() {
        return Ok(());
    }
    let mut line = String::new();
    BufReader::new(visitor.take(MOST)).read_line(&mut line)?;
    let unknown = "this gateway does not know the question";
    let said = match Question::of(&line, visitor) {
        Some(question) => answer(question),
        None => Answer::Say(json!({ "version": 1, "error": { "headline": unknown } })),
    };
    let mut visitor = visitor;
    match said {
        Answer::Say(value) => writeln!(visitor, "{value}"),
        Answer::Given => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ask;
    use super::{Answer, Control, Question};
    use serde_json::json;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_is_asked_is_answered_and_the_socket_is_closed_to_others() {
        let folder = std::env::temp_dir().join(format!("sealock-control-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("control");
        // What a killed gateway left.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let kept = json!({ "version": 1, "parts": [{ "part": "policy", "outcome": "kept",
            "error": { "code": "SL-U109", "headline": "no", "cause": "because" } }] });
        let control = Control::open(&path, false, move |question| {
            Answer::Say(match question {
                Question::Reload => kept.clone(),
                Question::Drain => json!({ "version": 1, "draining": 3 }),
                Question::Learned => json!({ "version": 1, "policy": null }),
                Question::Upgrade | Question::HandOver(_) => json!({ "version": 1 }),
            })
        })
        .unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(ask::drain(&path).unwrap(), json!(3));
        // Nobody learns here.
        assert_eq!(ask::learned(&path).unwrap_err().code.0, "SL-U114");
        // What the gateway has against new files is the error of whoever asked.
        let failure = ask::reload(&path).unwrap_err();
        assert_eq!(failure.code.0, "SL-U109");
        assert_eq!(failure.cause.as_deref(), Some("because"));
        // What has no code of its own gets ours.
        let failure = ask::ask(&path, "what").unwrap_err();
        assert_eq!(failure.code.0, "SL-U103");
        let second = Control::open(&path, false, |_| Answer::Given)
            .err()
            .unwrap();
        assert_eq!(second.code.0, "SL-U110");
        // A successor's file stays when the predecessor goes.
        let successor = Control::open(&path, true, |_| Answer::Given).unwrap();
        drop(control);
        assert!(path.exists());
        drop(successor);
        assert!(!path.exists());
        assert_eq!(ask::drain(&path).unwrap_err().code.0, "SL-U102");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
