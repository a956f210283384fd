"""OTLP/JSON to the official messages, as the specification has it and no more.

The JSON reader of the protobuf package is of no use here: it takes ids as base64, and lets names
in snake case, enums by name and 64-bit numbers pass.
"""

import base64
import binascii
import json
import re

from google.protobuf.descriptor import FieldDescriptor as Field

HEX_FIELDS = {"trace_id", "span_id", "parent_span_id"}
RANGES = {
    Field.TYPE_INT32: (-(2**31), 2**31 - 1),
    Field.TYPE_UINT32: (0, 2**32 - 1),
    Field.TYPE_FIXED32: (0, 2**32 - 1),
    Field.TYPE_ENUM: (-(2**31), 2**31 - 1),
    Field.TYPE_INT64: (-(2**63), 2**63 - 1),
    Field.TYPE_UINT64: (0, 2**64 - 1),
    Field.TYPE_FIXED64: (0, 2**64 - 1),
}
WIDE = {Field.TYPE_INT64, Field.TYPE_UINT64, Field.TYPE_FIXED64}
DECIMAL = re.compile(r"0|-?[1-9][0-9]*")
WORDS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class Pairs(list):
    """The members of an object, in order and with those that come twice."""


def parse(body, message, problems):
    """Fills `message` from `body`; what is wrong goes to `problems`."""
    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=Pairs, parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        problems.add("undecodable", "body", error)
        return
    fill(value, message, "$", problems)


def no_constant(word):
    raise ValueError(f"{word} is no JSON")


def fill(value, message, at, problems):
    if not isinstance(value, Pairs):
        problems.add("json_type", at, "an object is expected")
        return
    by_name = {field.json_name: field for field in message.DESCRIPTOR.fields}
    by_snake = {field.name: field for field in message.DESCRIPTOR.fields}
    seen, groups = set(), set()
    for name, inner in value:
        here = f"{at}.{name}"
        if name in seen:
            problems.add("json_twice", here)
            continue
        seen.add(name)
        field = by_name.get(name)
        if field is None:
            wrong_case = name in by_snake
            problems.add("json_snake_case" if wrong_case else "json_unknown", here)
            continue
        group = field.containing_oneof
        if group is not None:
            if group.name in groups:
                problems.add("json_two_values", here)
            groups.add(group.name)
        if field.is_repeated:
            fill_list(inner, field, message, here, problems)
        elif field.message_type is not None:
            part = getattr(message, field.name)
            part.SetInParent()
            fill(inner, part, here, problems)
        else:
            scalar = read_scalar(inner, field, here, problems)
            if scalar is not None:
                setattr(message, field.name, scalar)


def fill_list(value, field, message, at, problems):
    if not isinstance(value, list) or isinstance(value, Pairs):
        problems.add("json_type", at, "a list is expected")
        return
    for number, inner in enumerate(value):
        here = f"{at}[{number}]"
        if field.message_type is not None:
            fill(inner, getattr(message, field.name).add(), here, problems)
        else:
            scalar = read_scalar(inner, field, here, problems)
            if scalar is not None:
                getattr(message, field.name).append(scalar)


def read_scalar(value, field, at, problems):
    """The value for a field, or nothing when it has the wrong form."""
    kind = field.type
    if kind == Field.TYPE_STRING:
        return text(value, at, problems)
    if kind == Field.TYPE_BOOL:
        if isinstance(value, bool):
            return value
        problems.add("json_type", at, "true or false is expected")
    elif kind == Field.TYPE_DOUBLE:
        return double(value, at, problems)
    elif kind == Field.TYPE_BYTES:
        return octets(value, field.name in HEX_FIELDS, at, problems)
    else:
        return integer(value, kind, at, problems)
    return None


def text(value, at, problems):
    if not isinstance(value, str):
        problems.add("json_type", at, "a string is expected")
        return None
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        problems.add("json_surrogate", at)
        return None
    return value


def double(value, at, problems):
    if isinstance(value, str) and value in WORDS:
        return WORDS[value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
        if number not in (float("inf"), float("-inf")):
            return number
    problems.add("json_double", at, value)
    return None


def octets(value, is_hex, at, problems):
    if not isinstance(value, str):
        problems.add("json_type", at, "a string is expected")
    elif is_hex:
        # Capitals are right as well.
        if re.fullmatch(r"([0-9a-fA-F]{2})*", value):
            return bytes.fromhex(value)
        problems.add("json_hex", at, value)
    else:
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error as error:
            problems.add("json_base64", at, error)
    return None


def integer(value, kind, at, problems):
    low, high = RANGES[kind]
    if kind in WIDE:
        if not (isinstance(value, str) and DECIMAL.fullmatch(value)):
            problems.add("json_wide_integer", at, "a decimal string is expected")
            return None
        value = int(value)
    elif isinstance(value, bool) or not isinstance(value, int):
        check = "json_enum" if kind == Field.TYPE_ENUM else "json_type"
        problems.add(check, at, "a whole number is expected")
        return None
    if not low <= value <= high:
        problems.add("json_range", at, value)
        return None
    return value
