#!/usr/bin/env python3
"""Simulates a day of each load under each policy, and writes what README.md shows.

    docs/simulation/simulate.py            # writes the table into README.md and scaling.svg beside this file
    docs/simulation/simulate.py --check    # fails where they are not what would be written

Needs NumPy; a minute. The same seeds give the same bytes.
"""

import re
import sys
from pathlib import Path

import numpy as np
import plot
from policies import Always, BacklogPerTask, Steps
from scaling import DAY, Simulation, World

SEEDS = range(1, 6)
BUNDLED = World()
# Two vCPUs, half of what two whole cores did (BENCHMARKS.md): a vCPU is one of a core's two threads.
VGG16 = World(images_per_second=7)
LOSSY = World(images_per_second=7, losses_per_task_hour=0.5)
WAIT = 600  # terraform's target_wait_seconds


def through_the_day(images):
    """Three days; images come between eight and eighteen o'clock, in runs of the stage before, every quarter of an hour."""

    def arrivals(random):
        days = []
        for day in range(3):
            count = random.poisson(images)
            window = random.integers(8 * 4, 18 * 4, count) * 900
            days.append(day * DAY + window + random.uniform(0, 120, count))
        return np.concatenate(days)

    return arrivals, 3 * DAY


def at_once(images, hours):
    return lambda _random: np.full(images, 3600.0), hours * 3600


LOADS = {
    "100 images a day": (BUNDLED, 4, *through_the_day(100)),
    "10,000 images a day": (BUNDLED, 4, *through_the_day(10_000)),
    "150,000 images a day": (BUNDLED, 4, *through_the_day(150_000)),
    "30,000 at once, at most 12 tasks": (BUNDLED, 12, *at_once(30_000, 6)),
    "150,000 at once": (BUNDLED, 4, *at_once(150_000, 6)),
    "150,000 at once, VGG16": (VGG16, 12, *at_once(150_000, 48)),
    "the same, ten times the spot losses": (LOSSY, 12, *at_once(150_000, 48)),
}


def all_at_once(load):
    return "day" not in load


def policies(world, most, step):
    target = world.images_per_second * WAIT
    return {
        "shipped": lambda: BacklogPerTask(target, most),
        "the replaced system's": lambda: Steps(most, step),
        "one task always": lambda: Always(1),
    }


def variants(load, world, most):
    """What was tried, and is not shipped."""
    target = world.images_per_second * WAIT
    if "at most" in load:
        return {"shipped, but divided by running tasks": lambda: BacklogPerTask(target, most, divisor="running")}
    if load == "150,000 images a day":
        return {"shipped, but seven idle minutes": lambda: BacklogPerTask(target, most, idle_minutes=7)}
    return {}


def runs(world, policy, arrivals, horizon):
    for seed in SEEDS:
        yield Simulation(world, policy(), arrivals(np.random.default_rng(seed)), horizon, seed).run()


COLUMNS = [
    "load", "policy", "age p50, min", "p95", "longest", "most tasks", "most after, min", "empty", "none", "starts", "lost",
    "task hours", "$", "$ per 100,000", "left",
]  # fmt: skip


def row(load, name, world, results):
    """Means of the seeds; ages of all images, and medians of all bursts, of all seeds."""
    ages = np.concatenate([run.ages for run in results]) / 60
    p50, p95, longest = (np.percentile(ages, share) for share in (50, 95, 100))
    most = max(tasks for run in results for _, _, tasks, _ in run.minutes)
    hours, cost = mean(run.task_hours for run in results), mean(run.cost(world) for run in results)
    dearness = sum(run.cost(world) for run in results) / len(ages) * 1e5
    bursts = [burst for run in results for burst in run.bursts()]
    settled = [minutes(getattr(burst, what) for burst in bursts) for what in ("most", "empty", "none")]
    starts, lost, left = (mean(getattr(run, what) for run in results) for what in ("starts", "losses", "left"))
    figures = [f"{p50:.1f}", f"{p95:.1f}", f"{longest:.1f}", most, *settled, f"{starts:.0f}", f"{lost:.1f}"]
    figures += [f"{hours:.1f}", f"{cost:.2f}", f"{dearness:.2f}", f"{left:.0f}"]
    return "| " + " | ".join(map(str, [load, name, *figures])) + " |"


def mean(values):
    return float(np.mean(list(values)))


def minutes(seconds):
    """Their median; none where that never came."""
    median = float(np.median(list(seconds)))
    return f"{median / 60:.0f}" if np.isfinite(median) else "–"


def simulate():
    """The table and the plot."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "| --- | --- |" + " ---: |" * (len(COLUMNS) - 2)]
    curves = {}
    for load, (world, most, arrivals, horizon) in LOADS.items():
        tried = variants(load, world, most)
        # The replaced system was told of a reindex, and went by fives then.
        step = 5 if all_at_once(load) else 1
        for name, policy in {**policies(world, most, step), **tried}.items():
            results = list(runs(world, policy, arrivals, horizon))
            lines.append(row(load, name, world, results))
            curves[load, name] = results[0].minutes
    return "\n".join(lines) + "\n", plot.panels(curves)


def main():
    here = Path(__file__).parent
    table, drawing = simulate()
    text = (here / "README.md").read_text()
    wanted = {
        here / "README.md": re.sub(
            r"(<!-- table -->\n).*(<!-- end -->)", lambda at: at[1] + table + at[2], text, flags=re.DOTALL
        ),
        here / "scaling.svg": drawing,
    }
    if sys.argv[1:] == ["--check"]:
        stale = [path.name for path, content in wanted.items() if path.read_text() != content]
        sys.exit(f"not what simulate.py writes: {', '.join(stale)}" if stale else 0)
    for path, content in wanted.items():
        path.write_text(content)


if __name__ == "__main__":
    main()
