//! From planes to RGB: upsampling as libjpeg's `jdsample.c`, colour as its `jdcolor.c`.

use super::super::raster::inked;
use super::frame::{Component, Frame};
use super::{PictureError, unsupported};

/// What application segments say of the colours.
#[derive(Clone, Copy, Default)]
pub struct Hints {
    has_jfif: bool,
    /// Adobe's transform: 0 none, 1 `YCbCr`, 2 YCCK.
    adobe: Option<u8>,
}

/// What the components are.
#[derive(Clone, Copy)]
enum Colours {
    Grey,
    Rgb,
    YCbCr,
    /// Stored inverted, as Adobe does: 255 is no ink. Pillow takes all of them for such.
    Cmyk,
    Ycck,
}

impl Hints {
    /// Notes what an application segment says.
    pub fn read(&mut self, marker: u8, payload: &[u8]) {
        match (marker, payload) {
            (0xe0, [b'J', b'F', b'I', b'F', 0, ..]) => self.has_jfif = true,
            // "Adobe", version (2), flags (4), transform.
            (0xee, [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform, ..]) => {
                self.adobe = Some(*transform);
            }
            _ => {}
        }
    }

    /// Decides as libjpeg does.
    fn colours(self, components: &[Component]) -> Result<Colours, PictureError> {
        let ids: Vec<u8> = components.iter().map(|component| component.id).collect();
        match (&ids[..], self) {
            ([_], _) => Ok(Colours::Grey),
            ([_, _, _], Self { has_jfif: true, .. }) => Ok(Colours::YCbCr),
            ([_, _, _], Self { adobe: Some(0), .. }) => Ok(Colours::Rgb),
            ([b'R', b'G', b'B'], Self { adobe: None, .. }) => Ok(Colours::Rgb),
            ([_, _, _], _) => Ok(Colours::YCbCr),
            ([_, _, _, _], Self { adobe: None | Some(0), .. }) => Ok(Colours::Cmyk),
            ([_, _, _, _], _) => Ok(Colours::Ycck),
            _ => unsupported(&format!("a JPEG of {} components", ids.len())),
        }
    }
}

/// Converts the finished planes to interleaved RGB.
pub fn to_rgb(frame: &Frame, hints: Hints) -> Result<Vec<u8>, PictureError> {
    let colours = hints.colours(&frame.components)?;
    let width = usize::from(frame.width);
    let height = usize::from(frame.height);
    let mut upsamplers: Vec<_> =
        frame.components.iter().map(|component| Upsampler::new(component, frame)).collect();
    let mut pixels = vec![0; width * height * 3];
    for (y, row) in pixels.chunks_exact_mut(width * 3).enumerate() {
        for upsampler in &mut upsamplers {
            upsampler.upsample(y);
        }
        let channel = |number: usize| upsamplers.get(number).map_or(&[][..], |u| &u.row[..width]);
        convert(colours, [0, 1, 2, 3].map(channel), row.as_chunks_mut().0);
    }
    Ok(pixels)
}

fn convert(colours: Colours, [a, b, c, d]: [&[u8]; 4], row: &mut [[u8; 3]]) {
    let three = || a.iter().zip(b).zip(c).map(|((a, b), c)| [*a, *b, *c]);
    match colours {
        Colours::Grey => row.iter_mut().zip(a).for_each(|(rgb, grey)| *rgb = [*grey; 3]),
        Colours::Rgb => row.iter_mut().zip(three()).for_each(|(rgb, colour)| *rgb = colour),
        Colours::YCbCr => row.iter_mut().zip(three()).for_each(|(rgb, c)| *rgb = from_ycbcr(c)),
        Colours::Cmyk => {
            for ((rgb, inks), black) in row.iter_mut().zip(three()).zip(d) {
                *rgb = inks.map(|ink| inked(ink, *black));
            }
        }
        Colours::Ycck => {
            for ((rgb, colour), black) in row.iter_mut().zip(three()).zip(d) {
                *rgb = from_ycbcr(colour).map(|ink| inked(255 - ink, *black));
            }
        }
    }
}

