"""Each fault over HTTP does what it says, as raw bytes on a socket show."""

import gzip
import json
import socket
import struct
import unittest

import zstandard
from google.rpc import status_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from driver import AGENT, WATCHDOG, Running, as_json, traces


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), WATCHDOG)
        self.left = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def post(self, body=None, **headers):
        self.send(request(body, **headers))

    def until(self, end):
        while end not in self.left:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError(self.left)
            self.left += more
        found, self.left = self.left.split(end, 1)
        return found

    def head(self):
        start, *lines = self.until(b"\r\n\r\n").decode().split("\r\n")
        return int(start.split(" ")[1]), dict(line.lower().split(": ", 1) for line in lines)

    def exactly(self, length):
        while len(self.left) < length:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError(self.left)
            self.left += more
        found, self.left = self.left[:length], self.left[length:]
        return found

    def response(self):
        status, headers = self.head()
        return status, headers, self.exactly(int(headers.get("content-length", 0)))

    def rest(self):
        """Everything until the connection ends in order."""
        while more := self.socket.recv(65536):
            self.left += more
        return self.left


def request(body=None, method="POST", path="/v1/traces", drop=(), **headers):
    body = traces().SerializeToString() if body is None else body
    named = {
        "host": "127.0.0.1",
        "user-agent": AGENT,
        "content-type": "application/x-protobuf",
        "content-length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{name}: {value}\r\n" for name, value in named.items() if name not in drop]
    return f"{method} {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + body


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.receiver = Running("--max-request", str(1024 * 1024))

    @classmethod
    def tearDownClass(cls):
        cls.receiver.__exit__()

    def client(self, *actions):
        """A client, when the plan is these actions."""
        self.receiver.plan(http=list(actions))
        client = Client(self.receiver.http)
        self.addCleanup(client.socket.close)
        return client

    def last(self, count):
        return self.receiver.wait("request", count)[-1]

    def nothing_comes(self, client):
        """Whoever wanted to answer has done so when an order is answered that was given later."""
        self.receiver.order("stats")
        client.socket.setblocking(False)
        with self.assertRaises(BlockingIOError):
            client.socket.recv(1)
        client.socket.settimeout(WATCHDOG)

    def requests(self):
        return len(self.receiver.all("request"))


