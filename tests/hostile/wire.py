"""wire: servers that record what a client sends, byte by byte: as it came, and as TLS opened it.

A Listener accepts on 127.0.0.1 and hands each connection to a function talk(wire). A Relay stands between a client and a real
server, and may cut the line. outside_tls() says what of a client's bytes was not inside TLS.
"""
import socket
import ssl
import struct
import threading
import time

SSL_REQUEST = struct.pack("!II", 8, 80877103)
GSS_REQUEST = struct.pack("!II", 8, 80877104)
CANCEL_CODE = struct.pack("!I", 80877102)
PATIENCE = 20


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def error(text):
    return message(b"E", b"SFATAL\0VFATAL\0C08006\0M" + text + b"\0\0")


PASSWORD_PLEASE = message(b"R", struct.pack("!I", 3))
WELCOME = (message(b"R", struct.pack("!I", 0)) + message(b"S", b"server_version\00015.0\0") +
           message(b"S", b"client_encoding\0UTF8\0") + message(b"Z", b"I"))
ROW = (message(b"T", struct.pack("!H", 1) + b"x\0" + struct.pack("!IHIhih", 0, 0, 25, -1, -1, 0)) +
       message(b"D", struct.pack("!Hi", 1, 4) + b"evil") + message(b"C", b"SELECT 1\0") + message(b"Z", b"I"))


class Gone(Exception):
    """The client has gone, or the line was cut."""


class Wire:
    """One client. raw: all its bytes as they came; inner: what was in its TLS."""

    def __init__(self, conn):
        self.conn, self.tls = conn, None
        self.raw, self.inner, self.waiting = bytearray(), bytearray(), bytearray()
        self.sent, self.cut_sent, self.cut_read = 0, None, None
        self.pace = 0
        self.began = time.monotonic()
        conn.settimeout(PATIENCE)

    def _receive(self):
        n = 65536
        if self.cut_read is not None:
            n = min(n, self.cut_read - len(self.raw))
            if n <= 0:
                raise Gone
        data = self.conn.recv(n)
        self.raw += data
        if not data:
            raise Gone
        return data

    def send_raw(self, data):
        rest = len(data) if self.cut_sent is None else max(self.cut_sent - self.sent, 0)
        step = 1 if self.pace else len(data) or 1
        for at in range(0, min(rest, len(data)), step):
            part = data[at:min(at + step, rest)]
            self.conn.sendall(part)
            self.sent += len(part)
            time.sleep(self.pace)
        if rest < len(data):
            raise Gone

    def send(self, data):
        if self.tls:
            self.tls.write(data)
            self.send_raw(self.outgoing.read())
        else:
            self.send_raw(data)

    def read(self, n):
        while len(self.waiting) < n:
            if self.tls:
                try:
                    data = self.tls.read(65536)
                except ssl.SSLWantReadError:
                    self.incoming.write(self._receive())
                    continue
                if not data:
                    raise Gone
                self.inner += data
                self.waiting += data
            else:
                self.waiting += self._receive()
        data, self.waiting = bytes(self.waiting[:n]), self.waiting[n:]
        return data

    def start_tls(self, context):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.incoming.write(bytes(self.waiting))
        self.waiting = bytearray()
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                pass
            finally:
                if self.outgoing.pending:
                    self.send_raw(self.outgoing.read())
            self.incoming.write(self._receive())
        self.tls = tls

    def drain(self):
        while True:
            self.read(1)

    def login(self):
        """A server that lets everybody in, once it has the password, and answers any query."""
        self.read(struct.unpack("!I", self.read(4))[0] - 4)
        self.send(PASSWORD_PLEASE)
        while True:
            kind, length = struct.unpack("!cI", self.read(5))
            self.read(length - 4)
            if kind == b"p":
                self.send(WELCOME)
            elif kind == b"Q":
                self.send(ROW)
            elif kind == b"X":
                raise Gone


class Listener:
    def __init__(self, talk, address="127.0.0.1"):
        self.talk, self.wires = talk, []
        self.sock = socket.socket()
        self.sock.bind((address, 0))
        self.sock.listen(128)
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            conn, _ = self.sock.accept()
            wire = Wire(conn)
            self.wires.append(wire)
            threading.Thread(target=self._run, args=(wire,), daemon=True).start()

    def _run(self, wire):
        try:
            self.talk(wire)
        except (Gone, OSError):  # ssl.SSLError is an OSError
            pass
        finally:
            wire.conn.close()

    def forget(self):
        """What was recorded so far, which is forgotten."""
        wires, self.wires = self.wires, []
        return wires


def relay(port):
    """talk() for a Listener: passes all on to the real server on this port, and back."""
    def talk(wire):
        wire.conn.settimeout(60)
        with socket.create_connection(("127.0.0.1", port)) as server:
            def back():
                try:
                    while True:
                        data = server.recv(65536)
                        if not data:
                            break
                        wire.send_raw(data)
                except (Gone, OSError):
                    pass
                try:
                    wire.conn.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            threading.Thread(target=back, daemon=True).start()
            while True:
                server.sendall(wire._receive())
    return talk


def outside_tls(raw):
    """What of a client's bytes was outside TLS: all but well-formed TLS records (the last may be cut)."""
    raw, out, at = bytes(raw), b"", 0
    while at < len(raw):
        head = raw[at:at + 5]
        kind, major = head[0], head[1] if len(head) > 1 else 3
        if kind in (20, 21, 22, 23) and major == 3:
            at += 5 + (struct.unpack("!H", head[3:5])[0] if len(head) == 5 else 0)
        else:
            # No record: a message of PostgreSQL's own, or anything else up to the end.
            length = struct.unpack("!I", raw[at:at + 4])[0] if len(raw) >= at + 4 else 0
            end = at + length if 8 <= length <= len(raw) - at else len(raw)
            out += raw[at:end]
            at = end
    return out
