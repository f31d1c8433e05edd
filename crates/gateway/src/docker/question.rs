//! What only the daemon, or the host, knows of a request.

use sealock_policy::{Facts, Place, Question};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

use super::answer::Refusal;
use super::codes;
use crate::Upstream;
use crate::http::buffer::Buffer;
use crate::http::fetch::{NoAnswer, fetch};
use crate::http::service::{Care, Link};

/// The largest answer to a question: an inspect of a container with thousands of labels has less.
const ANSWER: usize = 8 << 20;

/// How long the daemon may take for one.
const PATIENCE: Duration = Duration::from_secs(120);

/// Finds out what is asked and lets `facts` learn it.
pub(super) async fn answer(
    question: Question,
    facts: &mut Facts,
    upstream: &Upstream,
) -> Result<(), Refusal> {
    if let Some(place) = question.place() {
        let place = look(Path::new(place));
        facts.learn_place(question, place);
        return Ok(());
    }
    let Some(target) = question.target() else {
        facts.learn(question, 500, b"");
        return Ok(());
    };
    let (status, body) = ask(&target, upstream).await?;
    facts.learn(question, status, &body);
    Ok(())
}

/// The status and the body of a `GET`; a status of 500 when the answer is no use.
async fn ask(target: &str, upstream: &Upstream) -> Result<(u16, Vec<u8>), Refusal> {
    let unreachable = |_: io::Error| super::forward::unreachable();
    let mut link = Link::to(upstream, Care::Repeatable)
        .await
        .map_err(unreachable)?;
    loop {
        let mut head = Buffer::default();
        head.extend_all(&[
            b"GET ",
            target.as_bytes(),
            b" HTTP/1.1\r\nHost: docker\r\n\r\n",
        ]);
        match fetch(&mut link.side, head, ANSWER, PATIENCE).await {
            Ok(fetched) => {
                if fetched.keep_alive {
                    link.keep(upstream, Instant::now());
                }
                return Ok((fetched.status, fetched.body));
            }
            // Kept too long: the daemon was restarted meanwhile.
            Err(NoAnswer::Closed) if link.is_used => {
                link = Link::new(upstream).await.map_err(unreachable)?;
            }
            Err(NoAnswer::Closed) => {
                return Err(Refusal::new(
                    502,
                    codes::UNANSWERED,
                    "the daemon closed the connection without an answer",
                ));
            }
            Err(NoAnswer::Useless) => return Ok((500, Vec::new())),
        }
    }
}

/// What a place of the host is, part by part. Looks only; it takes microseconds, so nobody waits for it.
fn look(path: &Path) -> Place {
    let mut so_far = PathBuf::new();
    for part in path.components() {
        match part {
            Component::RootDir | Component::Normal(_) => so_far.push(part),
            Component::CurDir | Component::ParentDir | Component::Prefix(_) => {
                return Place::Unknown;
            }
        }
        if !so_far.is_absolute() {
            return Place::Unknown;
        }
        match std::fs::symlink_metadata(&so_far) {
            Ok(found) if found.file_type().is_symlink() => return Place::Linked,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Place::Absent,
            Err(_) => return Place::Unknown,
        }
    }
    Place::Plain
}

#[cfg(test)]
mod tests {
    use super::look;
    use sealock_policy::Place;
    use std::path::Path;

    #[test]
    fn a_place_is_looked_at_part_by_part() {
        let folder = std::env::temp_dir().join(format!("sealock-place-{}", std::process::id()));
        let inner = folder.join("real/inner");
        std::fs::create_dir_all(&inner).unwrap();
        std::os::unix::fs::symlink("real", folder.join("link")).unwrap();
        std::fs::write(folder.join("file"), "").unwrap();
        for (path, expected) in [
            ("real/inner", Place::Plain),
            ("real", Place::Plain),
            ("file", Place::Plain),
            ("real/none/deeper", Place::Absent),
            ("link", Place::Linked),
            ("link/inner", Place::Linked),
            ("link/none", Place::Linked),
            ("file/below", Place::Unknown),
            ("real/../link", Place::Unknown),
        ] {
            assert_eq!(look(&folder.join(path)), expected, "{path}");
        }
        assert_eq!(look(Path::new("relative")), Place::Unknown);
        assert_eq!(look(Path::new("/")), Place::Plain);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
