"""Listening sockets and connections, with what a server can do to a client below any protocol."""

import asyncio
import select
import socket
import ssl
import struct
import warnings

from strict import report


class Link:
    """One accepted connection."""

    def __init__(self, number, reader, writer, counts):
        self.number = number
        self.reader = reader
        self.writer = writer
        self.counts = counts
        self.socket = writer.get_extra_info("socket")

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()
        self.counts.sent_bytes += len(data)

    def reset(self):
        """Ends the connection with a TCP reset, as an unplugged load balancer does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def finish(self):
        """Sends what is left, then ends the connection in order."""
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except (OSError, ssl.SSLError):
            pass

    async def leave_unread(self):
        """Reads nothing more, so that the client cannot write more than the kernel holds. Returns
        when the client is gone, which is seen without reading."""
        self.writer.transport.pause_reading()
        poll = select.poll()
        poll.register(self.socket.fileno(), select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        while not poll.poll(0) and self.socket.fileno() >= 0:
            await asyncio.sleep(0.02)
        self.writer.transport.abort()


class CountingReader(asyncio.StreamReader):
    """Counts what arrives, after TLS."""

    def __init__(self, counts):
        super().__init__(limit=2**20)
        self.counts = counts

    def feed_data(self, data):
        self.counts.received_bytes += len(data)
        super().feed_data(data)


class Listener:
    """A port that can be closed, with all of its connections, and opened again."""

    def __init__(self, name, serve, counts, context=None, port=0):
        self.name = name
        self.serve = serve
        self.counts = counts
        self.context = context
        self.port = port
        self.socket = None
        self.accepting = None
        self.tasks = {}

    def up(self):
        if self.socket is not None:
            return
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", self.port))
        self.socket.listen(1024)
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.accepting = asyncio.create_task(self.accept())

    def down(self):
        """As the kernel does for a process that died."""
        if self.socket is None:
            return
        self.accepting.cancel()
        self.socket.close()
        self.socket = None
        for task, raw in list(self.tasks.items()):
            task.cancel()
            try:
                raw.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    async def accept(self):
        loop = asyncio.get_running_loop()
        while True:
            raw, _ = await loop.sock_accept(self.socket)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.counts.connections += 1
            task = asyncio.create_task(self.run(raw, self.counts.connections))
            self.tasks[task] = raw
            task.add_done_callback(self.tasks.pop)

    async def run(self, raw, number):
        self.counts.open += 1
        link = None
        try:
            link = await self.greet(raw, number)
            if link is not None:
                await self.serve(link)
        except (OSError, asyncio.IncompleteReadError):
            # The client left, as it may at any time.
            pass
        finally:
            self.counts.open -= 1
            if link is not None:
                link.writer.transport.abort()
            raw.close()
            report.say("gone", side=self.name, connection=number)

    async def greet(self, raw, number):
        """The handshake, if there is to be one."""
        if self.context is not None and not await self.speaks_tls(raw):
            return None
        loop = asyncio.get_running_loop()
        reader = CountingReader(self.counts)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, raw, ssl=self.context
            )
        except (OSError, asyncio.IncompleteReadError) as error:
            self.counts.handshakes_failed += 1
            report.say("trouble", kind="handshake", side=self.name, detail=f"{error!r}")
            return None
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        return Link(number, reader, writer, self.counts)

    async def speaks_tls(self, raw):
        """Looks at the first byte without taking it. Anything else than a handshake record is text
        that the client wanted to keep secret."""
        await readable(raw)
        first = raw.recv(1, socket.MSG_PEEK)
        if first == b"\x16":
            return True
        data = raw.recv(65536) if first else b""
        kind = "plaintext" if data else "handshake"
        self.counts.handshakes_failed += not data
        report.say("trouble", kind=kind, side=self.name, detail=data.decode("latin-1"))
        return False


async def readable(raw):
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(raw.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(raw.fileno())


def tls(settings, protocol):
    """What the server shows and demands, or nothing when it speaks plain text."""
    if settings.cert is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings.cert, settings.key)
    context.set_alpn_protocols([protocol])
    if settings.client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(settings.client_ca)
    if settings.tls_version is not None:
        version = getattr(ssl.TLSVersion, "TLSv" + settings.tls_version.replace(".", "_"))
        if settings.tls_version in ("1.0", "1.1"):
            context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = version
            context.maximum_version = version
    return context
