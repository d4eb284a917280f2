//! Tiny files that announce gigapixels, made of golden pictures; shared by the tests beside it and by
//! those of the whole program.

use std::fs;
use std::path::Path;

/// The bytes of a golden picture.
fn bytes(name: &str) -> Vec<u8> {
    // One of them, whichever crate's tests these are.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders =
        ["golden/decode", "models/golden/decode"].map(|folder| root.join(folder).join(name));
    let found = folders.iter().find_map(|path| fs::read(path).ok());
    found.unwrap_or_else(|| panic!("{name} is no golden picture"))
}

/// A golden picture with some of its bytes replaced.
fn patched(name: &str, patches: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = bytes(name);
    for (at, patch) in patches {
        bytes[*at..at + patch.len()].copy_from_slice(patch);
    }
    bytes
}

/// Where `needle` begins in a golden picture.
fn find(name: &str, needle: &[u8]) -> usize {
    let bytes = bytes(name);
    bytes.windows(needle.len()).position(|window| window == needle).unwrap()
}

/// Makes a little-endian TIFF announce `width` × `height` (tags 256 and 257).
fn tiff(width: u32, height: u32) -> Vec<u8> {
    let bytes = bytes("raw.tif");
    let directory = u32::from_le_bytes(*bytes[4..].first_chunk().unwrap()) as usize;
    let count = usize::from(u16::from_le_bytes(*bytes[directory..].first_chunk().unwrap()));
    let mut patched = bytes.clone();
    for entry in (0..count).map(|entry| directory + 2 + entry * 12) {
        let value = match u16::from_le_bytes(*bytes[entry..].first_chunk().unwrap()) {
            256 => width,
            257 | 278 => height,
            _ => continue,
        };
        patched[entry + 2..entry + 4].copy_from_slice(&4_u16.to_le_bytes());
        patched[entry + 8..entry + 12].copy_from_slice(&value.to_le_bytes());
    }
    patched
}

/// Name and bytes of each.
pub fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let jpeg = find("420.jpg", &[0xff, 0xc0]);
    let jpeg2000 = find("lossless.jp2", b"\xff\x4f\xff\x51");
    let huge = 60_000_u32.to_be_bytes();
    vec![
        ("png", patched("rgb.png", &[(16, &huge), (20, &huge), (29, &[0x0f, 0xb0, 0xe2, 0x15])])),
        ("gif", patched("animated.gif", &[(6, &[0xff; 4])])),
        (
            "bmp",
            patched("rgb.bmp", &[(18, &60_000_u32.to_le_bytes()), (22, &60_000_u32.to_le_bytes())]),
        ),
        ("jpeg", patched("420.jpg", &[(jpeg + 5, &[0xff; 4])])),
        ("jpeg 2000", patched("lossless.jp2", &[(jpeg2000 + 8, &huge), (jpeg2000 + 12, &huge)])),
        ("tiff", tiff(60_000, 60_000)),
        // The canvas of an extended WebP: 24 bits each, less one.
        ("webp", patched("alpha-extended.webp", &[(24, &[0x5f, 0xea, 0, 0x5f, 0xea, 0])])),
    ]
}
