//! A killed run's journal, damaged in every way, and the run after it.

use std::fs;
use std::ops::Range;

use rand::Rng;
use rand::rngs::SmallRng;

use super::campaign::{kills, seeded};
use super::kill_points::{Moment, Order};
use super::place::{Place, copy};
use super::results::Results;

/// The journal's first bytes, which tell its version.
const MAGIC: usize = 8;
/// What stands before a record's payload: its length, then its checksum.
const HEADER: usize = 8;

/// A killed run, its journal and what an undisturbed run would have left.
struct Killed {
    place: Place,
    undisturbed: Results,
    /// The journal's bytes; nothing else was written.
    journal: Vec<u8>,
}

/// To be killed when so many documents were indexed, or a few more.
fn killed_after(documents: usize) -> Order {
    let (stage, moment) = ("acknowledge".to_owned(), Moment::Before);
    Order { stage, moment, documents, thousandths: 0 }
}

impl Killed {
    /// A run killed when four of its twelve pictures were done, or a few more.
    fn run() -> Self {
        let place = Place::with_pictures(12);
        let undisturbed = place.finish();
        place.wipe();
        assert!(place.run_into(&killed_after(4)), "{}", place.said());
        let journal = fs::read(place.out.join(".journal")).expect("it was killed");
        copy(&place.out, &place.beside("killed"));
        Self { place, undisturbed, journal }
    }

    /// Runs over this journal and answers what the program said.
    fn goes_on_from(&self, journal: &[u8], what: &str) -> String {
        self.place.restore(&self.place.beside("killed"));
        fs::write(self.place.out.join(".journal"), journal).expect("there is room");
        assert_eq!(self.place.finish().differences(&self.undisturbed), [""; 0], "{what}");
        self.place.said()
    }

    /// Some bytes of the journal's last two records.
    fn some(&self, rng: &mut SmallRng, count: usize) -> Vec<usize> {
        let records = records(&self.journal);
        assert!(records.len() >= 4, "four pictures were done");
        let tail = records[records.len() - 2].start;
        (0..count).map(|_| rng.random_range(tail..self.journal.len())).collect()
    }
}

/// Where each whole record of the journal stands.
fn records(journal: &[u8]) -> Vec<Range<usize>> {
    let mut records = Vec::new();
    let mut at = MAGIC;
    while let Some(length) = journal[at..].first_chunk() {
        let end = at + HEADER + u32::from_le_bytes(*length) as usize;
        if end > journal.len() {
            break;
        }
        records.push(at..end);
        at = end;
    }
    records
}

/// How many of the journal's whole records are documents.
fn documents(journal: &[u8]) -> usize {
    records(journal).into_iter().filter(|record| journal[record.start + HEADER] == b'D').count()
}

/// Cuts, flipped bits and garbage; 25 cuts for every ten kills that were asked for.
pub fn run() {
    let (mut rng, seed) = seeded();
    println!("campaign: {seed}");
    let killed = Killed::run();
    for cut in killed.some(&mut rng, kills() * 5 / 2) {
        let torn = &killed.journal[..cut];
        killed.goes_on_from(torn, &format!("cut to {cut} bytes, {seed}"));
        assert_eq!(killed.place.found_done(), Some(documents(torn)), "cut to {cut} bytes, {seed}");
    }
    for at in killed.some(&mut rng, kills()) {
        let mut flipped = killed.journal.clone();
        flipped[at] ^= 1 << rng.random_range(0..8);
        let said = killed.goes_on_from(&flipped, &format!("byte {at} flipped, {seed}"));
        assert!(said.contains("was interrupted here before"), "byte {at}: {said}");
    }
    for garbage in [vec![0; 5000], (0..5000).map(|_| rng.random()).collect()] {
        let journal = [killed.journal.as_slice(), &garbage].concat();
        let said = killed.goes_on_from(&journal, &format!("garbage appended, {seed}"));
        assert!(said.contains("its work is kept, 5000 bytes dropped"), "{said}");
    }
    a_second_kill_costs_nothing_either(&killed);
    a_journal_that_is_none_is_refused(&killed);
}

/// What is appended behind a torn tail must be found, too.
fn a_second_kill_costs_nothing_either(Killed { place, journal, .. }: &Killed) {
    place.restore(&place.beside("killed"));
    fs::write(place.out.join(".journal"), &journal[..journal.len() - 5]).expect("there is room");
    assert!(place.run_into(&killed_after(1)), "{}", place.said());
    let found = place.found_done();
    place.run(0);
    assert!(place.found_done() > found, "{found:?}, then {}", place.said());
}

fn a_journal_that_is_none_is_refused(killed: &Killed) {
    let Killed { place, journal, .. } = killed;
    place.restore(&place.beside("killed"));
    let mut foreign = journal.clone();
    foreign[MAGIC - 2] += 1;
    fs::write(place.out.join(".journal"), &foreign).expect("there is room");

    let said = place.run(69);

    assert!(said.contains(".journal was not written by this version"), "{said}");
    assert!(said.contains("or remove the file"), "{said}");
    assert_eq!(fs::read(place.out.join(".journal")).expect("it is left"), foreign);
}
