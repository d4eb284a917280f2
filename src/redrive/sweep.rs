//! Which messages go back, and what became of them. Pure.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use crate::adapters::aws::fault::Fault;
use crate::adapters::sqs::{Delivered, Letter, Moved};

/// The class of messages without a record that can be read: SQS moved them, or somebody else sent them.
pub const NONE: &str = "none";

/// What of a parked message's record a redrive reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Record {
    /// Its failure class.
    pub class: Option<String>,
    /// Its id.
    pub id: Option<String>,
    /// Why it was parked.
    pub cause: Option<String>,
}

impl Record {
    /// The record in `letter`; an empty one where there is none, or none of ours.
    pub fn of(letter: &Letter) -> Self {
        let read = letter.parked().and_then(|text| serde_json::from_str(text).ok());
        read.unwrap_or_default()
    }
}

/// What is to be done with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It goes back; its class.
    PutBack(String),
    /// It stays.
    Keep,
}

/// What became of the messages of one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// They went back, or would.
    pub put_back: u64,
    /// They stay, because they were not chosen.
    pub kept: u64,
    /// They were to go back, and the service refused something.
    pub failed: u64,
}

/// One pass over the dead-letter queue.
#[derive(Debug)]
pub struct Sweep {
    class: Option<String>,
    limit: Option<u64>,
    seen: HashSet<String>,
    chosen: u64,
    came_round: bool,
    /// By class.
    pub totals: BTreeMap<String, Totals>,
    /// The first thing that went wrong.
    pub fault: Option<Fault>,
}

impl Sweep {
    /// A pass that takes messages of `class`, or any, and at most `limit` of them.
    pub fn new(class: Option<String>, limit: Option<u64>) -> Self {
        Self {
            class,
            limit,
            seen: HashSet::new(),
            chosen: 0,
            came_round: false,
            totals: BTreeMap::new(),
            fault: None,
        }
    }

    /// Decides about a received message. One that comes again has been decided about: the queue has come
    /// round, and the pass is over.
    pub fn choose(&mut self, message: &Delivered) -> Choice {
        if !self.seen.insert(name(message)) {
            self.came_round = true;
            return Choice::Keep;
        }
        let class = Record::of(&message.letter).class.unwrap_or_else(|| NONE.to_owned());
        let wanted = self.class.as_ref().is_none_or(|wanted| *wanted == class);
        if !wanted || self.is_full() {
            self.totals.entry(class).or_default().kept += 1;
            return Choice::Keep;
        }
        self.chosen += 1;
        Choice::PutBack(class)
    }

    /// Notes what became of a message that was to go back.
    pub fn moved(&mut self, class: &str, moved: &Moved) {
        let totals = self.totals.entry(class.to_owned()).or_default();
        match moved {
            Moved::Whole => totals.put_back += 1,
            Moved::NotDeleted(fault) | Moved::NotSent(fault) => {
                totals.failed += 1;
                self.fault.get_or_insert_with(|| fault.clone());
            }
        }
    }

    /// Whether there is nothing left to look for.
    pub fn is_over(&self) -> bool {
        self.came_round || self.is_full()
    }

    /// How many messages have been looked at.
    pub fn seen(&self) -> u64 {
        self.seen.len() as u64
    }

    fn is_full(&self) -> bool {
        self.limit.is_some_and(|limit| self.chosen >= limit)
    }
}

fn name(message: &Delivered) -> String {
    let id = &message.message_id;
    if id.is_empty() { message.handle.clone() } else { id.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::sqs::PARKED;

    fn message(id: &str, record: Option<&str>) -> Delivered {
        let text = |text: &str| {
            let value = aws_sdk_sqs::types::MessageAttributeValue::builder();
            value.data_type("String").string_value(text).build().unwrap()
        };
        let record = record.map(|record| (PARKED.to_owned(), text(record)));
        Delivered {
            letter: Letter { attributes: record.into_iter().collect(), ..Letter::default() },
            message_id: id.into(),
            handle: format!("handle of {id}"),
            receive_count: 1,
            sent_at: None,
        }
    }

    fn put_back(class: &str) -> Choice {
        Choice::PutBack(class.to_owned())
    }

    #[test]
    fn messages_are_chosen_by_the_class_in_their_record() {
        let corrupt = message("1", Some(r#"{"class":"corrupt_image","more":[]}"#));
        let missing = message("2", Some(r#"{"class":"not_found"}"#));
        let moved = message("3", None);
        let foreign = message("4", Some("no record"));
        let all = [&corrupt, &missing, &moved, &foreign];
        let chosen = |class: Option<&str>| {
            let mut sweep = Sweep::new(class.map(str::to_owned), None);
            all.map(|message| sweep.choose(message) != Choice::Keep)
        };

        assert_eq!(chosen(None), [true; 4]);
        assert_eq!(chosen(Some("not_found")), [false, true, false, false]);
        assert_eq!(chosen(Some(NONE)), [false, false, true, true]);
        assert_eq!(Sweep::new(None, None).choose(&corrupt), put_back("corrupt_image"));
        assert_eq!(Sweep::new(None, None).choose(&foreign), put_back(NONE));
    }

    #[test]
    fn the_limit_counts_what_is_chosen_and_ends_the_pass() {
        let mut sweep = Sweep::new(Some(NONE.to_owned()), Some(2));
        sweep.choose(&message("0", Some(r#"{"class":"not_found"}"#)));
        assert_eq!(sweep.choose(&message("1", None)), put_back(NONE));
        assert!(!sweep.is_over());
        assert_eq!(sweep.choose(&message("2", None)), put_back(NONE));
        assert!(sweep.is_over());

        assert_eq!(sweep.choose(&message("3", None)), Choice::Keep);
        assert_eq!(sweep.totals[NONE].kept, 1);
    }

    #[test]
    fn a_message_that_comes_again_stays_and_ends_the_pass() {
        let mut sweep = Sweep::new(None, None);
        assert_eq!(sweep.choose(&message("1", None)), put_back(NONE));
        assert!(!sweep.is_over());
        assert_eq!(sweep.choose(&message("1", None)), Choice::Keep);
        assert!(sweep.is_over());
        assert_eq!(sweep.seen(), 1);
    }

    #[test]
    fn what_went_wrong_is_counted_and_the_first_fault_is_kept() {
        let mut sweep = Sweep::new(None, None);
        sweep.moved("a", &Moved::Whole);
        sweep.moved("a", &Moved::NotSent(Fault::transient("first")));
        sweep.moved("a", &Moved::NotDeleted(Fault::transient("second")));
        assert_eq!(sweep.totals["a"], Totals { put_back: 1, kept: 0, failed: 2 });
        assert_eq!(sweep.fault, Some(Fault::transient("first")));
    }
}
