"""What must hold for every span and log record, beyond that it can be decoded.

A collector lets most of this pass. Some back end behind it does not, and then loses the data far
away from the code that was wrong.
"""

import re

from google.protobuf import unknown_fields

from strict.report import Problems

# 2000-01-01 and 2100-01-01 in nanoseconds. A time in seconds, milliseconds or microseconds is not
# between them.
EARLIEST, LATEST = 946_684_800_000_000_000, 4_102_444_800_000_000_000

STATE_KEY = re.compile(r"[a-z0-9][a-z0-9_\-*/@]{0,255}")
STATE_VALUE = re.compile(r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]")


def check(signal, message, any_time=False):
    """The problems of one export request."""
    checks = Checks(any_time)
    checks.unknown(message, signal)
    if signal == "traces":
        checks.groups(message.resource_spans, "resource_spans", "scope_spans", "spans", checks.span)
        checks.ids_once(message)
    else:
        checks.groups(
            message.resource_logs, "resource_logs", "scope_logs", "log_records", checks.log
        )
    return checks.problems


class Checks:
    def __init__(self, any_time):
        self.problems = Problems()
        self.add = self.problems.add
        self.any_time = any_time

    def unknown(self, message, at):
        """Fields that the official messages do not have: a wrong number, or a wrong wire type."""
        for field in unknown_fields.UnknownFieldSet(message):
            self.add("unknown_field", at, f"number {field.field_number}, type {field.wire_type}")
        for field, value in message.ListFields():
            if field.message_type is None:
                continue
            parts = value if field.is_repeated else [value]
            for number, part in enumerate(parts):
                self.unknown(part, f"{at}.{field.name}[{number}]")

    def groups(self, resources, resources_name, scopes_name, items_name, item):
        """An envelope without content costs a request and says nothing."""
        if not resources:
            self.add("empty_envelope", resources_name)
        for number, resource in enumerate(resources):
            at = f"{resources_name}[{number}]"
            self.resource(resource, f"{at}.resource")
            scopes = getattr(resource, scopes_name)
            if not scopes:
                self.add("empty_envelope", f"{at}.{scopes_name}")
            for number, scope in enumerate(scopes):
                inner = f"{at}.{scopes_name}[{number}]"
                if not scope.scope.name:
                    self.add("empty_name", f"{inner}.scope")
                self.attributes(scope.scope.attributes, f"{inner}.scope")
                items = getattr(scope, items_name)
                if not items:
                    self.add("empty_envelope", f"{inner}.{items_name}")
                for number, one in enumerate(items):
                    item(one, f"{inner}.{items_name}[{number}]")

    def resource(self, group, at):
        if not group.HasField("resource"):
            self.add("service_name", at, "no resource")
            return
        self.attributes(group.resource.attributes, at)
        names = [pair.value for pair in group.resource.attributes if pair.key == "service.name"]
        if not any(name.string_value for name in names):
            self.add("service_name", at, "absent, empty or no string")

    def attributes(self, pairs, at):
        seen = set()
        for number, pair in enumerate(pairs):
            inner = f"{at}.attributes[{number}]"
            if not pair.key:
                self.add("empty_key", inner)
            if pair.key in seen:
                self.add("duplicate_key", inner, pair.key)
            seen.add(pair.key)
            if pair.key_strindex:
                self.add("profiles_only", inner, "key_strindex")
            if not pair.HasField("value"):
                self.add("no_value", inner, pair.key)
            self.value(pair.value, inner)

    def value(self, value, at):
        which = value.WhichOneof("value")
        if which == "string_value_strindex":
            self.add("profiles_only", at, which)
        elif which == "kvlist_value":
            self.attributes(value.kvlist_value.values, at)
        elif which == "array_value":
            for number, inner in enumerate(value.array_value.values):
                self.value(inner, f"{at}[{number}]")

    def id(self, value, length, at, optional=False):
        if optional and not value:
            return
        if len(value) != length:
            self.add("id_length", at, f"{len(value)} bytes")
        elif not any(value):
            self.add("zero_id", at)

    def time(self, nanos, at):
        if not nanos:
            self.add("no_time", at)
        elif not self.any_time and not EARLIEST <= nanos < LATEST:
            self.add("time_unit", at, f"{nanos} is no time of this century in nanoseconds")

    def flags(self, flags, known, at):
        if flags & ~known:
            self.add("flags", at, hex(flags))
        if flags & 0x200 and not flags & 0x100:
            self.add("flags", at, "is remote, and not known to be")

    def trace_state(self, state, at):
        if not state:
            return
        members = [member.strip(" \t") for member in state.split(",")]
        keys = []
        for member in members:
            key, equals, value = member.partition("=")
            if not (equals and STATE_KEY.fullmatch(key) and STATE_VALUE.fullmatch(value)):
                self.add("trace_state", at, member)
            keys.append(key)
        if len(members) > 32 or len(set(keys)) != len(keys):
            self.add("trace_state", at, "too many members, or one of them twice")

    def span(self, span, at):
        self.id(span.trace_id, 16, f"{at}.trace_id")
        self.id(span.span_id, 8, f"{at}.span_id")
        self.id(span.parent_span_id, 8, f"{at}.parent_span_id", optional=True)
        if span.span_id and span.parent_span_id == span.span_id:
            self.add("own_parent", at)
        if not span.name:
            self.add("empty_name", at)
        if not 1 <= span.kind <= 5:
            self.add("kind", at, span.kind)
        self.time(span.start_time_unix_nano, f"{at}.start")
        self.time(span.end_time_unix_nano, f"{at}.end")
        if span.end_time_unix_nano < span.start_time_unix_nano:
            self.add("end_before_start", at)
        self.flags(span.flags, 0x3FF, at)
        self.trace_state(span.trace_state, at)
        self.attributes(span.attributes, at)
        for number, event in enumerate(span.events):
            inner = f"{at}.events[{number}]"
            self.time(event.time_unix_nano, inner)
            if not event.name:
                self.add("empty_name", inner)
            self.attributes(event.attributes, inner)
        for number, link in enumerate(span.links):
            inner = f"{at}.links[{number}]"
            self.id(link.trace_id, 16, f"{inner}.trace_id")
            self.id(link.span_id, 8, f"{inner}.span_id")
            self.flags(link.flags, 0x3FF, inner)
            self.trace_state(link.trace_state, inner)
            self.attributes(link.attributes, inner)
        if not 0 <= span.status.code <= 2:
            self.add("status_code", at, span.status.code)
        if span.status.message and span.status.code != 2:
            self.add("status_message", at, "a message without an error")

    def ids_once(self, message):
        seen = set()
        for resource in message.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    if (span.trace_id, span.span_id) in seen:
                        self.add("duplicate_span", "spans", span.span_id.hex())
                    seen.add((span.trace_id, span.span_id))

    def log(self, log, at):
        self.id(log.trace_id, 16, f"{at}.trace_id", optional=True)
        self.id(log.span_id, 8, f"{at}.span_id", optional=True)
        if log.span_id and not log.trace_id:
            self.add("span_without_trace", at)
        if not log.time_unix_nano and not log.observed_time_unix_nano:
            self.add("no_time", at)
        for name in ("time_unix_nano", "observed_time_unix_nano"):
            if getattr(log, name):
                self.time(getattr(log, name), f"{at}.{name}")
        if not 0 <= log.severity_number <= 24:
            self.add("severity", at, log.severity_number)
        if len(log.event_name) > 256:
            self.add("event_name", at, f"{len(log.event_name)} characters")
        self.flags(log.flags, 0xFF, at)
        self.attributes(log.attributes, at)
        self.value(log.body, f"{at}.body")
