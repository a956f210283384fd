"""What the tests of the receiver share: a receiver that runs, and messages that are right."""

import json
import pathlib
import subprocess
import sys
import threading

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

HERE = pathlib.Path(__file__).parent
WATCHDOG = 30
START = 1_767_225_600_000_000_000
AGENT = "OTel-OTLP-Exporter-Test/1.0"


class Running:
    """A receiver in a process of its own."""

    def __init__(self, *arguments):
        command = [sys.executable, "-B", str(HERE / "strict_receiver.py"), *arguments]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.said = []
        self.changed = threading.Condition()
        self.reading = threading.Thread(target=self.read, daemon=True)
        self.reading.start()
        ready = self.wait("ready")[0]
        self.grpc, self.http = ready["grpc"], ready["http"]
        self.orders = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(WATCHDOG)
        self.reading.join(WATCHDOG)
        self.process.stdout.close()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.said.append(json.loads(line))
                self.changed.notify_all()

    def all(self, event):
        return [one for one in self.said if one["event"] == event]

    def wait(self, event, count=1, match=lambda one: True):
        def there():
            return len([one for one in self.all(event) if match(one)]) >= count

        with self.changed:
            if not self.changed.wait_for(there, WATCHDOG):
                raise AssertionError(f"no {event} within {WATCHDOG} s; there is {self.said}")
            return [one for one in self.all(event) if match(one)]

    def order(self, name, **members):
        self.orders += 1
        order = {"id": self.orders, "order": name, **members}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        with self.changed:
            def answers():
                return [one for one in self.said if one.get("id") == order["id"]]

            assert self.changed.wait_for(answers, WATCHDOG), f"no answer to {order}"
            return answers()[0]

    def plan(self, **sides):
        answer = self.order("plan", **sides)
        assert answer["event"] == "done", answer


def traces():
    """A request in which nothing is wrong, with every kind of value."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    pair(resource.resource.attributes, "service.name", string_value="shop")
    scope = resource.scope_spans.add()
    scope.scope.name = "ode"
    span = scope.spans.add(
        trace_id=bytes(range(16)),
        span_id=bytes(range(8)),
        parent_span_id=bytes(range(8, 16)),
        trace_state="ot=th:8",
        flags=0x301,
        name="cart.checkout",
        kind=1,
        start_time_unix_nano=START,
        end_time_unix_nano=START + 5,
        dropped_attributes_count=3,
    )
    span.status.code = 2
    span.status.message = "card declined"
    values(span.attributes)
    event = span.events.add(time_unix_nano=START + 1, name="exception")
    pair(event.attributes, "exception.type", string_value="Declined")
    link = span.links.add(trace_id=b"t" * 16, span_id=b"s" * 8, flags=1, trace_state="a=b,c@d=e f")
    pair(link.attributes, "why", string_value="retry")
    return request


def logs():
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    pair(resource.resource.attributes, "service.name", string_value="shop")
    scope = resource.scope_logs.add()
    scope.scope.name = "ode"
    log = scope.log_records.add(
        time_unix_nano=START,
        observed_time_unix_nano=START + 1,
        severity_number=9,
        severity_text="INFO",
        event_name="cart.checkout",
        trace_id=bytes(range(16)),
        span_id=bytes(range(8)),
        flags=1,
    )
    log.body.string_value = "cart.checkout: ok"
    values(log.attributes)
    return request


def values(attributes):
    pair(attributes, "text", string_value="a\u0000\n\u2028")
    pair(attributes, "yes", bool_value=True)
    pair(attributes, "least", int_value=-(2**63))
    pair(attributes, "ratio", double_value=-0.0)
    pair(attributes, "nan", double_value=float("nan"))
    pair(attributes, "octets", bytes_value=b"\x00\xff")
    attributes.add(key="none").value.SetInParent()
    items = attributes.add(key="list").value.array_value.values
    items.add(int_value=1)
    items.add(string_value="")
    pair(attributes.add(key="map").value.kvlist_value.values, "inner", double_value=1.5)


def pair(attributes, key, **value):
    new = attributes.add(key=key)
    for name, inner in value.items():
        setattr(new.value, name, inner)


def as_json(request):
    """The message as OTLP/JSON: as protobuf has it, but for enums by number and ids in hexadecimal."""
    value = json_format.MessageToDict(request, use_integers_for_enums=True)
    return with_hex_ids(value)


def with_hex_ids(value):
    import base64

    if isinstance(value, list):
        return [with_hex_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    ids = ("traceId", "spanId", "parentSpanId")
    return {
        name: base64.b64decode(one).hex() if name in ids else with_hex_ids(one)
        for name, one in value.items()
    }
