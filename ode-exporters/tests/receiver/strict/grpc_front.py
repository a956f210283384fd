"""What stands before the official gRPC server: it looks at every frame, takes the plan's action when
the headers of a request are there, and does what the server cannot be brought to do.

A stream is either *passed* on, to be answered by the server, or *swallowed*: the server never hears
of it, and the front answers it or does not. What is compressed by zstd, which the server does not
know, is swallowed too.
"""

import asyncio
import struct

import hpack

from strict import exchange, report
from strict.grpc_service import PATHS
from strict.http2 import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    HEADERS,
    PREFACE,
    RST_STREAM,
    STREAM_HEADER,
    WINDOW_UPDATE,
    Frame,
    header_frames,
    plain_headers,
    read_frame,
)

SWALLOWED = {"silence", "reset_after", "status", "redirect", "rst_stream", "trailers"}


# What the front does by itself to a request that the server cannot read.
WITH_ZSTD = {"ok", "partial", "code"}


class Stream:
    def __init__(self, request):
        self.request = request
        self.body = bytearray()
        self.compressed = None
        self.informed = False
        final = request.action
        while final["do"] in ("informational", "hold") and final.get("then") is not None:
            final = final["then"]
        self.final = final
        unknown_code = final["do"] == "code" and not 0 < final["code"] <= 16
        self.zstd = named_encoding(request) == "zstd"
        if self.zstd and final["do"] not in SWALLOWED | WITH_ZSTD:
            raise ConnectionError(f"{final['do']} is not done to what is compressed by zstd")
        swallows = final["do"] in SWALLOWED | {"informational"}
        self.swallowed = swallows or unknown_code or self.zstd


