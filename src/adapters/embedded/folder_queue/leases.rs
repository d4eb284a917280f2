//! The state of each message of a queue with leases, without a clock or a disk.
//!
//! ```text
//!            receive                    acknowledge, park
//!  visible ───────────► leased(until) ───────────────────► settled
//!     ▲                  │   │   ▲
//!     │      until < now │   │   └─ extend: a later until
//!     ├──────────────────┘   │ release
//!     └──── delayed(until) ◄─┘
//! ```

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;
use std::str::FromStr;

use actors::ports::Receipt;
use tokio::time::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Visible,
    Leased(Instant),
    Delayed(Instant),
    Settled,
}

#[derive(Clone, Copy, Debug)]
struct Message {
    state: State,
    receives: u32,
}

/// One receive of one message. Its text is the queue's receipt handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lease {
    /// The message, by its place in the queue.
    pub message: u32,
    /// The how manieth receive it is: 1 for the first.
    pub receive: u32,
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.message, self.receive)
    }
}

impl FromStr for Lease {
    type Err = Lost;

    fn from_str(handle: &str) -> Result<Self, Lost> {
        let (message, receive) = handle.split_once('/').ok_or(Lost)?;
        let number = |text: &str| text.parse().map_err(|_| Lost);
        Ok(Self { message: number(message)?, receive: number(receive)? })
    }
}

impl Lease {
    pub fn receipt(self) -> Receipt {
        Receipt::new(&self.to_string())
    }
}

/// The lease ended, was given back or settled, or never was one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lost;

/// What a receive finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// These, leased now.
    Messages(Vec<Lease>),
    /// Nothing before this instant, unless somebody releases.
    Wait(Instant),
    /// Every message is settled.
    Exhausted,
}

/// All messages of one queue.
#[derive(Debug)]
pub(super) struct Leases {
    messages: Vec<Message>,
    visible: VecDeque<u32>,
    /// When the state of a message ends; what is not its state any more is passed over.
    deadlines: BinaryHeap<Reverse<(Instant, u32)>>,
    unsettled: usize,
}

impl Leases {
    /// A queue of `count` messages, all visible, in order.
    pub fn new(count: u32) -> Self {
        Self {
            messages: vec![Message { state: State::Visible, receives: 0 }; count as usize],
            visible: (0..count).collect(),
            deadlines: BinaryHeap::new(),
            unsettled: count as usize,
        }
    }

    /// Leases at most `at_most` visible messages until `until`.
    pub fn receive(&mut self, at_most: usize, now: Instant, until: Instant) -> Next {
        self.expire(now);
        if self.unsettled == 0 {
            return Next::Exhausted;
        }
        let count = at_most.min(self.visible.len());
        let taken: Vec<u32> = self.visible.drain(..count).collect();
        match self.deadlines.peek() {
            Some(&Reverse((next, _))) if taken.is_empty() && at_most > 0 => Next::Wait(next),
            _ => Next::Messages(
                taken.into_iter().map(|message| self.lease(message, until)).collect(),
            ),
        }
    }

    fn lease(&mut self, message: u32, until: Instant) -> Lease {
        self.deadlines.push(Reverse((until, message)));
        let state = &mut self.messages[message as usize];
        state.state = State::Leased(until);
        state.receives += 1;
        Lease { message, receive: state.receives }
    }

    /// Makes visible again whatever was leased or delayed until `now`.
    fn expire(&mut self, now: Instant) {
        while let Some(&Reverse((until, message))) = self.deadlines.peek()
            && until <= now
        {
            self.deadlines.pop();
            let state = &mut self.messages[message as usize].state;
            if matches!(*state, State::Leased(end) | State::Delayed(end) if end == until) {
                *state = State::Visible;
                self.visible.push_back(message);
            }
        }
    }

    /// Tells whether `lease` still holds.
    pub fn check(&mut self, lease: Lease, now: Instant) -> Result<(), Lost> {
        self.held(lease, now).map(|_| ())
    }

    fn held(&mut self, lease: Lease, now: Instant) -> Result<&mut State, Lost> {
        self.expire(now);
        let message = self.messages.get_mut(lease.message as usize).ok_or(Lost)?;
        let held = message.receives == lease.receive && matches!(message.state, State::Leased(_));
        held.then_some(&mut message.state).ok_or(Lost)
    }

    /// Removes a message for good.
    pub fn settle(&mut self, lease: Lease, now: Instant) -> Result<(), Lost> {
        *self.held(lease, now)? = State::Settled;
        self.unsettled -= 1;
        Ok(())
    }

    /// Gives a message back, visible from `visible_at` on.
    pub fn release(&mut self, lease: Lease, now: Instant, visible_at: Instant) -> Result<(), Lost> {
        *self.held(lease, now)? = State::Delayed(visible_at);
        self.deadlines.push(Reverse((visible_at, lease.message)));
        self.expire(now);
        Ok(())
    }

    /// Lets a lease end at `until` instead.
    pub fn extend(&mut self, lease: Lease, now: Instant, until: Instant) -> Result<(), Lost> {
        *self.held(lease, now)? = State::Leased(until);
        self.deadlines.push(Reverse((until, lease.message)));
        Ok(())
    }
}

#[cfg(test)]
#[path = "leases_tests.rs"]
mod tests;
