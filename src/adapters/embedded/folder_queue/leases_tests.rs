//! Tests of the leases: cases of the specification, and any interleaving against a plain model.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn start() -> Instant {
    Instant::now()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn messages(next: Next) -> Vec<Lease> {
    match next {
        Next::Messages(leases) => leases,
        other => panic!("{other:?} instead of messages"),
    }
}

#[test]
fn messages_come_in_order_each_once_and_the_queue_is_exhausted_when_all_are_settled() {
    let now = start();
    let mut leases = Leases::new(3);

    let first = messages(leases.receive(2, now, now + seconds(60)));
    let second = messages(leases.receive(2, now, now + seconds(60)));

    let all: Vec<_> = first.into_iter().chain(second).collect();
    let expected: Vec<_> = (0..3).map(|message| Lease { message, receive: 1 }).collect();
    assert_eq!(all, expected);
    assert_eq!(leases.receive(1, now, now + seconds(60)), Next::Wait(now + seconds(60)));
    for lease in all {
        assert_eq!(leases.settle(lease, now), Ok(()));
        assert_eq!(leases.settle(lease, now), Err(Lost), "settled twice");
    }
    assert_eq!(leases.receive(1, now, now + seconds(60)), Next::Exhausted);
}

#[test]
fn a_lease_that_ended_is_lost_and_its_message_is_received_again() {
    let now = start();
    let mut leases = Leases::new(1);
    let [first] = messages(leases.receive(1, now, now + seconds(60)))[..] else { panic!() };

    assert_eq!(leases.check(first, now + seconds(59)), Ok(()));
    assert_eq!(leases.check(first, now + seconds(60)), Err(Lost));

    let later = now + seconds(60);
    let again = messages(leases.receive(1, later, later + seconds(60)));
    assert_eq!(again, [Lease { message: 0, receive: 2 }]);
    assert_eq!(leases.settle(first, later), Err(Lost));
    assert_eq!(leases.extend(first, later, later + seconds(60)), Err(Lost));
    assert_eq!(leases.release(first, later, later), Err(Lost));
    assert_eq!(leases.settle(again[0], later), Ok(()));
}

#[test]
fn an_extended_lease_ends_at_its_new_end_be_it_later_or_sooner() {
    let now = start();
    let mut leases = Leases::new(2);
    let taken = messages(leases.receive(2, now, now + seconds(60)));

    leases.extend(taken[0], now, now + seconds(100)).unwrap();
    leases.extend(taken[1], now, now + seconds(10)).unwrap();

    assert_eq!(leases.check(taken[1], now + seconds(10)), Err(Lost));
    assert_eq!(leases.check(taken[0], now + seconds(99)), Ok(()));
    assert_eq!(leases.check(taken[0], now + seconds(100)), Err(Lost));
}

#[test]
fn a_released_message_is_visible_after_its_delay_and_the_queue_is_not_exhausted_before() {
    let now = start();
    let mut leases = Leases::new(1);
    let taken = messages(leases.receive(1, now, now + seconds(60)));

    leases.release(taken[0], now, now + seconds(5)).unwrap();

    assert_eq!(leases.check(taken[0], now), Err(Lost));
    assert_eq!(leases.receive(1, now, now + seconds(60)), Next::Wait(now + seconds(5)));
    let later = now + seconds(5);
    let again = messages(leases.receive(1, later, later + seconds(60)));
    assert_eq!(again[0].receive, 2);
    leases.release(again[0], later, later).unwrap();
    assert_eq!(messages(leases.receive(1, later, later + seconds(60)))[0].receive, 3);
}

#[test]
fn a_receipt_reads_back_as_its_lease_and_nothing_else_does() {
    let lease = Lease { message: 17, receive: 3 };

    assert_eq!(lease.receipt().as_str().parse(), Ok(lease));
    for other in ["", "17", "17/", "/3", "a/b", "17/3/4", "-1/3", "4294967296/1"] {
        assert_eq!(other.parse::<Lease>(), Err(Lost), "{other}");
    }
    let unknown = Lease { message: 1, receive: 1 };
    assert_eq!(Leases::new(1).check(unknown, start()), Err(Lost));
    let never_received = Lease { message: 0, receive: 0 };
    assert_eq!(Leases::new(1).check(never_received, start()), Err(Lost));
}

/// What may be done to a queue; leases are named by their place in the list of all ever handed out.
#[derive(Clone, Copy, Debug)]
enum Step {
    Receive(usize),
    Settle(usize),
    Release(usize, u64),
    Extend(usize, u64),
    Pass(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..4_usize).prop_map(Step::Receive),
        2 => any::<usize>().prop_map(Step::Settle),
        2 => (any::<usize>(), 0..20_u64).prop_map(|(at, after)| Step::Release(at, after)),
        2 => (any::<usize>(), 0..20_u64).prop_map(|(at, by)| Step::Extend(at, by)),
        2 => (0..15_u64).prop_map(Step::Pass),
    ]
}

