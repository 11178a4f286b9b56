#!/usr/bin/env python3
"""oauth.py PKI DIR: a PostgreSQL server that takes OAUTHBEARER only, over TLS, and two issuers of tokens: one whose certificate
comes from the good CA, one whose certificate comes from the foreign one. Writes DIR/ports (server, good issuer, foreign issuer)
and, a line each, DIR/log: the token that the server was shown, the client that an issuer was asked by. The server names the
issuer that is called as the user is.
"""
import http.server
import json
import os
import socket
import ssl
import struct
import sys
import threading
import urllib.parse

pki, out = sys.argv[1:]
lock = threading.Lock()


def log(line):
    with lock, open(os.path.join(out, "log"), "a") as f:
        f.write(line + "\n")


def context(name):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(os.path.join(pki, name + ".crt"), os.path.join(pki, name + ".key"))
    return c


class Issuer(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        issuer = f"https://localhost:{self.server.server_address[1]}"
        self.answer(200, {
            "issuer": issuer,
            "token_endpoint": issuer + "/token",
            "device_authorization_endpoint": issuer + "/device",
            "grant_types_supported": ["urn:ietf:params:oauth:grant-type:device_code"],
            "response_types_supported": ["token"],
        })

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if self.path == "/device":
            log(f"{self.server.name} client {form['client_id'][0]}")
            self.answer(200, {"device_code": "code", "user_code": "ABCD", "interval": 1, "expires_in": 60,
                              "verification_uri": "https://localhost/device"})
        else:
            self.answer(200, {"access_token": "token-of-" + self.server.name, "token_type": "Bearer"})

    def log_message(self, *_):
        pass


def issue(name, certificate):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
    server.name = name
    server.socket = context(certificate).wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def receive(conn, n):
    data = b""
    while len(data) < n:
        piece = conn.recv(n - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


def serve(conn, tls):
    try:
        if receive(conn, 8)[4:] != struct.pack("!i", 80877103):
            return
        conn.sendall(b"S")
        conn = tls.wrap_socket(conn, server_side=True)
        startup = receive(conn, struct.unpack("!i", receive(conn, 4))[0] - 4)[4:].split(b"\0")
        user = startup[startup.index(b"user") + 1].decode()
        conn.sendall(message(b"R", struct.pack("!i", 10) + b"OAUTHBEARER\0\0"))
        kind, n = receive(conn, 1), struct.unpack("!i", receive(conn, 4))[0]
        response = receive(conn, n - 4).decode()
        auth = response[response.index("auth="):].split("\1")[0]
        if auth == "auth=":  # libpq asks for the issuer first, and comes again
            uri = f"https://localhost:{issuers[user]}/.well-known/openid-configuration"
            body = json.dumps({"status": "invalid_token", "openid-configuration": uri, "scope": ""}).encode()
            conn.sendall(message(b"R", struct.pack("!i", 11) + body))
            receive(conn, struct.unpack("!i", receive(conn, 5)[1:])[0] - 4)
            conn.sendall(message(b"E", b"SFATAL\0VFATAL\0C28000\0Mno token\0\0"))
            return
        log("server " + auth)
        ready = message(b"Z", b"I")
        conn.sendall(message(b"R", struct.pack("!i", 0)) + ready)
        while True:
            kind, n = receive(conn, 1), struct.unpack("!i", receive(conn, 4))[0]
            receive(conn, n - 4)
            if kind != b"Q":
                return
            column = b"c\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)
            conn.sendall(message(b"T", struct.pack("!h", 1) + column) +
                         message(b"D", struct.pack("!hi", 1, 1) + b"t") + message(b"C", b"SELECT 1\0") + ready)
    except (EOFError, OSError, ValueError):
        pass
    finally:
        conn.close()


listener = socket.create_server(("127.0.0.1", 0))
issuers = {"good": issue("good", "good"), "foreign": issue("foreign", "impostor")}
with open(os.path.join(out, "ports.new"), "w") as f:
    print(listener.getsockname()[1], *issuers.values(), file=f)
os.rename(os.path.join(out, "ports.new"), os.path.join(out, "ports"))
tls = context("good")
while True:
    threading.Thread(target=serve, args=(listener.accept()[0], tls), daemon=True).start()
