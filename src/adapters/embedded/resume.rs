//! Reads what earlier runs left in `--out`: which documents are there, and which of them still hold.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use actors::inference::InferrerSpec;
use serde::Deserialize;

use super::journal::{LONGEST_LINE, Span};
use super::pictures::Pictures;
use crate::wire::model_stamp::Stamp;

/// For each field of `inferredData` the model that makes it in this run.
pub(super) type Models<'a> = BTreeMap<String, Stamp<'a>>;

/// The models that serve the fields of these inferrers.
pub(super) fn models_of<'a>(specs: impl IntoIterator<Item = &'a InferrerSpec>) -> Models<'a> {
    let fields = |spec: &'a InferrerSpec| {
        spec.fields.iter().map(|field| (field.name.to_string(), Stamp::from(&spec.model)))
    };
    specs.into_iter().flat_map(fields).collect()
}

/// What a document of an earlier run is worth in this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// The picture and its models are unchanged: there is nothing to do.
    Fresh,
    /// The picture is there, but it or a model changed.
    Stale,
}

/// The part of a document that tells; the vectors are skipped unread.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Earlier<'a> {
    #[serde(borrow)]
    modified_time: Cow<'a, str>,
    #[serde(borrow)]
    state: State<'a>,
    #[serde(borrow)]
    locations: Vec<Location<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State<'a> {
    #[serde(borrow)]
    canonical_id: Cow<'a, str>,
    #[serde(borrow)]
    inference_models: Models<'a>,
}

#[derive(Deserialize)]
struct Location<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
}

/// The picture of this folder that `line` is a document of, by number, and what it is worth. `None`
/// for what is no document, or one of a picture that is gone or in another folder.
pub(super) fn judge(line: &[u8], pictures: &Pictures, models: &Models<'_>) -> Option<(u32, Worth)> {
    let earlier: Earlier<'_> = serde_json::from_slice(line).ok()?;
    let number = pictures.number(&earlier.state.canonical_id)?;
    let [location] = earlier.locations.as_slice() else { return None };
    if location.url != pictures.url(number) {
        return None;
    }
    let unchanged = earlier.modified_time == pictures.get(number).modified.to_string()
        && earlier.state.inference_models == *models;
    Some((number, if unchanged { Worth::Fresh } else { Worth::Stale }))
}

/// The picture that `line` is a parked record of, by number.
pub(super) fn parked_picture(line: &[u8], pictures: &Pictures) -> Option<u32> {
    #[derive(Deserialize)]
    struct Parked<'a> {
        #[serde(borrow)]
        id: Cow<'a, str>,
    }
    let parked: Parked<'_> = serde_json::from_slice(line).ok()?;
    pictures.number(&parked.id)
}

