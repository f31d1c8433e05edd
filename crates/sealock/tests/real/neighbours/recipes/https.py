"""https.py PORT CERT KEY CA: a web server for clients with a certificate, which says who came."""

import os
import socket
import socketserver
import ssl
import sys
from http.server import BaseHTTPRequestHandler

port, cert, key, ca = int(sys.argv[1]), *sys.argv[2:5]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
context.load_verify_locations(ca)
context.verify_mode = ssl.CERT_REQUIRED


class Handler(BaseHTTPRequestHandler):
    def setup(self):
        # Here and not in the listener's loop: nobody waits for somebody else's handshake.
        self.request = context.wrap_socket(
            self.request, server_side=True, do_handshake_on_connect=False
        )
        try:
            self.request.do_handshake()
        except ssl.SSLError:
            # Whoever hangs up with something unread takes the alert along.
            self.request.settimeout(5)
            socket.socket.shutdown(self.request, socket.SHUT_WR)
            while os.read(self.request.fileno(), 4096):
                pass
            raise
        super().setup()

    def do_GET(self):
        names = dict(pair for name in self.request.getpeercert()["subject"] for pair in name)
        body = f"hello {names['commonName']}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request, address):
        pass


with Server(("127.0.0.1", port), Handler) as server:
    print("serving", flush=True)
    server.serve_forever()
