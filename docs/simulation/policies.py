"""The two ways of scaling: terraform/scaling.tf, and the replaced system's."""

import math
from dataclasses import dataclass


@dataclass
class BacklogPerTask:
    """terraform/scaling.tf, with Application Auto Scaling's own habits: three minutes above the target, fifteen below nine
    tenths of it; a new number is the old one times the quotient, rounded up; nothing is decided within a cooldown but
    more than before."""

    target: float
    most: int
    least: int = 0
    idle_minutes: int = 5
    scale_out_cooldown: int = 180
    scale_in_cooldown: int = 300
    first_task_cooldown: int = 300
    # What the backlog is divided by: wanted, as shipped, or running, as AWS's example has it.
    divisor: str = "wanted"
    out_at: float = -math.inf
    in_at: float = -math.inf
    first_at: float = -math.inf

    def per_task(self, seen):
        return max(1, seen.visible + seen.in_flight) / max(1, getattr(seen, self.divisor))

    def decide(self, now, wanted, shown):
        if not shown:
            return wanted
        if self.waiting_for_nobody(shown[-1]) and now - self.first_at >= self.first_task_cooldown:
            self.first_at = now
            wanted = max(wanted, min(self.most, wanted + 1))
        latest = [self.per_task(seen) for seen in shown[-15:]]
        if len(latest) >= 3 and min(latest[-3:]) > self.target:
            wanted = self.out(now, wanted, latest[-1])
        elif len(latest) == 15 and max(latest) < 0.9 * self.target:
            wanted = self.down(now, wanted, latest[-1])
        return self.least if self.idle(shown) else wanted

    def waiting_for_nobody(self, seen):
        return seen.wanted < 1 and seen.visible >= 1

    def idle(self, shown):
        last = shown[-self.idle_minutes :]
        return len(last) == self.idle_minutes and not any(
            seen.visible + seen.in_flight + seen.finished for seen in last
        )

    def out(self, now, wanted, per_task):
        more = min(self.most, math.ceil(wanted * per_task / self.target))
        if now - self.out_at < self.scale_out_cooldown or more <= wanted:
            return wanted
        self.out_at = now
        return more

    def down(self, now, wanted, per_task):
        fewer = max(self.least, math.ceil(wanted * per_task / self.target))
        if now - max(self.in_at, self.out_at) < self.scale_in_cooldown or fewer >= wanted:
            return wanted
        self.in_at = now
        return fewer


@dataclass
class Steps:
    """The replaced system's: `step` more while a message is visible, as many fewer after a minute without any message,
    once a minute at most."""

    most: int
    step: int = 1
    least: int = 0
    cooldown: int = 60
    at: float = -math.inf

    def decide(self, now, wanted, shown):
        if not shown or now - self.at < self.cooldown:
            return wanted
        seen = shown[-1]
        if seen.visible >= 1:
            new = min(self.most, wanted + self.step)
        elif seen.visible + seen.in_flight + seen.finished < 1:
            new = max(self.least, wanted - self.step)
        else:
            new = wanted
        self.at = now if new != wanted else self.at
        return new


@dataclass
class Always:
    """A fixed number of tasks, for comparison."""

    least: int

    def decide(self, _now, wanted, _shown):
        return wanted
