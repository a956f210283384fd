"""Every check finds what it is there for, and nothing in what is right."""

import copy
import json
import unittest

from driver import START, as_json, logs, pair, traces
from strict import checks, from_json, items
from strict.exchange import REQUESTS
from strict.report import Problems


def span_of(request):
    return request.resource_spans[0].scope_spans[0].spans[0]


def log_of(request):
    return request.resource_logs[0].scope_logs[0].log_records[0]


def first_value(item):
    return item.attributes[0].value


def unknown_field(request):
    # Number 100, a varint: the messages have no such field.
    span_of(request).MergeFromString(b"\xa0\x06\x01")


SPANS = [
    ("unknown_field", unknown_field),
    ("empty_envelope", lambda r: r.ClearField("resource_spans")),
    ("empty_envelope", lambda r: r.resource_spans[0].ClearField("scope_spans")),
    ("empty_envelope", lambda r: r.resource_spans[0].scope_spans[0].ClearField("spans")),
    ("empty_name", lambda r: r.resource_spans[0].scope_spans[0].scope.ClearField("name")),
    ("service_name", lambda r: r.resource_spans[0].ClearField("resource")),
    ("service_name", lambda r: r.resource_spans[0].resource.ClearField("attributes")),
    ("service_name", lambda r: setattr(first_value(r.resource_spans[0].resource), "int_value", 1)),
    ("empty_key", lambda r: pair(span_of(r).attributes, "", int_value=1)),
    ("duplicate_key", lambda r: pair(span_of(r).attributes, "text", int_value=1)),
    ("duplicate_key", lambda r: pair(span_of(r).events[0].attributes, "exception.type", int_value=1)),
    (
        "duplicate_key",
        lambda r: pair(span_of(r).attributes[-1].value.kvlist_value.values, "inner", int_value=1),
    ),
    ("no_value", lambda r: span_of(r).attributes.add(key="bare")),
    ("profiles_only", lambda r: setattr(first_value(span_of(r)), "string_value_strindex", 1)),
    ("profiles_only", lambda r: setattr(span_of(r).attributes[0], "key_strindex", 1)),
    ("id_length", lambda r: setattr(span_of(r), "trace_id", b"1234567")),
    ("id_length", lambda r: setattr(span_of(r), "span_id", b"")),
    ("id_length", lambda r: setattr(span_of(r), "parent_span_id", b"1")),
    ("id_length", lambda r: setattr(span_of(r).links[0], "span_id", b"1")),
    ("zero_id", lambda r: setattr(span_of(r), "trace_id", bytes(16))),
    ("zero_id", lambda r: setattr(span_of(r), "span_id", bytes(8))),
    ("zero_id", lambda r: setattr(span_of(r), "parent_span_id", bytes(8))),
    ("zero_id", lambda r: setattr(span_of(r).links[0], "trace_id", bytes(16))),
    ("own_parent", lambda r: setattr(span_of(r), "parent_span_id", span_of(r).span_id)),
    ("empty_name", lambda r: setattr(span_of(r), "name", "")),
    ("empty_name", lambda r: setattr(span_of(r).events[0], "name", "")),
    ("kind", lambda r: setattr(span_of(r), "kind", 0)),
    ("kind", lambda r: setattr(span_of(r), "kind", 6)),
    ("no_time", lambda r: setattr(span_of(r), "start_time_unix_nano", 0)),
    ("no_time", lambda r: setattr(span_of(r).events[0], "time_unix_nano", 0)),
    ("time_unit", lambda r: setattr(span_of(r), "start_time_unix_nano", START // 1000)),
    ("end_before_start", lambda r: setattr(span_of(r), "end_time_unix_nano", START - 1)),
    ("flags", lambda r: setattr(span_of(r), "flags", 0x400)),
    ("flags", lambda r: setattr(span_of(r), "flags", 0x200)),
    ("flags", lambda r: setattr(span_of(r).links[0], "flags", 0x400)),
    ("trace_state", lambda r: setattr(span_of(r), "trace_state", "A=b")),
    ("trace_state", lambda r: setattr(span_of(r), "trace_state", "a=b,a=c")),
    ("trace_state", lambda r: setattr(span_of(r).links[0], "trace_state", "a")),
    (
        "status_code",
        lambda r: [span_of(r).status.ClearField("message"), setattr(span_of(r).status, "code", 3)],
    ),
    ("status_message", lambda r: setattr(span_of(r).status, "code", 0)),
    (
        "duplicate_span",
        lambda r: r.resource_spans[0].scope_spans[0].spans.append(copy.deepcopy(span_of(r))),
    ),
]

LOGS = [
    ("empty_envelope", lambda r: r.resource_logs[0].scope_logs[0].ClearField("log_records")),
    ("service_name", lambda r: r.resource_logs[0].resource.ClearField("attributes")),
    ("id_length", lambda r: setattr(log_of(r), "trace_id", b"1")),
    ("zero_id", lambda r: setattr(log_of(r), "span_id", bytes(8))),
    ("span_without_trace", lambda r: log_of(r).ClearField("trace_id")),
    (
        "no_time",
        lambda r: [log_of(r).ClearField(f) for f in ("time_unix_nano", "observed_time_unix_nano")],
    ),
    ("time_unit", lambda r: setattr(log_of(r), "observed_time_unix_nano", START // 10**9)),
    ("severity", lambda r: setattr(log_of(r), "severity_number", 25)),
    ("event_name", lambda r: setattr(log_of(r), "event_name", "x" * 257)),
    ("flags", lambda r: setattr(log_of(r), "flags", 0x100)),
    ("duplicate_key", lambda r: pair(log_of(r).attributes, "text", int_value=1)),
    ("profiles_only", lambda r: setattr(log_of(r).body, "string_value_strindex", 1)),
]

# What replaces the text on the left in the JSON of a request that is right.
JSON = [
    ("json_hex", '"000102030405060708090a0b0c0d0e0f"', '"AAECAwQFBgcICQoLDA0ODw=="'),
    ("json_type", '"000102030405060708090a0b0c0d0e0f"', "7"),
    ("json_wide_integer", f'"{START}"', str(START)),
    ("json_wide_integer", f'"{START}"', f'"0{START}"'),
    ("json_range", f'"{START}"', f'"{2**64}"'),
    ("json_range", '"-9223372036854775808"', '"-9223372036854775809"'),
    ("json_wide_integer", '"-9223372036854775808"', "-5"),
    ("json_enum", '"kind": 1', '"kind": "SPAN_KIND_INTERNAL"'),
    ("json_snake_case", '"traceId": "00', '"trace_id": "00'),
    ("json_unknown", '"kind": 1', '"kind": 1, "colour": "red"'),
    ("json_twice", '"kind": 1', '"kind": 1, "kind": 1'),
    ("json_two_values", '"boolValue": true', '"boolValue": true, "intValue": "1"'),
    ("json_type", '"boolValue": true', '"boolValue": "true"'),
    ("json_type", '"boolValue": true', '"boolValue": null'),
    ("json_double", '"doubleValue": 1.5', '"doubleValue": "1.5"'),
    ("json_double", '"doubleValue": 1.5', '"doubleValue": 1e999'),
    ("undecodable", '"doubleValue": "NaN"', '"doubleValue": NaN'),
    ("json_base64", '"bytesValue": "AP8="', '"bytesValue": "AP8"'),
    ("json_type", '"droppedAttributesCount": 3', '"droppedAttributesCount": "3"'),
    ("json_range", '"droppedAttributesCount": 3', '"droppedAttributesCount": -3'),
    ("json_type", '"name": "cart.checkout"', '"name": 7'),
    ("json_surrogate", '"name": "cart.checkout"', '"name": "\\ud800"'),
    ("json_type", '{"key": "yes", "value": {"boolValue": true}}', "[]"),
    ("undecodable", '{"resourceSpans"', '["resourceSpans"'),
]


def names(problems):
    return {problem["check"] for problem in problems.found}


class Checks(unittest.TestCase):
    def test_what_is_right_passes(self):
        for signal, request in (("traces", traces()), ("logs", logs())):
            self.assertEqual(checks.check(signal, request).found, [], signal)

    def test_each_check_of_spans_and_logs(self):
        for signal, good, table in (("traces", traces, SPANS), ("logs", logs, LOGS)):
            for number, (check, spoil) in enumerate(table):
                with self.subTest(signal=signal, check=check, number=number):
                    request = good()
                    spoil(request)
                    self.assertEqual(names(checks.check(signal, request)), {check})

    def test_every_check_is_in_a_table(self):
        with open(checks.__file__, encoding="utf-8") as file:
            text = file.read()
        written = {part.split('"')[0] for part in text.split('add("')[1:]}
        self.assertEqual(written, {check for check, _ in SPANS + LOGS})
        with open(from_json.__file__, encoding="utf-8") as file:
            text = file.read()
        written = {part.split('"')[0] for part in text.split('"json_')[1:]}
        tried = {check.removeprefix("json_") for check, _, _ in JSON if check != "undecodable"}
        self.assertEqual(written, tried)

    def test_any_time_may_be_asked_for(self):
        request = traces()
        span_of(request).start_time_unix_nano = 1
        self.assertEqual(checks.check("traces", request, any_time=True).found, [])


class Json(unittest.TestCase):
    def parse(self, text, signal="traces"):
        message, problems = REQUESTS[signal](), Problems()
        from_json.parse(text.encode(), message, problems)
        return message, problems

    def test_it_is_the_same_message(self):
        for signal, request in (("traces", traces()), ("logs", logs())):
            message, problems = self.parse(json.dumps(as_json(request)), signal)
            self.assertEqual(problems.found, [])
            self.assertEqual(
                message.SerializeToString(deterministic=True),
                request.SerializeToString(deterministic=True),
            )

    def test_each_check_of_json(self):
        good = json.dumps(as_json(traces()))
        for number, (check, right, wrong) in enumerate(JSON):
            with self.subTest(check=check, number=number, wrong=wrong):
                self.assertIn(right, good)
                _, problems = self.parse(good.replace(right, wrong, 1))
                self.assertEqual(names(problems), {check})

    def test_bytes_that_are_no_text(self):
        problems = Problems()
        from_json.parse(b'{"\xff": 1}', REQUESTS["traces"](), problems)
        self.assertEqual(names(problems), {"undecodable"})

    def test_nesting_without_end(self):
        _, problems = self.parse('{"a":' * 100_000)
        self.assertEqual(names(problems), {"undecodable"})


class Items(unittest.TestCase):
    def test_values_keep_type_and_bits(self):
        (item,) = items.of_request("traces", traces())
        self.assertEqual(
            item["attributes"],
            [
                ["text", {"string": "a\u0000\n\u2028"}],
                ["yes", {"bool": True}],
                ["least", {"int": "-9223372036854775808"}],
                ["ratio", {"double": "8000000000000000"}],
                ["nan", {"double": "7ff8000000000000"}],
                ["octets", {"bytes": "00ff"}],
                ["none", {"empty": None}],
                ["list", {"array": [{"int": "1"}, {"string": ""}]}],
                ["map", {"map": [["inner", {"double": "3ff8000000000000"}]]}],
            ],
        )
        self.assertEqual((item["start"], item["end"]), (str(START), str(START + 5)))
        self.assertEqual(item["span_id"], "0001020304050607")
        self.assertEqual(item["status"], {"code": 2, "message": "card declined"})

    def test_no_field_is_left_out(self):
        """What is in the message and not in the item would never be compared."""
        renamed = {
            "start_time_unix_nano": "start",
            "end_time_unix_nano": "end",
            "time_unix_nano": "time",
            "observed_time_unix_nano": "observed",
            "dropped_attributes_count": "dropped_attributes",
            "dropped_events_count": "dropped_events",
            "dropped_links_count": "dropped_links",
        }
        (span,), (log,) = items.of_request("traces", traces()), items.of_request("logs", logs())
        own = span_of(traces())
        pairs = [
            (own, span),
            (own.events[0], span["events"][0]),
            (own.links[0], span["links"][0]),
            (own.status, span["status"]),
            (log_of(logs()), log),
        ]
        for message, item in pairs:
            fields = {renamed.get(f.name, f.name) for f in message.DESCRIPTOR.fields}
            self.assertEqual(fields, set(item) - {"signal", "resource", "scope"})