/// Shows each line of `file` to `visit`, with its place. A line longer than any document is left out
/// without ever being held in memory; so is the line break.
pub(super) fn each_line(file: &File, mut visit: impl FnMut(Span, &[u8])) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut offset = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let taken = reader.by_ref().take(LONGEST_LINE as u64 + 1).read_until(b'\n', &mut line)?;
        if taken == 0 {
            return Ok(());
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        if line.len() > LONGEST_LINE {
            offset += taken as u64 + reader.skip_until(b'\n')? as u64;
            continue;
        }
        visit(Span::of(&line, offset), &line);
        offset += taken as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::scan::{root, scan};
    use super::*;

    fn pictures() -> (tempfile::TempDir, Pictures) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.png"), "x").unwrap();
        fs::write(folder.path().join("b.png"), "x").unwrap();
        let pictures = scan(root(folder.path()).unwrap(), folder.path()).unwrap().pictures;
        (folder, pictures)
    }

    fn stamp(version: &str) -> Stamp<'_> {
        Stamp { name: "m".into(), version: version.into(), sha256: "00".into() }
    }

    fn models() -> Models<'static> {
        [("features".to_owned(), stamp("1")), ("ratio".to_owned(), stamp("2"))].into()
    }

    fn document(pictures: &Pictures, number: u32) -> Value {
        let mut document = pictures.document(number);
        document["state"]["inferredData"] = json!({"features": [0.5, 0.5], "ratio": 1.0});
        document["state"]["augmentedTime"] = json!("2025-04-01T10:00:00.000Z");
        document["state"]["inferenceModels"] = json!(models());
        document
    }

    #[test]
    fn a_document_is_fresh_until_its_picture_or_one_of_its_models_changes() {
        let (_folder, pictures) = pictures();
        let judged =
            |document: &Value| judge(document.to_string().as_bytes(), &pictures, &models());
        let with = |pointer: &str, value: Value| {
            let mut changed = document(&pictures, 1);
            *changed.pointer_mut(pointer).expect(pointer) = value;
            judged(&changed)
        };

        assert_eq!(judged(&document(&pictures, 0)), Some((0, Worth::Fresh)));
        assert_eq!(judged(&document(&pictures, 1)), Some((1, Worth::Fresh)));
        let stale = Some((1, Worth::Stale));
        assert_eq!(with("/modifiedTime", json!("2025-04-01T10:00:00Z")), stale);
        assert_eq!(with("/state/inferenceModels/ratio/name", json!("n")), stale);
        assert_eq!(with("/state/inferenceModels/ratio/version", json!("3")), stale);
        assert_eq!(with("/state/inferenceModels/ratio/sha256", json!("01")), stale);
        assert_eq!(with("/state/inferenceModels", json!({"features": stamp("1")})), stale);
    }

    #[test]
    fn a_document_of_another_folder_or_of_a_picture_that_is_gone_is_none_of_ours() {
        let (_folder, ours) = pictures();
        let (_elsewhere, theirs) = pictures();
        let gone = crate::wire::local_document::LocalId::of_picture(Path::new("gone.png"));
        let mut unknown = document(&ours, 0);
        unknown["state"]["canonicalId"] = json!(gone.as_str());

        for document in [document(&theirs, 0), unknown, json!({}), json!(null)] {
            let line = document.to_string();
            assert_eq!(judge(line.as_bytes(), &ours, &models()), None, "{line}");
        }
    }

    #[test]
    fn a_half_written_line_is_no_document() {
        let (_folder, pictures) = pictures();
        let line = document(&pictures, 0).to_string();

        for length in 0..line.len() {
            assert_eq!(judge(&line.as_bytes()[..length], &pictures, &models()), None, "{length}");
        }
        assert_eq!(judge(format!("{line}{line}").as_bytes(), &pictures, &models()), None);
    }

    fn lines_of(content: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, content).unwrap();
        io::Seek::rewind(&mut file).unwrap();
        let mut lines = Vec::new();
        each_line(&file, |span, line| {
            assert_eq!(span.length as usize, line.len());
            lines.push((span.offset, line.to_owned()));
        })
        .unwrap();
        lines
    }

    #[test]
    fn a_line_longer_than_any_document_is_left_out_and_its_neighbours_are_read() {
        let long = vec![b'x'; LONGEST_LINE + 10];
        let longest = vec![b'y'; LONGEST_LINE];

        let lines = lines_of(&[b"a\n", &long[..], b"\nb\n", &longest, b"\nc"].concat());

        let b = 2 + long.len() as u64 + 1;
        let c = b + 2 + longest.len() as u64 + 1;
        let expected =
            [(0, b"a".to_vec()), (b, b"b".to_vec()), (b + 2, longest), (c, b"c".to_vec())];
        assert!(lines == expected);
    }

    proptest! {
        #[test]
        fn any_file_is_read_into_the_lines_between_its_line_breaks(
            content in prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..300),
        ) {
            let lines = lines_of(&content);

            for (offset, line) in &lines {
                let offset = usize::try_from(*offset).unwrap();
                prop_assert_eq!(&content[offset..offset + line.len()], line);
            }
            let mut expected: Vec<_> = content.split(|c| *c == b'\n').map(<[u8]>::to_vec).collect();
            if expected.last().is_some_and(Vec::is_empty) {
                expected.pop();
            }
            prop_assert_eq!(lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>(), expected);
        }

    }

    #[test]
    fn no_line_makes_the_judge_panic() {
        let (_folder, pictures) = pictures();
        let line = document(&pictures, 0).to_string();
        let cut = (0..line.len(), 0..line.len(), prop::collection::vec(any::<u8>(), 0..4));
        proptest!(|((from, to, noise) in cut)| {
            let broken = [&line.as_bytes()[..from], &noise, &line.as_bytes()[to..]].concat();
            if let Some((number, _)) = judge(&broken, &pictures, &models()) {
                prop_assert_eq!(number, 0); // the noise may fall where it says nothing
            }
            prop_assert_eq!(parked_picture(&broken, &pictures), None);
        });
    }
}
