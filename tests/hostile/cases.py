"""cases: who the attackers are, what the program asks for, and what each of the three must come to: bare, bare with
verify-full, sealed. attackers.py runs them.
"""
import ssl

from wire import GSS_REQUEST, SSL_REQUEST, WELCOME, Gone, Listener, error, relay

SECRETS = {"user": b"user-7391", "password": b"password-7391", "query": b"query-7391"}
LOGIN = {"user": "user-7391", "password": "password-7391", "dbname": "db-7391"}

CLEAR = "user, password and query in clear"
GIVEN = "user, password and query told to it, inside its TLS"
FAILS = "fails, nothing told"
LETS_IN = "connects"



class Case:
    """One attacker. bare, full, sealed: what must come of it, in the words of attackers.py (outcome())."""

    def __init__(self, name, title, talk, bare=CLEAR, full=FAILS, sealed=FAILS, conn=None, env=None, policy="",
                 event="failed", timeout=None, note="", address="127.0.0.1", login=None, entries=None, apart=False):
        self.name, self.title, self.talk = name, title, talk
        self.bare, self.full, self.sealed = bare, full, sealed
        self.conn = {"host": "localhost", **(LOGIN if login is None else login), **(conn or {})}
        self.env, self.policy, self.event = env or {}, policy, event
        self.note, self.address, self.entries, self.apart = note, address, entries, apart
        if timeout:
            self.env["PGCONNECT_TIMEOUT"] = str(timeout)


