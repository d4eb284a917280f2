"""What a Prometheus is asked, and how its answers are judged."""

import json
import unittest

import prometheus


def groups(**changes):
    good = {"name": "LeasesLost", "health": "ok", "state": "inactive"}
    return [{"rules": [good, {**good, **changes}]}]


class Rules(unittest.TestCase):
    def test_all_that_are_written_evaluated_and_silent_are_right(self):
        self.assertEqual(prometheus.misses_of_rules(groups(), 2), [])

    def test_one_too_few_is_a_miss(self):
        self.assertEqual(len(prometheus.misses_of_rules(groups(), 3)), 1)

    def test_one_that_cannot_be_evaluated_is_a_miss(self):
        self.assertEqual(len(prometheus.misses_of_rules(groups(health="err", lastError="vectors"), 2)), 1)

    def test_one_that_fires_is_a_miss_unless_the_run_deserves_it(self):
        self.assertEqual(len(prometheus.misses_of_rules(groups(state="firing"), 2)), 1)
        self.assertEqual(prometheus.misses_of_rules(groups(state="firing", name="ParkedRateHigh"), 2), [])

    def test_what_the_run_deserves_is_an_alert(self):
        rules = (prometheus.MONITORING / "alerts.yaml").read_text(encoding="utf-8")
        for name in prometheus.DESERVED:
            self.assertIn(f"- alert: {name}\n", rules)


class Queries(unittest.TestCase):
    def test_no_variable_is_left_in_what_is_asked(self):
        dashboard = json.loads((prometheus.MONITORING / "dashboard.json").read_text(encoding="utf-8"))
        queries = [query for _, query in prometheus.queries_of(dashboard)]
        self.assertGreater(len(queries), 20)
        self.assertEqual([query for query in queries if "$" in query], [])


if __name__ == "__main__":
    unittest.main()
