//! Pictures: which format some bytes are, how large, and their pixels as 8-bit RGB.
//!
//! ```text
//! bytes ─ header ─► Header { format, width, height }      from the header alone, bombs refused
//!   └──── decode ─► Rgb ─ Views::new ─► one small picture for each size that a model asks for
//! ```
//!
//! The bytes alone say what a picture is, never its name. Every colour mode becomes 8-bit RGB as
//! Pillow's `convert("RGB")` would make it: grey replicated, alpha dropped (not blended), CMYK
//! multiplied out (Adobe's inverted one too), palettes expanded. Two departures are on purpose:
//! 16-bit samples are scaled (Pillow clips them), and a file that ends too early or fails its
//! checksum is an error, never half a grey picture. Of an animation the first frame counts; an EXIF
//! orientation is ignored.

mod colour;
mod format;
mod gif;
mod jpeg;
mod jpeg2000;
mod png;
mod raster;
mod resize;
mod rgb;
mod tiff;
mod vectors;
mod views;

pub use format::Format;
pub use resize::{Filter, resize};
pub use rgb::Rgb;
pub use views::{ViewSpec, Views};

/// What decoding may take for each pixel of a format whose decoder can be told: 16-bit RGBA once, and
/// half of that for its own use.
const BYTES_PER_PIXEL: u64 = 12;

/// How large a picture may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most pixels, width × height.
    pub pixels: u64,
}

impl Default for Limits {
    /// 100 million pixels: above any print or plate that a library scans for the web, and 300 MB
    /// once decoded.
    fn default() -> Self {
        Self { pixels: 100_000_000 }
    }
}

/// What the first bytes of a picture say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The file's format.
    pub format: Format,
    /// Width in pixels, at least 1.
    pub width: u32,
    /// Height in pixels, at least 1.
    pub height: u32,
}

impl Header {
    /// Width × height.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// Why some bytes are no picture that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// Not a picture, or in a format or coding that is not read here.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// A known format, but broken, truncated or with a wrong checksum.
    #[error("corrupt: {0}")]
    Corrupt(String),
    /// More pixels than the limit, by the header; nothing was allocated for them.
    #[error("{pixels} pixels are more than the limit of {limit}")]
    TooManyPixels {
        /// Width × height.
        pixels: u64,
        /// [`Limits::pixels`].
        limit: u64,
    },
}

/// Reads format and dimensions from the header alone; allocates nothing that depends on them.
///
/// # Errors
/// [`PictureError`], [`TooManyPixels`](PictureError::TooManyPixels) included.
pub fn header(bytes: &[u8], limits: &Limits) -> Result<Header, PictureError> {
    let format = Format::of(bytes)?;
    let (width, height) = match format {
        Format::Jpeg => jpeg::dimensions(bytes)?,
        Format::Jpeg2000 => jpeg2000::dimensions(bytes)?,
        Format::Tiff => tiff::dimensions(bytes)?,
        Format::Png => png::dimensions(bytes)?,
        Format::Gif | Format::WebP | Format::Bmp => raster::dimensions(bytes, format)?,
    };
    let header = Header { format, width, height };
    let (pixels, limit) = (header.pixels(), limits.pixels);
    match pixels {
        0 => Err(PictureError::Corrupt(format!("{width}×{height} pixels"))),
        _ if pixels > limit => Err(PictureError::TooManyPixels { pixels, limit }),
        _ => Ok(header),
    }
}

/// Decodes the whole picture (of an animation the first frame).
///
/// Takes at most 12 bytes a pixel besides `bytes`; up to 20 for a TIFF of floating-point samples, and up
/// to 47 for a JPEG 2000 of less than 4 million pixels. A larger one is decoded in half its size or less, as far as both sides stay above 1024
/// pixels: [`Rgb::original`] keeps the dimensions.
///
/// # Errors
/// [`PictureError`]; the header is judged by [`header`] first.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Rgb, PictureError> {
    let header = header(bytes, limits)?;
    let rgb = match header.format {
        Format::Jpeg => jpeg::decode(bytes)?,
        Format::Jpeg2000 => jpeg2000::decode(bytes, limits)?,
        Format::Tiff => tiff::decode(bytes)?,
        Format::Png => {
            png::check(bytes)?;
            raster::decode(bytes, &header)?
        }
        Format::Gif => gif::decode(bytes, &header)?,
        Format::WebP | Format::Bmp => raster::decode(bytes, &header)?,
    };
    if rgb.original() == (header.width, header.height) {
        Ok(rgb)
    } else {
        Err(PictureError::Corrupt("the pixels do not fit the header's dimensions".into()))
    }
}
