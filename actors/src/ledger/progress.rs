//! Whether a delivery moves: the lease of one that is stuck is not extended for ever. Pure: time is an
//! argument.

use std::time::Duration;

use tokio::time::Instant;

use crate::failure::Stage;
use crate::record::RecordId;

/// The time in which work could move. It stands still while a dependency does not answer.
#[derive(Debug, Default)]
pub struct WorkingTime {
    counted: Duration,
    looked: Option<Instant>,
}

impl WorkingTime {
    /// All that was counted up to the last look.
    #[must_use]
    pub const fn counted(&self) -> Duration {
        self.counted
    }

    /// Counts what has passed since the last look, unless there is an outage.
    pub fn look(&mut self, outage: bool, now: Instant) {
        let passed = self.looked.replace(now).map_or(Duration::ZERO, |then| now - then);
        if !outage {
            self.counted += passed;
        }
    }
}

/// Where a delivery was last seen to move.
#[derive(Debug)]
pub struct Progress {
    stage: Stage,
    /// By the working time.
    since: Duration,
    stuck: bool,
}

/// A delivery that does not move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// The record's id, if its body could be read.
    pub id: Option<RecordId>,
    /// Where it stands.
    pub stage: Stage,
}

impl Progress {
    /// That of a delivery that was just received.
    #[must_use]
    pub const fn begun(worked: Duration) -> Self {
        Self { stage: Stage::Source, since: worked, stuck: false }
    }

    /// Whether the last look found it stuck.
    #[must_use]
    pub const fn is_stuck(&self) -> bool {
        self.stuck
    }

    /// Looks where the delivery stands, and whether it waits for credits, when so much was `worked`.
    /// True when that shows for the first time that it has not moved for `stuck_after`.
    pub fn look(
        &mut self,
        (stage, waits): (Stage, bool),
        worked: Duration,
        stuck_after: Duration,
    ) -> bool {
        if waits || stage != self.stage {
            *self = Self { stage, since: worked, stuck: false };
        }
        let (before, now) = (self.stuck, worked - self.since >= stuck_after);
        self.stuck = now;
        now && !before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn time_in_an_outage_is_not_counted() {
        let (mut time, start) = (WorkingTime::default(), Instant::now());
        for (minute, outage) in [(5, false), (6, false), (16, true), (17, false)] {
            time.look(outage, start + minute * MINUTE);
        }
        assert_eq!(time.counted(), 2 * MINUTE);
    }

    #[test]
    fn a_delivery_is_stuck_when_it_reaches_no_stage_and_waits_for_nothing() {
        let mut progress = Progress::begun(MINUTE);
        let mut look =
            |stage, waits, minute| progress.look((stage, waits), minute * MINUTE, 10 * MINUTE);

        assert!(!look(Stage::Downloader, false, 2));
        assert!(!look(Stage::Downloader, true, 11));
        assert!(!look(Stage::Downloader, false, 20));
        assert!(look(Stage::Downloader, false, 21));
        assert!(!look(Stage::Downloader, false, 22), "it is told once");
        assert!(!look(Stage::Pool, false, 23), "it moves after all");
        assert!(look(Stage::Pool, false, 33));
    }
}
