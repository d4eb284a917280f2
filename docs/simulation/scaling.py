"""How many tasks there are, and how long an image waits, when CloudWatch and ECS answer as late as they do.

Time goes in steps of five seconds. Messages are served in the order in which they were sent; a task works at a constant
rate. Everything random comes from one seed. Every figure that is not ours is a parameter of `World`, with its source.
"""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

STEP = 5
DAY = 86_400
# Messages after a longer pause are another burst: the stage before sends for two minutes, a quarter of an hour apart.
PAUSE = 600


@dataclass(frozen=True)
class World:
    """AWS and the service, as far as they matter here."""

    # A task with the bundled models, as fast as pictures come: ten requests at once to a host that answers in three
    # quarters of a second. Inference would do several times as many. An assumption: never measured on Fargate.
    images_per_second: float = 13
    in_hand: int = 64
    # CloudWatch takes SQS's and ECS's figures once a minute and shows them a minute or two later.
    metric_delay: tuple = (60, 120)
    # "A delay of up to 15 minutes when a queue is activated from an inactive state", and inactive is one that nobody has
    # used for six hours (SQS's developer guide).
    inactive_after: int = 6 * 3600
    activation_delay: tuple = (60, 900)
    # Placing, pulling 80 MB, reading and proving the models.
    task_start: tuple = (60, 90)
    drain: int = 25
    visibility_timeout: int = 60
    # Fargate Spot tells no figure; one loss in twenty task hours is pessimistic. One in ten comes without its warning.
    losses_per_task_hour: float = 0.05
    unwarned: float = 0.1
    # On demand, Linux on x86, eu-west-1, 2026: dollars an hour of a vCPU and of a GB. Spot takes about 0.3 of it.
    vcpu_price: float = 0.04048
    memory_price: float = 0.004445
    vcpus: int = 2
    memory: int = 4
    spot_factor: float = 0.3

    @property
    def hourly_price(self):
        return (self.vcpus * self.vcpu_price + self.memory * self.memory_price) * self.spot_factor


@dataclass
class Task:
    ready_at: float
    began_at: float
    stops_at: float = math.inf


@dataclass
class Seen:
    """One minute as CloudWatch shows it."""

    shown_at: float
    visible: int
    in_flight: int
    finished: int
    wanted: int
    running: int


@dataclass
class Run:
    """What a run was like. Ages are in seconds, from sent to finished."""

    ages: np.ndarray
    task_hours: float
    starts: int
    losses: int
    sent: int
    left: int
    minutes: list = field(default_factory=list)  # (time, messages, tasks running, oldest age)
    bursts_at: np.ndarray = field(default_factory=lambda: np.array([]))  # first message of each

    def cost(self, world):
        return self.task_hours * world.hourly_price

    def bursts(self):
        """The settling of each burst of messages, until the next one begins."""
        minutes = np.array([entry[:3] for entry in self.minutes])
        starts = np.searchsorted(minutes[:, 0], self.bursts_at)
        spans = zip(self.bursts_at, starts, [*starts[1:], len(minutes)], strict=True)
        return [Settling.of(begun, minutes[start:end]) for begun, start, end in spans if end > start]


@dataclass
class Settling:
    """Seconds from the first message of a burst; infinite for what did not come before the next."""

    most: float  # until as many tasks ran as ever did for it
    empty: float  # until nothing was left, to the minute
    none: float  # until no task ran any more

    @staticmethod
    def of(begun, minutes):
        times, messages, tasks = minutes.T
        left = np.flatnonzero(messages)
        last = left[-1] if len(left) else 0
        # What still runs of the burst before, and ends, is not this one's.
        idle = np.flatnonzero(tasks[: last + 1] == 0)
        own = slice(idle[-1] + 1 if len(idle) else 0, None)
        if not tasks[own].any():
            return Settling(math.inf, math.inf, math.inf)
        ended = np.flatnonzero(tasks)[-1] + 1
        return Settling(
            most=times[own][tasks[own] == tasks[own].max()][0] - begun,
            empty=times[last] + 60 - begun if last < len(times) - 1 else math.inf,
            none=times[ended] - begun if ended < len(times) else math.inf,
        )


def bursts_of(arrivals):
    """The first of the sorted times after each pause."""
    return arrivals[np.diff(arrivals, prepend=-math.inf) > PAUSE]


