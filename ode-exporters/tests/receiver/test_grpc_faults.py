"""Each fault over gRPC does what it says: to the official client, and frame by frame."""

import gzip
import socket
import struct
import unittest

import grpc
import hpack
import zstandard
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from driver import AGENT, WATCHDOG, Running, logs, traces
from strict.grpc_service import PATHS
from strict.http2 import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PADDED,
    PREFACE,
    PRIORITY,
    RST_STREAM,
    Frame,
    plain_headers,
)

EXPORT = {signal: path for path, signal in PATHS.items()}
SETTINGS, ACK, PING, GOAWAY = 4, 1, 6, 7
RESPONSES = {"traces": ExportTraceServiceResponse, "logs": ExportLogsServiceResponse}


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.receiver = Running("--max-request", str(1024 * 1024))

    @classmethod
    def tearDownClass(cls):
        cls.receiver.__exit__()

    def plan(self, *actions):
        self.receiver.plan(grpc=list(actions))

    def told(self):
        """What will have been told about the next request."""
        before = len(self.receiver.all("request"))
        return lambda: self.receiver.wait("request", before + 1)[before]


class Official(Case):
    """What the official client makes of it."""

    def setUp(self):
        options = [
            ("grpc.enable_retries", 0),
            ("grpc.enable_http_proxy", 0),
            # A connection of its own.
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_receive_message_length", -1),
            ("grpc.primary_user_agent", AGENT),
        ]
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.receiver.grpc}", options)
        self.addCleanup(self.channel.close)

    def call(self, signal="traces", body=None, timeout=WATCHDOG, **more):
        export = self.channel.unary_unary(EXPORT[signal])
        if body is None:
            body = (traces() if signal == "traces" else logs()).SerializeToString()
        answer = export(body, timeout=timeout, **more)
        return RESPONSES[signal].FromString(answer)

    def fails(self, **more):
        with self.assertRaises(grpc.RpcError) as raised:
            self.call(**more)
        return raised.exception

    def test_both_signals_plain_and_gzip(self):
        for signal in ("traces", "logs"):
            for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
                self.plan()
                told = self.told()
                answer = self.call(signal, compression=compression)
                self.assertFalse(answer.HasField("partial_success"))
                told = told()
                self.assertEqual((told["problems"], told["accepted"]), ([], True))
                self.assertEqual((told["signal"], told["count"]), (signal, 1))
                packed = compression is grpc.Compression.Gzip
                self.assertEqual(told["encoding"], "gzip" if packed else "none")

    def test_every_code_with_and_without_a_delay(self):
        delays = [{}, {"retry_seconds": 2, "retry_nanos": 5}, {"retry_seconds": 0}]
        delays += [{"retry_seconds": -3}, {"retry_seconds": 315_576_000_000}]
        for code in list(grpc.StatusCode)[1:]:
            for delay in delays:
                for name in (code.name, code.value[0]):
                    self.plan({"do": "code", "code": name, "message": "why", **delay})
                    told = self.told()
                    error = self.fails()
                    self.assertEqual((error.code(), error.details()), (code, "why"))
                    self.assertEqual((told()["count"], told()["accepted"]), (1, False))
                    details = dict(error.trailing_metadata()).get("grpc-status-details-bin")
                    if not delay:
                        self.assertIsNone(details)
                        continue
                    (packed,) = status_pb2.Status.FromString(details).details
                    retry = error_details_pb2.RetryInfo()
                    self.assertTrue(packed.Unpack(retry))
                    self.assertEqual(retry.retry_delay.seconds, delay["retry_seconds"])
                    self.assertEqual(retry.retry_delay.nanos, delay.get("retry_nanos", 0))

    def test_partial_success_of_any_number(self):
        for signal, name in (("traces", "rejected_spans"), ("logs", "rejected_log_records")):
            for rejected in (1, 1_000_000, -7, 0, 2**63 - 1):
                self.plan({"do": "partial", "rejected": rejected, "message": "why"})
                partial = self.call(signal).partial_success
                self.assertEqual(getattr(partial, name), rejected)
                self.assertEqual(partial.error_message, "why")
        self.plan({"do": "partial"})
        self.assertTrue(self.call().HasField("partial_success"))

    def test_answers_of_any_bytes(self):
        self.plan({"do": "answer", "body_hex": "ff"})
        export = self.channel.unary_unary(EXPORT["traces"])
        self.assertEqual(export(traces().SerializeToString()), b"\xff")

    def test_huge(self):
        self.plan({"do": "huge", "bytes": 6_000_000})
        self.assertEqual(len(self.call().partial_success.error_message), 6_000_000)

    def test_http_statuses_without_grpc(self):
        codes = {400: "INTERNAL", 401: "UNAUTHENTICATED", 429: "UNAVAILABLE", 503: "UNAVAILABLE"}
        for status, code in codes.items():
            self.plan({"do": "status", "status": status})
            told = self.told()
            self.assertEqual(self.fails().code().name, code)
            self.assertEqual((told()["count"], told()["accepted"]), (1, False))
        # The connection has taken no harm.
        self.call()

    def test_what_is_swallowed_takes_no_room(self):
        """More than the window of a connection, all in all, and than that of a stream, at once."""
        for size in [900_000] * 8 + [9_000_000]:
            self.plan({"do": "status", "status": 503})
            self.assertEqual(self.fails(body=bytes(size)).code(), grpc.StatusCode.UNAVAILABLE)

    def test_redirects_are_not_followed(self):
        for status in (301, 302, 307, 308):
            self.plan({"do": "redirect", "status": status})
            self.assertEqual(self.fails().code(), grpc.StatusCode.UNKNOWN)
        self.assertEqual(self.receiver.order("stats")["redirected"], 0)

    def test_streams_that_are_reset(self):
        for code, name in ((2, "INTERNAL"), (7, "UNAVAILABLE"), (8, "CANCELLED")):
            self.plan({"do": "rst_stream", "code": code})
            self.assertEqual(self.fails().code().name, name)

    def test_connections_that_are_reset(self):
        for action in ("reset_before", "reset_after"):
            self.plan({"do": action})
            told = self.told()
            self.assertEqual(self.fails().code(), grpc.StatusCode.UNAVAILABLE)
            self.assertEqual(told()["count"], 0 if action == "reset_before" else 1)
            self.channel.close()
            self.setUp()
            self.assertEqual(self.call(), ExportTraceServiceResponse())

    def test_half_a_response(self):
        for of in ("head", "body"):
            self.plan({"do": "half", "of": of})
            self.assertEqual(self.fails().code(), grpc.StatusCode.UNAVAILABLE)
            # A new one: the old one may still think that its connection lives.
            self.channel.close()
            self.setUp()
            self.call()

    def test_who_does_not_answer_is_left(self):
        for action in ({"do": "silence"}, {"do": "drip", "delay_ms": 1000}, {"do": "black_hole"}):
            self.plan(action)
            told = self.told()
            self.assertEqual(self.fails(timeout=0.5).code(), grpc.StatusCode.DEADLINE_EXCEEDED)
            self.assertEqual(told()["count"], 0 if action["do"] == "black_hole" else 1, action)
            # The connection does not come back to life.
            self.channel.close()
            self.setUp()

    def test_drip_comes_to_an_end(self):
        self.plan({"do": "drip", "delay_ms": 0, "bytes": 10})
        self.assertEqual(self.call().partial_success.error_message, "x" * 10)

    def test_hold_until_released(self):
        self.plan({"do": "hold", "then": {"do": "code", "code": "ABORTED"}})
        told = self.told()
        export = self.channel.unary_unary(EXPORT["traces"])
        call = export.future(traces().SerializeToString(), timeout=WATCHDOG)
        told()
        self.assertFalse(call.done())
        self.receiver.order("release")
        self.assertEqual(call.exception(WATCHDOG).code(), grpc.StatusCode.ABORTED)

    def test_down_and_up(self):
        self.plan()
        self.call()
        self.receiver.order("down")
        self.assertEqual(self.fails().code(), grpc.StatusCode.UNAVAILABLE)
        self.receiver.order("up")
        self.channel.close()
        self.setUp()
        self.call()

    def test_what_the_server_refuses_by_itself(self):
        table = [
            ({"body": b"x" * (1024 * 1024 + 1)}, "RESOURCE_EXHAUSTED", "too_large"),
            ({"body": b"\xff"}, "INVALID_ARGUMENT", "undecodable"),
            ({"body": b""}, "INVALID_ARGUMENT", "empty_envelope"),
            ({"signal": "metrics", "body": b""}, "UNIMPLEMENTED", "metrics"),
        ]
        for arguments, code, check in table:
            self.plan()
            told = self.told()
            self.assertEqual(self.fails(**arguments).code().name, code)
            self.assertEqual([one["check"] for one in told()["problems"]], [check])
            self.assertFalse(told()["accepted"])
        told = self.told()
        with self.assertRaises(grpc.RpcError):
            self.channel.unary_unary("/some.Service/Export")(b"")
        self.assertEqual({one["check"] for one in told()["problems"]}, {"path", "refused_by_grpc"})


