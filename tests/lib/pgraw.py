#!/usr/bin/python3 -Wignore
"""pgraw: a client that speaks the protocol byte by byte, in the ways that libpq of Debian 12 does not.

pgraw WAY…: connects to PGHOST and PGPORT once for each way, in order, and prints "WAY: what came of it".
  gss        GSSENCRequest, then SSLRequest on the same connection, then a login inside TLS
  direct     TLS at once, with ALPN postgresql      direct-no-alpn   with another protocol
  old        TLS 1.1, without verifying anything
  extended   Parse, Bind, Describe, Execute, Sync, with two parameters
  cancel     a cancel request in clear              cancel-tls       inside TLS
  newer      protocol 3.9999 with an option that no server knows
  empty      an empty query, and several in one     garbage          bytes that are no protocol
  half       the first half of a startup packet     silent           connects, waits, says nothing
  flood      a hundred logins, one after the other  crowd            120 connections at a time that say nothing
  wait             a login inside TLS that stays for a minute
TLS is verified against PGSSLROOTCERT.
"""
import os, socket, ssl, struct, sys, time

host, port = os.environ["PGHOST"], int(os.environ["PGPORT"])
SSL, GSS, CANCEL = 80877103, 80877104, 80877102


class Session:
    def __init__(self):
        self.s = socket.create_connection((host, port), 10)

    def packet(self, code, body=b""):
        self.s.sendall(struct.pack("!II", len(body) + 8, code) + body)

    def message(self, kind, body=b""):
        self.s.sendall(kind + struct.pack("!I", len(body) + 4) + body)

    def exactly(self, n):
        got = b""
        while len(got) < n:
            part = self.s.recv(n - len(got))
            if not part:
                raise EOFError("closed")
            got += part
        return got

    def read(self):
        kind, size = struct.unpack("!cI", self.exactly(5))
        return kind.decode(), self.exactly(size - 4)

    def until_ready(self):
        seen = ""
        while True:
            kind, body = self.read()
            seen += kind
            if kind == "Z":
                return seen + body.decode()

    def tls(self, alpn=None, context=None):
        context = context or ssl.create_default_context(cafile=os.environ["PGSSLROOTCERT"])
        if alpn:
            context.set_alpn_protocols([alpn])
        self.s = context.wrap_socket(self.s, server_hostname=host)

    def encrypt(self, context=None):
        self.packet(SSL)
        answer = self.exactly(1)
        if answer != b"S":
            raise EOFError(answer.decode())
        self.tls(context=context)

    def login(self, code=3 << 16, options=b""):
        names = b"user\0%b\0database\0%b\0" % tuple(os.environ[n].encode() for n in ("PGUSER", "PGDATABASE"))
        self.packet(code, names + options + b"\0")
        kind, body = self.read()
        seen = kind
        if kind == "v":
            seen += "%d.%d:%s " % (*struct.unpack("!HH", body[:4]), body[8:-1].decode())
            kind, body = self.read()
            seen += kind
        if body != struct.pack("!I", 3):
            raise EOFError("asked for %r" % body)
        self.message(b"p", os.environ["PGPASSWORD"].encode() + b"\0")
        return seen + self.until_ready()


def gss(c):
    c.packet(GSS)
    answer = c.exactly(1).decode()
    c.encrypt()
    return answer + " " + c.login()


def direct(c, alpn="postgresql"):
    c.tls(alpn)
    return "%s %s" % (c.s.selected_alpn_protocol(), c.login())


def old(c):
    context = ssl._create_unverified_context()
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    c.encrypt(context)
    return c.s.version() + " " + c.login()


def extended(c):
    c.encrypt()
    c.login()
    c.message(b"P", b"\0select $1, $2\0" + struct.pack("!H", 0))
    c.message(b"D", b"S\0")
    c.message(b"B", b"\0\0" + struct.pack("!HHHH", 0, 0, 0, 0))
    c.message(b"E", b"\0" + struct.pack("!I", 0))
    c.message(b"S")
    return c.until_ready()


def cancel(c):
    c.packet(CANCEL, struct.pack("!II", 1234, 5678))
    return "sent" if c.s.recv(1) == b"" else "answered"


def cancel_tls(c):
    c.encrypt()
    return cancel(c)


def newer(c):
    c.encrypt()
    return c.login(3 << 16 | 9999, b"_pq_.grease\0on\0")


def empty(c):
    c.encrypt()
    c.login()
    answers = []
    for query in (b"", b";", b"select 1; begin; select ';'", b"rollback"):
        c.message(b"Q", query + b"\0")
        answers.append(c.until_ready())
    return " ".join(answers)


def garbage(c):
    c.s.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return "closed" if c.s.recv(1) == b"" else "answered"


def half(c):
    c.s.sendall(struct.pack("!II", 1000, 3 << 16) + b"user\0half")
    return "left"


def silent(c):
    time.sleep(0.3)
    return "left"


def flood(c):
    for _ in range(100):
        session = Session()
        session.login()
        session.message(b"X")
    return "done"


def crowd(c):
    sessions = [Session() for _ in range(120)]
    time.sleep(0.3)
    return len(sessions)


def wait(c):
    c.encrypt()
    c.login()
    time.sleep(60)


for way in sys.argv[1:]:
    try:
        session = Session()
        if way == "direct-no-alpn":
            print(way + ":", direct(session, "h2"), flush=True)
        else:
            print(way + ":", globals()[way.replace("-", "_")](session), flush=True)
        if way not in ("cancel", "cancel-tls", "garbage", "half", "silent", "flood", "crowd"):
            session.message(b"X")
    except (OSError, EOFError) as error:
        print(way + ":", "refused" if isinstance(error, ssl.SSLError) else error, flush=True)
