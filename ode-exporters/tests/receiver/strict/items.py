"""Spans and log records as JSON that loses nothing.

A value is an object of one member that names its OTLP type: `{"string": …}`, `{"bool": …}`,
`{"int": "-1"}` in decimal, `{"double": "3ff8000000000000"}` as its bits, `{"bytes": "00ff"}` in
hexadecimal, `{"array": […]}`, `{"map": [[key, value], …]}`, and `{"empty": null}`. Times and ids are
strings too: decimal nanoseconds, and hexadecimal.
"""

import struct


def of_request(signal, message):
    if signal == "traces":
        groups = ((r, s, s.spans) for r in message.resource_spans for s in r.scope_spans)
        convert = span
    else:
        groups = ((r, s, s.log_records) for r in message.resource_logs for s in r.scope_logs)
        convert = log
    return [
        {"signal": signal, "resource": resource(r), "scope": scope(s), **convert(item)}
        for r, s, items in groups
        for item in items
    ]


def value(any_value):
    which = any_value.WhichOneof("value")
    if which is None:
        return {"empty": None}
    inner = getattr(any_value, which)
    if which == "string_value":
        return {"string": inner}
    if which == "bool_value":
        return {"bool": inner}
    if which == "int_value":
        return {"int": str(inner)}
    if which == "double_value":
        return {"double": struct.pack(">d", inner).hex()}
    if which == "bytes_value":
        return {"bytes": inner.hex()}
    if which == "array_value":
        return {"array": [value(one) for one in inner.values]}
    if which == "kvlist_value":
        return {"map": attributes(inner.values)}
    return {"empty": which}


def attributes(pairs):
    return [[pair.key, value(pair.value)] for pair in pairs]


def resource(group):
    return {
        "attributes": attributes(group.resource.attributes),
        "dropped_attributes": group.resource.dropped_attributes_count,
        "schema_url": group.schema_url,
    }


def scope(group):
    return {
        "name": group.scope.name,
        "version": group.scope.version,
        "attributes": attributes(group.scope.attributes),
        "dropped_attributes": group.scope.dropped_attributes_count,
        "schema_url": group.schema_url,
    }


def span(one):
    return {
        "trace_id": one.trace_id.hex(),
        "span_id": one.span_id.hex(),
        "parent_span_id": one.parent_span_id.hex(),
        "trace_state": one.trace_state,
        "flags": one.flags,
        "name": one.name,
        "kind": one.kind,
        "start": str(one.start_time_unix_nano),
        "end": str(one.end_time_unix_nano),
        "attributes": attributes(one.attributes),
        "dropped_attributes": one.dropped_attributes_count,
        "events": [
            {
                "time": str(event.time_unix_nano),
                "name": event.name,
                "attributes": attributes(event.attributes),
                "dropped_attributes": event.dropped_attributes_count,
            }
            for event in one.events
        ],
        "dropped_events": one.dropped_events_count,
        "links": [
            {
                "trace_id": link.trace_id.hex(),
                "span_id": link.span_id.hex(),
                "trace_state": link.trace_state,
                "flags": link.flags,
                "attributes": attributes(link.attributes),
                "dropped_attributes": link.dropped_attributes_count,
            }
            for link in one.links
        ],
        "dropped_links": one.dropped_links_count,
        "status": {"code": one.status.code, "message": one.status.message},
    }


def log(one):
    return {
        "time": str(one.time_unix_nano),
        "observed": str(one.observed_time_unix_nano),
        "severity_number": one.severity_number,
        "severity_text": one.severity_text,
        "body": value(one.body),
        "attributes": attributes(one.attributes),
        "dropped_attributes": one.dropped_attributes_count,
        "flags": one.flags,
        "trace_id": one.trace_id.hex(),
        "span_id": one.span_id.hex(),
        "event_name": one.event_name,
    }
