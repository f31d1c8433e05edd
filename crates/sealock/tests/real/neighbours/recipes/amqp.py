"""amqp.py PORT CERT KEY CA: as much of AMQP 0-9-1 as it takes to open a connection, for clients with a certificate."""

import socketserver
import ssl
import struct
import sys

port, cert, key, ca = int(sys.argv[1]), *sys.argv[2:5]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
context.load_verify_locations(ca)
context.verify_mode = ssl.CERT_REQUIRED

START, START_OK = (10, 10), (10, 11)
TUNE, TUNE_OK = (10, 30), (10, 31)
OPEN, OPEN_OK = (10, 40), (10, 41)
CLOSE, CLOSE_OK = (10, 50), (10, 51)


def exactly(file, count):
    read = file.read(count)
    if len(read) != count:
        raise EOFError
    return read


class Handler(socketserver.StreamRequestHandler):
    def setup(self):
        self.request = context.wrap_socket(self.request, server_side=True)
        super().setup()

    def send(self, method, arguments):
        payload = struct.pack(">HH", *method) + arguments
        self.wfile.write(struct.pack(">BHI", 1, 0, len(payload)) + payload + b"\xce")

    def receive(self, expected):
        while True:
            kind, _, length = struct.unpack(">BHI", exactly(self.rfile, 7))
            payload = exactly(self.rfile, length + 1)[:-1]
            if kind == 1 and struct.unpack(">HH", payload[:4]) == expected:
                return payload[4:]

    def handle(self):
        exactly(self.rfile, 8)
        mechanisms = b"EXTERNAL"
        self.send(
            START,
            b"\x00\x09" + struct.pack(">I", 0) + struct.pack(">I", len(mechanisms)) + mechanisms
            + struct.pack(">I", 5) + b"en_US",
        )
        answer = self.receive(START_OK)
        properties = struct.unpack(">I", answer[:4])[0]
        chosen = answer[4 + properties:]
        if chosen[1:1 + chosen[0]] != mechanisms:
            return
        self.send(TUNE, struct.pack(">HIH", 10, 131072, 0))
        self.receive(TUNE_OK)
        self.receive(OPEN)
        self.send(OPEN_OK, b"\x00")
        self.receive(CLOSE)
        self.send(CLOSE_OK, b"")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request, address):
        pass


with Server(("127.0.0.1", port), Handler) as server:
    print("serving", flush=True)
    server.serve_forever()
