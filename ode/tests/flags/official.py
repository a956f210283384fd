"""Asks flagd's official evaluator. Reads one object of JSON from standard input: `document`, a text in
flagd's format, and `questions`; writes the answers, in the same order, as one list."""

import json
import logging
import sys

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import OpenFeatureError

# What it thinks of a rule goes to nobody.
logging.disable(logging.CRITICAL)

DEFAULTS = {"boolean": False, "string": "", "integer": 0, "float": 0.0, "object": {}}


def nested(attributes):
    """`app.version` is `version` in `app`."""
    whole = {}
    for name, value in attributes.items():
        inner = whole
        *folders, last = name.split(".")
        for folder in folders:
            inner = inner.setdefault(folder, {})
        inner[last] = value
    return whole


def answer(core, question):
    context = EvaluationContext(question["targetingKey"], nested(question["attributes"]))
    kind = question["type"]
    resolve = getattr(core, f"resolve_{kind}_value")
    try:
        details = resolve(question["key"], DEFAULTS[kind], context)
    except OpenFeatureError as error:
        return {"error": error.error_code.value.lower()}
    except Exception as error:  # What it does not expect itself is an error like any other.
        return {"error": "general", "unexpected": repr(error)}
    found = {"reason": str(details.reason.value if hasattr(details.reason, "value") else details.reason).lower()}
    if details.variant is not None:
        found["variant"] = details.variant
        found["value"] = details.value
    return found


def main():
    asked = json.load(sys.stdin)
    core = FlagdCore()
    core.set_flags(asked["document"])
    json.dump([answer(core, question) for question in asked["questions"]], sys.stdout)


main()
