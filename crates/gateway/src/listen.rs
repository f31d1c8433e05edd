//! The sockets that the gateway listens on: its own, or inherited from whoever started it.

mod inherited;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{self, SocketFlags, sockopt};
use sealock_diag::escape;
use tokio::io::unix::AsyncFd;

pub(crate) use inherited::Inherited;

use crate::metrics::Counter;
use crate::{Bind, GatewayError};

/// How many connections wait in the kernel until they are accepted; the kernel has a bound of its own (somaxconn).
const BACKLOG: i32 = 4096;
/// Go's servers ask this often whether the other end is still there; clients behind NAT are used to it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long no connection is accepted after the system had no descriptor or memory for one.
const EXHAUSTED: Duration = Duration::from_millis(50);
/// Whoever may connect is for the policy to say, and the folder may say it as well.
const SOCKET_MODE: u32 = 0o666;

/// A listening socket, not yet on a runtime.
#[derive(Debug)]
pub(crate) enum Socket {
    /// TCP.
    Tcp(TcpListener),
    /// A unix socket, with its file when it was made here.
    Unix(UnixListener, Option<SocketFile>),
}

impl Socket {
    /// Where it listens: `127.0.0.1:2376`, `unix:/run/sealock.sock`.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Tcp(listener) => listener
                .local_addr()
                .map_or_else(|_| "tcp".to_owned(), |address| address.to_string()),
            Self::Unix(listener, _) => {
                let address = listener.local_addr().ok();
                let path = address.as_ref().and_then(|address| address.as_pathname());
                path.map_or_else(
                    || "unix".to_owned(),
                    |path| format!("unix:{}", escape(&path.to_string_lossy())),
                )
            }
        }
    }

    /// Closes this end of the socket and leaves its file: another process listens on it.
    pub(crate) fn leave_file(self) {
        if let Self::Unix(_, Some(file)) = self {
            file.forget();
        }
    }

    /// The address of a TCP listener, its port chosen by the system when 0 was asked for.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(..) => None,
        }
    }

    /// Whether it listens there.
    fn is_at(&self, at: &Bind) -> bool {
        match (self, at) {
            (Self::Tcp(listener), Bind::Tcp(wanted)) => listener.local_addr().is_ok_and(|here| {
                here.ip() == wanted.ip() && [here.port(), 0].contains(&wanted.port())
            }),
            (Self::Unix(listener, _), Bind::Unix(wanted)) => {
                listener.local_addr().is_ok_and(|here| {
                    here.as_pathname()
                        .is_some_and(|here| made_for(here, wanted))
                })
            }
            (_, Bind::Inherited(_)) => true,
            _ => false,
        }
    }

    /// A socket that came from elsewhere.
    pub(crate) fn adopt(descriptor: OwnedFd) -> io::Result<Self> {
        if !sockopt::socket_acceptconn(&descriptor)? {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        rustix::io::ioctl_fionbio(&descriptor, true)?;
        match sockopt::socket_domain(&descriptor)? {
            net::AddressFamily::UNIX => Ok(Self::Unix(UnixListener::from(descriptor), None)),
            net::AddressFamily::INET | net::AddressFamily::INET6 => {
                shape(&descriptor)?;
                Ok(Self::Tcp(TcpListener::from(descriptor)))
            }
            _ => Err(io::Error::from(io::ErrorKind::Unsupported)),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener, _) => listener.as_fd(),
        }
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

/// The file of a unix socket; it goes when the gateway goes, unless it is somebody else's by then.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    device: u64,
    number: u64,
}

impl SocketFile {
    fn is_ours(&self) -> bool {
        std::fs::symlink_metadata(&self.path)
            .is_ok_and(|there| (there.dev(), there.ino()) == (self.device, self.number))
    }

    /// Leaves the file where it is: a new process listens on the same socket.
    pub(crate) fn forget(mut self) {
        self.number = 0;
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.is_ours() {
            let _gone_already = std::fs::remove_file(&self.path);
        }
    }
}

