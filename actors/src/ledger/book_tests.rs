//! Table tests of the book: every way a delivery can be entered, extended, settled, adopted, lost.

use std::sync::Arc;

use super::*;
use crate::delivery::{Dossier, Tether};
use crate::flow::credits::Budget;
use crate::record::RecordId;

const LEASE: Duration = Duration::from_secs(60);

struct Fixture {
    book: Book,
    credits: Budget,
    now: Instant,
}

impl Fixture {
    fn new() -> Self {
        Self { book: Book::new(Policy::new(5, 1)), credits: Budget::new(10), now: Instant::now() }
    }

    fn open(&mut self, receipt: &str) -> Arc<Tether> {
        let tether = Arc::<Tether>::default();
        let opened = Opened {
            receipt: Receipt::new(receipt),
            id: RecordId::new(receipt).ok(),
            attempt: 1,
            lease_until: self.now + LEASE,
            age: None,
            tether: Arc::clone(&tether),
        };
        self.book.open(opened, self.now);
        tether
    }

    fn settle(&mut self, receipt: &str, ending: Ending) {
        let settled = Settled {
            receipt: Receipt::new(receipt),
            ending,
            dossier: Dossier::default(),
            credit: self.credits.try_reserve(1).expect("ten credits are enough for a test"),
        };
        self.book.settle(settled, self.now);
    }

    fn confirm(&mut self, receipt: &str, answer: Result<(), QueueError>) -> Option<Closed> {
        let again_at = self.now + Duration::from_secs(1);
        self.book.confirmed(&Receipt::new(receipt), &answer, again_at, self.now)
    }

    fn due(&mut self) -> Vec<Disposition> {
        self.book.due_settlements(self.now).into_iter().map(|due| due.disposition).collect()
    }
}

fn failed(class: Class) -> Ending {
    Ending::Failed(Failure::new(class, Stage::Downloader, "because"))
}

fn unavailable() -> QueueError {
    QueueError::Unavailable("no answer".into())
}

fn lost() -> QueueError {
    QueueError::LeaseLost("gone".into())
}

#[test]
fn a_delivery_counts_as_in_flight_until_the_queue_confirms() {
    let mut fixture = Fixture::new();
    fixture.open("a");

    fixture.settle("a", Ending::Indexed);
    assert_eq!(fixture.due(), [Disposition::Acknowledge { superseded: false }]);
    assert_eq!(fixture.book.accounts().in_flight, 1);
    assert_eq!(fixture.credits.taken(), 1, "the credit stays until the queue has confirmed");

    let closed = fixture.confirm("a", Ok(())).expect("it was open");
    assert_eq!(closed.outcome, Outcome::Indexed);
    let expected = Accounts { received: 1, indexed: 1, ..Accounts::default() };
    assert_eq!(fixture.book.accounts(), expected);
    assert_eq!(fixture.credits.taken(), 0);
}

#[test]
fn a_second_settlement_of_the_same_delivery_changes_nothing() {
    let mut fixture = Fixture::new();
    fixture.open("a");

    fixture.settle("a", Ending::Indexed);
    fixture.settle("a", failed(Class::NotFound));

    assert_eq!(fixture.due(), [Disposition::Acknowledge { superseded: false }]);
    assert_eq!(fixture.due(), [], "what is being told is not told twice");
}

#[test]
fn a_settlement_the_queue_did_not_take_is_told_again_later() {
    let mut fixture = Fixture::new();
    fixture.open("a");
    fixture.settle("a", Ending::Indexed);
    fixture.due();

    assert_eq!(fixture.confirm("a", Err(unavailable())), None);
    assert_eq!(fixture.due(), []);
    fixture.now += Duration::from_secs(1);

    assert_eq!(fixture.due().len(), 1);
}

#[test]
fn leases_are_extended_before_they_end_also_while_being_settled() {
    let mut fixture = Fixture::new();
    fixture.open("a");
    fixture.open("b");
    fixture.settle("b", Ending::Indexed);
    let hours = Duration::from_hours(11);
    assert_eq!(fixture.book.due_extensions(fixture.now, LEASE / 2, hours), []);

    fixture.now += LEASE / 2 + Duration::from_secs(1);
    let mut due = fixture.book.due_extensions(fixture.now, LEASE / 2, hours);
    due.sort();

    assert_eq!(due, [Receipt::new("a"), Receipt::new("b")]);
    assert_eq!(fixture.book.due_extensions(fixture.now, LEASE / 2, hours), [], "asked once");
}

#[test]
fn a_delivery_past_the_longest_lease_is_not_extended() {
    let mut fixture = Fixture::new();
    fixture.open("a");
    fixture.now += LEASE;

    assert_eq!(fixture.book.due_extensions(fixture.now, LEASE, LEASE), []);
}

#[test]
fn a_lost_lease_cancels_the_work_and_is_counted_once() {
    let mut fixture = Fixture::new();
    let tether = fixture.open("a");

    let closed = fixture.book.extended(&Receipt::new("a"), &Err(lost()), fixture.now);

    assert_eq!(closed.map(|c| c.outcome), Some(Outcome::Lost));
    assert!(tether.is_cancelled());
    fixture.settle("a", Ending::Indexed);
    assert_eq!(fixture.due(), []);
    assert!(fixture.book.accounts().balance());
}

#[test]
fn an_extension_that_the_settlement_overtook_loses_nothing() {
    let mut fixture = Fixture::new();
    fixture.open("a");
    fixture.settle("a", Ending::Indexed);
    fixture.due();

    let closed = fixture.book.extended(&Receipt::new("a"), &Err(lost()), fixture.now);

    assert_eq!(closed, None);
    assert_eq!(fixture.confirm("a", Ok(())).map(|c| c.outcome), Some(Outcome::Indexed));
}

