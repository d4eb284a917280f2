//! From decoded TIFF samples of any depth and layout to 8-bit RGB.

use tiff::ColorType;
use tiff::decoder::DecodingResult;

use super::super::PictureError;
use super::super::colour::{from_cmyk, from_ycbcr};
use super::unsupported;

/// The most bytes that one pixel may take: RGBA in f32. While they become bytes there are four more: a
/// vector's memory cannot be handed on to numbers of another alignment.
pub(super) const MOST_BYTES: usize = 16;

/// The decoded samples of a picture.
pub(super) struct Samples {
    pub decoded: DecodingResult,
    pub colour: ColorType,
    /// 1 if the samples of a pixel lie side by side, else one plane a sample.
    pub planes: usize,
    pub width: usize,
    pub height: usize,
}

impl Samples {
    /// Converts to interleaved RGB.
    pub fn into_rgb(self) -> Result<Vec<u8>, PictureError> {
        let Self { colour, planes, width, height, .. } = self;
        let count = usize::from(colour.num_samples());
        let mut eight = self.into_eight_bits()?;
        if planes > 1 {
            eight = interleaved(&eight, count, width * height);
        }
        let pixels = eight.chunks_exact(count);
        Ok(match colour {
            ColorType::Gray(_) => eight.iter().flat_map(|grey| [*grey; 3]).collect(),
            ColorType::Multiband { num_samples: 2, .. } | ColorType::GrayA(_) => {
                pixels.flat_map(|p| [p[0]; 3]).collect()
            }
            ColorType::RGB(_) => eight,
            ColorType::RGBA(_) => pixels.flat_map(|p| [p[0], p[1], p[2]]).collect(),
            ColorType::CMYK(_) | ColorType::CMYKA(_) => {
                pixels.flat_map(|p| from_cmyk([p[0], p[1], p[2], p[3]])).collect()
            }
            ColorType::YCbCr(_) => pixels.flat_map(|p| from_ycbcr([p[0], p[1], p[2]])).collect(),
            other => return Err(unsupported(other)),
        })
    }

    /// The samples as palette indices, one a pixel.
    pub fn into_indices(self) -> Result<Vec<u16>, PictureError> {
        match (self.decoded, self.colour) {
            (DecodingResult::U16(samples), _) => Ok(samples),
            (DecodingResult::U8(samples), ColorType::Gray(bits)) => {
                Ok(unpacked(&samples, bits, self.width).map(u16::from).collect())
            }
            _ => Err(unsupported(self.colour)),
        }
    }

    /// The samples scaled to 0..=255, in the order in which they were decoded.
    fn into_eight_bits(self) -> Result<Vec<u8>, PictureError> {
        let bits = self.colour.bit_depth();
        match self.decoded {
            DecodingResult::U8(samples) if bits == 8 => Ok(samples),
            DecodingResult::U8(samples) if bits < 8 => {
                let brightest = u16::from(u8::MAX >> (8 - bits));
                let scaled = |sample: u8| (u16::from(sample) * 255 / brightest).to_le_bytes()[0];
                Ok(unpacked(&samples, bits, self.width).map(scaled).collect())
            }
            DecodingResult::U16(samples) => {
                // Rounded, as the `image` crate does for PNG: 257 steps of 16 bits are one of 8.
                let scaled = |sample: &u16| ((u32::from(*sample) + 128) / 257).to_le_bytes()[0];
                Ok(samples.iter().map(scaled).collect())
            }
            DecodingResult::F32(samples) => Ok(samples.iter().map(|s| from_unit(*s)).collect()),
            _ => Err(unsupported(self.colour)),
        }
    }
}

/// Samples of at most eight bits, out of rows that begin at whole bytes.
fn unpacked(packed: &[u8], bits: u8, width: usize) -> impl Iterator<Item = u8> {
    let bits = usize::from(bits.clamp(1, 8));
    let row_length = (width * bits).div_ceil(8).max(1);
    packed.chunks_exact(row_length).flat_map(move |row| {
        (0..width).map(move |x| {
            let first = x * bits;
            (row[first / 8] >> (8 - bits - first % 8)) & (u8::MAX >> (8 - bits))
        })
    })
}

/// Planes of `pixels` samples each as pixels of `count` samples each.
fn interleaved(planes: &[u8], count: usize, pixels: usize) -> Vec<u8> {
    let sample = |at: usize| planes.get(at % count * pixels + at / count).copied();
    (0..pixels * count).map(|at| sample(at).unwrap_or_default()).collect()
}

/// A float between 0 and 1; what lies outside is cut off.
fn from_unit(sample: f32) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let eight = (sample * 255.0).round() as u8;
    eight
}