/// Listens.
///
/// `inherited` holds the sockets that came from systemd or from the process that hands over; what is used is
/// taken out of it. A socket that is handed over wins over a new one, where it is what the settings ask for.
pub(crate) fn bind(
    name: &str,
    at: &Bind,
    inherited: &mut Inherited,
) -> Result<Socket, GatewayError> {
    if let Some(socket) = inherited.handed_over(name) {
        let socket = adopted(name, socket)?;
        if inherited.is_managed(name) || socket.is_at(at) {
            return Ok(socket);
        }
        // The settings are others now; the process before closes the old one.
    }
    match at {
        Bind::Tcp(address) => tcp(*address).map_err(|error| {
            GatewayError::new("SL-G050", "a listener cannot be opened")
                .at(address.to_string())
                .because(error.to_string())
        }),
        Bind::Unix(path) => unix(path),
        Bind::Inherited(name) => {
            let socket = inherited
                .take(name)
                .ok_or_else(|| inherited.missing(name))?;
            adopted(name, socket)
        }
    }
}

fn adopted(name: &str, descriptor: OwnedFd) -> Result<Socket, GatewayError> {
    Socket::adopt(descriptor).map_err(|error| {
        GatewayError::new("SL-G052", "an inherited descriptor is no listening socket")
            .at(escape(name))
            .because(error.to_string())
    })
}

/// Like [`TcpListener::bind`], with a longer queue, and shaped before the first connection can come.
fn tcp(address: SocketAddr) -> io::Result<Socket> {
    let family = match address {
        SocketAddr::V4(_) => net::AddressFamily::INET,
        SocketAddr::V6(_) => net::AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = net::socket_with(family, net::SocketType::STREAM, flags, None)?;
    // Connections of an earlier process that linger are no reason not to start.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    shape(&socket)?;
    net::bind(&socket, &address)?;
    net::listen(&socket, BACKLOG)?;
    Ok(Socket::Tcp(TcpListener::from(socket)))
}

/// What accepted connections take over from their listener on Linux, so it costs nothing for each.
fn shape(socket: &OwnedFd) -> io::Result<()> {
    sockopt::set_tcp_nodelay(socket, true)?;
    sockopt::set_socket_keepalive(socket, true)?;
    sockopt::set_tcp_keepidle(socket, KEEP_ALIVE)?;
    sockopt::set_tcp_keepintvl(socket, KEEP_ALIVE)?;
    Ok(())
}

/// Whether a socket of this name is the one that [`unix`] made for this place: it keeps the name that it had at first.
fn made_for(name: &Path, place: &Path) -> bool {
    let rest = name.as_os_str().as_encoded_bytes();
    match rest.strip_prefix(place.as_os_str().as_encoded_bytes()) {
        Some([]) => true,
        Some([b'.', process @ ..]) => process.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// Makes the socket beside its place and renames it, so its mode is right from the first moment on.
fn unix(path: &Path) -> Result<Socket, GatewayError> {
    let place = escape(&path.to_string_lossy());
    let failed = |error: io::Error| {
        GatewayError::new("SL-G050", "a listener cannot be opened")
            .at(place.clone())
            .because(error.to_string())
    };
    let taken = |cause: &str| {
        Err(
            GatewayError::new("SL-G051", "the place of a listener is taken")
                .at(place.clone())
                .because(cause),
        )
    };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
        Ok(there) if !there.file_type().is_socket() => {
            return taken("something that is no socket is there");
        }
        // Nobody answers at what an earlier process left.
        Ok(_) if UnixStream::connect(path).is_ok() => {
            return taken("another process listens there");
        }
        Ok(_) => {}
    }
    let made = || -> io::Result<Socket> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}", std::process::id()));
        let beside = PathBuf::from(beside);
        let listener = UnixListener::bind(&beside)?;
        let placed = || -> io::Result<SocketFile> {
            std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(SOCKET_MODE))?;
            listener.set_nonblocking(true)?;
            net::listen(&listener, BACKLOG)?;
            let about = std::fs::symlink_metadata(&beside)?;
            std::fs::rename(&beside, path)?;
            Ok(SocketFile {
                path: path.to_owned(),
                device: about.dev(),
                number: about.ino(),
            })
        };
        match placed() {
            Ok(file) => Ok(Socket::Unix(listener, Some(file))),
            Err(error) => {
                let _never_placed = std::fs::remove_file(&beside);
                Err(error)
            }
        }
    };
    made().map_err(failed)
}

