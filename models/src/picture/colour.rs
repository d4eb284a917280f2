//! Colours of other spaces as RGB, rounded as libjpeg and Pillow do.

/// Full-range `YCbCr` (BT.601) to RGB in 16 fractional bits, rounded.
#[inline]
pub(super) fn from_ycbcr([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    let red = y + ((91_881 * cr + HALF) >> 16);
    let green = y + ((-22_554 * cb - 46_802 * cr + HALF) >> 16);
    let blue = y + ((116_130 * cb + HALF) >> 16);
    [red, green, blue].map(|sample| u8::try_from(sample.clamp(0, 255)).unwrap_or_default())
}

/// CMYK as Adobe stores it (255 is no ink) to RGB: a colour times black, as Pillow rounds it.
pub(super) fn inked(colour: u8, black: u8) -> u8 {
    let product = (255 - u32::from(colour)) * u32::from(black) + 128;
    // The product over 255, rounded, without dividing.
    let ink = ((product >> 8) + product) >> 8;
    u8::try_from(u32::from(black).saturating_sub(ink)).unwrap_or_default()
}

/// CMYK (0 is no ink) to RGB.
pub(super) fn from_cmyk([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|ink| inked(255 - ink, 255 - black))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_ink_is_white_and_full_black_is_black_whatever_the_colours() {
        assert_eq!(inked(255, 255), 255);
        assert_eq!([255, 128, 0].map(|colour| inked(colour, 0)), [0; 3]);
        assert_eq!([0, 128, 255].map(|colour| inked(colour, 255)), [0, 128, 255]);
        assert_eq!(from_cmyk([0, 127, 255, 0]), [255, 128, 0]);
        assert_eq!(from_cmyk([0, 127, 255, 255]), [0; 3]);
    }
}
