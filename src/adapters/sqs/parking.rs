//! How a message is made ready for the dead-letter queue: unchanged, with its record as one more
//! attribute, within what SQS takes.

use actors::ports::Parked;

use super::letter::{self, Letter, PARKED};
use crate::wire::parked_record::{self, Place};

/// The most attributes of a message; the record is one of them.
const MOST_ATTRIBUTES: usize = 10;

/// The attribute without which the extended client cannot read a body that lies in S3: dropped last.
const PAYLOAD_SIZE: &str = "ExtendedPayloadSize";

/// How long a cause may be where space is short: long enough for a sentence.
const SHORT_CAUSE: usize = 200;

/// What is given up to make room, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thrift {
    None,
    ShortCause,
    NoAttributes,
}

/// `original` with the record of `parked`, in at most `longest` bytes. The body stays byte for byte. Its
/// own attributes stay, too: one is dropped, and named in the record, where there would be eleven, all of
/// them where they leave no room. A record of an earlier parking is replaced. A body that leaves no room
/// even so travels alone; what became of it stands in the log.
pub fn letter(original: &Letter, parked: &Parked, longest: usize) -> Letter {
    let thrifts = [Thrift::None, Thrift::ShortCause, Thrift::NoAttributes];
    let fitting = thrifts
        .into_iter()
        .filter_map(|thrift| with_record(original, parked, thrift))
        .find(|letter| letter.size() <= longest);
    fitting.unwrap_or_else(|| {
        let (class, bytes) = (parked.failure.class.as_str(), original.body.len());
        tracing::warn!(class, bytes, "a message is parked without its record: no room for it");
        Letter { attributes: [].into(), ..original.clone() }
    })
}

fn with_record(original: &Letter, parked: &Parked, thrift: Thrift) -> Option<Letter> {
    let mut letter = original.clone().unparked();
    let mut names: Vec<String> = letter.attributes.keys().cloned().collect();
    names.sort_by_key(|name| name != PAYLOAD_SIZE); // stable: the others stay in order
    let keep = if thrift == Thrift::NoAttributes { 0 } else { MOST_ATTRIBUTES - 1 };
    let dropped = names.split_off(keep.min(names.len()));
    letter.attributes.retain(|name, _| !dropped.contains(name));
    let mut parked = parked.clone();
    if thrift != Thrift::None {
        shorten(&mut parked.failure.cause);
    }
    let record = parked_record::render_instead_of(&parked, place(&parked), &dropped).ok()?;
    let record = escaped(std::str::from_utf8(&record).ok()?);
    letter.attributes.insert(PARKED.to_owned(), letter::text(record).ok()?);
    Some(letter)
}

fn place(parked: &Parked) -> Place<'_> {
    match parked.location.as_deref() {
        None => Place::Unknown,
        Some(url) if url.contains("://") => Place::Url(url),
        Some(path) => Place::Path(path),
    }
}

fn shorten(cause: &mut String) {
    if cause.len() > SHORT_CAUSE {
        cause.truncate(cause.floor_char_boundary(SHORT_CAUSE));
        cause.push('…');
    }
}