/// A connection that was accepted, non-blocking and on no runtime yet, so that any worker can take it.
#[derive(Debug)]
pub(crate) enum Newcomer {
    /// Over TCP.
    Tcp(TcpStream, SocketAddr),
    /// Over a unix socket.
    Unix(UnixStream),
}

impl Newcomer {
    /// Where it comes from, for audit records about who did not get in.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Tcp(_, address) => address.to_string(),
            Self::Unix(_) => "unix".to_owned(),
        }
    }

    /// The address, when there is one.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(_, address) => Some(address.ip()),
            Self::Unix(_) => None,
        }
    }

    /// Waits, inside a runtime; `None` as soon as the other end goes away without a word.
    pub(crate) async fn stays(self, wait: Duration) -> Option<Self> {
        let Self::Tcp(socket, address) = self else {
            tokio::time::sleep(wait).await;
            return Some(self);
        };
        let until = tokio::time::Instant::now() + wait;
        let socket = tokio::net::TcpStream::from_std(socket).ok()?;
        match tokio::time::timeout_at(until, socket.peek(&mut [0])).await {
            Ok(Ok(0) | Err(_)) => return None,
            Ok(Ok(_has_spoken)) => tokio::time::sleep_until(until).await,
            Err(_has_waited) => {}
        }
        Some(Self::Tcp(socket.into_std().ok()?, address))
    }
}

/// A listening socket on the runtime of whoever accepts.
#[derive(Debug)]
pub(crate) struct Accepting {
    socket: AsyncFd<Socket>,
}

impl Accepting {
    /// To be called inside the runtime.
    #[expect(
        deprecated,
        reason = "what replaces it is unsafe; here the descriptor lives exactly as long as the socket that is registered"
    )]
    pub(crate) fn new(socket: Socket) -> io::Result<Self> {
        let socket = AsyncFd::with_interest(socket, tokio::io::Interest::READABLE)?;
        Ok(Self { socket })
    }

    /// The next connection.
    ///
    /// Errors that concern one connection are passed over. When the system has no descriptor or memory left, that
    /// is counted and tried again a little later: those who are in go on, and some of them will end. An error that
    /// comes back is one of the socket itself.
    pub(crate) async fn next(&self, exhausted: &Counter) -> io::Result<Newcomer> {
        loop {
            let mut ready = self.socket.readable().await?;
            let accepted = ready.try_io(|socket| accept(socket.get_ref()));
            match accepted {
                Err(_would_block) => {}
                Ok(Ok(newcomer)) => return Ok(newcomer),
                Ok(Err(error)) => match fate(&error) {
                    Fate::Passing => {}
                    Fate::Exhausted => {
                        exhausted.one();
                        tokio::time::sleep(EXHAUSTED).await;
                    }
                    Fate::Lasting => return Err(error),
                },
            }
        }
    }

    /// The socket, off the runtime.
    pub(crate) fn into_socket(self) -> Socket {
        self.socket.into_inner()
    }
}

fn accept(socket: &Socket) -> io::Result<Newcomer> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    match socket {
        Socket::Tcp(listener) => {
            let (stream, address) = net::acceptfrom_with(listener, flags)?;
            let address = address.and_then(|address| SocketAddr::try_from(address).ok());
            // The other end is gone already when there is no address.
            let address = address.ok_or(Errno::CONNABORTED)?;
            Ok(Newcomer::Tcp(TcpStream::from(stream), address))
        }
        Socket::Unix(listener, _) => {
            let stream = net::accept_with(listener, flags)?;
            Ok(Newcomer::Unix(UnixStream::from(stream)))
        }
    }
}

