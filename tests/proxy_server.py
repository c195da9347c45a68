"""A real proxy on loopback, for HTTP (forwarding, CONNECT) and SOCKS5; all names lead to one server."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
import threading

HAS_OPENSSL = shutil.which("openssl") is not None


class ProxyServer:
    """Forwards to `upstream`, or answers each request with `refusal`.

    `asked` holds the places that were asked for, as the client wrote them.
    """

    def __init__(self, upstream=None, *, refusal=None, context=None, login=None, socks=True):
        self.upstream, self.refusal, self.login = upstream, refusal, login
        self.asked, self._socks = [], socks
        self._context = context
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    def _run(self):
        async def main():
            self._end = asyncio.Event()
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
            self.port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._end.wait()
            server.close()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

        self._loop.set_exception_handler(lambda *_: None)  # clients that refuse a certificate
        self._loop.run_until_complete(main())
        self._loop.close()

    async def _serve(self, reader, writer):
        try:
            first = await reader.readexactly(1)
            if first == b"\x05" and self._socks:
                await self._serve_socks(reader, writer)
            elif self.upstream and not self.refusal and self._context and first != b"C":
                await self._pipe(first, reader, writer)  # a server with TLS, no proxy
            else:
                await self._serve_http(first, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _serve_socks(self, reader, writer):
        await reader.readexactly((await reader.readexactly(1))[0])
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
        head = first + await reader.readuntil(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        method, target, version = line.split(b" ")
        self.asked.append(target.decode())
        body = b""
        if (self.login or self.refusal) and b"content-length:" in head.lower():
            size = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
            body = await reader.readexactly(int(size))
        if self.login and self.login not in head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        elif self.refusal:
            writer.write(self.refusal)
            with contextlib.suppress(OSError):
                await writer.drain()
        elif method == b"CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await self._pipe(b"", reader, writer)
        else:
            path = b"/" + target.split(b"/", 3)[3]
            await self._pipe(
                b" ".join([method, path, version]) + b"\r\n" + rest + body, reader, writer
            )

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

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def stop(self):
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(5)


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
