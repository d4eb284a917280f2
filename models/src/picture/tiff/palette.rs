//! TIFFs with a palette, which the `tiff` crate refuses.
//!
//! Their indices are stored exactly as grey samples are. So the tag that says "palette" is made to
//! say "grey", the crate decodes the indices, and the colours are looked up here.

use tiff::tags::Tag;

use super::super::PictureError;
use super::directory::Directory;
use super::open;
use super::samples::Samples;

/// The tag of the colour interpretation, and two of its values.
const PHOTOMETRIC: u16 = 262;
const BLACK_IS_ZERO: u16 = 1;
const PALETTE: u16 = 3;

/// A TIFF with a palette.
pub(super) struct Palette {
    /// The file, with its indices declared as grey.
    pub as_grey: Vec<u8>,
    /// All reds, then all greens, then all blues, in 16 bits.
    colours: Vec<u16>,
}

/// Reads the palette of `bytes`, if it has one.
pub(super) fn find(bytes: &[u8]) -> Result<Option<Palette>, PictureError> {
    let Some((at, little)) = interpretation(bytes) else {
        return Ok(None);
    };
    let mut as_grey = bytes.to_vec();
    let grey = if little { BLACK_IS_ZERO.to_le_bytes() } else { BLACK_IS_ZERO.to_be_bytes() };
    as_grey[at..at + 2].copy_from_slice(&grey);
    let colours = open(&as_grey)?.get_tag_u16_vec(Tag::ColorMap);
    let colours =
        colours.map_err(|_| PictureError::Corrupt("a TIFF without its colour map".into()))?;
    Ok(Some(Palette { as_grey, colours }))
}

impl Palette {
    /// Looks up every index.
    pub fn expand(&self, samples: Samples) -> Result<Vec<u8>, PictureError> {
        let size = self.colours.len() / 3;
        let indices = samples.into_indices()?;
        if indices.iter().any(|index| usize::from(*index) >= size) {
            return Err(PictureError::Corrupt("a TIFF index beyond its colour map".into()));
        }
        // The map's 16 bits hold 8, shifted or multiplied; the upper byte is right for both.
        let channel = |index: usize, of: usize| self.colours[of * size + index].to_be_bytes()[0];
        let colour = |index: u16| [0, 1, 2].map(|of| channel(index.into(), of));
        Ok(indices.into_iter().flat_map(colour).collect())
    }
}

/// Where the interpretation of the first picture stands, if it is "palette", and whether the file is
/// little-endian.
fn interpretation(bytes: &[u8]) -> Option<(usize, bool)> {
    let directory = Directory::of(bytes);
    let entry = directory.entries().find(|entry| entry.tag == PHOTOMETRIC)?;
    (directory.short(entry.at) == Some(PALETTE)).then_some((entry.at, directory.is_little()))
}
