//! Listening sockets on their way to another process of the same user, over a unix socket.
//!
//! One message: the names as lines of text, the descriptors beside them in the same order.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// More listeners than a gateway has; the kernel takes no more than 253 at once.
const MOST: usize = 64;
/// The longest message: every name has its bound.
const TEXT: usize = MOST * 256;

/// Sends these sockets, each with the name of its listener.
///
/// # Errors
/// The other end is gone, there are more than 64, or a name does not fit.
pub fn send_sockets(to: &UnixStream, sockets: &[(&str, BorrowedFd<'_>)]) -> io::Result<()> {
    let fits = |name: &str| !name.is_empty() && name.len() < 256 && !name.contains('\n');
    if sockets.len() > MOST || !sockets.iter().all(|(name, _)| fits(name)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // An empty message would be no message, so every name ends its line, and the last line is empty.
    let names: String = sockets
        .iter()
        .map(|(name, _)| format!("{name}\n"))
        .collect();
    let names = names + "\n";
    let descriptors: Vec<BorrowedFd<'_>> = sockets.iter().map(|(_, socket)| *socket).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !beside.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut rest = names.as_bytes();
    let sent = sendmsg(to, &[IoSlice::new(rest)], &mut beside, SendFlags::NOSIGNAL)?;
    rest = rest.get(sent..).unwrap_or_default();
    io::Write::write_all(&mut &*to, rest)
}

/// Receives what [`send_sockets`] sends.
///
/// # Errors
/// The other end is gone, or sends something else.
pub fn receive_sockets(from: &UnixStream) -> io::Result<Vec<(String, OwnedFd)>> {
    let mut text = Vec::new();
    let mut sockets = Vec::new();
    while !ends(&text) {
        let mut buffer = [0; 4096];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut beside = RecvAncillaryBuffer::new(&mut space);
        let received = recvmsg(
            from,
            &mut [IoSliceMut::new(&mut buffer)],
            &mut beside,
            RecvFlags::CMSG_CLOEXEC,
        )?;
        for message in beside.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                sockets.extend(descriptors);
            }
        }
        if received.bytes == 0 || text.len() > TEXT {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        text.extend_from_slice(&buffer[..received.bytes]);
    }
    let names = String::from_utf8(text).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    let names: Vec<&str> = names.lines().filter(|name| !name.is_empty()).collect();
    if names.len() != sockets.len() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(names.into_iter().map(str::to_owned).zip(sockets).collect())
}

fn ends(text: &[u8]) -> bool {
    text == b"\n" || text.ends_with(b"\n\n")
}

#[cfg(test)]
mod tests {
    use super::{receive_sockets, send_sockets};
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_socket_arrives_and_no_connection_is_refused() {
        let (old, new) = UnixStream::pair().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        send_sockets(
            &old,
            &[("docker", listener.as_fd()), ("web", other.as_fd())],
        )
        .unwrap();
        drop((listener, other));
        // Between the two processes it waits in the kernel.
        let _waits = TcpStream::connect(address).unwrap();
        let mut found = receive_sockets(&new).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].0, "web");
        let (name, socket) = found.remove(0);
        assert_eq!(name, "docker");
        TcpListener::from(socket).accept().unwrap();
        send_sockets(&old, &[]).unwrap();
        assert!(receive_sockets(&new).unwrap().is_empty());
    }

    #[test]
    fn something_else_is_refused() {
        let (mut old, new) = UnixStream::pair().unwrap();
        assert!(send_sockets(&old, &[("a\nb", new.as_fd())]).is_err());
        assert!(send_sockets(&old, &[("", new.as_fd())]).is_err());
        // Names without descriptors.
        old.write_all(b"docker\n\n").unwrap();
        assert!(receive_sockets(&new).is_err());
        old.write_all(b"docker\n").unwrap();
        drop(old);
        assert!(receive_sockets(&new).is_err());
    }
}