class GrpcFront:
    def __init__(self, settings, plan, counts, redirect_to, service):
        self.settings = settings
        self.plan = plan
        self.counts = counts
        self.redirect_to = redirect_to
        self.service = service
        self.port = None

    async def serve(self, link):
        preface = await link.reader.read(1)
        if not preface:
            return
        if preface == PREFACE[:1]:
            preface += await link.reader.readexactly(len(PREFACE) - 1)
        else:
            preface += await link.reader.read(4096)
        if preface != PREFACE:
            report.say("trouble", kind="garbage", side="grpc", detail=preface.hex())
            await link.finish()
            return
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        writer.write(PREFACE)
        tasks = []
        try:
            connection = Connection(self, link, reader, writer)
            tasks = [
                asyncio.create_task(connection.from_client()),
                asyncio.create_task(connection.from_server()),
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            writer.transport.abort()
            for name in [name for name, one in self.service.streams.items() if one.link is link]:
                del self.service.streams[name]
            for result in results:
                expected = (asyncio.CancelledError, OSError, asyncio.IncompleteReadError)
                if isinstance(result, Exception) and not isinstance(result, expected):
                    report.say("trouble", kind="front", side="grpc", detail=repr(result))


class Connection:
    def __init__(self, front, link, server_reader, server_writer):
        self.front = front
        self.link = link
        self.server_reader = server_reader
        self.server_writer = server_writer
        self.streams = {}
        self.client_table = hpack.Decoder(max_header_list_size=2**20)
        self.client_table.max_allowed_table_size = 2**20
        self.server_table = hpack.Decoder(max_header_list_size=2**26)
        self.encoder = hpack.Encoder()

    # From the client to the server.

    async def from_client(self):
        while True:
            frame = await read_frame(self.link.reader)
            stream = self.streams.get(frame.stream)
            if frame.kind == HEADERS:
                if not await self.begin(frame):
                    return
            elif stream is None or not stream.swallowed:
                if stream is not None and frame.kind == DATA:
                    note(stream, frame.content())
                if stream is not None and frame.kind == RST_STREAM:
                    self.front.counts.cancelled += 1
                self.to_server(frame)
                await self.server_writer.drain()
            elif not await self.swallow(stream, frame):
                return

    async def begin(self, frame):
        """A request begins. Returns whether the connection goes on."""
        block, ends = frame.content(), frame.ends_stream
        while not frame.flags & END_HEADERS:
            frame = await read_frame(self.link.reader)
            if frame.kind != CONTINUATION:
                raise ConnectionError("headers that are not continued")
            block += frame.payload
        raw = self.client_table.decode(block, raw=True)
        headers = readable(raw)
        request = exchange.Request("grpc", self.link, self.front.plan.next())
        request.headers = [pair for pair in headers if not pair[0].startswith(":")]
        check_headers(request, dict(headers))
        kind = request.action["do"]
        if kind in ("reset_before", "black_hole"):
            request.tell(self.front.counts)
            if kind == "reset_before":
                self.link.reset()
            else:
                await self.link.leave_unread()
            return False
        stream = self.streams[frame.stream] = Stream(request)
        stream.link = self.link
        if stream.swallowed:
            return not ends or await self.answer(stream, frame.stream)
        name = f"{self.link.number}-{frame.stream}"
        self.front.service.streams[name] = stream
        # Written anew, so that the server's table knows nothing of streams that were swallowed.
        block = self.encoder.encode([*map(tuple, raw), (STREAM_HEADER, name)])
        for part in header_frames(frame.stream, block, ends):
            self.to_server(part)
        return True

    async def swallow(self, stream, frame):
        if frame.kind == RST_STREAM:
            self.front.counts.cancelled += 1
        if frame.kind != DATA:
            return True
        note(stream, frame.content())
        stream.body += frame.content()
        if frame.payload:
            grown = struct.pack(">I", len(frame.payload))
            await self.to_client(Frame(WINDOW_UPDATE, 0, 0, grown))
            if not frame.ends_stream:
                await self.to_client(Frame(WINDOW_UPDATE, 0, frame.stream, grown))
        return not frame.ends_stream or await self.answer(stream, frame.stream)

    async def answer(self, stream, number):
        """A swallowed request is complete. Returns whether the connection goes on."""
        request = stream.request
        judge(request, bytes(stream.body), self.front.settings)
        request.tell(self.front.counts)
        action = request.action
        while action["do"] == "informational":
            await self.inform(number, action)
            action = action.get("then") or {"do": "silence"}
        kind = action["do"]
        if kind == "reset_after":
            self.link.reset()
            return False
        if kind == "rst_stream":
            code = struct.pack(">I", action.get("code", 2))
            await self.to_client(Frame(RST_STREAM, 0, number, code))
        elif kind in ("ok", "partial"):
            await self.succeed(request, number, action)
        elif kind != "silence":
            headers = self.trailers(request, action)
            await self.to_client(plain_headers(number, headers, end=True))
        return True

    async def succeed(self, request, number, action):
        status = [(":status", 200), ("content-type", "application/grpc")]
        if request.problems:
            trailers = [("grpc-status", 3), ("grpc-message", request.problems.found[0]["check"])]
            await self.to_client(plain_headers(number, status + trailers, end=True))
            return
        partial = action if action["do"] == "partial" else None
        message = exchange.success(request.signal, False, partial)
        await self.to_client(plain_headers(number, status, end=False))
        await self.to_client(Frame(DATA, 0, number, struct.pack(">BI", 0, len(message)) + message))
        await self.to_client(plain_headers(number, [("grpc-status", 0)], end=True))

    def trailers(self, request, action):
        kind = action["do"]
        if kind == "trailers":
            return action["headers"]
        if kind == "code":
            headers = [(":status", 200), ("content-type", "application/grpc")]
            return [*headers, ("grpc-status", action["code"]), ("grpc-message", "planned")]
        if kind == "redirect":
            location = action.get("location") or self.front.redirect_to() + request.path
            return [(":status", action.get("status", 307)), ("location", location)]
        headers = [(":status", action["status"]), ("content-type", "text/plain")]
        if "retry_after" in action:
            headers.append(("retry-after", action["retry_after"]))
        return headers + action.get("headers", [])

    async def inform(self, number, action):
        headers = [(":status", action.get("status", 103))]
        await self.to_client(plain_headers(number, headers, end=False))

    # From the server to the client.

    async def from_server(self):
        while True:
            frame = await read_frame(self.server_reader)
            stream = self.streams.get(frame.stream)
            if stream is None:
                await self.to_client(frame)
                continue
            frames = [frame]
            if frame.kind == RST_STREAM:
                self.refused(stream, {"grpc-message": f"reset, {frame.payload.hex()}"})
            if frame.kind == HEADERS:
                while not frames[-1].flags & END_HEADERS:
                    frames.append(await read_frame(self.server_reader))
                block = b"".join(one.content() for one in frames)
                headers = dict(readable(self.server_table.decode(block, raw=True)))
                if frame.ends_stream:
                    self.refused(stream, headers)
                if not stream.informed and stream.request.action["do"] == "informational":
                    stream.informed = True
                    await self.inform(frame.stream, stream.request.action)
            for one in frames:
                if not await self.give(stream, one):
                    return

    async def give(self, stream, frame):
        """Passes one frame of a response on, by halves or by bytes when that is planned."""
        kind, data = stream.final["do"], frame.encoded()
        if kind == "half":
            cut_head = frame.kind == HEADERS and stream.final.get("of") == "head"
            if frame.kind == DATA or cut_head:
                await self.link.send(data[: len(data) // 2])
                await self.link.finish()
                return False
        if kind == "drip" and frame.kind in (DATA, HEADERS):
            for byte in data:
                await self.link.send(bytes([byte]))
                await asyncio.sleep(stream.final.get("delay_ms", 100) / 1000)
            return True
        await self.link.send(data)
        return True

    def refused(self, stream, headers):
        """The server may refuse a request by itself: a message too large, an unknown method."""
        if stream.request.reported:
            return
        code = headers.get("grpc-status")
        check = "too_large" if code == "8" else "refused_by_grpc"
        detail = f"code {code}: {headers.get('grpc-message', '')}"
        stream.request.problems.add(check, "request", detail)
        stream.request.tell(self.front.counts)

    def to_server(self, frame):
        self.server_writer.write(frame.encoded())

    async def to_client(self, frame):
        await self.link.send(frame.encoded())


def readable(headers):
    """As text. Between official ends a value may be of any bytes."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def named_encoding(request):
    return dict(request.headers).get("grpc-encoding", "identity")


def note(stream, data):
    stream.request.wire_bytes += len(data)
    if stream.compressed is None and data:
        stream.compressed = data[0] == 1
        named = named_encoding(stream.request)
        stream.request.encoding = named if stream.compressed else "none"


def check_headers(request, headers):
    """What grpcio does not show to its handlers."""
    add = request.problems.add
    request.path = headers.get(":path", "")
    request.signal = PATHS.get(request.path)
    request.common_headers()
    if request.signal is None:
        add("path", "headers", request.path)
    if headers.get(":method") != "POST":
        add("method", "headers", headers.get(":method"))
    if headers.get("content-type") not in ("application/grpc", "application/grpc+proto"):
        add("content_type", "headers", headers.get("content-type"))
    if headers.get("te") != "trailers":
        add("te", "headers", headers.get("te"))
    if not headers.get(":authority"):
        add("host", "headers", headers.get(":authority"))
    if headers.get("grpc-encoding", "identity") not in ("identity", "gzip", "zstd"):
        add("content_encoding", "headers", headers["grpc-encoding"])


def judge(request, body, settings):
    """The one message of a request that the server does not see."""
    if len(body) < 5 or int.from_bytes(body[1:5], "big") != len(body) - 5:
        request.problems.add("undecodable", "body", "not one whole message")
        return
    try:
        encoding = named_encoding(request) if body[0] else "none"
        if encoding == "identity":
            raise ValueError("compressed, and not said how")
        content = exchange.decompress(body[5:], encoding, settings.max_request)
    except (exchange.TooLarge, *exchange.DECOMPRESSION_ERRORS) as error:
        request.problems.add("compression", "body", error)
        return
    if request.signal in exchange.REQUESTS:
        request.judge(content, settings)
