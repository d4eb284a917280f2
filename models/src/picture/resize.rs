//! Resizing exactly as Pillow does it: the same bytes.

mod bilinear;
#[cfg(target_arch = "x86_64")]
mod rows;

use super::rgb::Rgb;

/// How the pixels of a resized picture come about: Pillow's `Image.resize` with the filter of the same
/// name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Filter {
    /// Each pixel is the mean of all that it covers, weighted by a triangle: Pillow's antialiased
    /// `BILINEAR`, not a mixture of the four nearest. After `src/libImaging/Resample.c` of Pillow: along
    /// the rows first, with fixed-point weights.
    Bilinear,
    /// Each pixel is the one at its centre. After `ImagingScaleAffine` in `src/libImaging/Geometry.c`.
    Nearest,
}

impl Filter {
    /// The filter called `name` in manifests.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "bilinear" => Some(Self::Bilinear),
            "nearest" => Some(Self::Nearest),
            _ => None,
        }
    }

    /// Its name in manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bilinear => "bilinear",
            Self::Nearest => "nearest",
        }
    }
}

/// Resizes the whole `picture` to `width` × `height` pixels of 8-bit RGB; the aspect ratio is not kept.
/// A picture that has this size already is copied.
///
/// The bytes are those of Pillow 12, and of 13 where it is told to resize along the rows before the
/// columns; `models/golden/vectors.py` has its digests. A picture that would grow beyond 64 MiB between
/// the two is resized along the columns first, which moves a sample by 1 at most.
///
/// # Panics
/// If `width` or `height` is 0.
#[must_use]
pub fn resize(picture: &Rgb, width: u32, height: u32, filter: Filter) -> Rgb {
    assert!(width > 0 && height > 0, "a picture has at least one pixel");
    if (picture.width(), picture.height()) == (width, height) {
        return picture.clone();
    }
    let pixels = match filter {
        Filter::Bilinear => bilinear::resize(picture, width, height),
        Filter::Nearest => nearest(picture, width, height),
    };
    Rgb::new(width, height, pixels).expect("it was made in this size")
}

fn nearest(picture: &Rgb, width: u32, height: u32) -> Vec<u8> {
    let columns = nearest_positions(picture.width(), width);
    let rows = nearest_positions(picture.height(), height);
    let row_length = picture.width() as usize * 3;
    let mut pixels = Vec::with_capacity(columns.len() * rows.len() * 3);
    for row in rows {
        let row = &picture.pixels()[row * row_length..][..row_length];
        for column in &columns {
            pixels.extend_from_slice(&row[column * 3..column * 3 + 3]);
        }
    }
    pixels
}

/// Where the centre of each of `to` pixels lies among `from`, added up step by step as Pillow does.
fn nearest_positions(from: u32, to: u32) -> Vec<usize> {
    let step = f64::from(from) / f64::from(to);
    let mut centre = step * 0.5;
    let mut positions = Vec::with_capacity(to as usize);
    for _ in 0..to {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and `from`"
        )]
        let position = centre as u32;
        positions.push(position.min(from - 1) as usize);
        centre += step;
    }
    positions
}
