//! The messages that were received and are not settled yet: what a receipt stands for. Pure: time is an
//! argument.
//!
//! Its size is bounded by the credits, but for what the actors forget without a word, because the lease
//! has ended; that is forgotten here some time later.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actors::ports::{Parked, Receipt};
use tokio::time::Instant;

use super::delivered::Delivered;
use super::parking;
use super::settings::LONGEST_LEASE;
use super::transfer::Parcel;
use super::visibility::Change;

/// How long after the end of its lease a message is remembered: an extension that was asked for in time
/// may be answered this late.
const GRACE: Duration = Duration::from_mins(2);

/// What is in flight.
#[derive(Debug, Default)]
pub struct InFlight {
    held: HashMap<Receipt, Held>,
    received: u64,
}

/// One message in flight.
#[derive(Clone, Debug)]
pub struct Held {
    message: Arc<Delivered>,
    received_at: Instant,
    lease_until: Instant,
    sent: bool,
}

impl Held {
    /// The service's name for this receive.
    pub fn handle(&self) -> &str {
        &self.message.handle
    }

    /// Hides the message for `time` from `now` on, but not beyond twelve hours from its receive, which
    /// the service would refuse.
    pub fn hide_for(&self, time: Duration, now: Instant) -> Change {
        let most = LONGEST_LEASE.saturating_sub(now.saturating_duration_since(self.received_at));
        Change { handle: self.handle().to_owned(), time: time.min(most) }
    }

    /// The message as it is to be parked.
    pub fn parcel(&self, parked: &Parked, longest: usize) -> Parcel {
        Parcel {
            letter: parking::letter(&self.message.letter, parked, longest),
            handle: self.handle().to_owned(),
            sent: self.sent,
        }
    }
}

impl InFlight {
    /// Holds a message received just now, and names it. The name is ours: two receives of one message
    /// are two deliveries, whatever the service calls them.
    pub fn hold(&mut self, message: Delivered, now: Instant, lease: Duration) -> Receipt {
        self.received += 1;
        let receipt = Receipt::new(&format!("{}/{}", message.message_id, self.received));
        let held = Held {
            message: Arc::new(message),
            received_at: now,
            lease_until: now + lease,
            sent: false,
        };
        self.held.insert(receipt.clone(), held);
        receipt
    }

    /// What `receipt` stands for.
    pub fn get(&self, receipt: &Receipt) -> Option<Held> {
        self.held.get(receipt).cloned()
    }

    /// Its lease now ends at `lease_until`.
    pub fn extended(&mut self, receipt: &Receipt, lease_until: Instant) {
        if let Some(held) = self.held.get_mut(receipt) {
            held.lease_until = lease_until;
        }
    }

    /// It lies in the dead-letter queue already.
    pub fn sent(&mut self, receipt: &Receipt) {
        if let Some(held) = self.held.get_mut(receipt) {
            held.sent = true;
        }
    }

    /// It is settled, or lost.
    pub fn forget(&mut self, receipt: &Receipt) {
        self.held.remove(receipt);
    }

    /// Forgets what the actors must have forgotten.
    pub fn forget_ended(&mut self, now: Instant) {
        self.held.retain(|_, held| now < held.lease_until + GRACE);
    }
}

#[cfg(test)]
mod tests {
    use super::super::letter::Letter;
    use super::*;

    const LEASE: Duration = Duration::from_mins(1);

    fn delivered(handle: &str) -> Delivered {
        Delivered {
            letter: Letter::default(),
            message_id: "m".into(),
            handle: handle.into(),
            receive_count: 1,
            sent_at: None,
        }
    }

    #[test]
    fn two_receives_of_one_message_are_two_deliveries_even_by_the_same_handle() {
        let (mut in_flight, now) = (InFlight::default(), Instant::now());
        let first = in_flight.hold(delivered("h"), now, LEASE);
        let second = in_flight.hold(delivered("h"), now, LEASE);
        assert_ne!(first, second);

        in_flight.forget(&first);

        assert!(in_flight.get(&first).is_none());
        assert_eq!(in_flight.get(&second).unwrap().handle(), "h");
    }

    #[test]
    fn what_nobody_settles_is_forgotten_some_time_after_its_lease() {
        let (mut in_flight, now) = (InFlight::default(), Instant::now());
        let left = in_flight.hold(delivered("left"), now, LEASE);
        let worked_on = in_flight.hold(delivered("worked on"), now, LEASE);
        in_flight.extended(&worked_on, now + 2 * LEASE);

        in_flight.forget_ended(now + LEASE + GRACE - Duration::from_secs(1));
        assert!(in_flight.get(&left).is_some(), "an answer may still be under way");
        in_flight.forget_ended(now + LEASE + GRACE);

        assert!(in_flight.get(&left).is_none());
        assert!(in_flight.get(&worked_on).is_some());
    }

    #[test]
    fn nothing_is_hidden_beyond_twelve_hours_from_its_receive() {
        let (mut in_flight, now) = (InFlight::default(), Instant::now());
        let receipt = in_flight.hold(delivered("h"), now, LEASE);
        let held = in_flight.get(&receipt).unwrap();
        let hours = Duration::from_hours;

        assert_eq!(held.hide_for(LEASE, now + hours(1)).time, LEASE);
        assert_eq!(held.hide_for(hours(12), now + hours(5)).time, hours(7));
        assert_eq!(held.hide_for(LEASE, now + hours(13)).time, Duration::ZERO);
    }
}
