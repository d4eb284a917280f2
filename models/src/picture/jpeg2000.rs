//! JPEG 2000 through hayro-jpeg2000.

use hayro_jpeg2000::{ColorSpace, DecodeSettings, DecoderContext, Image};

use super::PictureError;
use super::raster::multiplied_out;
use super::rgb::Rgb;

/// More components than RGB with alpha or CMYK with alpha are no picture, and each costs memory.
const MOST_COMPONENTS: u16 = 5;

/// The marker of the codestream's size segment, which must follow the start of the codestream.
const START_AND_SIZE: &[u8] = b"\xff\x4f\xff\x51";

/// Reads width and height from the codestream's size segment.
///
/// Read here and not by the decoder, whose tables grow with the number of tiles.
pub(super) fn dimensions(bytes: &[u8]) -> Result<(u32, u32), PictureError> {
    let segment = codestream(bytes)
        .ok_or_else(|| PictureError::Corrupt("a JPEG 2000 file without its codestream".into()))?;
    let number = |at: usize| -> Option<u32> {
        segment.get(at..at + 4).map(|n| u32::from_be_bytes([n[0], n[1], n[2], n[3]]))
    };
    let size = || {
        // After markers and length: capabilities (2), then size and offset of the reference grid.
        let (right, bottom) = (number(8)?, number(12)?);
        let (left, top) = (number(16)?, number(20)?);
        let components = number(38)? >> 16;
        Some((right.checked_sub(left)?, bottom.checked_sub(top)?, components))
    };
    let (width, height, components) = size()
        .ok_or_else(|| PictureError::Corrupt("a JPEG 2000 size segment that is cut".into()))?;
    if components > u32::from(MOST_COMPONENTS) {
        return Err(PictureError::Unsupported(format!("JPEG 2000 of {components} components")));
    }
    Ok((width, height))
}

/// The codestream, from its first marker on: the file itself, or within one of its boxes.
fn codestream(bytes: &[u8]) -> Option<&[u8]> {
    if bytes.starts_with(START_AND_SIZE) {
        return Some(bytes);
    }
    let mut rest = bytes;
    loop {
        let header = rest.first_chunk::<8>()?;
        let short = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
        let (length, header_length) = match short {
            0 => (rest.len(), 8),
            1 => {
                let long = rest.get(8..16)?.first_chunk::<8>()?;
                (usize::try_from(u64::from_be_bytes(*long)).ok()?, 16)
            }
            short => (short as usize, 8),
        };
        if &header[4..] == b"jp2c" {
            return rest.get(header_length..).filter(|stream| stream.starts_with(START_AND_SIZE));
        }
        rest = rest.get(length.max(header_length)..)?;
    }
}

/// Decodes to RGB.
pub(super) fn decode(bytes: &[u8]) -> Result<Rgb, PictureError> {
    let broken = |error: &dyn std::fmt::Display| {
        PictureError::Corrupt(format!("JPEG 2000: {error}"))
    };
    // Strict, because otherwise a truncated codestream decodes to a blurred picture.
    let settings = DecodeSettings { strict: true, ..DecodeSettings::default() };
    let image = Image::new(bytes, &settings).map_err(|error| broken(&error))?;
    let colours = image.color_space().num_channels();
    let channels = usize::from(colours) + usize::from(image.has_alpha());
    let is_cmyk = matches!(image.color_space(), ColorSpace::CMYK) || colours == 4;
    let (width, height) = (image.width(), image.height());
    let mut context = DecoderContext::default();
    let samples = image.decode(&mut context).map_err(|error| broken(&error))?.data_u8();
    drop(context);
    let pixels = match colours {
        1 => samples.chunks_exact(channels).flat_map(|pixel| [pixel[0]; 3]).collect(),
        3 if channels == 3 => samples,
        3 => samples.chunks_exact(channels).flat_map(|p| [p[0], p[1], p[2]]).collect(),
        4 if is_cmyk => {
            let inverted = samples.chunks_exact(channels).flat_map(|p| {
                [255 - p[0], 255 - p[1], 255 - p[2], 255 - p[3]]
            });
            multiplied_out(&inverted.collect::<Vec<_>>())
        }
        other => return Err(PictureError::Unsupported(format!("JPEG 2000 of {other} colours"))),
    };
    Rgb::new(width, height, pixels).ok_or_else(|| broken(&"fewer pixels than announced"))
}
