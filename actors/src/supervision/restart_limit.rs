//! How often something may be restarted before its parent gives up. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Permits `times` restarts within any span of `within`.
#[derive(Clone, Debug)]
pub struct RestartLimit {
    times: usize,
    within: Duration,
    restarts: VecDeque<Instant>,
}

impl RestartLimit {
    /// A limit that has seen no restart.
    #[must_use]
    pub const fn new(times: usize, within: Duration) -> Self {
        Self { times, within, restarts: VecDeque::new() }
    }

    /// Notes a restart at `now`; answers whether it is still permitted.
    pub fn note(&mut self, now: Instant) -> bool {
        while self.restarts.front().is_some_and(|first| now - *first >= self.within) {
            self.restarts.pop_front();
        }
        self.restarts.push_back(now);
        self.restarts.len() <= self.times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_restart_within_a_minute_is_one_too_many() {
        let mut limit = RestartLimit::new(5, Duration::from_mins(1));
        let start = Instant::now();
        for second in 0..5 {
            assert!(limit.note(start + Duration::from_secs(second)));
        }
        assert!(!limit.note(start + Duration::from_secs(5)));
    }

    #[test]
    fn restarts_older_than_the_span_are_forgotten() {
        let mut limit = RestartLimit::new(1, Duration::from_mins(1));
        let start = Instant::now();
        assert!(limit.note(start));
        assert!(limit.note(start + Duration::from_mins(1)));
        assert!(!limit.note(start + Duration::from_secs(61)));
    }
}
