"""What must hold of every run, and that the shipped policy is the one of terraform/."""

import re
import unittest
from pathlib import Path

import numpy as np
from policies import Always, BacklogPerTask, Steps
from scaling import Settling, Simulation, World, bursts_of
from simulate import WAIT

TERRAFORM = Path(__file__).resolve().parents[2] / "terraform"
RATE, HOUR = 13, 3600


def simulate(policy, arrivals, hours=4, seed=1, **world):
    return Simulation(World(**world), policy, np.asarray(arrivals, float), hours * HOUR, seed).run()


def burst(count, at=HOUR):
    return np.full(count, at)


class Invariants(unittest.TestCase):
    def test_every_message_is_finished_or_left_whatever_is_lost(self):
        for policy in (BacklogPerTask(RATE * WAIT, 4), Steps(4), Always(2)):
            run = simulate(policy, burst(40_000), losses_per_task_hour=3, unwarned=0.5)
            self.assertGreater(run.losses, 0)
            self.assertEqual(run.sent, len(run.ages) + run.left)
            self.assertTrue((run.ages > 0).all())

    def test_a_seed_is_repeated_and_another_differs(self):
        results = [simulate(BacklogPerTask(RATE * WAIT, 4), burst(10_000), seed=seed) for seed in (1, 1, 2)]
        self.assertTrue(np.array_equal(results[0].ages, results[1].ages))
        self.assertFalse(np.array_equal(results[0].ages, results[2].ages))

    def test_no_task_works_faster_than_it_can(self):
        run = simulate(BacklogPerTask(RATE * WAIT, 4), burst(40_000))
        self.assertGreaterEqual(run.task_hours * HOUR * RATE, len(run.ages))

    def test_one_task_takes_as_long_as_arithmetic_says(self):
        run = simulate(Always(1), burst(RATE * 1000), losses_per_task_hour=0)
        self.assertAlmostEqual(run.ages.max(), 1000, delta=5)
        self.assertEqual(run.task_hours, 4)

    def test_what_a_lost_task_had_in_hand_comes_back(self):
        run = simulate(Always(1), burst(RATE * 1000), losses_per_task_hour=6, unwarned=1)
        self.assertGreater(run.losses, 0)
        self.assertEqual(run.left, 0)


class Settled(unittest.TestCase):
    def test_each_burst_settles_by_itself(self):
        arrivals = np.concatenate([burst(1300, HOUR), burst(1300, 2 * HOUR)])
        bursts = simulate(BacklogPerTask(RATE * WAIT, 4), arrivals, losses_per_task_hour=0).bursts()
        self.assertEqual(len(bursts), 2)
        for one in bursts:
            self.assertTrue(60 <= one.most < one.empty < one.none < HOUR, one)
            # A hundred seconds of work, seen to the minute.
            self.assertTrue(60 <= one.empty - one.most <= 240, one)

    def test_a_task_of_the_burst_before_is_none_of_its_own(self):
        minutes = [(60, 10, 1, 0), (120, 10, 0, 0), (180, 10, 0, 0), (240, 5, 1, 0), (300, 0, 2, 0), (360, 0, 0, 0)]
        settling = Settling.of(50, np.array([minute[:3] for minute in minutes]))
        self.assertEqual((settling.most, settling.empty, settling.none), (250, 250, 310))

    def test_a_lost_task_that_is_replaced_is_no_end(self):
        minutes = np.array([(60, 10, 1), (120, 10, 0), (180, 10, 1), (240, 0, 1)])
        self.assertEqual(Settling.of(60, minutes).none, np.inf)

    def test_what_never_came_is_infinite(self):
        (one,) = simulate(Always(1), burst(RATE * 100)).bursts()
        self.assertEqual(one.none, np.inf)
        (one,) = simulate(Always(0), burst(10)).bursts()
        self.assertEqual((one.most, one.empty, one.none), (np.inf, np.inf, np.inf))

    def test_messages_after_a_pause_are_another_burst(self):
        sent = np.array([0.0, 5, 100, 900, 910, 2000])
        self.assertEqual(bursts_of(sent).tolist(), [0, 900, 2000])


class Shipped(unittest.TestCase):
    def run_of(self, arrivals, most=4, **options):
        return simulate(BacklogPerTask(RATE * WAIT, most), arrivals, **options)

    def tasks(self, run):
        return [tasks for _, _, tasks, _ in run.minutes]

    def test_it_starts_from_nothing_and_ends_there(self):
        tasks = self.tasks(self.run_of(burst(20)))
        self.assertEqual((tasks[0], max(tasks), tasks[-1]), (0, 1, 0))

    def test_it_never_has_more_tasks_than_it_may(self):
        self.assertEqual(max(self.tasks(self.run_of(burst(200_000), most=3))), 3)

    def test_it_has_as_many_as_the_wait_allows(self):
        self.assertEqual(
            max(self.tasks(self.run_of(burst(RATE * WAIT * 3 - 1000), most=12, losses_per_task_hour=0))), 3
        )

    def test_divided_by_running_tasks_it_has_too_many(self):
        policy = BacklogPerTask(RATE * WAIT, 12, divisor="running")
        self.assertGreater(max(self.tasks(simulate(policy, burst(RATE * WAIT * 3 - 1000), losses_per_task_hour=0))), 6)

    def test_the_last_task_outlives_short_pauses(self):
        arrivals = np.concatenate([burst(20, HOUR + minutes * 60) for minutes in range(0, 40, 4)])
        self.assertEqual(self.run_of(arrivals, losses_per_task_hour=0).starts, 1)

    def test_its_numbers_are_those_of_the_configuration(self):
        files = ("scaling.tf", "first_and_last_task.tf", "variables.tf")
        between, ends, variables = ((TERRAFORM / name).read_text() for name in files)
        scaling = between + ends
        policy = BacklogPerTask(RATE * WAIT, 4)

        def default(name):
            return int(re.search(rf'variable "{name}" {{.*?default += (\d+)', variables, re.DOTALL)[1])

        def setting(name, after):
            return int(re.search(rf"{name} += (\d+)", scaling[scaling.index(after) :])[1])

        self.assertEqual(policy.target, default("images_per_second_per_task") * default("target_wait_seconds"))
        self.assertEqual((policy.most, policy.least), (default("max_tasks"), default("min_tasks")))
        self.assertEqual(policy.idle_minutes, default("idle_minutes"))
        self.assertEqual(policy.scale_out_cooldown, setting("scale_out_cooldown", '"backlog_per_task"'))
        self.assertEqual(policy.scale_in_cooldown, setting("scale_in_cooldown", '"backlog_per_task"'))
        self.assertEqual(
            policy.first_task_cooldown, setting("cooldown", 'adjustment_type         = "ChangeInCapacity"')
        )
        self.assertIn('metric_name = "DesiredTaskCount"', scaling[: scaling.index('"first_task"')])
        self.assertIn("FILL(deleted, 0)", scaling[scaling.index('"last_task"') :])
        self.assertIn("IF(visible + in_flight < 1, 1, visible + in_flight)", scaling)


class Replaced(unittest.TestCase):
    def test_it_starts_more_tasks_than_there_is_work_for(self):
        run = simulate(Steps(4), burst(1000))
        self.assertGreater(max(tasks for _, _, tasks, _ in run.minutes), 1)


if __name__ == "__main__":
    unittest.main()
