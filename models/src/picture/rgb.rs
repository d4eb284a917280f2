//! A decoded picture.

/// An 8-bit RGB picture, its rows from top to bottom, three bytes a pixel.
#[derive(Clone, PartialEq, Eq)]
pub struct Rgb {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
    /// Width and height of what it was decoded from.
    original: (u32, u32),
}

impl Rgb {
    /// Takes `pixels` as a picture; `None` unless they are exactly `width` × `height` × 3 bytes
    /// and at least one pixel.
    #[must_use]
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Option<Self> {
        let expected = u64::from(width) * u64::from(height) * 3;
        let fits = expected > 0 && pixels.len() as u64 == expected;
        fits.then_some(Self { width, height, pixels, original: (width, height) })
    }

    /// Notes that it was decoded in a reduced size from an original of `width` × `height`.
    #[must_use]
    pub(super) fn reduced_from(self, width: u32, height: u32) -> Self {
        Self { original: (width, height), ..self }
    }

    /// Width in pixels, at least 1.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels, at least 1.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Width and height of the file's picture. Larger than its own only where a format can be
    /// decoded in a reduced size and this picture was large.
    #[must_use]
    pub fn original(&self) -> (u32, u32) {
        self.original
    }

    /// The samples: row by row, red, green, blue.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The pixels one by one, as `[red, green, blue]`.
    #[must_use]
    pub fn colours(&self) -> impl ExactSizeIterator<Item = [u8; 3]> + '_ {
        self.pixels.as_chunks::<3>().0.iter().copied()
    }
}

impl std::fmt::Debug for Rgb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rgb({}×{})", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_exactly_three_bytes_for_each_of_its_pixels() {
        assert!(Rgb::new(2, 3, vec![0; 18]).is_some());
        assert!(Rgb::new(2, 3, vec![0; 17]).is_none());
        assert!(Rgb::new(0, 3, vec![]).is_none());
        assert!(Rgb::new(u32::MAX, u32::MAX, vec![]).is_none());
    }
}
