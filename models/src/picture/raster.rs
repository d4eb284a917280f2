//! PNG, WebP and BMP through the `image` crate, and what it says of a GIF's header.

use std::io::{BufRead, Cursor, Seek};

use image::error::ImageError;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::png::Essential;
use super::rgb::Rgb;
use super::{BYTES_PER_PIXEL, Format, Header, PictureError};

/// What a decoder may allocate besides, for palettes, profiles and its state.
const BYTES_BESIDES: u64 = 16 << 20;

/// Reads width and height.
pub(super) fn dimensions(bytes: &[u8], format: Format) -> Result<(u32, u32), PictureError> {
    let mut reader = reader(Cursor::new(bytes), format)?;
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(BYTES_BESIDES);
    reader.limits(limits);
    reader.into_dimensions().map_err(picture_error)
}

/// Decodes to RGB; of an animation the first frame.
pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<Rgb, PictureError> {
    match header.format {
        Format::Png => decode_from(Essential::of(bytes), header),
        _ => decode_from(Cursor::new(bytes), header),
    }
}

fn decode_from(bytes: impl BufRead + Seek, header: &Header) -> Result<Rgb, PictureError> {
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(header.pixels() * BYTES_PER_PIXEL + BYTES_BESIDES);
    let mut reader = reader(bytes, header.format)?;
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(picture_error)?;
    decoder.set_limits(limits).map_err(picture_error)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(picture_error)?;
    let pixels = without_alpha(picture);
    Rgb::new(header.width, header.height, pixels)
        .ok_or_else(|| PictureError::Corrupt("fewer pixels than announced".into()))
}

fn reader<R: BufRead + Seek>(bytes: R, format: Format) -> Result<ImageReader<R>, PictureError> {
    let format = match format {
        Format::Png => ImageFormat::Png,
        Format::Gif => ImageFormat::Gif,
        Format::WebP => ImageFormat::WebP,
        Format::Bmp => ImageFormat::Bmp,
        Format::Jpeg | Format::Tiff | Format::Jpeg2000 => {
            return Err(PictureError::Unsupported(format!("{format} is decoded elsewhere")));
        }
    };
    Ok(ImageReader::with_format(bytes, format))
}

/// The colours of each pixel, whatever its alpha says.
fn without_alpha(picture: DynamicImage) -> Vec<u8> {
    match picture {
        DynamicImage::ImageRgb8(rgb) => rgb.into_raw(),
        DynamicImage::ImageRgba8(rgba) => {
            rgba.as_raw().as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect()
        }
        DynamicImage::ImageLumaA8(grey) => {
            grey.as_raw().as_chunks::<2>().0.iter().flat_map(|[grey, _]| [*grey; 3]).collect()
        }
        other => other.into_rgb8().into_raw(),
    }
}

fn picture_error(error: ImageError) -> PictureError {
    match error {
        ImageError::Unsupported(error) => PictureError::Unsupported(error.to_string()),
        other => PictureError::Corrupt(other.to_string()),
    }
}