#[test]
fn an_unextended_lease_expires() {
    let mut fixture = Fixture::new();
    let tether = fixture.open("a");

    assert_eq!(fixture.book.expire(fixture.now), []);
    fixture.now += LEASE;

    assert_eq!(fixture.book.expire(fixture.now).len(), 1);
    assert!(tether.is_cancelled());
}

#[test]
fn a_stale_receipt_at_settlement_counts_as_lost() {
    let mut fixture = Fixture::new();
    fixture.open("a");
    fixture.settle("a", Ending::Indexed);
    fixture.due();

    let closed = fixture.confirm("a", Err(lost())).expect("it was open");

    assert_eq!(closed.outcome, Outcome::Lost);
}

#[test]
fn the_next_generation_abandons_what_was_open_and_tells_again_what_was_told() {
    let mut fixture = Fixture::new();
    let tether = fixture.open("open");
    fixture.open("told");
    fixture.settle("told", Ending::Indexed);
    fixture.due();

    fixture.book.adopt(fixture.now);
    let mut due = fixture.due();
    due.sort_by_key(|disposition| matches!(disposition, Disposition::Release { .. }));

    assert!(matches!(due[0], Disposition::Acknowledge { .. }));
    assert!(matches!(&due[1], Disposition::Release { failure: Some(f), .. }
        if f.class == Class::Abandoned));
    assert!(tether.is_cancelled());
}

#[test]
fn what_the_next_generation_parks_still_says_what_it_is() {
    let mut fixture = Fixture::new();
    fixture.book = Book::new(Policy::new(1, 1));
    fixture.open("a");

    fixture.book.adopt(fixture.now);

    let due = fixture.book.due_settlements(fixture.now);
    assert!(matches!(due[0].disposition, Disposition::Park(_)));
    assert_eq!(due[0].dossier.id, RecordId::new("a").ok());
}

#[test]
fn at_the_drain_deadline_everything_open_is_given_back_at_once() {
    let mut fixture = Fixture::new();
    fixture.open("a");
    fixture.open("b");
    fixture.settle("b", Ending::Indexed);

    assert_eq!(fixture.book.release_open(fixture.now), 1);

    let mut due = fixture.due();
    due.sort_by_key(|disposition| matches!(disposition, Disposition::Release { .. }));
    assert_eq!(due[0], Disposition::Acknowledge { superseded: false });
    assert_eq!(due[1], Disposition::Release { after: Duration::ZERO, failure: None });
}

#[test]
fn stages_are_counted_for_the_status() {
    let mut fixture = Fixture::new();
    fixture.open("a");
    fixture.open("b");
    fixture.settle("b", failed(Class::NotFound));

    let stages = fixture.book.at_stages();

    assert_eq!((stages[&Stage::Source], stages[&Stage::Ledger]), (1, 1));
}

#[test]
fn a_duplicate_stands_where_the_one_is_that_it_has_joined() {
    let mut fixture = Fixture::new();
    let (first, duplicate) = (fixture.open("first"), fixture.open("duplicate"));
    duplicate.reach(Stage::Retriever);
    duplicate.follow(&first);
    first.reach(Stage::Pool);

    assert_eq!(fixture.book.at_stages(), HashMap::from([(Stage::Pool, 2)]));
    let lost = fixture.book.extended(&Receipt::new("duplicate"), &Err(lost()), fixture.now);
    assert_eq!(lost.map(|closed| closed.stage), Some(Stage::Pool));
    fixture.book.adopt(fixture.now);
    assert!(matches!(&fixture.due()[..], [Disposition::Release { failure: Some(f), .. }]
        if f.stage == Stage::Pool));
}

#[test]
fn when_time_is_up_what_the_queue_refused_to_settle_is_given_back_and_the_rest_is_told_first() {
    let mut fixture = Fixture::new();
    for receipt in ["refused", "told", "open"] {
        fixture.open(receipt);
    }
    fixture.settle("refused", failed(Class::NotFound));
    assert!(matches!(fixture.due()[..], [Disposition::Park(_)]));
    assert_eq!(fixture.confirm("refused", Err(unavailable())), None);
    fixture.settle("told", Ending::Indexed);

    assert_eq!(fixture.book.release_open(fixture.now), 2);

    // In the order of their receipts: open, refused, told.
    let at_once = Disposition::at_once(None);
    let acknowledged = Disposition::Acknowledge { superseded: false };
    assert_eq!(fixture.due(), [at_once.clone(), at_once.clone(), acknowledged]);
    assert_eq!(fixture.confirm("told", Err(unavailable())), None);
    assert_eq!(fixture.due(), [at_once], "there is no time to try for long");
}

#[test]
fn it_knows_when_the_queue_shows_the_last_of_what_was_given_back() {
    let mut fixture = Fixture::new();
    fixture.open("a");
    fixture.open("b");
    assert_eq!(fixture.book.back_by(), None);

    fixture.settle("a", failed(Class::HttpUnavailable));
    let [Disposition::Release { after, .. }] = fixture.due()[..] else { panic!("it is retried") };
    assert_eq!(fixture.book.back_by(), None, "the queue has not confirmed yet");
    fixture.confirm("a", Ok(()));
    assert!(after > Duration::ZERO);
    assert_eq!(fixture.book.back_by(), Some(fixture.now + after));

    fixture.settle("b", Ending::NotBegun);
    fixture.due();
    fixture.confirm("b", Ok(()));
    assert_eq!(fixture.book.back_by(), Some(fixture.now + after), "another one still waits");
}
