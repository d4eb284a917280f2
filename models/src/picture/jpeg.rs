//! JPEG through zune-jpeg, strictly.
//!
//! Decoders forgive a JPEG that ends too early and fill the rest with grey; a vector of such a
//! picture looks like any other. So the file's markers are walked here first: it must reach its
//! end-of-image marker. What follows that marker is of no concern.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::PictureError;
use super::raster::multiplied_out;
use super::rgb::Rgb;

/// Start of image, end of image, start of scan.
const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;

/// Reads width and height from the frame header.
pub(super) fn dimensions(bytes: &[u8]) -> Result<(u32, u32), PictureError> {
    for segment in Segments::of(bytes) {
        let Segment { marker, payload, .. } = segment?;
        match marker {
            0xc4 | 0xc8 | 0xcc => {}
            0xc0..=0xc2 => return frame_dimensions(payload),
            0xc3 | 0xc5..=0xc7 => return unsupported("lossless or hierarchical JPEG"),
            0xc9..=0xcf => return unsupported("arithmetic-coded JPEG"),
            0xf7 => return unsupported("JPEG-LS"),
            SOS => return corrupt("a JPEG scan before its frame header"),
            EOI => return corrupt("a JPEG without a frame header"),
            _ => {}
        }
    }
    corrupt("a JPEG that ends within its header")
}

/// Decodes to RGB. An Adobe-inverted CMYK comes out as Pillow converts it.
pub(super) fn decode(bytes: &[u8]) -> Result<Rgb, PictureError> {
    reaches_its_end(bytes)?;
    let strict = decode_with(bytes, true);
    match strict {
        // Strictness also refuses stray bytes between header segments, which harm nothing and
        // which every other decoder skips.
        Err(PictureError::Corrupt(why)) if why.contains("Extra bytes between headers") => {
            decode_with(bytes, false)
        }
        other => other,
    }
}

fn decode_with(bytes: &[u8], strict: bool) -> Result<Rgb, PictureError> {
    let broken = |error: &dyn std::fmt::Display| PictureError::Corrupt(format!("JPEG: {error}"));
    let options = DecoderOptions::default()
        .set_strict_mode(strict)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| broken(&error))?;
    let coded = decoder.input_colorspace().unwrap_or(ColorSpace::Unknown);
    let wanted = match coded {
        ColorSpace::Luma => ColorSpace::Luma,
        ColorSpace::CMYK => ColorSpace::CMYK,
        ColorSpace::YCbCr | ColorSpace::RGB | ColorSpace::YCCK => ColorSpace::RGB,
        other => return unsupported(&format!("a JPEG in {other:?}")),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let samples = decoder.decode().map_err(|error| broken(&error))?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    let pixels = match wanted {
        ColorSpace::Luma => samples.iter().flat_map(|grey| [*grey; 3]).collect(),
        // Four colours in a JPEG are always stored inverted, as Adobe does: 255 is no ink.
        ColorSpace::CMYK => multiplied_out(&samples),
        _ => samples,
    };
    let (width, height) = (u32::try_from(width), u32::try_from(height));
    width
        .ok()
        .zip(height.ok())
        .and_then(|(width, height)| Rgb::new(width, height, pixels))
        .ok_or_else(|| broken(&"fewer pixels than announced"))
}

fn frame_dimensions(payload: &[u8]) -> Result<(u32, u32), PictureError> {
    let &[precision, y1, y0, x1, x0, ..] = payload else {
        return corrupt("a JPEG frame header that is too short");
    };
    if precision != 8 {
        return unsupported(&format!("a JPEG of {precision} bits a sample"));
    }
    let (width, height) = (u16::from_be_bytes([x1, x0]), u16::from_be_bytes([y1, y0]));
    if height == 0 {
        return unsupported("a JPEG that announces its height after its pixels");
    }
    Ok((u32::from(width), u32::from(height)))
}

/// Walks all segments and scans up to the end-of-image marker.
fn reaches_its_end(bytes: &[u8]) -> Result<(), PictureError> {
    for segment in Segments::of(bytes) {
        if segment?.marker == EOI {
            return Ok(());
        }
    }
    corrupt("a JPEG that ends before its end-of-image marker")
}

/// One marker and what belongs to it.
struct Segment<'a> {
    marker: u8,
    payload: &'a [u8],
}

/// Iterates over the segments of a JPEG; skips the entropy-coded data after each scan header.
struct Segments<'a> {
    rest: &'a [u8],
}

impl<'a> Segments<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Skips to the next marker: a 0xff that is followed by neither a stuffed zero, nor a restart
    /// marker, nor another 0xff (which is padding).
    fn next_marker(&mut self) -> Option<u8> {
        loop {
            let at = self.rest.iter().position(|byte| *byte == 0xff)?;
            self.rest = &self.rest[at + 1..];
            match *self.rest.first()? {
                0xff => {}
                0x00 | 0xd0..=0xd7 | 0x01 => self.rest = &self.rest[1..],
                marker => {
                    self.rest = &self.rest[1..];
                    return Some(marker);
                }
            }
        }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Result<Segment<'a>, PictureError>;

    fn next(&mut self) -> Option<Self::Item> {
        let marker = self.next_marker()?;
        if marker == SOI || marker == EOI {
            return Some(Ok(Segment { marker, payload: &[] }));
        }
        let length = self.rest.first_chunk().map_or(0, |l| usize::from(u16::from_be_bytes(*l)));
        let Some(payload) = self.rest.get(2..length) else {
            self.rest = &[];
            return Some(corrupt("a JPEG that ends within a segment"));
        };
        self.rest = &self.rest[length..];
        Some(Ok(Segment { marker, payload }))
    }
}

fn corrupt<T>(what: &str) -> Result<T, PictureError> {
    Err(PictureError::Corrupt(what.into()))
}

fn unsupported<T>(what: &str) -> Result<T, PictureError> {
    Err(PictureError::Unsupported(what.into()))
}
