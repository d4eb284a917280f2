"""What an augmented document and a parked message should be, and where one is not."""

import datetime
import decimal
import hashlib
import json
import re

INFERRED = {"features", "paletteEmbedding", "averageColorHex", "aspectRatio"}
# What the program adds; everything else stands in the initial document.
ADDED = {"inferredData", "inferenceModels", "augmentedTime"}
MILLISECOND = datetime.timedelta(milliseconds=1)


def is_number(value):
    return isinstance(value, (int, float, decimal.Decimal)) and not isinstance(value, bool)


def differences(expected, actual, at=""):
    """The paths at which two JSON values differ: `source.data.title`, `locations[0].url`."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in expected.keys() | actual.keys():
            if key in expected and key in actual:
                yield from differences(expected[key], actual[key], f"{at}.{key}".lstrip("."))
            else:
                yield f"{at}.{key} ({'lost' if key in expected else 'added'})".lstrip(".")
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for number, (one, other) in enumerate(zip(expected, actual)):
            yield from differences(one, other, f"{at}[{number}]")
    elif is_number(expected) and is_number(actual):
        if expected != actual:
            yield at
    elif type(expected) is not type(actual) or expected != actual:
        yield at


def handed_on(document):
    """An augmented document without what was added to it."""
    state = {key: value for key, value in document.get("state", {}).items() if key not in ADDED}
    return {**document, "state": state}


def stamps(model_set):
    """For each inferred field, the name, version and digest of the model in `model_set` that makes it."""
    found = {}
    for file in sorted(model_set.glob("*/manifest.json")):
        manifest = json.loads(file.read_text(encoding="utf-8"))
        digest = manifest.get("weights", {}).get("sha256") or hashlib.sha256(file.read_bytes()).hexdigest()
        stamp = {"name": manifest["name"], "version": manifest["version"], "sha256": digest}
        found.update({field["name"]: stamp for field in manifest["fields"]})
    return found


def instant(text):
    return datetime.datetime.fromisoformat(text)


class Expected:
    """What is expected of every document of one run."""

    def __init__(self, models, began, ended):
        self.models, self.began, self.ended = models, began, ended

    def of_document(self, initial, version, hit):
        """Where `hit` is not what becomes of `initial`; its inferred values are compared elsewhere."""
        document = hit["_source"]
        found = list(differences(initial, handed_on(document)))
        state = document.get("state", {})
        if state.get("inferredData", {}).keys() != INFERRED:
            found.append("state.inferredData")
        found += differences(self.models, state.get("inferenceModels"), "state.inferenceModels")
        if not self.within(state.get("augmentedTime")):
            found.append(f"state.augmentedTime ({state.get('augmentedTime')})")
        if hit["_version"] != version:
            found.append(f"_version ({hit['_version']}, expected {version})")
        return found

    def within(self, time):
        # It is written in whole milliseconds.
        shape = isinstance(time, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", time)
        return bool(shape) and self.began - MILLISECOND <= instant(time) <= self.ended


def of_letter(bad, letter, attributes):
    """Where a parked message is not what `bad` should have become."""
    if letter is None:
        return ["is not on the dead-letter queue"]
    found = []
    if letter["Body"] != bad.body:
        found.append("body")
    sent = letter.get("MessageAttributes", {})
    record = json.loads(sent.get("parked", {}).get("StringValue", "{}"))
    kept = {name: value["StringValue"] for name, value in sent.items() if name != "parked"}
    if kept != {name: value["StringValue"] for name, value in attributes.items()}:
        found.append(f"attributes ({kept})")
    for key, expected in (("class", bad.fate), ("id", bad.identifier), ("url", bad.url)):
        if record.get(key) != expected:
            found.append(f"record.{key} ({record.get(key)}, expected {expected})")
    missing = {"stage", "cause", "models", "at"} - record.keys()
    return found + [f"record.{key} (lost)" for key in sorted(missing)]
