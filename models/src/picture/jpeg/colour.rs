//! From planes to RGB, as libjpeg's `jdcolor.c`.

#[cfg(target_arch = "x86_64")]
mod vectors;

use super::super::colour::{from_ycbcr, inked};
use super::frame::{Component, Frame};
use super::upsampling::Upsampler;
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
            upsampler.make(y);
        }
        let channel = |number: usize| upsamplers.get(number).map_or(&[][..], |u| &u.row()[..width]);
        convert(colours, [0, 1, 2, 3].map(channel), row.as_chunks_mut().0);
    }
    Ok(pixels)
}

fn convert(colours: Colours, [a, b, c, d]: [&[u8]; 4], row: &mut [[u8; 3]]) {
    let three = || a.iter().zip(b).zip(c).map(|((a, b), c)| [*a, *b, *c]);
    match colours {
        Colours::Grey => row.iter_mut().zip(a).for_each(|(rgb, grey)| *rgb = [*grey; 3]),
        Colours::Rgb => row.iter_mut().zip(three()).for_each(|(rgb, colour)| *rgb = colour),
        Colours::YCbCr => convert_ycbcr([a, b, c], row),
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

fn convert_ycbcr(planes: [&[u8]; 3], row: &mut [[u8; 3]]) {
    #[cfg(target_arch = "x86_64")]
    let done = super::super::vectors::detect().map_or(0, |vectors| {
        vectors.vectorize(vectors::Row { vectors, planes, row });
        row.len() / vectors::STEP * vectors::STEP
    });
    #[cfg(not(target_arch = "x86_64"))]
    let done = 0;
    let [y, cb, cr] = planes.map(|plane| &plane[done..]);
    for (((rgb, y), cb), cr) in row[done..].iter_mut().zip(y).zip(cb).zip(cr) {
        *rgb = from_ycbcr([*y, *cb, *cr]);
    }
}