class Responses(Case):
    def test_every_status(self):
        statuses = list(range(200, 600))
        client = self.client(*({"do": "status", "status": status} for status in statuses))
        before = self.requests()
        for status in statuses:
            client.post()
            found, headers, body = client.response()
            self.assertEqual(found, status)
            if status in (204, 304):
                self.assertNotIn("content-length", headers)
            else:
                message = status_pb2.Status.FromString(body).message
                self.assertEqual(message, f"planned status {status}")
        # Nothing is left over between the responses: the connection still works.
        client.post()
        self.assertEqual(client.response()[0], 200)
        told = self.receiver.wait("request", before + len(statuses) + 1)[before:]
        accepted = [200 <= status < 300 for status in statuses] + [True]
        self.assertEqual([one["accepted"] for one in told], accepted)
        self.assertEqual({one["connection"] for one in told}, {told[0]["connection"]})

    def test_retry_after_and_headers_are_passed_as_they_are(self):
        for after in ("3", "Wed, 21 Oct 2026 07:28:00 GMT", "-5", "soon", "1000000000"):
            action = {"do": "status", "status": 429, "retry_after": after, "body": "slow down"}
            client = self.client({**action, "headers": [["x-secret", "canary"]]})
            client.post()
            status, headers, body = client.response()
            self.assertEqual((status, headers["retry-after"]), (429, after.lower()))
            self.assertEqual((headers["x-secret"], body), ("canary", b"slow down"))

    def test_json_is_answered_in_json(self):
        plan = [{"do": "ok"}, {"do": "partial", "rejected": 2, "message": "m"}]
        client = self.client(*plan, {"do": "partial"}, {"do": "status", "status": 503})
        bodies = []
        for _ in range(4):
            client.post(json.dumps(as_json(traces())).encode(), content_type="application/json")
            _, headers, body = client.response()
            self.assertEqual(headers["content-type"], "application/json")
            bodies.append(json.loads(body))
        self.assertEqual(bodies[0], {})
        self.assertEqual(
            bodies[1], {"partialSuccess": {"rejectedSpans": "2", "errorMessage": "m"}}
        )
        self.assertEqual(bodies[2], {"partialSuccess": {}})
        self.assertEqual(bodies[3], {"code": 0, "message": "planned status 503"})

    def test_partial_success_of_any_number(self):
        for rejected in (1, 1_000_000, -7, 0, 2**63 - 1, -(2**63)):
            client = self.client({"do": "partial", "rejected": rejected, "message": "why"})
            client.post()
            partial = ExportTraceServiceResponse.FromString(client.response()[2]).partial_success
            self.assertEqual((partial.rejected_spans, partial.error_message), (rejected, "why"))
        client = self.client({"do": "partial"})
        client.post()
        answer = ExportTraceServiceResponse.FromString(client.response()[2])
        self.assertTrue(answer.HasField("partial_success"))
        self.assertEqual(answer.partial_success.ByteSize(), 0)

    def test_odd_bodies(self):
        action = {"do": "answer", "headers": [["content-type", "text/html"]], "body": "OK"}
        client = self.client(action, {"do": "answer", "body_hex": "ff00"})
        client.post()
        headers = {"content-type": "text/html", "content-length": "2"}
        self.assertEqual(client.response()[1:], (headers, b"OK"))
        client.post()
        self.assertEqual(client.response()[1:], ({"content-length": "2"}, b"\xff\x00"))

    def test_huge(self):
        for chunked in (False, True):
            client = self.client({"do": "huge", "bytes": 5_000_000, "chunked": chunked})
            client.post()
            status, headers = client.head()
            self.assertEqual(status, 200)
            if chunked:
                self.assertEqual(headers["transfer-encoding"], "chunked")
                body = client.exactly(int(client.until(b"\r\n"), 16))
            else:
                body = client.exactly(int(headers["content-length"]))
            answer = ExportTraceServiceResponse.FromString(body)
            self.assertEqual(len(answer.partial_success.error_message), 5_000_000)

    def test_redirects_lead_to_a_port_that_counts(self):
        for status in (301, 302, 307, 308):
            client = self.client({"do": "redirect", "status": status})
            client.post()
            found, headers, _ = client.response()
            self.assertEqual(found, status)
            before = self.receiver.order("stats")["redirected"]
            place, path = headers["location"].removeprefix("http://").split("/", 1)
            self.assertEqual(path, "v1/traces")
            with Client(int(place.split(":")[1])) as other:
                other.post()
                self.assertEqual(other.response()[0], 200)
            self.assertEqual(self.receiver.order("stats")["redirected"], before + 1)


