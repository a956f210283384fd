"""One export request: what came, what was wrong with it, and the bodies of answers to it."""

import json
import re
import zlib

import zstandard
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces

from strict import checks, from_json, items, report
from strict.plan import accepts

REQUESTS = {"traces": traces.ExportTraceServiceRequest, "logs": logs.ExportLogsServiceRequest}
RESPONSES = {"traces": traces.ExportTraceServiceResponse, "logs": logs.ExportLogsServiceResponse}
REJECTED = {"traces": "rejected_spans", "logs": "rejected_log_records"}

# Products, one of them with its version at least, as `OTel-OTLP-Exporter-Rust/1.0`.
USER_AGENT = re.compile(r"(?=.*[!-~]/[!-~])[!-~]+( [ -~]+)?")


class TooLarge(Exception):
    pass


class Request:
    """What is told about one request, in the order in which it is found out."""

    def __init__(self, transport, link, action):
        self.transport = transport
        self.connection = link.number
        self.action = action
        self.signal = None
        self.path = ""
        self.headers = []
        self.encoding = "none"
        self.wire_bytes = 0
        self.bytes = 0
        self.items = []
        self.problems = report.Problems()
        self.reported = False

    def common_headers(self):
        agents = [value for name, value in self.headers if name.lower() == "user-agent"]
        if len(agents) != 1 or not USER_AGENT.fullmatch(agents[0]):
            self.problems.add("user_agent", "headers", agents)

    def judge(self, body, settings):
        """Decodes the body and looks at everything in it."""
        self.bytes = len(body)
        message = REQUESTS[self.signal]()
        if self.transport == "http/json":
            from_json.parse(body, message, self.problems)
        else:
            try:
                message.ParseFromString(body)
            except DecodeError as error:
                self.problems.add("undecodable", "body", error)
                return
        found = checks.check(self.signal, message, settings.any_time)
        self.problems.found.extend(found.found)
        self.items = items.of_request(self.signal, message)

    @property
    def accepted(self):
        return accepts(self.action) and not self.problems

    def tell(self, counts):
        self.reported = True
        counts.requests += 1
        report.say(
            "request",
            transport=self.transport,
            signal=self.signal,
            connection=self.connection,
            path=self.path,
            headers=self.headers,
            encoding=self.encoding,
            wire_bytes=self.wire_bytes,
            bytes=self.bytes,
            action=self.action,
            accepted=self.accepted,
            problems=self.problems.found,
            count=len(self.items),
            items=self.items,
        )


def decompress(body, encoding, limit):
    """The content of a body, which must be one whole frame, of no more than `limit` bytes."""
    if encoding == "none":
        return body
    if encoding == "zstd":
        reader = zstandard.ZstdDecompressor().decompressobj()
    else:
        reader = zlib.decompressobj(wbits=31)
    if encoding == "zstd":
        declared = zstandard.frame_content_size(body)
        if declared > limit:
            raise TooLarge(f"{declared} bytes")
        content = reader.decompress(body)
    else:
        content = reader.decompress(body, limit + 1)
    if len(content) > limit:
        raise TooLarge(f"more than {limit} bytes")
    if not reader.eof or reader.unused_data:
        raise ValueError(f"{encoding}: not one whole frame")
    return content


DECOMPRESSION_ERRORS = (ValueError, zlib.error, zstandard.ZstdError)


def success(signal, as_json, partial=None):
    """The body of a success; with `partial`, an action, of a partial one: just what it names."""
    response = RESPONSES[signal]()
    if partial is not None:
        response.partial_success.SetInParent()
        if "rejected" in partial:
            setattr(response.partial_success, REJECTED[signal], partial["rejected"])
        response.partial_success.error_message = partial.get("message", "")
    return json_format.MessageToJson(response).encode() if as_json else response.SerializeToString()


def failure(as_json, code, message):
    """The body of an error: `google.rpc.Status`."""
    if as_json:
        return json.dumps({"code": code, "message": message}).encode()
    return status_pb2.Status(code=code, message=message).SerializeToString()


def details(code, message, action):
    """`grpc-status-details-bin`, with a `RetryInfo` when the action has a delay."""
    status = status_pb2.Status(code=code, message=message)
    seconds, nanos = action.get("retry_seconds"), action.get("retry_nanos")
    if seconds is None and nanos is None:
        return None
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.seconds = seconds or 0
    retry.retry_delay.nanos = nanos or 0
    status.details.add().Pack(retry)
    return status.SerializeToString()


def answer_body(action):
    if "body_hex" in action:
        return bytes.fromhex(action["body_hex"])
    return action.get("body", "").encode()
