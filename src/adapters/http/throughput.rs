//! How slow a body may come. Pure; the clock is passed in.

use std::time::Duration;

use tokio::time::Instant;

/// The least that a body must bring, window by window. The first window is not judged: a picture may
/// have to be made first.
///
/// A thousand bytes a second over five seconds: no working host on a working network is as slow, and a
/// host that drips to keep us busy is let go after ten seconds instead of thirty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throughput {
    /// Bytes a second.
    pub floor: u32,
    /// The length of a window.
    pub window: Duration,
}

impl Default for Throughput {
    fn default() -> Self {
        Self { floor: 1_000, window: Duration::from_secs(5) }
    }
}

/// A body came slower than the floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body came with less than {floor} bytes a second")]
pub(super) struct TooSlow {
    floor: u32,
}

/// Measures one body.
#[derive(Debug)]
pub(super) struct Pace {
    rule: Throughput,
    ends: Instant,
    received: u64,
    judged: bool,
}

impl Pace {
    /// A body that begins now.
    pub(super) fn new(rule: Throughput, now: Instant) -> Self {
        Self { rule, ends: now + rule.window, received: 0, judged: false }
    }

    /// When the window ends and [`Pace::note`] is to be called, were it with 0 bytes.
    pub(super) const fn ends(&self) -> Instant {
        self.ends
    }

    /// Notes that `bytes` came in by `now`, and judges the window if it is over.
    ///
    /// # Errors
    /// [`TooSlow`], for the caller to give the body up.
    pub(super) fn note(&mut self, bytes: usize, now: Instant) -> Result<(), TooSlow> {
        self.received += bytes as u64;
        if now < self.ends {
            return Ok(());
        }
        let least = u128::from(self.rule.floor) * self.rule.window.as_millis() / 1_000;
        if self.judged && u128::from(self.received) < least {
            return Err(TooSlow { floor: self.rule.floor });
        }
        (self.ends, self.received, self.judged) = (now + self.rule.window, 0, true);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The second in which a body that brings so many bytes each second is given up, of 30.
    fn given_up(bytes: impl Fn(u32) -> usize) -> Option<u32> {
        let began = Instant::now();
        let mut pace = Pace::new(Throughput::default(), began);
        (1..=30).find(|second| pace.note(bytes(*second), began + SECOND * *second).is_err())
    }

    #[test]
    fn a_body_below_the_floor_is_given_up_after_its_second_window() {
        assert_eq!(given_up(|_| 0), Some(10));
        assert_eq!(given_up(|_| 999), Some(10));
        assert_eq!(given_up(|_| 1_000), None);
    }

    #[test]
    fn a_slow_start_and_short_pauses_are_forgiven_and_a_long_pause_is_not() {
        assert_eq!(given_up(|second| if second <= 5 { 0 } else { 1_000 }), None);
        assert_eq!(given_up(|second| if second % 5 == 0 { 5_000 } else { 0 }), None);
        assert_eq!(given_up(|second| if second <= 10 { 100_000 } else { 0 }), Some(15));
    }
}
