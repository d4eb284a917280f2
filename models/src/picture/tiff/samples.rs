//! From decoded TIFF samples of any depth and layout to 8-bit RGB.

use tiff::ColorType;
use tiff::decoder::DecodingResult;

use super::super::PictureError;
use super::super::raster::multiplied_out;
use super::unsupported;

/// The most bytes that one pixel may take: RGBA in f32.
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
    pub fn to_rgb(&self) -> Result<Vec<u8>, PictureError> {
        let count = usize::from(self.colour.num_samples());
        let eight = self.to_eight_bits()?;
        let eight = if self.planes > 1 { self.interleaved(&eight, count) } else { eight };
        let pixels = eight.chunks_exact(count);
        Ok(match self.colour {
            ColorType::Gray(_) => eight.iter().flat_map(|grey| [*grey; 3]).collect(),
            ColorType::Multiband { num_samples: 2, .. } | ColorType::GrayA(_) => {
                pixels.flat_map(|p| [p[0]; 3]).collect()
            }
            ColorType::RGB(_) => eight,
            ColorType::RGBA(_) => pixels.flat_map(|p| [p[0], p[1], p[2]]).collect(),
            ColorType::CMYK(_) | ColorType::CMYKA(_) => {
                let inverted = pixels.flat_map(|p| [255 - p[0], 255 - p[1], 255 - p[2], 255 - p[3]]);
                multiplied_out(&inverted.collect::<Vec<_>>())
            }
            ColorType::YCbCr(_) => pixels.flat_map(|p| ycbcr([p[0], p[1], p[2]])).collect(),
            other => return Err(unsupported(other)),
        })
    }

    /// The samples as palette indices, one a pixel.
    pub fn indices(&self) -> Result<Vec<usize>, PictureError> {
        match (&self.decoded, self.colour) {
            (DecodingResult::U16(samples), _) => Ok(samples.iter().map(|s| (*s).into()).collect()),
            (DecodingResult::U8(_), ColorType::Gray(bits)) => {
                Ok(self.unpacked(bits).map(usize::from).collect())
            }
            _ => Err(unsupported(self.colour)),
        }
    }

    /// The samples scaled to 0..=255, in the order in which they were decoded.
    fn to_eight_bits(&self) -> Result<Vec<u8>, PictureError> {
        let bits = self.colour.bit_depth();
        match &self.decoded {
            DecodingResult::U8(samples) if bits == 8 => Ok(samples.clone()),
            DecodingResult::U8(_) if bits < 8 => {
                let brightest = u16::from(u8::MAX >> (8 - bits));
                let scaled = |sample: u8| u16::from(sample) * 255 / brightest;
                Ok(self.unpacked(bits).map(|sample| scaled(sample).to_le_bytes()[0]).collect())
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

    /// Samples of fewer than eight bits, out of rows that begin at whole bytes.
    fn unpacked(&self, bits: u8) -> impl Iterator<Item = u8> {
        let packed: &[u8] = match &self.decoded {
            DecodingResult::U8(samples) => samples,
            _ => &[],
        };
        let bits = usize::from(bits.clamp(1, 8));
        let row_length = (self.width * bits).div_ceil(8).max(1);
        packed.chunks_exact(row_length).take(self.height).flat_map(move |row| {
            (0..self.width).map(move |x| {
                let first = x * bits;
                (row[first / 8] >> (8 - bits - first % 8)) & (u8::MAX >> (8 - bits))
            })
        })
    }

    fn interleaved(&self, samples: &[u8], count: usize) -> Vec<u8> {
        let pixels = self.width * self.height;
        let sample = |at: usize| samples.get(at % count * pixels + at / count).copied();
        (0..pixels * count).map(|at| sample(at).unwrap_or_default()).collect()
    }
}

/// A float between 0 and 1; what lies outside is cut off.
fn from_unit(sample: f32) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let eight = (sample * 255.0).round() as u8;
    eight
}

/// JPEG's full-range `YCbCr` (BT.601) to RGB.
fn ycbcr([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
    rgb.map(|sample| from_unit(sample / 255.0))
}
