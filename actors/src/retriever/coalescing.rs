//! Duplicates in flight: two receipts for one id and version mean one inference and two settlements.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use crate::delivery::{Companions, Delivery};
use crate::record::{Record, RecordId};

/// Which records are in flight, and who may be joined.
pub struct Coalescing {
    in_flight: HashMap<(RecordId, i64), Weak<Companions>>,
    /// How many are remembered when the ended ones among them are next forgotten.
    forget_at: usize,
    enabled: bool,
}

/// So few are not worth a look.
const FEW: usize = 64;

/// What became of a delivery.
pub enum Joined {
    /// It is the first of its record: the work goes on with it.
    Leads(Box<Delivery>),
    /// It waits for the one that leads.
    Follows,
}

impl Coalescing {
    /// Nothing in flight.
    #[must_use]
    pub fn new(enabled: bool) -> Self {
        Self { in_flight: HashMap::new(), forget_at: FEW, enabled }
    }

    /// Joins `delivery` to the one in flight for the same id and version, or makes it the first. A
    /// newer version does not join an older one: each is inferred, and the index keeps the newer.
    pub fn join(&mut self, delivery: Delivery, record: &Record) -> Joined {
        if !self.enabled {
            return Joined::Leads(Box::new(delivery));
        }
        let key = (record.id.clone(), record.version);
        let mut delivery = match self.in_flight.get(&key).and_then(Weak::upgrade) {
            None => Box::new(delivery),
            Some(companions) => match companions.join(delivery) {
                Ok(()) => return Joined::Follows,
                Err(delivery) => delivery,
            },
        };
        self.forget_the_ended();
        let companions = Companions::new();
        self.in_flight.insert(key, Arc::downgrade(&companions));
        delivery.lead(companions);
        Joined::Leads(delivery)
    }

    /// How many records it remembers, ended ones included.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.in_flight.len()
    }

    /// Keeps the map at most twice as large as what is in flight. Between two looks it has to double, so
    /// each delivery costs a constant time on average.
    fn forget_the_ended(&mut self) {
        if self.in_flight.len() >= self.forget_at {
            self.in_flight.retain(|_, companions| companions.strong_count() > 0);
            self.forget_at = (2 * self.in_flight.len()).max(FEW);
        }
    }
}