/// What an error of `accept` means for the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It concerned one connection.
    Passing,
    /// The system is out of something.
    Exhausted,
    /// The socket is no good.
    Lasting,
}

fn fate(error: &io::Error) -> Fate {
    match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => Fate::Exhausted,
        Some(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::FAULT | Errno::OPNOTSUPP) => {
            Fate::Lasting
        }
        // accept(2): errors of the network of the new connection are passed on as if they were accept's own.
        _ => Fate::Passing,
    }
}

#[cfg(test)]
mod tests {
    use super::{Accepting, Fate, Inherited, Newcomer, Socket, bind, fate};
    use crate::Bind;
    use crate::metrics::Counter;
    use rustix::io::Errno;
    use rustix::net::sockopt;
    use sealock_diag::Diagnose;
    use std::io::{self, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::{Path, PathBuf};

    /// A folder of this test alone.
    fn folder(name: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("sealock-listen-{name}-{}", std::process::id()));
        let _from_before = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    fn any() -> Bind {
        Bind::Tcp("127.0.0.1:0".parse().unwrap())
    }

    fn accept_one(socket: Socket) -> Newcomer {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let accepting = Accepting::new(socket).unwrap();
            accepting.next(&Counter::default()).await.unwrap()
        })
    }

    #[test]
    fn a_connection_is_shaped_by_its_listener() {
        let socket = bind("docker", &any(), &mut Inherited::default()).unwrap();
        let address = socket.address().unwrap();
        assert_eq!(socket.place(), address.to_string());
        let client = std::thread::spawn(move || {
            let mut client = TcpStream::connect(address).unwrap();
            client.write_all(b"x").unwrap();
            client.local_addr().unwrap()
        });
        let Newcomer::Tcp(stream, from) = accept_one(socket) else {
            panic!("not TCP");
        };
        assert_eq!(from, client.join().unwrap());
        assert!(sockopt::tcp_nodelay(&stream).unwrap());
        assert!(sockopt::socket_keepalive(&stream).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&stream).unwrap().as_secs(), 15);
    }

    #[test]
    fn an_address_in_use_is_an_error_with_a_code() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = Bind::Tcp(taken.local_addr().unwrap());
        let error = bind("docker", &at, &mut Inherited::default()).unwrap_err();
        assert_eq!(error.code().0, "SL-G050");
        assert_eq!(
            error.location().unwrap(),
            taken.local_addr().unwrap().to_string()
        );
    }

    #[test]
    fn the_file_of_a_socket_comes_whole_and_goes_with_it() {
        let path = folder("file").join("s");
        // What a process left that was killed.
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let socket = bind(
            "local",
            &Bind::Unix(path.clone()),
            &mut Inherited::default(),
        )
        .unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o666);
        assert_eq!(
            socket.place(),
            format!("unix:{}.{}", path.display(), std::process::id())
        );
        let mut client = UnixStream::connect(&path).unwrap();
        // A second gateway does not take it away.
        let error = bind(
            "local",
            &Bind::Unix(path.clone()),
            &mut Inherited::default(),
        )
        .unwrap_err();
        assert_eq!(error.code().0, "SL-G051");
        let again = std::thread::spawn({
            let path = path.clone();
            move || UnixStream::connect(path).map(drop)
        });
        let Newcomer::Unix(mut stream) = accept_one(socket) else {
            panic!("not unix");
        };
        client.write_all(b"x").unwrap();
        stream.set_nonblocking(false).unwrap();
        stream.read_exact(&mut [0]).unwrap();
        assert!(!path.exists());
        let _too_late_or_queued = again.join().unwrap();
    }

    #[test]
    fn a_file_in_the_way_stays() {
        let path = folder("way").join("s");
        std::fs::write(&path, "mine").unwrap();
        let error = bind(
            "local",
            &Bind::Unix(path.clone()),
            &mut Inherited::default(),
        )
        .unwrap_err();
        assert_eq!(error.code().0, "SL-G051");
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
        // A socket of the next gateway is not removed by the one before.
        let path = path.with_file_name("t");
        let before = bind(
            "local",
            &Bind::Unix(path.clone()),
            &mut Inherited::default(),
        )
        .unwrap();
        std::fs::remove_file(&path).unwrap();
        let _after = UnixListener::bind(&path).unwrap();
        drop(before);
        assert!(path.exists());
    }

    #[test]
    fn sockets_of_the_process_before() {
        let old = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = old.local_addr().unwrap();
        let mut inherited = Inherited::default();
        inherited.hand_over([("docker".to_owned(), OwnedFd::from(old))]);
        // The settings name the same address, which is taken: the handed-over socket is used.
        let socket = bind("docker", &Bind::Tcp(address), &mut inherited).unwrap();
        assert_eq!(socket.address(), Some(address));
        // A connection is no listener, and neither is a file.
        let client = TcpStream::connect(address).unwrap();
        inherited.hand_over([("docker".to_owned(), OwnedFd::from(client))]);
        let error = bind("docker", &any(), &mut inherited).unwrap_err();
        assert_eq!(error.code().0, "SL-G052");
        let error = bind(
            "docker",
            &Bind::Inherited("docker".to_owned()),
            &mut inherited,
        );
        assert_eq!(error.unwrap_err().code().0, "SL-G053");
    }

    #[test]
    fn a_socket_that_is_elsewhere_gives_way_to_what_the_settings_say() {
        let mut inherited = Inherited::default();
        let old = |name: &str| {
            let old = TcpListener::bind("127.0.0.1:0").unwrap();
            (
                old.local_addr().unwrap(),
                (name.to_owned(), OwnedFd::from(old)),
            )
        };
        let ((was, own), (managers, marked)) = (old("web"), old("@docker"));
        inherited.hand_over([own, marked]);
        let other = Bind::Tcp("127.0.0.2:0".parse().unwrap());
        let web = bind("web", &other, &mut inherited).unwrap().address();
        assert!(web.is_some_and(|now| now.ip() != was.ip()));
        // A service manager knows best where its socket is.
        let docker = bind("docker", &other, &mut inherited).unwrap();
        assert_eq!(docker.address(), Some(managers));
    }

    /// It keeps the name that it was made under, beside its place.
    #[test]
    fn a_unix_socket_that_was_renamed_is_known_again() {
        let path = folder("again").join("s");
        let at = Bind::Unix(path.clone());
        let first = bind("local", &at, &mut Inherited::default()).unwrap();
        let mut inherited = Inherited::default();
        let handed = first.as_fd().try_clone_to_owned().unwrap();
        inherited.hand_over([("local".to_owned(), handed)]);
        let second = bind("local", &at, &mut inherited).unwrap();
        first.leave_file();
        let client = UnixStream::connect(&path).unwrap();
        assert!(matches!(accept_one(second), Newcomer::Unix(_)));
        drop(client);
        assert!(!super::made_for(Path::new("/a/s"), Path::new("/a/t")));
        assert!(!super::made_for(Path::new("/a/s.old"), Path::new("/a/s")));
    }

    #[test]
    fn one_bad_connection_is_not_the_end_of_the_listener() {
        for (error, expected) in [
            (Errno::CONNABORTED, Fate::Passing),
            (Errno::PROTO, Fate::Passing),
            (Errno::HOSTUNREACH, Fate::Passing),
            (Errno::MFILE, Fate::Exhausted),
            (Errno::NOMEM, Fate::Exhausted),
            (Errno::BADF, Fate::Lasting),
        ] {
            assert_eq!(fate(&io::Error::from(error)), expected, "{error}");
        }
    }
}