class Simulation:
    def __init__(self, world, policy, arrivals, horizon, seed):
        self.world, self.policy, self.random = world, policy, np.random.default_rng(seed)
        self.horizon, self.arrivals = horizon, deque(np.sort(arrivals))
        self.sent = len(arrivals)
        self.bursts_at = bursts_of(np.sort(arrivals))
        self.queue, self.hidden = deque(), []
        self.tasks, self.wanted = [], policy.least
        self.shown, self.pending = [], deque()
        self.ages, self.minutes = [], []
        self.task_seconds, self.starts, self.losses, self.finished = 0.0, 0, 0, 0
        self.used_at, self.credit = -math.inf, 0.0

    def run(self):
        for now in range(0, self.horizon, STEP):
            self.receive(now)
            self.lose(now)
            self.work(now)
            self.place(now)
            if now % 60 == 0:
                self.look(now)
        for task in self.tasks:
            self.bill(task, self.horizon)
        left = len(self.queue) + len(self.hidden) + len(self.arrivals)
        return Run(
            np.array(self.ages), self.task_seconds / 3600, self.starts, self.losses, self.sent, left, self.minutes,
            self.bursts_at,
        )  # fmt: skip

    def receive(self, now):
        while self.arrivals and self.arrivals[0] <= now:
            if now - self.used_at > self.world.inactive_after:
                # Nothing is shown of this queue until CloudWatch has noticed it.
                self.silent_until = now + self.random.uniform(*self.world.activation_delay)
            self.queue.append(self.arrivals.popleft())
            self.used_at = now
        back = [message for until, message in self.hidden if until <= now]
        if back:
            self.hidden = [entry for entry in self.hidden if entry[0] > now]
            self.queue.extendleft(sorted(back, reverse=True))

    silent_until = 0.0

    def ready(self, now):
        return [task for task in self.tasks if task.ready_at <= now < task.stops_at]

    def lose(self, now):
        chance = self.world.losses_per_task_hour * STEP / 3600
        for task in self.ready(now):
            if self.random.random() < chance:
                self.losses += 1
                self.tasks.remove(task)
                self.bill(task, now)
                if self.random.random() < self.world.unwarned:
                    self.hide(now)

    def hide(self, now):
        """What a task had in hand, and nobody gave back."""
        for _ in range(min(self.world.in_hand, len(self.queue))):
            self.hidden.append((now + self.world.visibility_timeout, self.queue.popleft()))

    def work(self, now):
        ready = self.ready(now)
        if ready:
            self.used_at = now
        self.credit = min(self.credit, 1) + len(ready) * self.world.images_per_second * STEP if ready else 0.0
        while self.credit >= 1 and self.queue:
            self.ages.append(now + STEP - self.queue.popleft())
            self.credit -= 1
            self.finished += 1

    def place(self, now):
        """ECS: starts what is wanted, stops what is not."""
        for task in [task for task in self.tasks if task.stops_at <= now]:
            self.tasks.remove(task)
            self.bill(task, now)
        alive = [task for task in self.tasks if task.stops_at == math.inf]
        for _ in range(self.wanted - len(alive)):
            self.starts += 1
            self.tasks.append(Task(now + self.random.uniform(*self.world.task_start), now))
        for task in alive[self.wanted :]:
            # What it has in hand takes seconds; the rest of the drain and the last scrape are paid for.
            task.stops_at = now + self.world.drain

    def bill(self, task, now):
        self.task_seconds += max(60, now - task.began_at)

    def look(self, now):
        """CloudWatch's minute, and what scaling makes of those that it shows by now."""
        ready, messages = len(self.ready(now)), len(self.queue)
        in_flight = min(messages, ready * self.world.in_hand) + len(self.hidden)
        visible = messages - min(messages, ready * self.world.in_hand)
        if now >= self.silent_until and now - self.used_at <= self.world.inactive_after:
            shown_at = now + self.random.uniform(*self.world.metric_delay)
            self.pending.append(Seen(shown_at, visible, in_flight, self.finished, self.wanted, ready))
        self.finished = 0
        while self.pending and self.pending[0].shown_at <= now:
            self.shown.append(self.pending.popleft())
        oldest = now - self.queue[0] if self.queue else 0
        self.minutes.append((now, messages + len(self.hidden), ready, oldest))
        self.wanted = self.policy.decide(now, self.wanted, self.shown)
