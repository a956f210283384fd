"""OTLP over gRPC by the official server. It listens on a port of its own, behind `grpc_front`, which
knows the headers and the plan and names a stream by one more header."""

import grpc

from strict import exchange
from strict.http2 import STREAM_HEADER

SERVICES = {
    "traces": "opentelemetry.proto.collector.trace.v1.TraceService",
    "logs": "opentelemetry.proto.collector.logs.v1.LogsService",
    "metrics": "opentelemetry.proto.collector.metrics.v1.MetricsService",
}
PATHS = {f"/{service}/Export": signal for signal, service in SERVICES.items()}
CODES = {code.value[0]: code for code in grpc.StatusCode}


class GrpcService:
    def __init__(self, settings, counts, released):
        self.settings = settings
        self.counts = counts
        self.released = released
        # The streams that are under way, by the name the front gave them.
        self.streams = {}
        self.server = None

    async def start(self):
        self.server = grpc.aio.server(
            options=[
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", self.settings.max_request),
                ("grpc.max_send_message_length", -1),
            ]
        )
        for signal, service in SERVICES.items():
            # Bytes as they are: they are decoded where it can be told what is wrong with them.
            method = grpc.unary_unary_rpc_method_handler(self.handler(signal))
            handlers = {"Export": method}
            generic = grpc.method_handlers_generic_handler(service, handlers)
            self.server.add_generic_rpc_handlers((generic,))
        port = self.server.add_insecure_port("127.0.0.1:0")
        await self.server.start()
        return port

    def handler(self, signal):
        async def export(body, context):
            name = dict(context.invocation_metadata())[STREAM_HEADER]
            request = self.streams[name].request
            if signal == "metrics":
                request.problems.add("metrics", "path", "not a signal of this receiver")
                request.tell(self.counts)
                await context.abort(grpc.StatusCode.UNIMPLEMENTED, "no metrics here")
            request.judge(body, self.settings)
            request.tell(self.counts)
            return await self.answer(request, request.action, context)

        return export

    async def answer(self, request, action, context):
        kind = action["do"]
        if kind == "hold":
            await self.released()
            return await self.answer(request, action.get("then") or {"do": "ok"}, context)
        if kind == "informational":
            return await self.answer(request, action["then"], context)
        if kind == "code":
            message = action.get("message", f"planned code {action['code']}")
            details = exchange.details(action["code"], message, action)
            trailers = () if details is None else (("grpc-status-details-bin", details),)
            await context.abort(CODES[action["code"]], message, trailers)
        if request.problems:
            first = request.problems.found[0]
            message = f"{first['check']} at {first['at']}: {first['detail']}"
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, message)
        if kind == "answer":
            return exchange.answer_body(action)
        if kind in ("huge", "half", "drip"):
            message = "x" * action.get("bytes", 5 * 2**20 if kind == "huge" else 1000)
            return exchange.success(request.signal, False, {"message": message})
        return exchange.success(request.signal, False, action if kind == "partial" else None)
