//! How many requests the cluster lets us have under way: additive increase, multiplicative decrease.

/// A limit that follows what the cluster answers, as TCP's congestion window follows its losses: each
/// success raises it by a part, so that as many successes as it allows raise it by one; an overload
/// halves it.
///
/// Requests that were under way when it was halved say nothing new by failing too, so one overload
/// halves it once.
#[derive(Clone, Debug)]
pub struct AdaptiveLimit {
    most: u32,
    limit: f64,
    begun: u64,
    halved_at: u64,
}

/// Which request it is, in the order they began.
#[derive(Clone, Copy, Debug)]
pub struct Turn(u64);

impl AdaptiveLimit {
    /// A limit between one and `most`, at first in the middle.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let most = u32::try_from(most.max(1)).unwrap_or(u32::MAX);
        Self { most, limit: f64::from(most.div_ceil(2)), begun: 0, halved_at: 0 }
    }

    /// How many requests may be under way at once: one at least.
    #[must_use]
    #[expect(clippy::cast_sign_loss, reason = "the limit is never below one")]
    pub const fn allowed(&self) -> usize {
        self.limit as usize
    }

    /// A request begins.
    pub const fn begin(&mut self) -> Turn {
        self.begun += 1;
        Turn(self.begun)
    }

    /// A request was taken.
    pub fn succeeded(&mut self) {
        self.limit = (self.limit + 1.0 / self.limit).min(f64::from(self.most));
    }

    /// A request was not, because the cluster has too much to do.
    pub const fn overloaded(&mut self, turn: Turn) {
        if turn.0 > self.halved_at {
            self.limit = (self.limit / 2.0).max(1.0);
            self.halved_at = self.begun;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_rises_by_one_in_as_many_successes_as_it_allows_and_is_halved_by_an_overload() {
        let mut limit = AdaptiveLimit::new(4);
        assert_eq!(limit.allowed(), 2);

        let mut after = |successes: usize, overloads: usize| {
            for _ in 0..successes {
                limit.begin();
                limit.succeeded();
            }
            for _ in 0..overloads {
                let turn = limit.begin();
                limit.overloaded(turn);
            }
            limit.allowed()
        };
        // successes, then overloads one after the other, and what is allowed after both
        for (successes, overloads, allowed) in
            [(3, 0, 3), (4, 0, 4), (100, 0, 4), (0, 1, 2), (0, 1, 1), (0, 9, 1), (2, 0, 2)]
        {
            assert_eq!(after(successes, overloads), allowed);
        }
    }

    #[test]
    fn one_overload_halves_it_once_however_many_requests_it_meets() {
        let mut limit = AdaptiveLimit::new(8);
        let turns = [limit.begin(), limit.begin(), limit.begin(), limit.begin()];
        for turn in turns {
            limit.overloaded(turn);
        }
        assert_eq!(limit.allowed(), 2);

        let later = limit.begin();
        limit.overloaded(later);
        assert_eq!(limit.allowed(), 1);
    }

    #[test]
    fn one_request_is_always_allowed() {
        assert_eq!(AdaptiveLimit::new(0).allowed(), 1);
    }
}
