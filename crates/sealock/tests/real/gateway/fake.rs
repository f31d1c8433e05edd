//! A daemon that is none: it answers what clients ask most, ticks on streams, and can be told to misbehave.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// How often a stream says something.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// What it does to requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Answers them.
    Honest,
    /// Takes them and says nothing.
    Stalls,
    /// Closes the connection instead of answering.
    Dies,
    /// Answers half of what it promised and closes.
    Breaks,
    /// Answers with something that is no HTTP.
    Babbles,
    /// Answers with a head that never ends.
    Rambles,
    /// Answers with both a length and chunks.
    Contradicts,
    /// Answers with chunks that are none.
    Miscounts,
}

impl Manner {
    pub(crate) const BAD: [Self; 7] = [
        Self::Stalls,
        Self::Dies,
        Self::Breaks,
        Self::Babbles,
        Self::Rambles,
        Self::Contradicts,
        Self::Miscounts,
    ];

    fn of(number: u8) -> Self {
        let place = usize::from(number).checked_sub(1);
        place.map_or(Self::Honest, |place| Self::BAD[place])
    }

    fn number(self) -> u8 {
        Self::BAD
            .iter()
            .position(|one| *one == self)
            .map_or(0, |at| u8::try_from(at).unwrap() + 1)
    }
}

/// The daemon; it stops taking connections on drop.
pub(crate) struct Fake {
    path: PathBuf,
    manner: Arc<AtomicU8>,
    requests: Arc<AtomicU64>,
}

impl Fake {
    pub(crate) fn new(path: &Path) -> Self {
        let fake = Self {
            path: path.to_owned(),
            manner: Arc::default(),
            requests: Arc::default(),
        };
        fake.listen();
        fake
    }

    /// From now on.
    pub(crate) fn behave(&self, manner: Manner) {
        self.manner.store(manner.number(), Ordering::SeqCst);
    }

    /// Takes the socket away and whoever is connected with it, as a daemon that ended.
    pub(crate) fn vanish(&self) {
        self.behave(Manner::Dies);
        let _ = fs::remove_file(&self.path);
    }

    /// Puts a socket there, as a daemon that started.
    pub(crate) fn listen(&self) {
        self.behave(Manner::Honest);
        let listener = UnixListener::bind(&self.path).unwrap();
        let (manner, requests) = (self.manner.clone(), self.requests.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (manner, requests) = (manner.clone(), requests.clone());
                let small = thread::Builder::new().stack_size(256 << 10);
                let _ = small.spawn(move || serve(stream, &manner, &requests));
            }
        });
    }

    /// How many requests have come.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.vanish();
    }
}

/// Serves one connection until either side ends it.
fn serve(stream: UnixStream, manner: &AtomicU8, requests: &AtomicU64) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    loop {
        let request = Request::read(&mut reader)?;
        requests.fetch_add(1, Ordering::SeqCst);
        match Manner::of(manner.load(Ordering::SeqCst)) {
            Manner::Honest => {}
            bad => return misbehave(bad, &mut reader, &mut writer),
        }
        if request.upgrade {
            writer.write_all(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n").ok()?;
            return tick(&mut writer);
        }
        request.drain(&mut reader)?;
        let id = "5ea10c".repeat(11)[..64].to_owned();
        let body = match request.path.as_str() {
            "/_ping" => "OK".to_owned(),
            "/containers/json" => format!(
                "[{}]",
                vec![format!("{{\"Id\":\"{id}\",\"Names\":[\"/lives\"],\"Labels\":{{}}}}"); 8]
                    .join(",")
            ),
            path if path.starts_with("/images/") => {
                format!(
                    "{{\"Id\":\"sha256:{id}\",\"RepoTags\":[\"nginx:latest\"],\"Config\":{{}}}}"
                )
            }
            path if path.starts_with("/containers/") => format!(
                "{{\"Id\":\"{id}\",\"Name\":\"/lives\",\"Config\":{{\"Labels\":{{}}}},\"HostConfig\":{{}}}}"
            ),
            _ => "{}".to_owned(),
        };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        writer.write_all(answer.as_bytes()).ok()?;
    }
}

/// Numbers, one after the other, for as long as somebody listens.
fn tick(writer: &mut UnixStream) -> Option<()> {
    for number in 0_u64.. {
        writer.write_all(format!("{number}\n").as_bytes()).ok()?;
        thread::sleep(TICK);
    }
    None
}

fn misbehave(
    manner: Manner,
    reader: &mut BufReader<UnixStream>,
    writer: &mut UnixStream,
) -> Option<()> {
    match manner {
        Manner::Honest | Manner::Dies => None,
        Manner::Stalls => {
            // Until the other side gives up.
            let _ = std::io::copy(reader, &mut std::io::sink());
            None
        }
        Manner::Breaks => writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf").ok(),
        Manner::Babbles => writer.write_all(b"\x16\x03\x01 this is no answer\r\n\r\n\r\n").ok(),
        Manner::Rambles => {
            writer.write_all(b"HTTP/1.1 200 OK\r\n").ok()?;
            let line = format!("X-More: {}\r\n", "m".repeat(8000));
            loop {
                writer.write_all(line.as_bytes()).ok()?;
            }
        }
        Manner::Contradicts => writer
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
            .ok(),
        Manner::Miscounts => writer.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n").ok(),
    }
}

/// What a request is, its body not yet read.
struct Request {
    /// Without version and query.
    path: String,
    length: u64,
    chunked: bool,
    upgrade: bool,
}

impl Request {
    fn read(reader: &mut BufReader<UnixStream>) -> Option<Self> {
        let mut line = String::new();
        reader
            .read_line(&mut line)
            .ok()
            .filter(|count| *count > 0)?;
        let target = line.split(' ').nth(1)?;
        let path = target.split('?').next()?;
        let path = match path.strip_prefix("/v") {
            Some(rest) => format!("/{}", rest.split_once('/')?.1),
            None => path.to_owned(),
        };
        let mut this = Self {
            path,
            length: 0,
            chunked: false,
            upgrade: false,
        };
        loop {
            line.clear();
            reader
                .read_line(&mut line)
                .ok()
                .filter(|count| *count > 0)?;
            let field = line.trim_end().to_ascii_lowercase();
            match field
                .split_once(':')
                .map(|(name, value)| (name, value.trim()))
            {
                None => return Some(this),
                Some(("content-length", value)) => this.length = value.parse().ok()?,
                Some(("transfer-encoding", _)) => this.chunked = true,
                Some(("upgrade", _)) => this.upgrade = true,
                Some(_) => {}
            }
        }
    }

    fn drain(&self, reader: &mut BufReader<UnixStream>) -> Option<()> {
        let mut sink = std::io::sink();
        if !self.chunked {
            return std::io::copy(&mut reader.take(self.length), &mut sink)
                .ok()
                .map(drop);
        }
        loop {
            let mut line = String::new();
            reader
                .read_line(&mut line)
                .ok()
                .filter(|count| *count > 0)?;
            let size = u64::from_str_radix(line.trim_end(), 16).ok()?;
            std::io::copy(&mut reader.take(size + 2), &mut sink).ok()?;
            if size == 0 {
                return Some(());
            }
        }
    }
}
