"""The watch over memory: a leak, a bulge over the limit and a run that cannot be judged are told."""

import unittest

import memory


class Judgement(unittest.TestCase):
    def judged(self, sizes, peak=None, limit=500):
        samples = [(at, size * memory.MEBIBYTE) for at, size in enumerate(sizes)]
        peak = (peak or max(sizes)) * memory.MEBIBYTE
        return memory.judge(peak, samples, limit * memory.MEBIBYTE)[0]

    def test_memory_that_rises_at_first_and_then_stays_passes(self):
        self.assertEqual(self.judged([10, 50] + [200] * 98), [])

    def test_a_leak_is_told(self):
        self.assertRegex(self.judged([100 + at for at in range(100)])[0], "grows")

    def test_a_peak_between_two_samples_is_told(self):
        self.assertRegex(self.judged([200] * 100, peak=501)[0], "peak 501")

    def test_a_run_without_a_journal_is_told(self):
        self.assertRegex(memory.judge(1, [(0, 1)], 500)[0][0], "too few samples")


if __name__ == "__main__":
    unittest.main()
