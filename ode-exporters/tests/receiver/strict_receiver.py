"""A strict OTLP receiver for tests: traces and logs, over gRPC, HTTP/protobuf and HTTP/JSON, that
finds fault with what it gets, and fails on command.

By hand, from this folder:

    python3 -m venv /tmp/receivers
    /tmp/receivers/bin/pip install -r requirements.txt
    /tmp/receivers/bin/python strict_receiver.py --http-plan 503,ok --grpc-plan UNAVAILABLE,ok

The first line on standard output is `{"event":"ready","grpc":…,"http":…,"redirect":…}`: ports on
127.0.0.1, chosen by the system unless given. Point an exporter there; every request is one more line,
`{"event":"request",…}`: how it came, its headers, the action that was planned for it, whether its
items were accepted, every problem that was found, and every item with every attribute and its type
(see strict/items.py). Other lines are `trouble` (no HTTP, no TLS, a handshake that failed),
`redirected` (somebody followed a redirect) and `gone` (a connection ended).

A request with a problem is answered with 400 or INVALID_ARGUMENT where it would have been accepted.
What is a problem is in strict/checks.py, strict/from_json.py, and where headers are read.

Plans are in strict/plan.py. They are given on the command line, as words or as JSON, and are replaced
by orders on standard input, one JSON object a line, each answered by `{"event":"done","id":…}`:

    {"id":1,"order":"plan","http":[{"do":"status","status":503,"retry_after":"1"}],"grpc":[]}
    {"id":2,"order":"stand","http":{"do":"silence"}}     from now on, when the plan is used up
    {"id":3,"order":"release"}                           lets requests go that are on `hold`
    {"id":4,"order":"down"}      closes the ports and every connection, as a death does
    {"id":5,"order":"up"}        the same ports again
    {"id":6,"order":"stats"}     counts, and how much of the plans is left

It ends when standard input does, so it never outlives the test that started it.

The tests of the receiver itself: `python -m unittest` in this folder.
"""

import argparse
import asyncio
import importlib.metadata
import json
import os
import pathlib
import sys
import threading


def missing():
    """What of the pinned list is not there, or not in that version."""
    wanted = pathlib.Path(__file__).with_name("requirements.txt").read_text().splitlines()
    for line in wanted:
        name, pinned, version = line.partition("==")
        if line.startswith("#") or not pinned:
            continue
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield f"{name} is not installed"
            continue
        if found != version:
            yield f"{name} is {found}, not {version}"


def arguments():
    parser = argparse.ArgumentParser(description="A strict OTLP receiver for tests.")
    parser.add_argument("--grpc-port", type=int, default=0)
    parser.add_argument("--http-port", type=int, default=0)
    parser.add_argument("--grpc-plan", default="")
    parser.add_argument("--http-plan", default="")
    parser.add_argument("--max-request", type=int, default=4 * 2**20, help="bytes, decompressed")
    parser.add_argument("--any-time", action="store_true", help="times of any century will do")
    parser.add_argument("--cert", help="PEM; with it both ports speak TLS")
    parser.add_argument("--key", help="PEM")
    parser.add_argument("--client-ca", help="PEM; a client certificate of these is demanded")
    parser.add_argument("--tls-version", choices=["1.1", "1.2", "1.3"], help="this one only")
    return parser.parse_args()


class Receiver:
    def __init__(self, settings):
        from strict import link, plan, report
        from strict.grpc_front import GrpcFront
        from strict.grpc_service import GrpcService
        from strict.http_side import HttpSide, RedirectTarget

        self.say = report.say
        self.wrong_plan = plan.WrongPlan
        self.counts = report.Counts()
        self.plans = {side: plan.Plan(side) for side in ("http", "grpc")}
        for side, text in (("http", settings.http_plan), ("grpc", settings.grpc_plan)):
            self.plans[side].replace(plan.by_hand(side, text))
        self.release = asyncio.Event()
        self.service = GrpcService(settings, self.counts, self.released)
        self.front = GrpcFront(
            settings, self.plans["grpc"], self.counts, self.redirect_to, self.service
        )
        side = HttpSide(
            settings, self.plans["http"], self.counts, self.redirect_to, self.released
        )
        target = RedirectTarget(self.counts)
        listener, counts = link.Listener, self.counts
        self.http = listener(
            "http", side.serve, counts, link.tls(settings, "http/1.1"), settings.http_port
        )
        self.grpc = listener(
            "grpc", self.front.serve, counts, link.tls(settings, "h2"), settings.grpc_port
        )
        # Not among the counted connections: who comes here is counted by itself.
        self.redirect = listener("redirect", target.serve, report.Counts())

    async def start(self):
        self.front.port = await self.service.start()
        for listener in (self.http, self.grpc, self.redirect):
            listener.up()
        ports = {"grpc": self.grpc.port, "http": self.http.port, "redirect": self.redirect.port}
        self.say("ready", **ports)

    def redirect_to(self):
        return f"http://127.0.0.1:{self.redirect.port}"

    async def released(self):
        await self.release.wait()

    def obey(self, line):
        order = {}
        try:
            order = json.loads(line)
            answer = self.order(order)
        except (self.wrong_plan, KeyError, ValueError, AttributeError, OSError) as error:
            identity = order.get("id") if isinstance(order, dict) else None
            self.say("refused", id=identity, why=f"{type(error).__name__}: {error}")
        else:
            self.say("done", id=order["id"], **answer)

    def order(self, order):
        name = order["order"]
        if name == "plan":
            for side, plan in self.plans.items():
                plan.replace(order.get(side, []))
        elif name == "stand":
            for side, plan in self.plans.items():
                if side in order:
                    plan.stand(order[side])
        elif name == "release":
            # Those that wait go; those that come wait again.
            self.release.set()
            self.release = asyncio.Event()
        elif name in ("down", "up"):
            for listener in (self.http, self.grpc):
                getattr(listener, name)()
        elif name == "stats":
            left = {side: len(plan.left) for side, plan in self.plans.items()}
            return {**vars(self.counts), "left": left}
        else:
            raise ValueError(f"no such order: {name}")
        return {}


def listen_to_orders(loop, receiver):
    for line in sys.stdin:
        if line.strip():
            loop.call_soon_threadsafe(receiver.obey, line)
    # Nobody is there any more who could read. Nothing is worth being put in order.
    os._exit(0)


async def main(settings):
    receiver = Receiver(settings)
    await receiver.start()
    loop = asyncio.get_running_loop()
    threading.Thread(target=listen_to_orders, args=(loop, receiver), daemon=True).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    what = list(missing())
    if what:
        print(json.dumps({"event": "missing", "what": what}), flush=True)
        sys.exit(3)
    asyncio.run(main(arguments()))
