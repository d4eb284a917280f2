"""The guard over instructions: more than allowed fails, fewer are told, and hosts that run other code are left alone."""

import unittest

import count

AVX2 = {"avx2", "fma", "f16c", "sse2"}


class Comparison(unittest.TestCase):
    def test_only_more_than_the_margin_above_fails_and_only_more_than_it_below_is_told(self):
        for found, fails, tells in [
            (1_000_000, False, False),
            (1_029_000, False, False),
            (1_040_000, True, False),
            (2_000_000, True, False),
            (971_000, False, False),
            (960_000, False, True),
        ]:
            with self.subTest(found=found):
                rows, complaints, improvements = count.compare({"palette": found}, {"palette": 1_000_000}, count.MARGIN)
                self.assertEqual(len(rows), 1)
                self.assertEqual((bool(complaints), bool(improvements)), (fails, tells))

    def test_another_compiler_is_allowed_more_but_not_everything(self):
        margin = count.MARGIN_OF_ANOTHER_COMPILER
        self.assertEqual(count.compare({"palette": 109}, {"palette": 100}, margin)[1], [])
        self.assertEqual(len(count.compare({"palette": 111}, {"palette": 100}, margin)[1]), 1)

    def test_work_that_nobody_counts_or_expects_is_told(self):
        for found, expected in [({"a": 1}, {"a": 1, "b": 1}), ({"a": 1, "b": 1}, {"a": 1})]:
            rows, complaints, _ = count.compare(found, expected, count.MARGIN)
            self.assertEqual((len(rows), len(complaints)), (1, 1))

    def test_one_slower_kind_is_not_made_up_for_by_a_faster_one(self):
        _, complaints, improvements = count.compare({"a": 50, "b": 104}, {"a": 100, "b": 100}, count.MARGIN)
        self.assertRegex(complaints[0], "^b takes 1.040 times")
        self.assertRegex(improvements[0], "^a takes only 0.500 times")


class Hosts(unittest.TestCase):
    def test_it_applies_where_the_kernels_run(self):
        self.assertIsNone(count.lacking("x86_64", AVX2))
        self.assertIsNone(count.lacking("x86_64", AVX2 | {"avx512f", "avx512vl"}))

    def test_it_says_why_it_does_not_apply_elsewhere(self):
        self.assertRegex(count.lacking("aarch64", set()), "this host is aarch64")
        self.assertRegex(count.lacking("x86_64", AVX2 - {"fma"}), "lacks fma")


class Expectations(unittest.TestCase):
    def test_every_kind_of_work_has_its_expectation(self):
        expected = count.json.loads(count.EXPECTED.read_text(encoding="utf-8"))
        self.assertEqual(expected["instructions"].keys(), count.TIMES.keys())


if __name__ == "__main__":
    unittest.main()
