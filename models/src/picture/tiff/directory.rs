//! The first directory of a TIFF, read here for what the `tiff` crate does not bound or offer.

use super::super::PictureError;

/// The most numbers of one tag: a strip for each line of the largest picture that is read whole, or
/// tiles of 16 × 16. Each takes the decoder 32 bytes and more.
const MOST_NUMBERS: u64 = 1 << 19;

/// The tags that the decoder reads, apart from those of a few numbers, lie below; text, profiles and
/// metadata above, or are text.
const LAST_READ: u16 = 532;

/// The type of text, which is not read.
const TEXT: u16 = 2;

/// One entry.
pub(super) struct Entry {
    pub tag: u16,
    kind: u16,
    count: u64,
    /// Where in the file its value stands, or the offset of its values.
    pub at: usize,
}

/// The layout of a directory.
pub(super) struct Directory<'a> {
    bytes: &'a [u8],
    is_little: bool,
    is_big: bool,
}

impl<'a> Directory<'a> {
    /// That of a TIFF.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            is_little: bytes.starts_with(b"II"),
            is_big: bytes.get(2..4).is_some_and(|v| v.contains(&43)),
        }
    }

    /// Whether numbers begin with their lowest byte.
    pub fn is_little(&self) -> bool {
        self.is_little
    }

    /// The entries of the first directory; none where it is cut.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        let (offset, number, width) = if self.is_big { (8, 8, 20) } else { (4, 2, 12) };
        let first = self.unsigned(offset, offset).and_then(|at| usize::try_from(at).ok());
        let count = first.and_then(|at| self.unsigned(at, number)).unwrap_or(0);
        let first = first.unwrap_or_default().saturating_add(number);
        // No more are visited than the file can hold.
        let room = self.bytes.len().saturating_sub(first) / width;
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(room);
        (0..count).filter_map(move |entry| self.entry(first + entry * width))
    }

    /// The number of two bytes at `at`.
    pub fn short(&self, at: usize) -> Option<u16> {
        self.unsigned(at, 2).and_then(|number| u16::try_from(number).ok())
    }

    fn entry(&self, at: usize) -> Option<Entry> {
        let size = if self.is_big { 8 } else { 4 };
        let (tag, kind) = (self.short(at)?, self.short(at + 2)?);
        Some(Entry { tag, kind, count: self.unsigned(at + 4, size)?, at: at + 4 + size })
    }

    fn unsigned(&self, at: usize, length: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(length)?)?;
        let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.is_little {
            bytes.iter().rev().fold(0, join)
        } else {
            bytes.iter().fold(0, join)
        })
    }

    /// Refuses tags of more numbers than any picture needs: the decoder makes a list of them first.
    pub fn check(&self) -> Result<(), PictureError> {
        let too_long = |entry: &Entry| {
            entry.tag <= LAST_READ && entry.kind != TEXT && entry.count > MOST_NUMBERS
        };
        match self.entries().find(too_long) {
            Some(Entry { tag, count, .. }) => {
                Err(PictureError::Corrupt(format!("a TIFF with {count} numbers in its tag {tag}")))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Type 4, one entry: the tag and how many numbers it announces.
    fn tiff(tag: u16, kind: u16, count: u32) -> Vec<u8> {
        let little = [&b"II*\0"[..], &8_u32.to_le_bytes(), &1_u16.to_le_bytes()].concat();
        let entry = [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &[7; 4]];
        [little, entry.concat()].concat()
    }

    #[test]
    fn a_list_of_a_million_numbers_is_refused_unless_nobody_reads_it() {
        let checked = |tag, kind, count| Directory::of(&tiff(tag, kind, count)).check();
        assert!(checked(273, 4, 1 << 20).is_err());
        assert!(checked(320, 3, u32::MAX).is_err());
        assert_eq!(checked(273, 4, 1 << 19), Ok(()));
        assert_eq!(checked(270, 2, u32::MAX), Ok(()), "text");
        assert_eq!(checked(34_675, 7, u32::MAX), Ok(()), "a profile");
    }

    #[test]
    fn a_big_one_is_read_as_well_and_one_that_is_cut_has_no_entries() {
        let big = [
            &b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10"[..],
            &1_u64.to_be_bytes(),
            &[1, 17, 0, 4],
            &u64::MAX.to_be_bytes(),
            &[0; 8],
        ];
        assert!(Directory::of(&big.concat()).check().is_err());
        for length in 0..big.concat().len() {
            let cut = &big.concat()[..length];
            assert_eq!(Directory::of(cut).entries().count(), 0, "{length}");
        }
    }
}
