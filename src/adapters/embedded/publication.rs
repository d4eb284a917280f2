//! Replaces the two NDJSON files, each by a draft that is written, synced and renamed over it, so
//! that no reader ever sees half a line, nor half a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::failure::EmbeddedError;
use super::journal::Span;
use crate::draft::{self, Draft};

/// The documents, one a line, in the order of their pictures' paths.
pub const AUGMENTED: &str = "augmented.ndjson";
/// The parked records, one a line, in the order of their pictures' paths.
pub const PARKED: &str = "parked.ndjson";

/// A line to publish and the file that holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub file: &'a File,
    pub span: Span,
}

/// Publishes both files. `untouched` is the `augmented.ndjson` of an earlier run if no document was
/// written since: should it hold just the wanted lines, it stays as it is.
///
/// Both drafts are whole on the disk before the first file is replaced.
///
/// # Errors
/// [`EmbeddedError::Out`]; the files are then those of before, or one of them is.
pub(super) fn publish<'a>(
    out: &Path,
    untouched: Option<&File>,
    documents: impl Iterator<Item = Line<'a>> + Clone,
    parked: impl Iterator<Item = Line<'a>>,
) -> Result<(), EmbeddedError> {
    let stays = untouched.is_some_and(|file| tile(file, documents.clone()));
    let documents = if stays { None } else { Some(write(out, AUGMENTED, documents)?) };
    let parked = write(out, PARKED, parked)?;
    documents.map_or(Ok(()), replace)?;
    replace(parked)?;
    sync_folder(out)
}

/// Whether `lines` follow each other in `file` from its first byte to its last.
fn tile<'a>(file: &File, lines: impl Iterator<Item = Line<'a>>) -> bool {
    let end = lines.into_iter().try_fold(0, |end, Line { span, .. }| {
        (span.offset == end).then_some(end + u64::from(span.length) + 1)
    });
    end.zip(file.metadata().ok()).is_some_and(|(end, metadata)| metadata.len() == end)
}

/// Makes the names in `folder` durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), EmbeddedError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|cause| EmbeddedError::out("sync", folder, &cause))
}

/// Removes what a run that was killed while it published left behind.
pub(super) fn remove_drafts(out: &Path) -> Result<(), EmbeddedError> {
    [AUGMENTED, PARKED].into_iter().try_for_each(|name| {
        let path = draft::beside(&out.join(name));
        draft::remove(&path).map_err(|cause| EmbeddedError::out("remove", &path, &cause))
    })
}

fn write<'a>(
    out: &Path,
    name: &str,
    lines: impl Iterator<Item = Line<'a>>,
) -> Result<Draft, EmbeddedError> {
    let target = out.join(name);
    let written = Draft::write(&target, |file| copy(file, lines));
    written.map_err(|cause| EmbeddedError::out("write", &draft::beside(&target), &cause))
}

fn replace(draft: Draft) -> Result<(), EmbeddedError> {
    let target = draft.target().to_owned();
    draft.replace().map_err(|cause| EmbeddedError::out("replace", &target, &cause))
}

/// Copies `lines` into `file`.
fn copy<'a>(file: &File, lines: impl Iterator<Item = Line<'a>>) -> io::Result<()> {
    let mut writer = BufWriter::with_capacity(1 << 18, file);
    let mut text = Vec::new();
    for line in lines {
        line.span.read(line.file, &mut text)?;
        text.push(b'\n');
        writer.write_all(&text)?;
    }
    writer.flush()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn file(content: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        file
    }

    fn span(offset: u64, length: u32) -> Span {
        Span { offset, length }
    }

    #[test]
    fn both_files_hold_their_lines_in_order_and_no_draft_is_left() {
        let out = tempfile::tempdir().unwrap();
        let source = file(b"onetwothree");
        let line = |offset, length| Line { file: &source, span: span(offset, length) };

        publish(out.path(), None, [line(3, 3), line(0, 3)].into_iter(), [line(6, 5)].into_iter())
            .unwrap();

        assert_eq!(fs::read(out.path().join(AUGMENTED)).unwrap(), b"two\none\n");
        assert_eq!(fs::read(out.path().join(PARKED)).unwrap(), b"three\n");
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_line_that_cannot_be_read_leaves_both_files_as_they_were() {
        let out = tempfile::tempdir().unwrap();
        let source = file(b"one");
        let line = |offset, length| Line { file: &source, span: span(offset, length) };
        publish(out.path(), None, [line(0, 1)].into_iter(), [line(1, 1)].into_iter()).unwrap();

        let refusal = publish(out.path(), None, [line(0, 3)].into_iter(), [line(1, 9)].into_iter());

        assert!(matches!(refusal, Err(EmbeddedError::Out { action: "write", .. })));
        assert_eq!(fs::read(out.path().join(AUGMENTED)).unwrap(), b"o\n");
        assert_eq!(fs::read(out.path().join(PARKED)).unwrap(), b"n\n");
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 2);
    }

    #[test]
    fn only_lines_that_follow_each_other_through_the_whole_file_tile_it() {
        let lines = |spans: &'static [(u64, u32)], file| {
            spans.iter().map(move |(offset, length)| Line { file, span: span(*offset, *length) })
        };
        let source = file(b"one\nfour\n");

        assert!(tile(&source, lines(&[(0, 3), (4, 4)], &source)));
        for other in [&[][..], &[(0, 3)], &[(4, 4)], &[(4, 4), (0, 3)], &[(0, 3), (4, 3)]] {
            assert!(!tile(&source, lines(other, &source)), "{other:?}");
        }
        let empty = file(b"");
        assert!(tile(&empty, lines(&[], &empty)));
        let unfinished = file(b"one");
        assert!(!tile(&unfinished, lines(&[(0, 3)], &unfinished)));
    }
}
