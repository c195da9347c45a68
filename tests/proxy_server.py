"""A real proxy on loopback, for HTTP (forwarding, CONNECT) and SOCKS5; all names lead to one server."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess

from tests.loopback_server import LoopbackServer, read_request

HAS_OPENSSL = shutil.which("openssl") is not None


class ProxyServer(LoopbackServer):
    """Forwards to `upstream`, or answers each request with `refusal`.

    `asked` holds the places that were asked for, as the client wrote them.
    """

    def __init__(self, upstream=None, *, refusal=None, context=None, login=None, socks=True):
        self.upstream, self.refusal, self.login = upstream, refusal, login
        self.asked, self._socks = [], socks
        self._context = context
        super().__init__(context=context)
        # Clients that refuse a certificate.
        self._loop.set_exception_handler(lambda *_: None)

    async def _serve(self, reader, writer):
        first = await reader.readexactly(1)
        if first == b"\x05" and self._socks:
            await self._serve_socks(reader, writer)
        elif self.upstream and not self.refusal and self._context and first != b"C":
            await self._pipe(first, reader, writer)  # a server with TLS, no proxy
        else:
            await self._serve_http(first, reader, writer)

    async def _serve_socks(self, reader, writer):
        offered = await reader.readexactly((await reader.readexactly(1))[0])
        if self.login and b"\x02" not in offered:
            writer.write(b"\x05\xff")  # no acceptable methods (RFC 1928, section 3)
            return
        if self.login:
            writer.write(b"\x05\x02")
            await reader.readexactly(1)
            for _ in ("name", "password"):
                await reader.readexactly((await reader.readexactly(1))[0])
            writer.write(b"\x01\x01")  # refused (RFC 1929, section 2)
            return
        writer.write(b"\x05\x00")
        head = await reader.readexactly(4)
        host = await reader.readexactly((await reader.readexactly(1))[0] if head[3] == 3 else 4)
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append(f"{host.decode('latin-1')}:{port}")
        writer.write(b"\x05" + (self.refusal or b"\x00") + b"\x00\x01\x7f\x00\x00\x01\x00\x00")
        if not self.refusal:
            await self._pipe(b"", reader, writer)

    async def _serve_http(self, first, reader, writer):
        if not first.isalpha():  # the beginning of TLS
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return
        request = await read_request(reader, first)
        self.asked.append(request.target)
        if self.login and self.login not in request.head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        elif self.refusal:
            writer.write(self.refusal)
            with contextlib.suppress(OSError):
                await writer.drain()
        elif request.method == "CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await self._pipe(b"", reader, writer)
        else:
            path = "/" + request.target.split("/", 3)[3]
            first_line, _, rest = request.head.partition(b"\r\n")
            version = first_line.rpartition(b" ")[2]
            line = f"{request.method} {path} ".encode() + version
            await self._pipe(line + b"\r\n" + rest + request.body, reader, writer)

    async def _pipe(self, beginning, reader, writer):
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        up_writer.write(beginning)

        async def copy(source, target):
            with contextlib.suppress(OSError):
                while data := await source.read(65536):
                    target.write(data)
                    await target.drain()
                target.close()

        try:
            await asyncio.gather(copy(reader, up_writer), copy(up_reader, writer))
        finally:
            up_writer.close()


# An authority that writes what it is asked for, with the dates it is given (openssl-ca).
_AUTHORITY = """[ca]
default_ca = authority
[authority]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
copy_extensions = copy
policy = any
[any]
commonName = supplied
"""


def make_certificate(folder, name, *, expired=False):
    """Write a certificate that signs itself, and its key; return its path and a server's context."""
    file, key = folder / "certificate.pem", folder / "key.pem"
    request = f"openssl req -new -newkey rsa:2048 -nodes -keyout key.pem -subj /CN={name}"
    request += f" -addext subjectAltName=DNS:{name}"
    if expired:
        (folder / "authority.cnf").write_text(_AUTHORITY)
        (folder / "index").write_text("")
        (folder / "serial").write_text("01")
        sign = "openssl ca -batch -notext -config authority.cnf -selfsign -keyfile key.pem"
        sign += " -startdate 20200101000000Z -enddate 20200201000000Z"
        commands = [f"{request} -out request.pem", f"{sign} -in request.pem -out certificate.pem"]
    else:
        commands = [f"{request} -x509 -days 2 -out certificate.pem"]
    for command in commands:
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    return file, context
