"""What the receiver tells: one JSON object a line on standard output.

Whatever is printed is printed from the one event loop, so lines never mix.
"""

import json
import sys


def say(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}, separators=(",", ":")) + "\n")
    sys.stdout.flush()


class Problems:
    """What is wrong with one request: the check that found it, where, and what."""

    def __init__(self):
        self.found = []

    def add(self, check, at, detail=""):
        self.found.append({"check": check, "at": at, "detail": str(detail)})

    def __bool__(self):
        return bool(self.found)


class Counts:
    """What happened so far, for a test that must know that something did not happen."""

    def __init__(self):
        self.connections = 0
        self.open = 0
        self.requests = 0
        self.redirected = 0
        self.handshakes_failed = 0
        self.cancelled = 0
        self.received_bytes = 0
        self.sent_bytes = 0
