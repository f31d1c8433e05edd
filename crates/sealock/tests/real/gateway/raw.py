"""What no docker command line does, spoken byte by byte over mutual TLS: raw.py WHAT CONTAINER."""

import base64
import json
import os
import re
import socket
import ssl
import sys
import time

folder = os.environ["DOCKER_CERT_PATH"]
context = ssl.create_default_context(cafile=folder + "/ca.pem")
context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")


def connect():
    plain = socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), timeout=60)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(plain, server_hostname="localhost")


def read_head(stream):
    """The head, and what came with it."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = stream.recv(65536)
        if not more:
            break
        got += more
    head, _, rest = got.partition(b"\r\n\r\n")
    return head.decode(), rest


def read_all(stream, got=b""):
    while True:
        try:
            more = stream.recv(65536)
        except ssl.SSLEOFError:
            more = b""
        if not more:
            return got
        got += more


def ask(method, path, body=None):
    """One request on a connection of its own: the JSON of the answer."""
    stream = connect()
    text = json.dumps(body).encode() if body is not None else b""
    head = f"{method} {path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    stream.sendall(head.encode() + text)
    answer = read_all(stream)
    head, _, rest = answer.partition(b"\r\n\r\n")
    if b"chunked" in head.lower():
        plain = b""
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            plain += rest[: int(size, 16)]
            rest = rest[int(size, 16) + 2 :]
        rest = plain
    return json.loads(rest)


def make_exec(container, command):
    wish = {"AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Cmd": command}
    return ask("POST", f"/v1.41/containers/{container}/exec", wish)["Id"]


def start(exec_id, more="", early=b""):
    body = b'{"Detach":false,"Tty":false}'
    stream = connect()
    head = f"POST /v1.41/exec/{exec_id}/start HTTP/1.1\r\nHost: docker\r\n{more}"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    stream.sendall(head.encode() + body + early)
    return stream


def frames(data):
    """The payloads of Docker's multiplexed stream."""
    plain = b""
    while len(data) >= 8:
        size = int.from_bytes(data[4:8], "big")
        plain += data[8 : 8 + size]
        data = data[8 + size :]
    return plain.decode()


def end_of_input(stream):
    """A bare FIN: the peer sees no close_notify, as with docker-py."""
    socket.socket.shutdown(stream, socket.SHUT_WR)


def status(exec_id):
    for _ in range(1000):
        code = ask("GET", f"/v1.41/exec/{exec_id}/json")["ExitCode"]
        if code is not None:
            return code
        time.sleep(0.05)
    return "runs"


what, container = sys.argv[1], sys.argv[2]

if what == "legacy":
    # No Upgrade: 200 without a length, then bytes both ways.
    one = make_exec(container, ["sh", "-c", "cat; echo end; exit 5"])
    stream = start(one)
    head, rest = read_head(stream)
    print(head.split("\r\n")[0], "length" in head.lower() or "chunked" in head.lower())
    stream.sendall(b"typed\n")
    end_of_input(stream)
    print(frames(read_all(stream, rest)), end="")
    print("exit", status(one))

elif what == "early":
    # Input in the same segment as the request: nothing of it may be lost.
    one = make_exec(container, ["sh", "-c", "cat; echo end"])
    stream = start(one, "Connection: Upgrade\r\nUpgrade: tcp\r\n", b"early\n")
    head, rest = read_head(stream)
    print(head.split("\r\n")[0])
    stream.sendall(b"late\n")
    end_of_input(stream)
    print(frames(read_all(stream, rest)), end="")

elif what == "websocket":
    key = base64.b64encode(os.urandom(16)).decode()
    stream = connect()
    head = f"GET /v1.41/containers/{container}/attach/ws?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: docker\r\n"
    head += "Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: http://docker\r\nSec-WebSocket-Version: 13\r\n"
    stream.sendall((head + f"Sec-WebSocket-Key: {key}\r\n\r\n").encode())
    head, rest = read_head(stream)
    print(head.split("\r\n")[0].split(" ")[1])
    text = b"over a websocket\n"
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(text))
    stream.sendall(bytes([0x82, 0x80 | len(text)]) + mask + masked)
    while len(rest) < 2 or len(rest) < 2 + rest[1]:
        rest += stream.recv(65536)
    print(rest[0] & 0x80 != 0, rest[2 : 2 + rest[1]].decode(), end="")

elif what == "pipeline":
    stream = connect()
    one = "GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"
    stream.sendall((one * 4 + one.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).encode())
    answers = read_all(stream)
    print(answers.count(b"HTTP/1.1 200 OK"), answers.count(b"\r\n\r\nOK"))

elif what == "old":
    # HTTP/1.0 without and with keep-alive.
    stream = connect()
    stream.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
    print(read_all(stream).endswith(b"\r\n\r\nOK"))
    stream = connect()
    stream.sendall(b"GET /_ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    head, rest = read_head(stream)
    while len(rest) < 2:
        rest += stream.recv(64)
    stream.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
    print(head.split(" ")[1], rest, read_all(stream).endswith(b"\r\n\r\nOK"))

elif what == "heads":
    # What clients negotiate by, and heads as large as the daemon takes.
    for method in ("HEAD", "GET"):
        stream = connect()
        stream.sendall(f"{method} /_ping HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n".encode())
        head, _, body = read_all(stream).partition(b"\r\n\r\n")
        lines = sorted(head.decode().split("\r\n"))
        lines = [line for line in lines if not re.match("Date:|Connection:|Content-Length:", line)]
        print(lines, body)
    many = "".join(f"X-Filler-{number}: {number}\r\n" for number in range(300))
    large = "X-Registry-Config: " + "a" * 900_000 + "\r\n"
    for more in (many, large):
        stream = connect()
        stream.sendall(f"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n{more}\r\n".encode())
        print(read_all(stream).split(b"\r\n")[0].decode())

elif what == "silent":
    # A waiting stream has its head before there is anything to say: the container never ends.
    stream = connect()
    stream.sendall(f"POST /v1.41/containers/{container}/wait HTTP/1.1\r\nHost: docker\r\n\r\n".encode())
    head, _ = read_head(stream)
    print(head.split(" ")[1], "at once")

else:
    sys.exit("raw.py does not know " + what)