/// Full-range `YCbCr` (BT.601) to RGB in 16 fractional bits, rounded.
#[inline]
pub fn from_ycbcr([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    let red = y + ((91_881 * cr + HALF) >> 16);
    let green = y + ((-22_554 * cb - 46_802 * cr + HALF) >> 16);
    let blue = y + ((116_130 * cb + HALF) >> 16);
    [red, green, blue].map(|sample| u8::try_from(sample.clamp(0, 255)).unwrap_or_default())
}

/// Brings the rows of one component to the width and height of the picture.
struct Upsampler<'a> {
    component: &'a Component,
    across: usize,
    down: usize,
    /// Whether the samples between are mixed from both neighbours. As in libjpeg, not where there
    /// are two columns or fewer, nor for factors other than 1 and 2.
    mixes: bool,
    /// Three parts of the near row and one of the far one.
    columns: Vec<u16>,
    /// The upsampled row, at least as wide as the picture.
    row: Vec<u8>,
}

impl<'a> Upsampler<'a> {
    fn new(component: &'a Component, frame: &Frame) -> Self {
        let across = frame.most.across / component.sampling.across;
        let down = frame.most.down / component.sampling.down;
        let mixes = match (across, down) {
            (2, 1 | 2) => component.width > 2,
            (1, 2) => true,
            _ => false,
        };
        let (columns, row) = (vec![0; component.width], vec![0; component.width * across]);
        Self { component, across, down, mixes, columns, row }
    }

    /// Makes the row of the picture's line `y`.
    fn upsample(&mut self, y: usize) {
        let (component, width) = (self.component, self.component.width);
        let near = &component.plane.row(y / self.down)[..width];
        match (self.mixes, self.across, self.down) {
            (true, 2, 1) => mix_along(near, &mut self.row),
            (true, _, _) => {
                let far = &component.plane.row(self.neighbour(y))[..width];
                if self.across == 1 {
                    // The line above and the line below round differently, so that no drift comes.
                    let bias = if y.is_multiple_of(2) { 1 } else { 2 };
                    for ((out, near), far) in self.row.iter_mut().zip(near).zip(far) {
                        *out = quarter(3 * u16::from(*near) + u16::from(*far), bias);
                    }
                } else {
                    for ((sum, near), far) in self.columns.iter_mut().zip(near).zip(far) {
                        *sum = 3 * u16::from(*near) + u16::from(*far);
                    }
                    mix_columns(&self.columns, &mut self.row);
                }
            }
            (false, 1, _) => self.row.copy_from_slice(near),
            (false, across, _) => {
                for (out, sample) in self.row.chunks_exact_mut(across).zip(near) {
                    out.fill(*sample);
                }
            }
        }
    }

    /// The row of samples on the other side of line `y`; at the edge the same one again.
    fn neighbour(&self, y: usize) -> usize {
        let near = y / 2;
        if y.is_multiple_of(2) {
            near.saturating_sub(1)
        } else {
            (near + 1).min(self.component.height - 1)
        }
    }
}

fn quarter(sum: u16, bias: u16) -> u8 {
    ((sum + bias) >> 2).to_le_bytes()[0]
}

fn sixteenth(sum: u16, bias: u16) -> u8 {
    ((sum + bias) >> 4).to_le_bytes()[0]
}

/// Doubles a row: each new sample is three parts the nearer and one part the farther one.
fn mix_along(near: &[u8], row: &mut [u8]) {
    let last = near.len() - 1;
    let mixed = |at: usize, other: usize, bias| {
        quarter(3 * u16::from(near[at]) + u16::from(near[other]), bias)
    };
    for (at, out) in row.as_chunks_mut::<2>().0.iter_mut().enumerate() {
        let left = if at == 0 { near[0] } else { mixed(at, at - 1, 1) };
        let right = if at == last { near[last] } else { mixed(at, at + 1, 2) };
        *out = [left, right];
    }
}

/// Doubles a row whose samples were already mixed between two lines.
fn mix_columns(columns: &[u16], row: &mut [u8]) {
    let last = columns.len() - 1;
    for (at, out) in row.as_chunks_mut::<2>().0.iter_mut().enumerate() {
        let this = columns[at];
        let left = if at == 0 { this } else { columns[at - 1] };
        let right = if at == last { this } else { columns[at + 1] };
        *out = [sixteenth(3 * this + left, 8), sixteenth(3 * this + right, 7)];
    }
}
