//! Every format and colour mode against Pillow, and what is refused.

#[path = "support/golden.rs"]
mod golden;

use models::picture::{Format, Limits, PictureError, decode, header};
use proptest::prelude::*;

/// All pictures of `golden/decode/`: name, bytes, how far a sample may be off.
fn cases() -> Vec<(String, Vec<u8>, i16)> {
    let cases = golden::json("decode/cases.json");
    let case = |(name, tolerance): (&String, &serde_json::Value)| {
        let tolerance = i16::try_from(tolerance.as_i64().unwrap()).unwrap();
        (name.clone(), golden::bytes(&format!("decode/{name}")), tolerance)
    };
    cases.as_object().unwrap().iter().map(case).collect()
}

#[test]
fn every_colour_mode_of_every_format_becomes_the_rgb_that_pillow_makes_of_it() {
    let cases = cases();
    assert!(cases.len() > 60, "only {} cases", cases.len());
    for (name, bytes, tolerance) in cases {
        let expected = golden::picture(&golden::bytes(&format!("decode/{name}.rgb.png")));

        let decoded = decode(&bytes, &Limits::default()).unwrap_or_else(|e| panic!("{name}: {e}"));

        let (width, height) = (decoded.width(), decoded.height());
        assert_eq!((width, height), (expected.width(), expected.height()), "{name}");
        let head = header(&bytes, &Limits::default()).unwrap();
        assert_eq!((head.width, head.height), (width, height), "{name}");
        let pairs = decoded.pixels().iter().zip(expected.pixels());
        let worst = pairs.map(|(a, b)| (i16::from(*a) - i16::from(*b)).abs()).max().unwrap();
        assert!(worst <= tolerance, "{name} is off by {worst}, allowed are {tolerance}");
    }
}

#[test]
fn a_picture_that_is_cut_anywhere_is_refused_or_whole_but_never_half() {
    for (name, bytes, _) in cases() {
        let whole = golden::picture(&bytes);
        let step = (bytes.len() / 150).max(1);
        // In fewer than eight bytes a bitmap may as well be a text.
        let lengths =
            (8..bytes.len()).step_by(step).chain(bytes.len().saturating_sub(24)..bytes.len());
        for length in lengths {
            match decode(&bytes[..length], &Limits::default()) {
                Ok(cut) => assert!(cut == whole, "{name} of {length} bytes is another picture"),
                Err(PictureError::Corrupt(_)) => {}
                Err(other) => panic!("{name} of {length} bytes: {other:?}"),
            }
        }
    }
}

#[test]
fn a_jpeg_or_png_that_lacks_its_last_bytes_is_corrupt() {
    for name in ["420.jpg", "progressive.jpg", "grey.jpg", "rgb.png", "palette.png"] {
        let bytes = golden::bytes(&format!("decode/{name}"));
        for missing in [1, 2, 3, 50, bytes.len() / 2] {
            let cut = decode(&bytes[..bytes.len() - missing], &Limits::default());
            assert!(matches!(cut, Err(PictureError::Corrupt(_))), "{name} less {missing}: {cut:?}");
        }
    }
}

#[test]
fn a_jpeg_whose_scan_ends_early_is_corrupt_even_with_an_end_marker() {
    for name in ["420.jpg", "progressive.jpg", "grey.jpg", "cmyk-adobe.jpg"] {
        let mut bytes = golden::bytes(&format!("decode/{name}"));
        bytes.truncate(bytes.len() * 3 / 4);
        bytes.extend_from_slice(&[0xff, 0xd9]);
        let cut = decode(&bytes, &Limits::default());
        assert!(matches!(cut, Err(PictureError::Corrupt(_))), "{name}: {cut:?}");
    }
}

#[test]
fn a_flipped_bit_in_a_png_never_yields_another_picture() {
    let bytes = golden::bytes("decode/rgb.png");
    let whole = golden::picture(&bytes);
    for at in 8..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        let decoded = decode(&flipped, &Limits::default());
        assert!(decoded.is_err() || decoded == Ok(whole.clone()), "bit flipped at {at}");
    }
}

#[test]
fn codings_that_are_not_read_are_unsupported_and_not_corrupt() {
    let mut lossless = golden::bytes("decode/420.jpg");
    let frame = lossless.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    lossless[frame + 1] = 0xc3; // nothing at hand writes one
    let arithmetic = golden::bytes("arithmetic.jpg");
    for (bytes, what) in [(arithmetic, "arithmetic-coded"), (lossless, "lossless")] {
        match decode(&bytes, &Limits::default()) {
            Err(PictureError::Unsupported(why)) => assert!(why.contains(what), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_content_decides_what_a_picture_is() {
    let formats = [
        ("420.jpg", Format::Jpeg),
        ("rgb.png", Format::Png),
        ("lossy.webp", Format::WebP),
        ("animated.gif", Format::Gif),
        ("16-bit-big-endian.tif", Format::Tiff),
        ("big.tif", Format::Tiff),
        ("rgb.bmp", Format::Bmp),
        ("lossy.jp2", Format::Jpeg2000),
        ("lossless.j2k", Format::Jpeg2000),
    ];
    for (name, format) in formats {
        let bytes = golden::bytes(&format!("decode/{name}"));
        assert_eq!(header(&bytes, &Limits::default()).unwrap().format, format, "{name}");
    }
}

#[test]
fn the_limit_is_on_pixels_and_the_largest_picture_is_allowed() {
    let bytes = golden::bytes("decode/rgb.png");
    let pixels = header(&bytes, &Limits::default()).unwrap().pixels();

    assert!(decode(&bytes, &Limits { pixels }).is_ok());
    let limit = pixels - 1;
    let refused = decode(&bytes, &Limits { pixels: limit });
    assert_eq!(refused, Err(PictureError::TooManyPixels { pixels, limit }));
}

#[test]
fn a_large_jpeg_2000_is_decoded_in_a_reduced_size_and_keeps_its_dimensions() {
    let bytes = golden::bytes("large.jp2");
    let head = header(&bytes, &Limits::default()).unwrap();
    let rgb = golden::picture(&bytes);

    assert_eq!((head.width, head.height), (2301, 2101));
    assert_eq!(rgb.original(), (2301, 2101));
    assert_eq!((rgb.width(), rgb.height()), (1151, 1051));
    let views = models::picture::Views::new(&rgb, &[]);
    assert_eq!((views.width, views.height), (2301, 2101));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_pictures_are_answered_and_never_panic(
        case in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut cases = cases();
        let case = case.index(cases.len());
        let (_, mut bytes, _) = cases.swap_remove(case);
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = decode(&bytes, &Limits { pixels: 1_000_000 });
    }
}
