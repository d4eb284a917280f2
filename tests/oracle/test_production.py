"""The comparison of a production run: the right answers pass, and each kind of wrong answer fails it."""

import copy
import datetime
import json
import unittest
from pathlib import Path

import catalogue
import differences
import production
import services
import specimens

MODELS = Path(__file__).resolve().parents[2] / "models" / "sets" / "default"
BEGAN = datetime.datetime(2026, 11, 23, 12, 0, 0, 500, tzinfo=datetime.UTC)
ENDED = BEGAN + datetime.timedelta(minutes=1)
NUMBER = 2
LOCATIONS = catalogue.locations_of("http://localhost/image/a/info.json", NUMBER)
INITIAL = catalogue.initial_document("swms7qdx", NUMBER, LOCATIONS)


def right_hit():
    """What the index answers for the augmented document of INITIAL."""
    document = copy.deepcopy(INITIAL)
    inferred = {"features": [1.0], "paletteEmbedding": [1.0], "averageColorHex": "#000000", "aspectRatio": 1.0}
    added = {"inferredData": inferred, "inferenceModels": differences.stamps(MODELS)}
    document["state"].update(added, augmentedTime="2026-11-23T12:00:30.250Z")
    return {"_id": "swms7qdx", "_version": 1709164800123, "_source": document}


class Documents(unittest.TestCase):
    def setUp(self):
        self.hit = right_hit()
        self.document = self.hit["_source"]

    def misses(self):
        expected = differences.Expected(differences.stamps(MODELS), BEGAN, ENDED)
        initial, hit = (services.exactly(json.dumps(value)) for value in (INITIAL, self.hit))
        return expected.of_document(initial, catalogue.version_of(NUMBER), hit)

    def test_the_right_document_passes(self):
        self.assertEqual(self.misses(), [])

    def test_a_changed_key_is_named(self):
        self.document["source"]["data"]["title"] += " "
        self.assertEqual(self.misses(), ["source.data.title"])

    def test_a_lost_null_is_named(self):
        location = self.document["locations"][0]
        self.assertIsNone(INITIAL["source"].get("unknownKey", [None])[2][0])
        self.document["source"]["unknownKey"][2].pop(0)
        location["linkText"] = None
        self.assertEqual(sorted(self.misses()), ["locations[0].linkText (added)", "source.unknownKey[2]"])

    def test_a_null_key_that_is_lost_is_named(self):
        initial = {"a": {"b": None}}
        self.assertEqual(list(differences.differences(initial, {"a": {}})), ["a.b (lost)"])
        self.assertEqual(list(differences.differences({"a": {}}, initial)), ["a.b (added)"])

    def test_a_wrong_version_is_told(self):
        self.hit["_version"] += 1
        self.assertRegex(self.misses()[0], "_version")

    def test_a_rounded_number_is_named(self):
        unknown = self.document["unknownKey"]
        unknown["big"] = float(unknown["big"])
        self.assertEqual(self.misses(), ["unknownKey.big"])

    def test_kinds_that_python_takes_for_equal_are_told_apart(self):
        for one, other in ((0, False), (1, True), (None, 0), ("1", 1), ([], {})):
            self.assertEqual(list(differences.differences({"a": one}, {"a": other})), ["a"])
        self.assertEqual(list(differences.differences({"a": 1}, {"a": 1.0})), [])

    def test_another_order_of_a_list_is_named(self):
        self.document["locations"].reverse()
        self.assertTrue(any(path.startswith("locations[0]") for path in self.misses()))

    def test_a_missing_field_and_one_too_many_are_told(self):
        inferred = self.document["state"]["inferredData"]
        for change in ({"features": ...}, {"reducedFeatures": None}):
            self.document["state"]["inferredData"] = {
                name: value for name, value in {**inferred, **change}.items() if value is not ...
            }
            self.assertIn("state.inferredData", self.misses())

    def test_the_wrong_model_is_named(self):
        self.document["state"]["inferenceModels"]["features"]["sha256"] = "0"
        self.assertEqual(self.misses(), ["state.inferenceModels.features.sha256"])

    def test_a_time_outside_the_run_or_of_another_shape_is_told(self):
        for time in ("2026-11-23T11:59:59.999Z", "2026-11-23T12:01:01Z", "2026-11-23 12:00:30Z", None, 1700000000):
            self.document["state"]["augmentedTime"] = time
            self.assertRegex(self.misses()[0], "augmentedTime")

    def test_times_are_cut_to_milliseconds_for_the_version(self):
        for number, text in enumerate(catalogue.TIMES):
            cut = datetime.datetime.fromisoformat(text).timestamp() * 1000
            self.assertEqual(int(round(cut, 3)), catalogue.version_of(number))


class Letters(unittest.TestCase):
    bad = specimens.Bad("swms7qdx", "not_found", "swms7qdx", "http://localhost/a.jpg")

    def letter(self, body="swms7qdx", **changes):
        record = {"id": "swms7qdx", "url": self.bad.url, "class": "not_found", "stage": "downloader", "cause": "404"}
        record = {**record, "models": [], "at": "2026-11-23T12:00:30Z", **changes}
        record = {key: value for key, value in record.items() if value is not None}
        return {"Body": body, "MessageAttributes": {**specimens.ATTRIBUTES, "parked": {"StringValue": json.dumps(record)}}}

    def wrong(self, letter):
        return ", ".join(differences.of_letter(self.bad, letter, specimens.ATTRIBUTES))

    def test_the_right_letter_passes(self):
        self.assertEqual(self.wrong(self.letter()), "")

    def test_whatever_is_wrong_is_named(self):
        self.assertRegex(self.wrong(None), "not on the dead-letter queue")
        self.assertEqual(self.wrong(self.letter("swms7qdx ")), "body")
        for key, value in (("id", "other"), ("url", None), ("class", "denied"), ("cause", None), ("at", None)):
            self.assertRegex(self.wrong(self.letter(**{key: value})), f"record.{key}")
        bare = self.letter()
        del bare["MessageAttributes"]["traceparent"]
        self.assertRegex(self.wrong(bare), "attributes")
        self.assertRegex(self.wrong({"Body": "swms7qdx"}), "record.class")


class Accounts(unittest.TestCase):
    right = {"received": 12, "indexed": 6, "superseded": 1, "parked": 3, "released": 2, "lost": 0, "inFlight": 0}

    def test_books_that_balance_pass(self):
        self.assertEqual(production.misses_of_accounts(self.right, 10, 3), [])

    def test_books_that_do_not_are_told(self):
        for wrong in ({"received": 13}, {"indexed": 5, "released": 3}, {"parked": 4, "indexed": 5}):
            self.assertTrue(production.misses_of_accounts({**self.right, **wrong}, 10, 3), wrong)


if __name__ == "__main__":
    unittest.main()
