//! TIFF through the `tiff` crate, with the colour modes that it leaves to its callers.

mod directory;
mod palette;
mod samples;

use std::io::Cursor;

use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::{CompressionMethod, Tag};
use tiff::{ColorType, TiffError};

use super::PictureError;
use super::rgb::Rgb;
use directory::Directory;
use samples::Samples;

type Reader<'a> = Decoder<Cursor<&'a [u8]>>;

/// Reads width and height of the first picture.
pub(super) fn dimensions(bytes: &[u8]) -> Result<(u32, u32), PictureError> {
    open(bytes)?.dimensions().map_err(|error| picture_error(&error))
}

/// Decodes the first picture to RGB.
pub(super) fn decode(bytes: &[u8]) -> Result<Rgb, PictureError> {
    let palette = palette::find(bytes)?;
    let bytes = palette.as_ref().map_or(bytes, |palette| &palette.as_grey);
    let mut decoder = open(bytes)?;
    let (width, height) = decoder.dimensions().map_err(|error| picture_error(&error))?;
    chunks_are_no_bombs(bytes, &mut decoder)?;
    let colour = decoder.colortype().map_err(|error| picture_error(&error))?;
    // The dimensions were judged; what remains to be bounded is what one pixel may hold.
    let mut limits = Limits::unlimited();
    limits.decoding_buffer_size = width as usize * height as usize * samples::MOST_BYTES + 4096;
    let mut decoder = decoder.with_limits(limits);
    let mut decoded = DecodingResult::U8(Vec::new());
    let layout =
        decoder.read_image_to_buffer(&mut decoded).map_err(|error| picture_error(&error))?;
    if decoded.as_buffer(0).byte_len() < layout.complete_len {
        return Err(PictureError::Unsupported("a TIFF of too many samples a pixel".into()));
    }
    let planes = layout.planes;
    let samples =
        Samples { decoded, colour, planes, width: width as usize, height: height as usize };
    let pixels = match palette {
        Some(palette) => palette.expand(samples)?,
        None => samples.into_rgb()?,
    };
    Rgb::new(width, height, pixels)
        .ok_or_else(|| PictureError::Corrupt("a TIFF with fewer pixels than announced".into()))
}

fn open(bytes: &[u8]) -> Result<Reader<'_>, PictureError> {
    Directory::of(bytes).check()?;
    Decoder::new(Cursor::new(bytes)).map_err(|error| picture_error(&error))
}

/// Refuses tiles far larger than the picture, and JPEGs in tiles or strips that announce more than
/// those hold: the decoder would allocate what they claim.
fn chunks_are_no_bombs(bytes: &[u8], decoder: &mut Reader<'_>) -> Result<(), PictureError> {
    /// The largest side of a tile that is not larger than the picture.
    const LARGEST_TILE: u32 = 4096;
    /// How far a JPEG may exceed its strip: one block of twice subsampled pixels.
    const BLOCK: u32 = 16;
    let (width, height) = decoder.dimensions().map_err(|error| picture_error(&error))?;
    let (across, down) = decoder.chunk_dimensions();
    let is_strip = decoder.get_chunk_type() == tiff::decoder::ChunkType::Strip;
    let down = if is_strip { down.min(height) } else { down };
    if across > width.max(LARGEST_TILE) || down > height.max(LARGEST_TILE) {
        return Err(PictureError::Corrupt(format!("a TIFF with tiles of {across}×{down}")));
    }
    let compression = decoder.find_tag_unsigned::<u16>(Tag::Compression).ok().flatten();
    if compression.map(CompressionMethod::from_u16_exhaustive)
        != Some(CompressionMethod::ModernJPEG)
    {
        return Ok(());
    }
    for chunk in chunks(bytes, decoder)? {
        let (jpeg_across, jpeg_down) = super::jpeg::dimensions(chunk)?;
        if jpeg_across > across.saturating_add(BLOCK) || jpeg_down > down.saturating_add(BLOCK) {
            let what = format!("a TIFF whose JPEG claims {jpeg_across}×{jpeg_down}");
            return Err(PictureError::Corrupt(what));
        }
    }
    Ok(())
}

/// The bytes of every strip or tile; together no more than the file has, so that to look at each is to
/// read the file once and not half a million times.
fn chunks<'a>(bytes: &'a [u8], decoder: &mut Reader<'_>) -> Result<Vec<&'a [u8]>, PictureError> {
    let mut numbers = |strips: Tag, tiles: Tag| {
        let strips = decoder.find_tag_unsigned_vec::<u64>(strips).ok().flatten();
        strips.or_else(|| decoder.find_tag_unsigned_vec::<u64>(tiles).ok().flatten())
    };
    let offsets = numbers(Tag::StripOffsets, Tag::TileOffsets).unwrap_or_default();
    let lengths = numbers(Tag::StripByteCounts, Tag::TileByteCounts).unwrap_or_default();
    let all = lengths.iter().take(offsets.len()).fold(0, |all: u64, one| all.saturating_add(*one));
    if all > bytes.len() as u64 {
        return Err(PictureError::Corrupt("a TIFF whose strips overlap".into()));
    }
    let chunk = |(offset, length): (u64, u64)| {
        let (start, length) = (usize::try_from(offset).ok()?, usize::try_from(length).ok()?);
        bytes.get(start..start.checked_add(length)?)
    };
    offsets
        .into_iter()
        .zip(lengths)
        .map(chunk)
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| PictureError::Corrupt("a TIFF that ends before its pixels".into()))
}

fn picture_error(error: &TiffError) -> PictureError {
    match error {
        TiffError::UnsupportedError(what) => PictureError::Unsupported(format!("TIFF: {what}")),
        other => PictureError::Corrupt(format!("TIFF: {other}")),
    }
}

fn unsupported(colour: ColorType) -> PictureError {
    PictureError::Unsupported(format!("a TIFF in {colour:?}"))
}

#[cfg(test)]
mod tests;
