//! What a journal keeps, whatever happens to its file.

use std::fs;

use proptest::prelude::*;

use super::super::tests::memory_folder;
use super::*;

type Records = Vec<(Kind, Vec<u8>)>;

/// Opens a journal of these bytes: what it holds and how many bytes were cut off.
fn open(path: &Path) -> (Journal, Records, u64) {
    let mut records = Vec::new();
    let mut spans = Vec::new();
    let (journal, dropped) = Journal::open(path, |kind, span, line| {
        records.push((kind, line.to_owned()));
        spans.push(span);
    })
    .unwrap();
    let mut line = Vec::new();
    for (span, (_, expected)) in spans.iter().zip(&records) {
        span.read(journal.file(), &mut line).unwrap();
        assert_eq!(&line, expected);
    }
    (journal, records, dropped)
}

fn borrowed(records: &Records) -> impl Iterator<Item = (Kind, &[u8])> {
    records.iter().map(|(kind, line)| (*kind, line.as_slice()))
}

fn records() -> Records {
    vec![
        (Kind::Document, b"{\"a\":1}".to_vec()),
        (Kind::Parked, vec![b'p'; 300]),
        (Kind::Document, vec![b'd'; 700]),
    ]
}

/// A journal with `records`, and its bytes.
fn written(path: &Path, records: &Records) -> Vec<u8> {
    let (mut journal, ..) = open(path);
    let spans = journal.append(borrowed(records)).unwrap();
    let mut line = Vec::new();
    for (span, (_, expected)) in spans.iter().zip(records) {
        span.read(journal.file(), &mut line).unwrap();
        assert_eq!(&line, expected, "a span leads to its line");
    }
    fs::read(path).unwrap()
}

#[test]
fn what_was_appended_is_replayed_in_order_after_any_number_of_openings() {
    let folder = memory_folder();
    let path = folder.path().join("journal");

    written(&path, &records());
    written(&path, &records());

    let (journal, replayed, dropped) = open(&path);
    assert_eq!((replayed, dropped), ([records(), records()].concat(), 0));
    assert!(!journal.is_empty());
}

#[test]
fn a_tail_torn_at_any_byte_of_the_last_two_records_costs_only_the_records_it_tears() {
    let folder = memory_folder();
    let path = folder.path().join("journal");
    let records = records();
    let whole = written(&path, &records);
    let ends: Vec<usize> = records
        .iter()
        .scan(MAGIC.len(), |end, (_, line)| {
            *end += HEADER + 1 + line.len();
            Some(*end)
        })
        .collect();
    assert_eq!(*ends.last().unwrap(), whole.len());

    for length in ends[0]..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let kept = ends.iter().filter(|end| **end <= length).count();

        let (mut journal, replayed, dropped) = open(&path);
        assert_eq!(replayed, records[..kept], "cut to {length} bytes");
        assert_eq!(dropped, (length - ends[kept - 1]) as u64, "cut to {length} bytes");
        journal.append(borrowed(&records)).unwrap();
        drop(journal);
        let (_, replayed, dropped) = open(&path);
        assert_eq!(replayed, [&records[..kept], &records].concat(), "cut to {length} bytes");
        assert_eq!(dropped, 0);
    }
}

#[test]
fn a_journal_torn_while_it_was_created_is_empty() {
    let folder = memory_folder();
    let path = folder.path().join("journal");

    for length in 0..=MAGIC.len() {
        fs::write(&path, &MAGIC[..length]).unwrap();
        let (journal, replayed, _) = open(&path);
        assert!(journal.is_empty() && replayed.is_empty());
        assert_eq!(fs::read(&path).unwrap(), MAGIC);
    }
}

#[test]
fn a_flipped_bit_or_a_tail_of_zeros_is_never_taken_for_a_record() {
    let folder = memory_folder();
    let path = folder.path().join("journal");
    let records = records();
    let whole = written(&path, &records);
    let second = MAGIC.len() + HEADER + 1 + records[0].1.len();

    for at in second..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&path, &flipped).unwrap();
        let (_, replayed, _) = open(&path);
        assert!(replayed.len() < 3 && records.starts_with(&replayed), "byte {at}");
    }
    fs::write(&path, [whole.as_slice(), &[0; 4096]].concat()).unwrap();
    let (_, replayed, dropped) = open(&path);
    assert_eq!((replayed, dropped), (records, 4096));
}

#[test]
fn a_file_that_is_no_journal_is_refused_and_left_as_it_is() {
    let folder = memory_folder();
    let path = folder.path().join("journal");

    for foreign in [&b"x"[..], b"IMJRNL\x02\nrecords of a later version"] {
        fs::write(&path, foreign).unwrap();
        let refusal = Journal::open(&path, |_, _, _| ()).unwrap_err();
        assert_eq!(refusal, EmbeddedError::ForeignJournal { path: path.clone() });
        assert_eq!(fs::read(&path).unwrap(), foreign);
    }
}

#[test]
fn a_batch_larger_than_a_piece_is_replayed_whole() {
    let folder = memory_folder();
    let path = folder.path().join("journal");
    let many: Records =
        (0..40_u8).map(|i| (Kind::Document, vec![b'a' + i % 26; 100_000])).collect();

    written(&path, &many);

    assert_eq!(open(&path).1, many);
}

#[test]
fn a_disk_that_takes_nothing_is_an_error_that_leaves_the_records_before_it() {
    let file = File::options().write(true).open("/dev/full").unwrap();
    let mut journal = Journal { file, end: MAGIC.len() as u64 };

    let refusal = journal.append(borrowed(&records())).unwrap_err();

    assert_eq!(refusal.kind(), io::ErrorKind::StorageFull);
    assert!(journal.is_empty());
}

proptest! {
    #[test]
    fn any_bytes_behind_the_magic_are_replayed_without_panic_and_what_is_kept_stays(
        tail in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let folder = memory_folder();
        let path = folder.path().join("journal");
        fs::write(&path, [&MAGIC[..], &tail].concat()).unwrap();

        let (journal, kept, _) = open(&path);
        drop(journal);

        prop_assert_eq!((kept, 0), (open(&path).1, open(&path).2));
    }
}