class Connections(Case):
    def test_an_interim_response_and_then_the_final_one(self):
        for status in (100, 102, 103, 199):
            then = {"do": "status", "status": 503}
            client = self.client({"do": "informational", "status": status, "then": then})
            client.post()
            self.assertEqual(client.head()[0], status)
            self.assertEqual(client.response()[0], 503)

    def test_an_interim_response_and_then_silence(self):
        client = self.client({"do": "informational", "status": 103})
        client.post()
        self.assertEqual(client.head()[0], 103)
        self.assertEqual(client.left, b"")
        self.nothing_comes(client)

    def test_reset_before_the_body(self):
        client = self.client({"do": "reset_before"})
        before = self.requests()
        # The body never leaves: the head is enough.
        client.send(request(b"", content_length="1000"))
        with self.assertRaises(ConnectionResetError):
            client.socket.recv(1)
        self.assertEqual(self.last(before + 1)["items"], [])

    def test_reset_after_the_body(self):
        client = self.client({"do": "reset_after"})
        before = self.requests()
        whole = request()
        client.send(whole[:-10])
        self.nothing_comes(client)
        client.send(whole[-10:])
        with self.assertRaises(ConnectionResetError):
            client.socket.recv(1)
        told = self.last(before + 1)
        self.assertEqual((told["count"], told["accepted"]), (1, False))

    def test_half_a_head_and_half_a_body(self):
        client = self.client({"do": "half", "of": "head"})
        client.post()
        head = client.rest()
        self.assertTrue(head.startswith(b"HTTP/1.1 200"))
        self.assertNotIn(b"\r\n\r\n", head)
        client = self.client({"do": "half"})
        client.post()
        _, headers = client.head()
        self.assertEqual(len(client.rest()), int(headers["content-length"]) // 2)

    def test_drip(self):
        client = self.client({"do": "drip", "delay_ms": 1, "bytes": 20})
        client.post()
        pieces = []
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        while sum(map(len, pieces)) < 60:
            pieces.append(client.socket.recv(4096))
        self.assertGreater(len(pieces), 10)

    def test_silence_reads_all(self):
        client = self.client({"do": "silence"})
        before = self.requests()
        client.post()
        self.assertEqual(self.last(before + 1)["count"], 1)
        self.nothing_comes(client)
        client.send(b"x" * 2**22)

    def test_a_black_hole_reads_nothing_and_sees_the_client_go(self):
        client = self.client({"do": "black_hole"})
        before = self.requests()
        client.send(request(b"", content_length=str(2**30)))
        told = self.last(before + 1)
        self.assertEqual(told["count"], 0)
        before = self.receiver.order("stats")["received_bytes"]
        client.socket.setblocking(False)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        # The kernel holds some megabytes; who reads would take them all.
        with self.assertRaises(BlockingIOError):
            for _ in range(1024):
                client.socket.send(b"x" * 65536)
        self.assertEqual(self.receiver.order("stats")["received_bytes"], before)
        # In order, it could not even say that it leaves: its data are in the way.
        lingers(client)
        client.socket.close()
        self.receiver.wait("gone", match=lambda one: one["connection"] == told["connection"])

    def test_endless_headers(self):
        client = self.client({"do": "endless_headers"})
        client.post()
        self.assertEqual(len(client.exactly(10_000_000)), 10_000_000)
        self.assertNotIn(b"\r\n\r\n", client.left)

    def test_hold_until_released(self):
        client = self.client({"do": "hold", "then": {"do": "status", "status": 503}})
        before = self.requests()
        client.post()
        self.assertEqual(self.last(before + 1)["count"], 1)
        self.nothing_comes(client)
        self.receiver.order("release")
        self.assertEqual(client.response()[0], 503)

    def test_close_after_the_response(self):
        client = self.client({"do": "ok", "close": True})
        client.post()
        self.assertNotIn("connection", client.response()[1])
        self.assertEqual(client.socket.recv(1), b"")

    def test_down_and_up(self):
        client = self.client()
        client.post()
        self.assertEqual(client.response()[0], 200)
        self.receiver.order("down")
        self.assertEqual(client.socket.recv(1), b"")
        with self.assertRaises(ConnectionRefusedError):
            Client(self.receiver.http)
        self.receiver.order("up")
        client = self.client()
        client.post()
        self.assertEqual(client.response()[0], 200)

    def test_many_requests_on_one_connection(self):
        client = self.client()
        client.send(request() * 3)
        self.assertEqual([client.response()[0] for _ in range(3)], [200] * 3)


class Refusals(Case):
    """Each check of what is not the message: headers, sizes, compression."""

    def problems(self, data, status):
        client = self.client()
        before = self.requests()
        client.send(data)
        self.assertEqual(client.response()[0], status)
        told = self.last(before + 1)
        self.assertFalse(told["accepted"])
        return {one["check"] for one in told["problems"]}

    def test_table(self):
        whole = traces().SerializeToString()
        packed = gzip.compress(whole)
        large = gzip.compress(bytes(1024 * 1024 + 1))
        squeezed = zstandard.compress(bytes(1024 * 1024 + 1))
        table = [
            ("path", 404, request(path="/v1/trace")),
            ("metrics", 404, request(path="/v1/metrics")),
            ("method", 405, request(method="PUT")),
            ("content_type", 415, request(content_type="application/protobuf")),
            ("content_type", 415, request(drop=["content-type"])),
            ("content_encoding", 415, request(content_encoding="identity")),
            ("compression", 400, request(content_encoding="gzip")),
            ("compression", 400, request(packed[:-1], content_encoding="gzip")),
            ("compression", 400, request(packed + b"x", content_encoding="gzip")),
            ("compression", 400, request(content_encoding="zstd")),
            ("too_large", 413, request(large, content_encoding="gzip")),
            ("too_large", 413, request(squeezed, content_encoding="zstd")),
            ("too_large", 413, request(bytes(1024 * 1024 + 1))),
            ("undecodable", 400, request(b"\xff")),
            ("undecodable", 400, request(whole[:-1])),
            ("undecodable", 400, request(b"{", content_type="application/json")),
            ("user_agent", 400, request(drop=["user-agent"])),
            ("user_agent", 400, request(user_agent="something")),
            ("host", 400, request(drop=["host"])),
            ("empty_envelope", 400, request(b"")),
            ("empty_envelope", 400, request(b"{}", content_type="application/json")),
            ("json_type", 400, request(b"[]", content_type="application/json")),
            ("header_twice", 400, request(content_type="application/x-protobuf\r\ncontent-type: x")),
        ]
        for check, status, data in table:
            with self.subTest(check=check, head=data.split(b"\r\n\r\n")[0]):
                self.assertIn(check, self.problems(data, status))
        # No length is no body.
        self.assertIn("no_length", self.problems(request(b"", drop=["content-length"]), 400))

    def test_what_is_right_in_each_form(self):
        whole = traces().SerializeToString()
        chunked = b"".join(b"%x\r\n%s\r\n" % (1, whole[at : at + 1]) for at in range(len(whole)))
        forms = [
            ("none", request(whole)),
            ("gzip", request(gzip.compress(whole), content_encoding="gzip")),
            ("zstd", request(zstandard.compress(whole), content_encoding="zstd")),
            (
                "none",
                request(
                    chunked + b"0\r\n\r\n", drop=["content-length"], transfer_encoding="chunked"
                ),
            ),
        ]
        for encoding, data in forms:
            client = self.client()
            before = self.requests()
            client.send(data)
            self.assertEqual(client.response()[0], 200)
            told = self.last(before + 1)
            self.assertEqual((told["problems"], told["encoding"]), ([], encoding))
            self.assertEqual(told["bytes"], len(whole))

    def test_what_is_no_http(self):
        before = len(self.receiver.all("trouble"))
        # A TLS ClientHello begins so; a lying length; an ancient version; half a head.
        for data in (b"\x16\x03\x01\x02\x00", request(content_length="-1"), b"GET / HTTP/1.0\r\n\r\n"):
            client = self.client()
            client.send(data)
            self.assertEqual(client.response()[0], 400)
        client = self.client()
        client.send(b"POST / HT")
        client.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(client.response()[0], 400)
        for trouble in self.receiver.wait("trouble", before + 4)[before:]:
            self.assertEqual((trouble["kind"], trouble["side"]), ("garbage", "http"))


class Orders(Case):
    def test_wrong_orders_are_refused_and_harm_nothing(self):
        wrong = [
            {"http": [{"do": "explode"}]},
            {"grpc": [{"do": "explode"}]},
            {"http": [{"do": "code", "code": 14}]},
            {"http": [{"do": "status", "status": 503, "retry-after": "1"}]},
            {"http": [{"do": "hold", "then": {"do": "explode"}}]},
            {"grpc": [{"do": "hold", "then": {"do": "silence"}}]},
            {"grpc": [{"do": "code", "code": "SOMETHING"}]},
            {"http": ["ok"]},
        ]
        for plan in wrong:
            self.assertEqual(self.receiver.order("plan", **plan)["event"], "refused", plan)
        self.assertEqual(self.receiver.order("dance")["event"], "refused")

    def test_the_plan_is_used_up_and_then_the_standing_action_holds(self):
        client = self.client({"do": "status", "status": 500})
        self.receiver.order("stand", http={"do": "status", "status": 502})
        self.addCleanup(self.receiver.order, "stand", http={"do": "ok"})
        self.assertEqual(self.receiver.order("stats")["left"], {"http": 1, "grpc": 0})
        for status in (500, 502, 502):
            client.post()
            self.assertEqual(client.response()[0], status)
        self.assertEqual(self.receiver.order("stats")["left"], {"http": 0, "grpc": 0})


def lingers(client):
    """So that a `close` of the client is a reset."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Clients(Case):
    def test_clients_that_vanish_harm_nothing(self):
        for action in ("ok", "silence", "drip", "huge", "black_hole", "endless_headers"):
            client = self.client({"do": action})
            before = self.requests()
            client.post()
            self.last(before + 1)
            lingers(client)
            client.socket.close()
        client = self.client()
        client.post()
        self.assertEqual(client.response()[0], 200)
