"""The official exporters of the Python SDK are accepted, over gRPC and HTTP, and so is JSON."""

import json
import logging
import unittest
import urllib.request

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
import grpc

from driver import AGENT, START, Running, as_json, logs, traces

RESOURCE = Resource.create({"service.name": "shop"})


def make_span(exporter):
    provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("ode").start_as_current_span("cart.checkout") as span:
        span.set_attribute("items", [1, 2])
        span.add_event("paid", {"cents": 995})
    provider.shutdown()


def make_log(exporter):
    provider = LoggerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    record = LogRecord(
        timestamp=START,
        observed_timestamp=START,
        severity_number=SeverityNumber.WARN,
        severity_text="WARN",
        body={"said": "no"},
        attributes={"k": 1.5},
        event_name="cart.checkout",
    )
    provider.get_logger("ode").emit(record)
    provider.shutdown()


class Official(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        logging.disable(logging.CRITICAL)

    @classmethod
    def tearDownClass(cls):
        logging.disable(logging.NOTSET)

    def test_spans_and_logs_over_grpc_and_http(self):
        for gzip in (False, True):
            for transport in ("grpc", "http/protobuf"):
                with self.subTest(gzip=gzip, transport=transport), Running() as receiver:
                    self.send(receiver, transport, gzip)
                    spans, records = receiver.wait("request", 2)
                    for request, signal in ((spans, "traces"), (records, "logs")):
                        self.assertEqual(request["problems"], [])
                        self.assertTrue(request["accepted"])
                        self.assertEqual(request["signal"], signal)
                        self.assertEqual(request["transport"], transport)
                        self.assertEqual(request["encoding"], "gzip" if gzip else "none")
                        self.assertIn(["x-key", "canary"], request["headers"])
                    (span,), (log,) = spans["items"], records["items"]
                    self.assertEqual(span["name"], "cart.checkout")
                    self.assertEqual(
                        span["attributes"], [["items", {"array": [{"int": "1"}, {"int": "2"}]}]]
                    )
                    self.assertEqual(span["events"][0]["attributes"], [["cents", {"int": "995"}]])
                    self.assertEqual(log["event_name"], "cart.checkout")
                    self.assertEqual(log["body"], {"map": [["said", {"string": "no"}]]})
                    self.assertEqual(log["severity_number"], 13)
                    self.assertEqual(log["time"], str(START))

    def send(self, receiver, transport, gzip):
        if transport == "grpc":
            how = {
                "endpoint": f"http://127.0.0.1:{receiver.grpc}",
                "insecure": True,
                "headers": {"x-key": "canary"},
                "compression": grpc.Compression.Gzip if gzip else None,
            }
            make_span(GrpcSpans(**how))
            make_log(GrpcLogs(**how))
            return
        base = f"http://127.0.0.1:{receiver.http}/v1"
        how = {
            "headers": {"x-key": "canary"},
            "compression": Compression.Gzip if gzip else Compression.NoCompression,
        }
        make_span(HttpSpans(endpoint=f"{base}/traces", **how))
        make_log(HttpLogs(endpoint=f"{base}/logs", **how))

    def test_a_partial_success_and_a_retry_are_understood(self):
        """The official exporter retries what the plan says is worth it, and stops at a success."""
        with Running("--grpc-plan", "UNAVAILABLE,partial") as receiver:
            make_span(GrpcSpans(endpoint=f"http://127.0.0.1:{receiver.grpc}", insecure=True))
            first, second = receiver.wait("request", 2)
            self.assertFalse(first["accepted"])
            self.assertTrue(second["accepted"])
            self.assertEqual(first["items"], second["items"])

    def test_metrics_are_refused(self):
        with Running() as receiver:
            exporter = OTLPMetricExporter(endpoint=f"http://127.0.0.1:{receiver.http}/v1/metrics")
            reader = PeriodicExportingMetricReader(exporter)
            provider = MeterProvider([reader], RESOURCE, shutdown_on_exit=False)
            provider.get_meter("ode").create_counter("n").add(1)
            provider.shutdown()
            (request,) = receiver.wait("request")
            self.assertEqual([one["check"] for one in request["problems"]], ["metrics"])
            self.assertFalse(request["accepted"])

    def test_json(self):
        with Running() as receiver:
            for signal, message in (("traces", traces()), ("logs", logs())):
                url = f"http://127.0.0.1:{receiver.http}/v1/{signal}"
                data = json.dumps(as_json(message)).encode()
                headers = {"content-type": "application/json", "user-agent": AGENT}
                request = urllib.request.Request(url, data, headers)
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                with opener.open(request) as response:
                    self.assertEqual(response.status, 200)
                    self.assertEqual(response.headers["content-type"], "application/json")
                    self.assertEqual(json.loads(response.read()), {})
            for request in receiver.wait("request", 2):
                self.assertEqual(request["problems"], [])
                self.assertEqual(request["transport"], "http/json")
                self.assertEqual(request["count"], 1)
