"""What to do with the next requests.

A plan is a list of actions, one a request; when it is used up, the side's standing action is taken,
which is `ok` until it is changed. An action is an object whose member `do` names it. By hand, a word
stands for an action without members, a number for a status, and a gRPC code for itself.

    ok                                     accepted
    partial   rejected, message            a partial success; any number, also nonsense
    answer    status, headers, body,       a response of any kind; over gRPC `body` is the message
              body_hex
    status    status, headers,             an HTTP status with an error body (over gRPC: HTTP/2
              retry_after, body            alone, as a load balancer answers)
    code      code, message,               a gRPC status, by name or number
              retry_seconds, retry_nanos
    trailers  headers                      gRPC: a response of these headers alone
    rst_stream  code                       gRPC: the stream is reset
    informational  status, then            a 1xx; without `then`, nothing follows
    redirect  status, location             to the port that counts who comes
    reset_before                           TCP reset when the head is there
    reset_after                            TCP reset when the body is there
    black_hole                             nothing is read any more, nothing is answered
    silence                                everything is read, nothing is answered
    half      of (head, body)              half of the response, then the end of the connection
    drip      delay_ms, bytes              the response a byte at a time
    huge      bytes, chunked               a response with a message of so many bytes
    endless_headers                        HTTP: header lines without end
    hold      then                         waits for the order `release`

`close` on an HTTP action ends the connection after the response, without a word about it.
"""

import json
from collections import deque

import grpc

BOTH = {
    "ok": set(),
    "partial": {"rejected", "message"},
    "answer": {"status", "headers", "body", "body_hex"},
    "status": {"status", "headers", "retry_after", "body"},
    "informational": {"status", "then"},
    "redirect": {"status", "location"},
    "reset_before": set(),
    "reset_after": set(),
    "black_hole": set(),
    "silence": set(),
    "half": {"of"},
    "drip": {"delay_ms", "bytes"},
    "huge": {"bytes", "chunked"},
    "hold": {"then"},
}
MEMBERS = {
    "http": {**{name: keys | {"close"} for name, keys in BOTH.items()}, "endless_headers": set()},
    "grpc": {
        **BOTH,
        "code": {"code", "message", "retry_seconds", "retry_nanos"},
        "trailers": {"headers"},
        "rst_stream": {"code"},
    },
}
# Over gRPC: what the official server does itself.
PASSED = {"ok", "partial", "answer", "code", "half", "drip", "huge"}
ACCEPTING = {"ok", "partial", "huge", "half", "drip"}
CODES = {code.name: code.value[0] for code in grpc.StatusCode}


class WrongPlan(Exception):
    pass


def checked(side, action):
    """A misspelt action would be a fault that never happens: it is refused."""
    if not isinstance(action, dict) or action.get("do") not in MEMBERS[side]:
        raise WrongPlan(f"{side} knows no action {action!r}")
    more = set(action) - MEMBERS[side][action["do"]] - {"do"}
    if more:
        raise WrongPlan(f"{action['do']} knows no {sorted(more)}")
    if action["do"] == "code" and isinstance(action["code"], str):
        action = {**action, "code": CODES[action["code"]]}
    if action.get("then") is not None:
        then = checked(side, action["then"])
        if side == "grpc" and action["do"] == "hold" and then["do"] not in PASSED:
            # The front answers these at once; it has nowhere to wait.
            raise WrongPlan(f"over gRPC, {then['do']} cannot be held back")
        action = {**action, "then": then}
    return action


def accepts(action):
    """Whether the receiver takes the items of a request that it treats so."""
    if action is None:
        return False
    kind = action["do"]
    if kind in ("hold", "informational"):
        then = action.get("then")
        return accepts({"do": "ok"} if kind == "hold" and then is None else then)
    if kind in ("answer", "status"):
        return 200 <= action.get("status", 200) < 300
    return kind in ACCEPTING


def by_hand(side, text):
    """A plan from the command line: JSON, or words with commas between them."""
    if text.lstrip().startswith("["):
        return [checked(side, action) for action in json.loads(text)]
    return [checked(side, word(one.strip())) for one in text.split(",") if one.strip()]


def word(text):
    if text.isdigit():
        return {"do": "status", "status": int(text)}
    if text in CODES:
        return {"do": "code", "code": text}
    return {"do": text}


class Plan:
    """The plan of one side."""

    def __init__(self, side):
        self.side = side
        self.left = deque()
        self.standing = {"do": "ok"}

    def replace(self, actions):
        self.left = deque(checked(self.side, action) for action in actions)

    def stand(self, action):
        self.standing = checked(self.side, action)

    def next(self):
        return self.left.popleft() if self.left else self.standing
