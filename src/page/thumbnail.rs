//! A picture made small: what the page shows of it.

use std::io;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use models::picture::{Filter, Rgb, ViewSpec, Views, resize};

/// The longest edge of a thumbnail, in pixels.
const EDGE: u32 = 224;

/// JPEG quality: half the bytes of the usual 90, and no artefact to be seen at this size.
const QUALITY: u8 = 75;

/// What a thumbnail is drawn from. It is the size in which the usual networks look at a picture, so
/// that a run that draws thumbnails resizes no picture twice.
pub const VIEW: ViewSpec = ViewSpec { width: EDGE, height: EDGE, filter: Filter::Bilinear };

/// A small JPEG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbnail {
    /// Its file's content.
    pub jpeg: Vec<u8>,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

impl Thumbnail {
    /// Draws the picture whose views are given, in its own proportions; `None` without [`VIEW`].
    ///
    /// # Errors
    /// What the JPEG encoder says.
    pub fn draw(views: &Views) -> io::Result<Option<Self>> {
        let Some(square) = views.view(&VIEW) else { return Ok(None) };
        let (width, height) = within_edge(views.width, views.height);
        let small = resize(square, width, height, Filter::Bilinear);
        Ok(Some(Self { jpeg: jpeg(&small)?, width, height }))
    }

    /// Draws a whole picture.
    ///
    /// # Errors
    /// What the JPEG encoder says.
    pub fn of(picture: &Rgb) -> io::Result<Option<Self>> {
        Self::draw(&Views::new(picture, &[VIEW]))
    }
}

/// The proportions of `width` × `height` with no edge longer than [`EDGE`], never enlarged.
fn within_edge(width: u32, height: u32) -> (u32, u32) {
    let longest = width.max(height);
    let scaled = |edge: u32| {
        let scaled = u64::from(edge) * u64::from(EDGE.min(longest)) / u64::from(longest);
        u32::try_from(scaled).unwrap_or(EDGE).max(1)
    };
    (scaled(width), scaled(height))
}

fn jpeg(picture: &Rgb) -> io::Result<Vec<u8>> {
    let mut bytes = vec![];
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .write_image(picture.pixels(), picture.width(), picture.height(), ExtendedColorType::Rgb8)
        .map_err(io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: u32, height: u32) -> Rgb {
        Rgb::new(width, height, vec![90; (width * height * 3) as usize]).unwrap()
    }

    #[test]
    fn thumbnails_keep_the_proportions_never_grow_and_never_vanish() {
        let sizes = [
            ((448, 224), (224, 112)),
            ((300, 600), (112, 224)),
            ((10, 20), (10, 20)),
            ((1, 30_000), (1, 224)),
        ];
        for ((width, height), expected) in sizes {
            let drawn = Thumbnail::of(&grey(width, height)).unwrap().unwrap();
            assert_eq!((drawn.width, drawn.height), expected);
            let decoded = image::load_from_memory(&drawn.jpeg).unwrap();
            assert_eq!((decoded.width(), decoded.height()), expected);
        }
    }

    #[test]
    fn views_of_other_sizes_alone_give_none() {
        let other = ViewSpec { width: 100, ..VIEW };

        assert_eq!(Thumbnail::draw(&Views::new(&grey(9, 9), &[other])).unwrap(), None);
    }
}
