//! GIF: the first frame on its canvas, as Pillow shows it.

use gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};

use super::rgb::Rgb;
use super::{Header, PictureError};

/// How many pixels a frame may have beyond those of its canvas, where they are never seen.
const MOST_UNSEEN: u64 = 1 << 24;

/// What a decoder may allocate besides the frame: profiles and comments before it.
const BYTES_BESIDES: u64 = 16 << 20;

/// Where the first frame lies, and its colours.
struct Frame {
    left: usize,
    top: usize,
    width: usize,
    /// Colours by index.
    colours: [[u8; 3]; 256],
    /// The index of what the frame leaves uncovered.
    ground: u8,
}

/// Decodes the first frame to RGB.
///
/// What the frame leaves uncovered has the transparent colour, or the palette's first: so Pillow
/// does. One byte a pixel is needed besides the picture.
pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<Rgb, PictureError> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(limit(header.pixels() + MOST_UNSEEN + BYTES_BESIDES));
    let mut decoder = options.read_info(bytes).map_err(|error| corrupt(&error))?;
    let Some(info) = decoder.next_frame_info().map_err(|error| corrupt(&error))? else {
        return Err(PictureError::Corrupt("a GIF without a frame".into()));
    };
    let frame = info.clone();
    let size = u64::from(frame.width) * u64::from(frame.height);
    if size > header.pixels() + MOST_UNSEEN {
        return Err(PictureError::Corrupt(format!("a GIF with a frame of {size} pixels")));
    }
    let palette = frame.palette.as_deref().or(decoder.global_palette());
    let frame = Frame {
        left: frame.left.into(),
        top: frame.top.into(),
        width: frame.width.into(),
        colours: colours(palette.unwrap_or_default()),
        ground: frame.transparent.unwrap_or_default(),
    };
    let mut indices = vec![0; decoder.buffer_size()];
    decoder.read_into_buffer(&mut indices).map_err(|error| corrupt(&error))?;
    Rgb::new(header.width, header.height, frame.on_canvas(&indices, header))
        .ok_or_else(|| PictureError::Corrupt("fewer pixels than announced".into()))
}

impl Frame {
    fn on_canvas(&self, indices: &[u8], header: &Header) -> Vec<u8> {
        let (width, height) = (header.width as usize, header.height as usize);
        let colour = |index: u8| self.colours[usize::from(index)];
        let mut pixels = colour(self.ground).repeat(width * height);
        let seen = width.saturating_sub(self.left).min(self.width);
        let rows = pixels.chunks_exact_mut(width * 3).skip(self.top);
        for (row, indices) in rows.zip(indices.chunks_exact(self.width.max(1))) {
            let row = row.get_mut(self.left * 3..).unwrap_or_default();
            for (pixel, index) in row.as_chunks_mut().0.iter_mut().zip(&indices[..seen]) {
                *pixel = colour(*index);
            }
        }
        pixels
    }
}

/// A palette that ends early goes on in black.
fn colours(palette: &[u8]) -> [[u8; 3]; 256] {
    let known = palette.as_chunks().0;
    std::array::from_fn(|index| known.get(index).copied().unwrap_or_default())
}

fn limit(bytes: u64) -> MemoryLimit {
    std::num::NonZeroU64::new(bytes).map_or(MemoryLimit::Unlimited, MemoryLimit::Bytes)
}

fn corrupt(error: &DecodingError) -> PictureError {
    PictureError::Corrupt(format!("GIF: {error}"))
}