/// SQS takes no U+FFFE and U+FFFF. In JSON they can stand only in a text, where they may be escaped.
fn escaped(json: &str) -> String {
    json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use actors::failure::{Class, Failure, Stage};
    use actors::ports::Receipt;
    use actors::record::RecordId;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn parked(cause: &str) -> Parked {
        Parked {
            receipt: Receipt::new("m/1"),
            id: RecordId::new("swms7qdx").ok(),
            location: Some("https://iiif.example.org/a".into()),
            bytes: Some(12),
            sha256: None,
            failure: Failure::new(Class::CorruptImage, Stage::Downloader, cause),
            models: [].into(),
            at: SystemTime::UNIX_EPOCH,
        }
    }

    fn original(body: usize, attributes: &[&str]) -> Letter {
        let value = || letter::text("v".repeat(100)).unwrap();
        let attributes = attributes.iter().map(|name| ((*name).to_owned(), value())).collect();
        Letter { body: "b".repeat(body), attributes, trace: Some("Root=1".into()) }
    }

    fn record(letter: &Letter) -> Value {
        serde_json::from_str(letter.parked().unwrap()).unwrap()
    }

    const NAMES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

    #[test]
    fn a_parked_message_keeps_body_attributes_and_trace_and_gains_its_record() {
        let original = original(9, &["traceparent", "x"]);

        let letter = letter(&original, &parked("it ends early"), 1 << 20);

        assert_eq!(record(&letter)["class"], "corrupt_image");
        assert_eq!(record(&letter)["url"], "https://iiif.example.org/a");
        assert_eq!(record(&letter).get("droppedAttributes"), None);
        assert_eq!(letter.unparked(), original);
    }

    #[test]
    fn nine_attributes_stay_and_of_ten_one_goes_and_is_named() {
        let nine = letter(&original(9, &NAMES[..9]), &parked("c"), 1 << 20);
        assert_eq!((nine.attributes.len(), record(&nine).get("droppedAttributes")), (10, None));

        let ten = letter(&original(9, &NAMES), &parked("c"), 1 << 20);
        assert_eq!(ten.attributes.len(), 10);
        assert_eq!(record(&ten)["droppedAttributes"], json!(["j"]));

        let mut names = NAMES;
        names[9] = PAYLOAD_SIZE;
        let pointer = letter(&original(9, &names), &parked("c"), 1 << 20);
        assert!(pointer.attributes.contains_key(PAYLOAD_SIZE));
        assert_eq!(record(&pointer)["droppedAttributes"], json!(["i"]));
    }

    #[test]
    fn an_older_record_is_replaced_and_counts_for_nothing() {
        let mut names = NAMES;
        names[9] = PARKED;
        let letter = letter(&original(9, &names), &parked("c"), 1 << 20);
        assert_eq!(record(&letter)["cause"], "c");
        assert_eq!((letter.attributes.len(), record(&letter).get("droppedAttributes")), (10, None));
    }

    #[test]
    fn where_room_is_short_first_the_cause_goes_then_the_attributes_then_the_record() {
        let cause = "ü".repeat(1000);
        let fit = |longest| letter(&original(1000, &["a"]), &parked(&cause), longest);

        assert_eq!(record(&fit(4000))["cause"], cause);
        let shortened = fit(2000);
        assert!(record(&shortened)["cause"].as_str().unwrap().ends_with('…'));
        assert!(shortened.attributes.contains_key("a"));
        let alone = fit(1450);
        assert_eq!(record(&alone)["droppedAttributes"], json!(["a"]));
        assert_eq!(fit(1000), Letter { attributes: [].into(), ..original(1000, &[]) });
    }

    #[test]
    fn characters_that_sqs_refuses_are_escaped_and_come_back() {
        let letter = letter(&original(1, &[]), &parked("a\u{fffe}b\u{ffff}c\u{1}"), 1 << 20);
        let text = letter.parked().unwrap();
        assert!(!text.contains(['\u{fffe}', '\u{ffff}', '\u{1}']), "{text:?}");
        assert_eq!(record(&letter)["cause"], "a\u{fffe}b\u{ffff}c\u{1}");
    }

    proptest! {
        #[test]
        fn whatever_is_parked_is_what_sqs_takes(
            body in 0..3000usize,
            names in proptest::collection::btree_set("[a-z]{1,8}", 0..=10),
            cause in ".{0,600}",
        ) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let original = original(body, &names);
            let letter = letter(&original, &parked(&cause), 3000);
            prop_assert!(letter.size() <= 3000);
            prop_assert!(letter.attributes.len() <= 10);
            prop_assert_eq!(letter.body, original.body);
        }
    }
}