const LEASE: u64 = 10;
const MESSAGES: u32 = 4;

/// The queue beside a plain model of it: what a message's state is, without heaps or queues.
struct Twins {
    now: Instant,
    leases: Leases,
    settled: Vec<u32>,
    /// Until when, and for which receive if it is leased and not delayed.
    hidden: HashMap<u32, (Instant, Option<u32>)>,
    receives: HashMap<u32, u32>,
    /// Every lease that was ever handed out.
    handed_out: Vec<Lease>,
}

impl Twins {
    fn new() -> Self {
        Self {
            now: start(),
            leases: Leases::new(MESSAGES),
            settled: vec![],
            hidden: HashMap::new(),
            receives: HashMap::new(),
            handed_out: vec![],
        }
    }

    fn holds(&self, lease: Lease) -> bool {
        self.hidden
            .get(&lease.message)
            .is_some_and(|(until, receive)| *until > self.now && *receive == Some(lease.receive))
    }

    fn is_visible(&self, message: u32) -> bool {
        !self.settled.contains(&message)
            && self.hidden.get(&message).is_none_or(|(until, _)| *until <= self.now)
    }

    /// Does one step to both and compares what they say.
    fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        let (Step::Settle(at) | Step::Release(at, _) | Step::Extend(at, _)) = step else {
            return match step {
                Step::Receive(at_most) => self.receive(at_most),
                Step::Pass(by) => {
                    self.now += seconds(by);
                    Ok(())
                }
                _ => unreachable!("the others are named above"),
            };
        };
        match self.handed_out.get(at % self.handed_out.len().max(1)) {
            Some(lease) => self.change(*lease, step),
            None => Ok(()),
        }
    }

    fn change(&mut self, lease: Lease, step: Step) -> Result<(), TestCaseError> {
        let (held, now) = (self.holds(lease), self.now);
        let done = match step {
            Step::Release(_, after) => self.leases.release(lease, now, now + seconds(after)),
            Step::Extend(_, by) => self.leases.extend(lease, now, now + seconds(by)),
            _ => self.leases.settle(lease, now),
        };
        prop_assert_eq!(done.is_ok(), held, "{:?} of {}", step, lease);
        if !held {
            return Ok(());
        }
        self.hidden.remove(&lease.message);
        match step {
            Step::Release(_, after) => {
                self.hidden.insert(lease.message, (now + seconds(after), None));
            }
            Step::Extend(_, by) => {
                self.hidden.insert(lease.message, (now + seconds(by), Some(lease.receive)));
            }
            _ => self.settled.push(lease.message),
        }
        Ok(())
    }

    fn receive(&mut self, at_most: usize) -> Result<(), TestCaseError> {
        let until = self.now + seconds(LEASE);
        let visible = (0..MESSAGES).filter(|message| self.is_visible(*message)).count();
        let expected = at_most.min(visible);
        match self.leases.receive(at_most, self.now, until) {
            Next::Messages(taken) => {
                prop_assert_eq!(taken.len(), expected);
                prop_assert!(expected > 0 || at_most == 0, "nothing came instead of a wait");
                for lease in taken {
                    prop_assert!(self.is_visible(lease.message), "{} twice", lease);
                    let receives = self.receives.entry(lease.message).or_default();
                    *receives += 1;
                    prop_assert_eq!(lease.receive, *receives);
                    self.hidden.insert(lease.message, (until, Some(lease.receive)));
                    self.handed_out.push(lease);
                }
            }
            Next::Wait(next) => {
                let soonest = self.hidden.values().map(|(until, _)| *until).min();
                prop_assert!(expected == 0 && next > self.now);
                prop_assert!(Some(next) <= soonest, "it would sleep too long");
            }
            Next::Exhausted => prop_assert_eq!(self.settled.len(), MESSAGES as usize),
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn any_interleaving_keeps_each_message_in_exactly_one_state_and_loses_none(
        steps in prop::collection::vec(any_step(), 0..120),
    ) {
        let mut twins = Twins::new();

        for step in steps {
            twins.step(step)?;
        }

        // Whatever was done, the rest comes after the longest delay, each message once.
        let now = twins.now + seconds(100);
        let mut rest = vec![];
        while let Next::Messages(taken) = twins.leases.receive(3, now, now + seconds(LEASE)) {
            rest.extend(taken);
        }
        let mut seen: Vec<u32> = rest.iter().map(|lease| lease.message).collect();
        seen.extend(&twins.settled);
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..MESSAGES).collect::<Vec<_>>());
        for lease in rest {
            prop_assert_eq!(twins.leases.settle(lease, now), Ok(()));
        }
        prop_assert_eq!(twins.leases.receive(1, now, now), Next::Exhausted);
    }
}
