"""OTLP over HTTP/1.1, protobuf and JSON, written out by hand so that it can misbehave at any byte."""

import asyncio
import http

from strict import exchange, report

PATHS = {"/v1/traces": "traces", "/v1/logs": "logs", "/v1/metrics": "metrics"}
TYPES = {"application/x-protobuf": "http/protobuf", "application/json": "http/json"}
# Far more than any header of a test; a client that sends more is not understood.
MAX_HEAD = 256 * 1024


class Garbage(Exception):
    """What came is no HTTP."""


class Response:
    def __init__(self, status, headers, body=b""):
        self.status = status
        self.headers = list(headers)
        self.body = body

    def encoded(self, chunked=False, close=False):
        lines = [f"HTTP/1.1 {self.status} {reason(self.status)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        has_body = self.status not in (204, 304)
        if has_body:
            length = "transfer-encoding: chunked" if chunked else f"content-length: {len(self.body)}"
            lines.append(length)
        if close:
            lines.append("connection: close")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        if not has_body:
            return head, b""
        if chunked:
            return head, b"%x\r\n%s\r\n0\r\n\r\n" % (len(self.body), self.body)
        return head, self.body


def reason(status):
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Planned"


class HttpSide:
    def __init__(self, settings, plan, counts, redirect_to, released):
        self.settings = settings
        self.plan = plan
        self.counts = counts
        # Asked late, because the port is not known before it is bound.
        self.redirect_to = redirect_to
        self.released = released

    async def serve(self, link):
        try:
            while await self.one(link):
                pass
        except Garbage as garbage:
            report.say("trouble", kind="garbage", side="http", detail=str(garbage))
            await link.send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            await link.finish()

    async def one(self, link):
        """One request and its response. Returns whether the connection goes on."""
        head = await read_head(link.reader)
        if head is None:
            return False
        request = exchange.Request(None, link, self.plan.next())
        action = request.action
        method, request.path, request.headers = head
        if action["do"] == "reset_before":
            request.tell(self.counts)
            link.reset()
            return False
        if action["do"] == "black_hole":
            request.tell(self.counts)
            await link.leave_unread()
            return False
        refusal = await self.read(link, request, method)
        if refusal is not None:
            request.tell(self.counts)
            await link.send(b"".join(refusal.encoded(close=True)))
            await link.finish()
            return False
        request.tell(self.counts)
        return await self.act(link, request, action)

    async def read(self, link, request, method):
        """Reads and judges. Returns a response when the planned one makes no sense."""
        headers = Headers(request)
        request.common_headers()
        headers.host()
        if headers.values("expect"):
            await link.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        add = request.problems.add
        content_type = headers.one("content-type")
        request.transport = TYPES.get(content_type)
        request.signal = PATHS.get(request.path)
        request.encoding = headers.encoding()
        try:
            body = await read_body(link.reader, headers, 16 * self.settings.max_request)
        except exchange.TooLarge as error:
            add("too_large", "body", error)
            return plain(413)
        request.wire_bytes = len(body)
        if request.signal is None:
            add("path", "request line", request.path)
            return plain(404)
        if request.signal == "metrics":
            add("metrics", "request line", "not a signal of this receiver")
            return plain(404)
        if method != "POST":
            add("method", "request line", method)
            return plain(405)
        if request.transport is None:
            add("content_type", "headers", content_type)
            return plain(415)
        if request.encoding is None:
            return plain(415)
        try:
            if len(body) > self.settings.max_request:
                raise exchange.TooLarge(f"{len(body)} bytes")
            body = exchange.decompress(body, request.encoding, self.settings.max_request)
        except exchange.TooLarge as error:
            add("too_large", "body", error)
            return plain(413)
        except exchange.DECOMPRESSION_ERRORS as error:
            add("compression", "body", error)
            return plain(400)
        request.judge(body, self.settings)
        return None

    async def act(self, link, request, action):
        kind = action["do"]
        if kind == "hold":
            await self.released()
            return await self.act(link, request, action.get("then") or {"do": "ok"})
        if kind == "informational":
            status = action.get("status", 103)
            await link.send(f"HTTP/1.1 {status} {reason(status)}\r\n\r\n".encode())
            if action.get("then") is not None:
                return await self.act(link, request, action["then"])
            kind = "silence"
        if kind == "silence":
            await drain(link.reader)
            return False
        if kind in ("reset_before", "reset_after"):
            link.reset()
            return False
        if kind == "black_hole":
            await link.leave_unread()
            return False
        if kind == "endless_headers":
            await endless_headers(link)
            return False
        response = self.response(request, action)
        head, body = response.encoded(action.get("chunked", False))
        if kind == "half":
            whole = head if action.get("of") == "head" else head + body
            cut = len(head) // 2 if action.get("of") == "head" else len(head) + len(body) // 2
            await link.send(whole[:cut])
            await link.finish()
            return False
        if kind == "drip":
            await drip(link, head + body, action.get("delay_ms", 100) / 1000)
            return True
        await link.send(head + body)
        if action.get("close"):
            await link.finish()
            return False
        return True

    def response(self, request, action):
        kind, as_json = action["do"], request.transport == "http/json"
        own_type = [("content-type", "application/json" if as_json else "application/x-protobuf")]
        if kind in ("ok", "partial", "half", "drip", "huge") and request.problems:
            first = request.problems.found[0]
            message = f"{first['check']} at {first['at']}: {first['detail']}"
            return Response(400, own_type, exchange.failure(as_json, 3, message))
        if kind == "ok":
            return Response(200, own_type, exchange.success(request.signal, as_json))
        if kind == "partial":
            return Response(200, own_type, exchange.success(request.signal, as_json, action))
        if kind in ("half", "drip", "huge"):
            length = action.get("bytes", 5 * 2**20 if kind == "huge" else 1000)
            body = exchange.success(request.signal, as_json, {"message": "x" * length})
            return Response(200, own_type, body)
        if kind == "answer":
            headers = action.get("headers", [])
            return Response(action.get("status", 200), headers, exchange.answer_body(action))
        if kind == "redirect":
            location = action.get("location") or self.redirect_to() + request.path
            return Response(action.get("status", 307), [("location", location)])
        headers = own_type + action.get("headers", [])
        if "retry_after" in action:
            headers.append(("retry-after", action["retry_after"]))
        body = action.get("body")
        if body is None:
            body = exchange.failure(as_json, 0, f"planned status {action['status']}")
        else:
            body = body.encode()
        return Response(action["status"], headers, body)


class Headers:
    """The headers of a request, and what is wrong with them."""

    def __init__(self, request):
        self.request = request

    def values(self, name):
        return [value for own, value in self.request.headers if own.lower() == name]

    def one(self, name):
        values = self.values(name)
        if len(values) > 1:
            self.request.problems.add("header_twice", "headers", name)
        return values[0] if values else None

    def host(self):
        if len(self.values("host")) != 1:
            self.request.problems.add("host", "headers", self.values("host"))

    def encoding(self):
        named = self.one("content-encoding")
        if named in (None, "gzip", "zstd"):
            return named or "none"
        self.request.problems.add("content_encoding", "headers", named)
        return None

    def length(self):
        named = self.one("content-length")
        if named is None:
            return None
        if not named.isdigit():
            raise Garbage(f"content-length: {named}")
        return int(named)


def plain(status):
    return Response(status, [("content-type", "text/plain")], reason(status).encode())


async def read_head(reader):
    """Method, path and headers; nothing when the client is done."""
    first = await reader.read(1)
    if not first:
        return None
    if not first.isalpha():
        raise Garbage((first + await reader.read(4096)).hex())
    try:
        head = first + await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        raise Garbage((first + error.partial).decode("latin-1")) from None
    except asyncio.LimitOverrunError:
        raise Garbage("a head without end") from None
    if len(head) > MAX_HEAD:
        raise Garbage("a head without end")
    start, *lines = head[:-4].decode("latin-1").split("\r\n")
    words = start.split(" ")
    if len(words) != 3 or words[2] != "HTTP/1.1":
        raise Garbage(start)
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Garbage(line)
        headers.append((name, value.strip(" \t")))
    return words[0], words[1], headers


async def read_body(reader, headers, limit):
    length, chunked = headers.length(), headers.one("transfer-encoding")
    if chunked is not None and (chunked != "chunked" or length is not None):
        raise Garbage(f"transfer-encoding: {chunked}, content-length: {length}")
    if chunked is None:
        if length is None:
            headers.request.problems.add("no_length", "headers")
            return b""
        if length > limit:
            raise exchange.TooLarge(f"{length} bytes")
        return await reader.readexactly(length)
    body = bytearray()
    while True:
        size = int((await reader.readuntil(b"\r\n"))[:-2], 16)
        if len(body) + size > limit:
            raise exchange.TooLarge(f"more than {limit} bytes")
        body += await reader.readexactly(size)
        if await reader.readexactly(2) != b"\r\n":
            raise Garbage("a chunk without end")
        if size == 0:
            return bytes(body)


async def drip(link, data, delay):
    for byte in data:
        await link.send(bytes([byte]))
        await asyncio.sleep(delay)


async def drain(reader):
    while await reader.read(65536):
        pass


async def endless_headers(link):
    await link.send(b"HTTP/1.1 200 OK\r\n")
    for number in range(2**20):
        await link.send(b"x-%d: %s\r\n" % (number, b"y" * 200))


class RedirectTarget:
    """Where redirects lead: a plain server that counts who comes, and takes everything."""

    def __init__(self, counts):
        self.counts = counts

    async def serve(self, link):
        self.counts.redirected += 1
        report.say("redirected")
        while (head := await read_head(link.reader)) is not None:
            request = exchange.Request(None, link, None)
            request.headers = head[2]
            await read_body(link.reader, Headers(request), 2**26)
            await link.send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