def server_context(pki, name, low=None, ciphers=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0
    if ciphers:
        context.set_ciphers(ciphers)
    if low:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = low
    context.load_cert_chain("%s/%s.crt" % (pki, name), "%s/%s.key" % (pki, name))
    return context


def request(wire):
    """Reads the first message; an SSLRequest leaves nothing unread, anything else is put back."""
    head = wire.read(8)
    if head == SSL_REQUEST:
        return True
    wire.waiting = bytearray(head) + wire.waiting
    return False


def tls(context):
    """Says S, then TLS, then lets everybody in. To a client that asks for no TLS: the same in clear."""
    def talk(wire):
        if request(wire):
            wire.send(b"S")
            wire.start_tls(context)
        wire.login()
    return talk


def let_in(wire):
    wire.login()


def plain(reply, after):
    def talk(wire):
        if request(wire):
            wire.send(reply)
            after(wire)
        else:
            wire.login()
    return talk


def hang_up(_wire):
    raise Gone


def silence(wire):
    wire.conn.settimeout(7)
    wire.drain()


def slowly(context):
    """One byte a second; hangs up after eight."""
    def talk(wire):
        if request(wire):
            wire.pace, wire.cut_sent = 1, 8
            wire.send(b"S")
            wire.start_tls(context)
        wire.login()
    return talk


def gss(reply, after):
    """Answers a GSSENCRequest so; an SSLRequest with N."""
    def talk(wire):
        head = wire.read(8)
        if head == GSS_REQUEST:
            wire.send(reply)
            after(wire)
            return
        wire.waiting = bytearray(head) + wire.waiting
        plain(b"N", let_in)(wire)
    return talk


def stuffed(context):
    """S, and in the same packet a server's messages in clear, as if they had come out of TLS (CVE-2021-23222)."""
    def talk(wire):
        if request(wire):
            wire.send(b"S" + WELCOME)
            wire.start_tls(context)
        wire.login()
    return talk


def protocol_cases(pki):
    good = server_context(pki, "good")
    return [
        Case("answers-n", "answers N: no TLS here", plain(b"N", let_in)),
        Case("answers-e", "answers E, an error message", plain(error(b"no thank you"), hang_up), bare=FAILS),
        Case("answers-x", "answers a byte that is not in the protocol", plain(b"x", hang_up), bare=FAILS),
        Case("answers-n-login", "answers N, and accepts the login without a password", plain(b"N" + WELCOME, let_in),
             bare="user and query in clear"),
        Case("stuffed", "answers S, followed by plaintext messages", stuffed(good), bare=FAILS),
        Case("hangs-up", "hangs up at once", hang_up, bare=FAILS),
        Case("hangs-up-asked", "hangs up when asked for TLS", plain(b"", hang_up), bare=FAILS),
        Case("hangs-up-tls", "says S, then hangs up", plain(b"S", hang_up), bare=CLEAR,
             note="after a failed handshake, libpq's prefer tries again in clear"),
        Case("garbage", "says S, then garbage", plain(b"S" + b"\x16\x03\x01\xff\xff" + b"x" * 64, hang_up)),
        Case("http", "speaks HTTP", plain(b"HTTP/1.1 400 Bad Request\r\n\r\n", hang_up), bare=FAILS),
        Case("silent", "accepts and says nothing", silence, bare=FAILS, timeout=2, apart=True),
        Case("silent-s", "says S and nothing more", plain(b"S", silence), timeout=2, apart=True),
        Case("slow", "the genuine certificate, one byte a second", slowly(good), timeout=2, apart=True),
    ]


def tls_cases(pki, conf):
    """Certificates and old TLS. conf: a directory with OpenSSL configurations that let it all in."""
    def bad(name, title, **more):
        return Case(name, title, tls(server_context(pki, more.pop("cert", name))), bare=GIVEN, **more)

    def fine(name, title, note, **more):
        return Case(name, title, tls(server_context(pki, more.pop("cert", name))), bare=GIVEN, full=GIVEN, sealed=GIVEN,
                    event="witness", note=note, **more)

    def old(name, title, version, option):
        low = {"OPENSSL_CONF": conf + "/legacy.cnf"}
        return Case(name, title, tls(server_context(pki, "good", low=version, ciphers="ALL:@SECLEVEL=0")), bare=GIVEN, full=GIVEN,
                    conn={"ssl_min_protocol_version": option}, env=low)

    prod = {"host": "prod.example"}
    return [
        bad("selfsigned", "a self-signed certificate with the right name"),
        bad("samenameca", "self-signed, under the very name of the policy's root"),
        bad("impostor", "the right name, from a foreign CA"),
        bad("wrongname", "the policy's CA, another name"),
        fine("cnonly", "the policy's CA, the name only in the CN, no SAN",
             "libpq itself uses the CN if there is no SAN; the policy's CA has signed that name"),
        bad("cnother", "the name in the CN, another one in the SAN"),
        bad("nulsan", "SAN `localhost\\0.evil.example`"),
        bad("nulcn", "CN `localhost\\0.evil.example`, no SAN"),
        bad("star", "wildcard `*` for localhost"),
        fine("starlabel", "wildcard `*.example` for prod.example",
             "libpq has no list of public suffixes: a wildcard may match one label (RFC 6125). Do not sign such certificates", conn=prod),
        bad("starlabel-two", "wildcard `*.example` for a.prod.example: two labels", cert="starlabel", conn={"host": "a.prod.example"}),
        bad("starlabel-none", "wildcard `*.example` for example: no label", cert="starlabel", conn={"host": "example"}),
        bad("starcn-two", "wildcard `*.example` in the CN, for a.prod.example", cert="starcn", conn={"host": "a.prod.example"}),
        bad("starpart", "wildcard `pr*.example` for prod.example", conn=prod),
        bad("starsuffix", "wildcard `*d.example` for prod.example", conn=prod),
        bad("starmiddle", "wildcard `a.*.example` for a.prod.example", conn={"host": "a.prod.example"}),
        bad("startwo", "wildcard `*.*.example` for a.prod.example", conn={"host": "a.prod.example"}),
        bad("starlast", "wildcard `prod.*` for prod.example", conn=prod),
        fine("ipstar", "wildcard `*.0.0.1` for 127.0.0.1",
             "libpq compares DNS names, including wildcards, with a requested address. Do not sign such certificates",
             conn={"host": "127.0.0.1"}),
        bad("ipother", "IP SAN 127.0.0.2 for 127.0.0.1", conn={"host": "127.0.0.1"}),
        bad("iponly", "IP SAN 127.0.0.1 for localhost"),
        bad("emailsan", "e-mail and URI SANs with the right name", full=FAILS),
        bad("clientonly", "a certificate for clients only (extendedKeyUsage)"),
        bad("underleaf", "signed by a server's certificate of the policy's CA"),
        bad("expired", "expired"),
        bad("future", "not yet valid"),
        bad("revoked", "revoked", full=GIVEN, policy="sslcrl = %s/crl.pem" % pki,
            note="bare, the program would have to set the CRL itself"),
        bad("chain50foreign", "a chain of 50, foreign"),
        fine("chain50", "a chain of 50 from the policy's root", "a long chain is slow, but valid (OpenSSL's limit is 100)"),
        bad("chain110", "a chain of 110 from the policy's root"),
        Case("megabyte", "a certificate of 1 MiB", tls(server_context(pki, "megabyte")), bare=CLEAR,
             note="too large for OpenSSL; libpq's prefer then tries again in clear"),
        old("tls10", "TLS 1.0 only, and a client whose environment allows it", ssl.TLSVersion.TLSv1, "TLSv1"),
        old("tls11", "TLS 1.1 only, and a client whose environment allows it", ssl.TLSVersion.TLSv1_1, "TLSv1"),
        Case("null-cipher", "a verified session of 0 bits (OPENSSL_CONF of the program)",
             tls(server_context(pki, "good", low=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0")), bare=CLEAR, full=CLEAR,
             env={"OPENSSL_CONF": conf + "/null.cnf"}, event="violation"),
    ]


def ldap(answer):
    """A directory that answers any search with one entry, whose one value is a line of a connection's options."""
    def element(tag, body):
        size = bytes([len(body)]) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
        return bytes([tag]) + size + body

    def reply(number, tag, body):
        return element(0x30, element(2, bytes([number])) + element(tag, body))

    done = element(10, b"\0") + element(4, b"") + element(4, b"")

    def talk(wire):
        while True:
            head = wire.read(2)
            size = head[1] if head[1] < 128 else int.from_bytes(wire.read(head[1] - 128), "big")
            body = wire.read(size)
            number, operation = body[2], body[3]
            if operation == 0x60:
                wire.send(reply(number, 0x61, done))
            elif operation == 0x63:
                values = element(0x31, b"".join(element(4, line.encode()) for line in answer()))
                attributes = element(0x30, element(0x30, element(4, b"description") + values))
                wire.send(reply(number, 0x64, element(4, b"cn=db") + attributes) + reply(number, 0x65, done))
            else:
                raise Gone
    return talk


def redirect_cases(pki, conf):
    """The program means prod.example, which is elsewhere (127.0.0.9); something leads it to an impostor on 127.0.0.1."""
    def led(name, title, **more):
        return Case(name, title, tls(server_context(pki, more.pop("cert", "impostor"))), bare=more.pop("bare", GIVEN), **more)

    def service(name, port):
        with open("%s/%s.service" % (conf, name), "w") as out:
            out.write("[db]\nhost=prod.example\nhostaddr=127.0.0.1\nsslmode=disable\nport=%d\n" % port)

    led_by_file = led("service-file", "a service file with hostaddr and sslmode=disable",
                      conn={"service": "db", "host": None}, env={"PGSERVICEFILE": conf + "/service-file.service"}, bare=CLEAR)
    led_by_file.prepare = lambda port: service("service-file", port)
    directory = led("ldap", "a service looked up in LDAP, in clear", bare=CLEAR, event="refuse",
                    conn={"service": "db", "host": None, "port": None}, env={"PGSERVICEFILE": conf + "/ldap.service"})
    ports = {}
    directory.listens = ldap(lambda: ["host=prod.example", "hostaddr=127.0.0.1", "sslmode=disable", "port=%d" % ports["impostor"]])

    def with_directory(port):
        ports["impostor"] = port
        directory.extra = Listener(directory.listens)
        with open(conf + "/ldap.service", "w") as out:
            out.write("[db]\nldap://127.0.0.1:%d/dc=evil?description?one?(cn=db)\n" % directory.extra.port)
    directory.prepare = with_directory
    return [
        led("hostaddr", "hostaddr in the connection string", conn={"host": "prod.example", "hostaddr": "127.0.0.1"}),
        led("pghostaddr", "PGHOSTADDR in the environment", conn={"host": "prod.example"}, env={"PGHOSTADDR": "127.0.0.1"}),
        led_by_file,
        directory,
        led("hosts", "hostile DNS: the name points here (/etc/hosts)", conn={"host": "b.example"},
            cert="impostor"),
        led("hosts-genuine", "hostile DNS, and a certificate from the policy's CA for another of its names",
            conn={"host": "b.example"}, cert="prodexample"),
        led("list", "a second element of the host list", conn={"host": "refused.example,localhost"}, bare=GIVEN),
        led("socket-host", "a socket directory with a hostaddr: TCP", conn={"host": "/tmp", "hostaddr": "127.0.0.1"}),
        led("neighbour", "another customer's server under the same root, unlisted_hosts = refuse", cert="neighbour",
            conn={"host": "neighbour.example"}, full=GIVEN, event="refuse",
            policy="unlisted_hosts = refuse\n[host prod.example]",
            note="verify-full checks the requested name: only the list stops a hostile name under a trusted root"),
    ]


def kerberos_cases(pki, conf, port):
    """Clients with a valid ticket; port: a real server with GSS encryption and a foreign certificate."""
    env = {"KRB5_CONFIG": conf + "/krb5.conf", "KRB5CCNAME": "FILE:" + conf + "/ticket"}
    login = {"user": "app", "dbname": "app"}
    impostor = server_context(pki, "impostor")

    def silent(wire):
        wire.conn.settimeout(3)
        wire.drain()

    def foreign(wire):
        head = wire.read(8)
        if head == GSS_REQUEST:
            wire.send(b"N")
            head = wire.read(8)
        wire.waiting = bytearray(head) + wire.waiting
        tls(impostor)(wire)

    return [
        Case("kdc-prefer", "gssencmode=prefer, a ticket, a real server with a foreign certificate", relay(port), bare=LETS_IN,
             full=LETS_IN, conn={"gssencmode": "prefer", "sslmode": "verify-full", "sslrootcert": pki + "/root.pem"}, env=env,
             login=login, note="bare: encrypted by GSSAPI, no certificate is checked, whatever sslmode says"),
        Case("kdc-require", "gssencmode=require, the same", relay(port), bare=LETS_IN, full=LETS_IN,
             conn={"gssencmode": "require", "sslmode": "verify-full", "sslrootcert": pki + "/root.pem"}, env=env, login=login),
        Case("gss-g", "answers G to a GSSENCRequest, then nothing", gss(b"G", silent),
             full="fails, a GSSENCRequest told in clear", conn={"gssencmode": "prefer"}, env=env, timeout=2, apart=True),
        Case("gss-n", "answers N to a GSSENCRequest, then a foreign certificate", foreign, bare=GIVEN,
             full="fails, a GSSENCRequest told in clear", conn={"gssencmode": "prefer"}, env=env),
    ]