class Raw:
    """A client that says exactly what a test wants."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), WATCHDOG)
        self.file = self.socket.makefile("rb")
        self.table = hpack.Decoder()
        self.say(PREFACE + Frame(SETTINGS, 0, 0, b"").encoded())

    def close(self):
        self.file.close()
        self.socket.close()

    def say(self, data):
        self.socket.sendall(data)

    def frame(self):
        head = self.file.read(9)
        if len(head) < 9:
            raise EOFError(head)
        high, low, kind, flags, stream = struct.unpack(">BHBBI", head)
        payload = self.file.read(high << 16 | low)
        if kind == SETTINGS and not flags & ACK:
            self.say(Frame(SETTINGS, ACK, 0, b"").encoded())
        return Frame(kind, flags, stream, payload)

    def head(self, stream):
        """The next headers on a stream."""
        while True:
            frame = self.frame()
            if frame.kind == HEADERS and frame.stream == stream:
                return dict(self.table.decode(frame.content()))

    def answer(self, stream):
        """The headers of the responses on a stream, and its data, until it ends."""
        blocks, data = [], b""
        while True:
            frame = self.frame()
            if frame.kind == GOAWAY:
                raise EOFError(frame)
            if frame.stream != stream:
                continue
            if frame.kind == HEADERS:
                blocks.append(dict(self.table.decode(frame.content())))
            elif frame.kind == DATA:
                data += frame.content()
            if frame.ends_stream or frame.kind == RST_STREAM:
                return blocks, data


def head(**changes):
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": EXPORT["traces"],
        ":authority": "127.0.0.1",
        "content-type": "application/grpc",
        "te": "trailers",
        "user-agent": AGENT,
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    return [(name, value) for name, value in headers.items() if value is not None]


def message(body, packed=False):
    return struct.pack(">BI", packed, len(body)) + body


class Frames(Case):
    def setUp(self):
        self.client = Raw(self.receiver.grpc)
        self.addCleanup(self.client.close)

    def post(self, stream, headers=None, data=None):
        self.client.say(plain_headers(stream, headers or head(), end=False).encoded())
        data = message(traces().SerializeToString()) if data is None else data
        self.client.say(Frame(DATA, END_STREAM, stream, data).encoded())

    def test_each_check_of_headers(self):
        table = [
            ("te", head(te=None)),
            ("user_agent", head(user_agent=None)),
            ("content_type", head(content_type="application/grpc+json")),
            ("content_encoding", head(grpc_encoding="snappy")),
        ]
        for number, (check, headers) in enumerate(table):
            for action in ({"do": "ok"}, {"do": "status", "status": 503}):
                with self.subTest(check=check, action=action):
                    self.plan(action)
                    told, client = self.told(), Raw(self.receiver.grpc)
                    self.addCleanup(client.close)
                    client.say(plain_headers(1, headers, end=False).encoded())
                    data = message(traces().SerializeToString())
                    client.say(Frame(DATA, END_STREAM, 1, data).encoded())
                    self.assertIn(check, {one["check"] for one in told()["problems"]})
                    self.assertFalse(told()["accepted"])

    def test_padding_priority_and_continuation(self):
        block = plain_headers(1, head(), end=False).payload
        padded = bytes([3]) + bytes(5) + block[:20] + bytes(3)
        data = message(traces().SerializeToString())
        # The official server takes no padded data; the front does.
        for stream, action, status in ((1, {"do": "ok"}, "200"), (3, {"do": "status", "status": 503}, "503")):
            self.plan(action)
            told = self.told()
            self.client.say(Frame(HEADERS, PADDED | PRIORITY, stream, padded).encoded())
            self.client.say(Frame(CONTINUATION, END_HEADERS, stream, block[20:]).encoded())
            first, flags = data[:9], 0
            if action["do"] == "status":
                first, flags = bytes([2]) + first + bytes(2), PADDED
            self.client.say(Frame(DATA, flags, stream, first).encoded())
            self.client.say(Frame(DATA, END_STREAM, stream, data[9:]).encoded())
            self.assertEqual(self.client.answer(stream)[0][0][":status"], status)
            self.assertEqual((told()["problems"], told()["wire_bytes"]), ([], len(data)))

    def test_tables_stay_whole_when_a_stream_is_swallowed(self):
        """Headers that the server never saw are in the client's table."""
        self.plan({"do": "status", "status": 503}, {"do": "trailers", "headers": []}, {"do": "ok"})
        encoder, before = hpack.Encoder(), len(self.receiver.all("request"))
        for stream in (1, 3, 5):
            block = encoder.encode(head(x_some_name="and some value"))
            self.client.say(Frame(HEADERS, END_HEADERS, stream, block).encoded())
            data = message(traces().SerializeToString())
            self.client.say(Frame(DATA, END_STREAM, stream, data).encoded())
        self.assertEqual(self.client.answer(1)[0][0][":status"], "503")
        self.assertEqual(self.client.answer(3)[0], [{}])
        self.assertEqual(self.client.answer(5)[0][-1]["grpc-status"], "0")
        told = self.receiver.wait("request", before + 3)[-1]
        self.assertIn(["x-some-name", "and some value"], told["headers"])

    def test_interim_headers_come_first(self):
        """The official client does not know them, but others must."""
        thens = [{"do": "ok"}, {"do": "code", "code": "ABORTED"}, {"do": "status", "status": 503}]
        seen = [["103", "200", None], ["103", "200"], ["103", "503"]]
        for number, then in enumerate(thens):
            self.plan({"do": "informational", "status": 103, "then": then})
            self.post(2 * number + 1)
            blocks, _ = self.client.answer(2 * number + 1)
            self.assertEqual([block.get(":status") for block in blocks], seen[number])

    def test_interim_headers_and_then_silence(self):
        self.plan({"do": "informational", "status": 103})
        self.post(1)
        self.assertEqual(self.client.head(1), {":status": "103"})
        self.alive_and_silent()

    def test_codes_that_are_none(self):
        for number, code in enumerate((17, 99, -1)):
            self.plan({"do": "code", "code": code})
            self.post(2 * number + 1)
            self.assertEqual(self.client.answer(2 * number + 1)[0][0]["grpc-status"], str(code))

    def test_a_swallowed_body_larger_than_the_window(self):
        self.plan({"do": "status", "status": 503})
        told = self.told()
        body = message(b"\x0a" + b"x" * 200_000)
        self.client.say(plain_headers(1, head(), end=False).encoded())
        for at in range(0, len(body), 16384):
            last = END_STREAM if at + 16384 >= len(body) else 0
            self.client.say(Frame(DATA, last, 1, body[at : at + 16384]).encoded())
        self.assertEqual(self.client.answer(1)[0], [{":status": "503", "content-type": "text/plain"}])
        self.assertEqual(told()["wire_bytes"], len(body))

    def test_swallowed_bodies_are_judged(self):
        whole = traces().SerializeToString()
        table = [
            ([], message(gzip.compress(whole), packed=True)),
            (["compression"], message(whole, packed=True)),
            (["undecodable"], message(whole)[:-1]),
            (["undecodable"], b""),
        ]
        for number, (checks, data) in enumerate(table):
            self.plan({"do": "status", "status": 503})
            told = self.told()
            self.post(2 * number + 1, head(grpc_encoding="gzip"), data)
            self.client.answer(2 * number + 1)
            self.assertEqual([one["check"] for one in told()["problems"]], checks)

    def test_zstd_is_answered_by_the_front(self):
        whole = traces().SerializeToString()
        zipped = message(zstandard.compress(whole), packed=True)
        table = [
            ({"do": "ok"}, zipped, [], "0", None),
            ({"do": "ok"}, message(whole), [], "0", None),
            ({"do": "partial", "rejected": 1}, zipped, [], "0", 1),
            ({"do": "code", "code": "ABORTED"}, zipped, [], "10", None),
            ({"do": "status", "status": 503}, zipped, [], None, None),
            ({"do": "ok"}, message(gzip.compress(whole), packed=True), ["compression"], "3", None),
            ({"do": "ok"}, zipped[:-1], ["undecodable"], "3", None),
            ({"do": "ok"}, message(zstandard.compress(b"\xff"), True), ["undecodable"], "3", None),
        ]
        for number, (action, data, checks, status, rejected) in enumerate(table):
            with self.subTest(number):
                self.plan(action)
                told = self.told()
                self.post(2 * number + 1, head(grpc_encoding="zstd"), data)
                headers, body = self.client.answer(2 * number + 1)
                self.assertEqual(headers[-1].get("grpc-status"), status)
                told = told()
                self.assertEqual([one["check"] for one in told["problems"]], checks)
                self.assertEqual(told["accepted"], status == "0")
                if status == "0":
                    self.assertEqual(told["encoding"], "zstd" if data is zipped else "none")
                    self.assertEqual((told["count"], told["bytes"]), (1, len(whole)))
                    answer = ExportTraceServiceResponse.FromString(body[5:])
                    self.assertEqual(body[:5], struct.pack(">BI", 0, len(body) - 5))
                    self.assertEqual(answer.HasField("partial_success"), rejected is not None)
                    self.assertEqual(answer.partial_success.rejected_spans, rejected or 0)

    def test_trailers_as_they_are(self):
        headers = [[":status", "200"], ["content-type", "application/grpc"], ["grpc-status", "14"]]
        headers.append(["grpc-status-details-bin", "no base64"])
        self.plan({"do": "trailers", "headers": headers})
        self.post(1)
        self.assertEqual(self.client.answer(1), ([dict(headers)], b""))

    def test_retry_after_beside_an_http_status(self):
        self.plan({"do": "status", "status": 429, "retry_after": "7"})
        self.post(1)
        self.assertEqual(self.client.answer(1)[0][0]["retry-after"], "7")

    def test_silence_answers_pings(self):
        """A peer that is alive and does not answer: no keep-alive finds it."""
        self.plan({"do": "silence"})
        told = self.told()
        self.post(1)
        told()
        self.alive_and_silent()

    def alive_and_silent(self):
        kinds = {frame.kind for frame in self.until_pong()}
        self.assertFalse(kinds & {HEADERS, DATA, RST_STREAM, GOAWAY}, kinds)

    def until_pong(self):
        """What comes until a ping is answered, which the official server does in turn."""
        self.client.say(Frame(PING, 0, 0, b"8 octets").encoded())
        frames = [self.client.frame()]
        while not (frames[-1].kind == PING and frames[-1].flags & ACK):
            frames.append(self.client.frame())
        return frames

    def test_cancelled_streams_are_counted(self):
        for action in ("silence", "hold"):
            before = self.receiver.order("stats")["cancelled"]
            self.plan({"do": action})
            told = self.told()
            stream = 1 if action == "silence" else 3
            self.post(stream)
            told()
            self.client.say(Frame(RST_STREAM, 0, stream, struct.pack(">I", 8)).encoded())
            self.until_pong()
            self.assertEqual(self.receiver.order("stats")["cancelled"], before + 1)

    def test_what_is_no_http2(self):
        before = len(self.receiver.all("trouble"))
        for data in (b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/1.0\r\n\r\nSM\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", self.receiver.grpc), WATCHDOG) as raw:
                raw.sendall(data)
                self.assertEqual(raw.recv(1), b"")
        for trouble in self.receiver.wait("trouble", before + 3)[before:]:
            self.assertEqual((trouble["kind"], trouble["side"]), ("garbage", "grpc"))
