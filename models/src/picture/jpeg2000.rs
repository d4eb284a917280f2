//! JPEG 2000 through hayro-jpeg2000.

mod codestream;
mod structure;

use std::fmt::Display;

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

use super::colour::from_cmyk;
use super::rgb::Rgb;
use super::{BYTES_PER_PIXEL, Limits, PictureError};

/// Pixels from which on a picture is decoded in half its size, or less, as long as both sides stay
/// above [`SMALLEST`]. Below, the whole costs little, and its features are those of the whole.
const LARGE: u64 = 4_000_000;

/// Pixels from which on a long strip is reduced too.
const HUGE: u64 = 32_000_000;

/// The shortest side of a reduced picture.
const SMALLEST: u32 = 1024;

/// What decoding takes for each sample: its value and a wavelet coefficient, both f32, and bytes.
const BYTES_PER_SAMPLE: u64 = 10;

/// More components than RGB with alpha or CMYK with alpha are no picture, and each costs memory.
const MOST_COMPONENTS: u16 = 5;

/// The marker of the codestream's size segment, which must follow the start of the codestream.
const START_AND_SIZE: &[u8] = b"\xff\x4f\xff\x51";

/// Reads width and height from the codestream's size segment.
///
/// Read here and not by the decoder, whose tables grow with the number of tiles.
pub(super) fn dimensions(bytes: &[u8]) -> Result<(u32, u32), PictureError> {
    let segment = codestream(bytes)
        .ok_or_else(|| PictureError::Corrupt("a JPEG 2000 file without one codestream".into()))?;
    let number = |at: usize| -> Option<u32> {
        segment.get(at..at + 4).map(|n| u32::from_be_bytes([n[0], n[1], n[2], n[3]]))
    };
    let size = || {
        // After markers and length: capabilities (2), then size and offset of the reference grid.
        let (right, bottom) = (number(8)?, number(12)?);
        let (left, top) = (number(16)?, number(20)?);
        let components = number(38)? & 0xffff;
        Some((right.checked_sub(left)?, bottom.checked_sub(top)?, components))
    };
    let (width, height, components) = size()
        .ok_or_else(|| PictureError::Corrupt("a JPEG 2000 size segment that is cut".into()))?;
    if components > u32::from(MOST_COMPONENTS) {
        return Err(PictureError::Unsupported(format!("JPEG 2000 of {components} components")));
    }
    Ok((width, height))
}

/// The codestream, from its first marker on: the file itself, or within one of its boxes. Of two such
/// boxes the decoder would take the other one.
fn codestream(bytes: &[u8]) -> Option<&[u8]> {
    if bytes.starts_with(START_AND_SIZE) {
        return Some(bytes);
    }
    let mut found = None;
    let mut rest = bytes;
    while let Some(header) = rest.first_chunk::<8>() {
        let short = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
        let (length, header_length) = match short {
            0 => (rest.len(), 8),
            1 => {
                let long = rest.get(8..16)?.first_chunk::<8>()?;
                (usize::try_from(u64::from_be_bytes(*long)).ok()?, 16)
            }
            short => (short as usize, 8),
        };
        let length = length.max(header_length);
        if &header[4..] == b"jp2c" {
            let stream = rest.get(header_length..length.min(rest.len()));
            let stream = stream.filter(|stream| stream.starts_with(START_AND_SIZE));
            if stream.is_none() || found.is_some() {
                return None;
            }
            found = stream;
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    found
}

/// Decodes to RGB, a large picture in a reduced size: its wavelets come coarse first, so that costs
/// less and loses nothing that a view of a few hundred pixels could show.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Rgb, PictureError> {
    let broken = |error: &dyn Display| PictureError::Corrupt(format!("JPEG 2000: {error}"));
    let (width, height) = dimensions(bytes)?;
    structure::check(&codestream::read(codestream(bytes).unwrap_or_default())?)?;
    let pixels = u64::from(width) * u64::from(height);
    let smallest = match pixels {
        ..LARGE => width.max(height),
        LARGE..HUGE => SMALLEST,
        _ => SMALLEST.min(width.min(height) / 4).max(1),
    };
    // Strict, because otherwise a truncated codestream decodes to a blurred picture.
    let settings = DecodeSettings {
        strict: true,
        target_resolution: Some((smallest, smallest)),
        ..DecodeSettings::default()
    };
    let image = Image::new(bytes, &settings).map_err(|error| broken(&error))?;
    let colours = image.color_space().num_channels();
    let channels = usize::from(colours) + usize::from(image.has_alpha());
    is_affordable(&image, channels, limits)?;
    let (reduced_width, reduced_height) = (image.width(), image.height());
    let mut context = DecoderContext::default();
    let samples = image.decode(&mut context).map_err(|error| broken(&error))?.data_u8();
    drop(context);
    let pixels = to_rgb(samples, colours, channels)?;
    let rgb = Rgb::new(reduced_width, reduced_height, pixels)
        .ok_or_else(|| broken(&"fewer pixels than announced"))?;
    Ok(if (reduced_width, reduced_height) < (width, height) {
        rgb.reduced_from(width, height)
    } else {
        rgb
    })
}

/// Refuses what would take more memory than the largest picture of other formats, because the file
/// has no coarser resolution to decode instead.
fn is_affordable(image: &Image<'_>, channels: usize, limits: &Limits) -> Result<(), PictureError> {
    let pixels = u64::from(image.width()) * u64::from(image.height());
    let limit = limits.pixels * BYTES_PER_PIXEL / (BYTES_PER_SAMPLE * channels.max(1) as u64);
    if pixels > limit { Err(PictureError::TooManyPixels { pixels, limit }) } else { Ok(()) }
}

fn to_rgb(samples: Vec<u8>, colours: u8, channels: usize) -> Result<Vec<u8>, PictureError> {
    let pixels = samples.chunks_exact(channels);
    match colours {
        1 => Ok(pixels.flat_map(|p| [p[0]; 3]).collect()),
        3 if channels == 3 => Ok(samples),
        3 => Ok(pixels.flat_map(|p| [p[0], p[1], p[2]]).collect()),
        4 => Ok(pixels.flat_map(|p| from_cmyk([p[0], p[1], p[2], p[3]])).collect()),
        other => Err(PictureError::Unsupported(format!("JPEG 2000 of {other} colours"))),
    }
}
