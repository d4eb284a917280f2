//! What is refused before the decoder sees it.

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::*;

/// A grey TIFF of 16 × 48 in three strips, each at its place of `strips`: offset and length.
fn tiff(content: &[u8], strips: [(u32, u32); 3]) -> Vec<u8> {
    let lists = 8 + content.len();
    let directory = lists + 24;
    let [offsets, lengths, directory] =
        [lists, lists + 12, directory].map(|at| u32::try_from(at).unwrap());
    let entries: [(u16, u32, u32); 9] = [
        (256, 1, 16),
        (257, 1, 48),
        (258, 1, 8),
        (259, 1, 7), // JPEG
        (262, 1, 1),
        (273, 3, offsets),
        (277, 1, 1),
        (278, 1, 16),
        (279, 3, lengths),
    ];
    let mut file = [&b"II*\0"[..], &directory.to_le_bytes(), content].concat();
    let (offsets, lengths) = (strips.map(|(offset, _)| offset), strips.map(|(_, length)| length));
    file.extend(offsets.into_iter().chain(lengths).flat_map(u32::to_le_bytes));
    file.extend(9_u16.to_le_bytes());
    for (tag, count, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(4_u16.to_le_bytes()); // numbers of four bytes
        file.extend([count, value].map(u32::to_le_bytes).concat());
    }
    file.extend([0; 4]);
    file
}

fn jpeg() -> Vec<u8> {
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new(&mut jpeg);
    encoder.write_image(&[200; 256], 16, 16, ExtendedColorType::L8).unwrap();
    jpeg
}

#[test]
fn strips_that_together_are_longer_than_the_file_are_refused() {
    let jpeg = jpeg();
    let length = u32::try_from(jpeg.len()).unwrap();
    let apart = [0, 1, 2].map(|strip| (8 + strip * length, length));

    let rgb = decode(&tiff(&jpeg.repeat(3), apart)).unwrap();
    let refused = decode(&tiff(&jpeg, [(8, length); 3]));

    assert_eq!((rgb.width(), rgb.height(), rgb.pixels()[0]), (16, 48, 200));
    assert_eq!(refused, Err(PictureError::Corrupt("a TIFF whose strips overlap".into())));
}

#[test]
fn lengths_whose_sum_no_number_holds_are_refused_too() {
    let refused = decode(&tiff(&jpeg(), [(8, u32::MAX); 3]));
    assert!(matches!(refused, Err(PictureError::Corrupt(_))), "{refused:?}");
}
