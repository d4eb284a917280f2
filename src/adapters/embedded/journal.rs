//! The journal: what a run has done so far, safe from a kill at any moment.
//!
//! ```text
//! file   = "IMJRNL" version newline, then records
//! record = length u32 | crc32 u32 of length and payload | payload = kind u8, one line of JSON
//! ```
//! Integers are little-endian. A record is either whole or, its checksum tells, not there: opening
//! drops everything from the first record that is not whole and appends from there on.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::failure::EmbeddedError;

const MAGIC: &[u8; 8] = b"IMJRNL\x01\n";
/// Length and checksum.
const HEADER: usize = 8;
/// No line of JSON here is longer: a document has some 100 kB, so one of this size is none of ours,
/// and a length field that says so is garbage.
pub(super) const LONGEST_LINE: usize = 64 << 20;
/// A batch is written in pieces of about this size, so that it is not held twice in memory.
const PIECE: usize = 1 << 20;

/// What a record says of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It has this document.
    Document,
    /// It was parked with this record.
    Parked,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Self::Document => b'D',
            Self::Parked => b'P',
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            b'D' => Some(Self::Document),
            b'P' => Some(Self::Parked),
            _ => None,
        }
    }
}

/// Where a line of JSON stands in a file, without its line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub offset: u64,
    pub length: u32,
}

impl Span {
    /// The place of `line`, which begins at `offset`.
    pub fn of(line: &[u8], offset: u64) -> Self {
        Self { offset, length: u32::try_from(line.len()).expect("LONGEST_LINE is far below") }
    }

    /// Reads the line into `line`, in place of what was there.
    pub fn read(self, file: &File, line: &mut Vec<u8>) -> io::Result<()> {
        line.resize(self.length as usize, 0);
        file.read_exact_at(line, self.offset)
    }
}

/// An open journal. Only one process has it open: the lock of `--out` sees to that.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    /// Where the last whole record ends.
    end: u64,
}

impl Journal {
    /// Opens the journal at `path`, creating it if need be, shows every whole record to `visit` and
    /// cuts off what follows them. Answers how many bytes were cut off, too.
    ///
    /// # Errors
    /// [`EmbeddedError::ForeignJournal`] for a file that does not begin as a journal;
    /// [`EmbeddedError::Out`].
    pub fn open(
        path: &Path,
        visit: impl FnMut(Kind, Span, &[u8]),
    ) -> Result<(Self, u64), EmbeddedError> {
        let refused = |cause: io::Error| EmbeddedError::out("open", path, &cause);
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(refused)?;
        let length = file.metadata().map_err(refused)?.len();
        let end = replay(&file, length, visit).map_err(|cause| match cause.kind() {
            io::ErrorKind::InvalidData => EmbeddedError::ForeignJournal { path: path.to_owned() },
            _ => refused(cause),
        })?;
        let mut journal = Self { file, end };
        journal.cut_off(length).map_err(refused)?;
        Ok((journal, length.saturating_sub(end)))
    }

    /// Makes the file end with its last whole record, and begin as a journal.
    fn cut_off(&mut self, length: u64) -> io::Result<()> {
        if length == self.end && length > 0 {
            return Ok(());
        }
        self.file.set_len(self.end)?;
        if self.end == 0 {
            self.file.write_all_at(MAGIC, 0)?;
            self.end = MAGIC.len() as u64;
        }
        self.file.sync_all()
    }

    /// Appends records and answers where their lines stand; they are durable then.
    ///
    /// # Errors
    /// The system's. None of the records is there then, now or when the journal is opened again
    /// (unless the disk fails in the very act of taking them back: then some may be, whole).
    pub fn append<'a>(
        &mut self,
        records: impl IntoIterator<Item = (Kind, &'a [u8])>,
    ) -> io::Result<Vec<Span>> {
        self.try_append(records).inspect_err(|_| {
            // If this fails as well, the next run drops the tail.
            let _ = self.file.set_len(self.end);
        })
    }

    fn try_append<'a>(
        &mut self,
        records: impl IntoIterator<Item = (Kind, &'a [u8])>,
    ) -> io::Result<Vec<Span>> {
        let mut spans = Vec::new();
        let mut piece = Vec::new();
        let mut written = self.end;
        for (kind, line) in records {
            let offset = written + (piece.len() + HEADER + 1) as u64;
            frame(kind, line, &mut piece)?;
            spans.push(Span::of(line, offset));
            if piece.len() >= PIECE {
                self.file.write_all_at(&piece, written)?;
                written += piece.len() as u64;
                piece.clear();
            }
        }
        self.file.write_all_at(&piece, written)?;
        self.file.sync_data()?;
        self.end = written + piece.len() as u64;
        Ok(spans)
    }

    pub const fn file(&self) -> &File {
        &self.file
    }

    /// Whether it holds no record.
    pub const fn is_empty(&self) -> bool {
        self.end == MAGIC.len() as u64
    }
}

/// Puts a record behind what `piece` holds.
fn frame(kind: Kind, line: &[u8], piece: &mut Vec<u8>) -> io::Result<()> {
    if line.len() > LONGEST_LINE {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let length = (Span::of(line, 0).length + 1).to_le_bytes();
    piece.reserve(HEADER + 1 + line.len());
    piece.extend(length);
    piece.extend(checksum(length, kind.byte(), line).to_le_bytes());
    piece.push(kind.byte());
    piece.extend_from_slice(line);
    Ok(())
}

fn checksum(length: [u8; 4], kind: u8, line: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(&[kind]);
    hasher.update(line);
    hasher.finalize()
}

/// Shows the whole records to `visit` and answers where the last of them ends; 0 if the file does
/// not even hold the whole magic. `InvalidData` if it begins with something else.
fn replay(file: &File, length: u64, mut visit: impl FnMut(Kind, Span, &[u8])) -> io::Result<u64> {
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut magic = Vec::new();
    reader.by_ref().take(MAGIC.len() as u64).read_to_end(&mut magic)?;
    if !MAGIC.starts_with(&magic) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    if magic.len() < MAGIC.len() {
        return Ok(0);
    }
    let mut end = MAGIC.len() as u64;
    let mut payload = Vec::new();
    while let Some(kind) = read_record(&mut reader, length - end, &mut payload)? {
        let line = &payload[1..];
        let offset = end + (HEADER + 1) as u64;
        visit(kind, Span::of(line, offset), line);
        end = offset + line.len() as u64;
    }
    Ok(end)
}

/// Reads the next record's payload; `None` if `left` bytes hold no whole one.
fn read_record(
    reader: &mut impl Read,
    left: u64,
    payload: &mut Vec<u8>,
) -> io::Result<Option<Kind>> {
    if left <= HEADER as u64 {
        return Ok(None);
    }
    let mut header = [0; HEADER];
    reader.read_exact(&mut header)?;
    let [l0, l1, l2, l3, crc @ ..] = header;
    let length = [l0, l1, l2, l3];
    let size = u32::from_le_bytes(length) as usize;
    if size == 0 || size > LONGEST_LINE + 1 || size as u64 > left - HEADER as u64 {
        return Ok(None);
    }
    payload.resize(size, 0);
    reader.read_exact(payload)?;
    let intact = checksum(length, payload[0], &payload[1..]) == u32::from_le_bytes(crc);
    Ok(Kind::of(payload[0]).filter(|_| intact))
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
