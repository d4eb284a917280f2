//! Which format a file is in, by its first bytes.

use std::fmt;

use super::PictureError;

/// The picture formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG, baseline or progressive.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    WebP,
    /// GIF.
    Gif,
    /// TIFF.
    Tiff,
    /// Windows bitmap.
    Bmp,
    /// JPEG 2000: JP2 file or bare codestream.
    Jpeg2000,
}

/// How each format begins. (WebP and BMP need a second look, see [`Format::of`].)
const SIGNATURES: [(&[u8], Format); 12] = [
    (b"\xff\xd8\xff", Format::Jpeg),
    (b"\x89PNG\r\n\x1a\n", Format::Png),
    (b"RIFF", Format::WebP),
    (b"GIF87a", Format::Gif),
    (b"GIF89a", Format::Gif),
    (b"II*\0", Format::Tiff),
    (b"MM\0*", Format::Tiff),
    (b"II+\0", Format::Tiff),
    (b"MM\0+", Format::Tiff),
    (b"BM", Format::Bmp),
    (b"\0\0\0\x0cjP  \r\n\x87\n", Format::Jpeg2000),
    (b"\xff\x4f\xff\x51", Format::Jpeg2000),
];

impl Format {
    /// Recognises the format of `bytes`.
    ///
    /// # Errors
    /// [`PictureError::Empty`]; [`PictureError::Corrupt`] for a file that ends within a signature;
    /// [`PictureError::Unsupported`] for anything else, with a hint at what it looks like.
    pub fn of(bytes: &[u8]) -> Result<Self, PictureError> {
        if bytes.is_empty() {
            return Err(PictureError::Empty);
        }
        let known = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature));
        match known {
            // "RIFF" also begins sound and video, "BM" also begins ordinary words.
            Some((_, Self::WebP)) if bytes.get(8..12).is_some_and(|kind| kind != b"WEBP") => {}
            Some((_, Self::Bmp)) if !plausible_bitmap(bytes) => {}
            Some((_, format)) => return Ok(*format),
            None if SIGNATURES.iter().any(|(s, _)| bytes.len() > 1 && s.starts_with(bytes)) => {
                return Err(PictureError::Corrupt("it ends within its signature".into()));
            }
            None => {}
        }
        Err(PictureError::Unsupported(looks_like(bytes).into()))
    }
}

/// A bitmap's second header begins with its own length, one of a few.
fn plausible_bitmap(bytes: &[u8]) -> bool {
    match bytes.get(14..18) {
        Some(length) => {
            let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]);
            matches!(length, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124)
        }
        None => bytes[2..].iter().any(|byte| !byte.is_ascii_graphic() && *byte != b' '),
    }
}

fn looks_like(bytes: &[u8]) -> &'static str {
    let head = &bytes[..bytes.len().min(512)];
    let text = head.trim_ascii_start().to_ascii_lowercase();
    if text.starts_with(b"<!doctype html") || text.starts_with(b"<html") {
        "an HTML page"
    } else if text.starts_with(b"<?xml") || text.starts_with(b"<svg") {
        "XML"
    } else if text.starts_with(b"%pdf") {
        "a PDF"
    } else if text.get(4..8) == Some(b"ftyp") {
        "an ISO media file (AVIF, HEIC or video)"
    } else if std::str::from_utf8(head).is_ok_and(|text| !text.contains('\0')) {
        "text"
    } else {
        "an unknown format"
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Tiff => "TIFF",
            Self::Bmp => "BMP",
            Self::Jpeg2000 => "JPEG 2000",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsupported(bytes: &[u8]) -> String {
        match Format::of(bytes) {
            Err(PictureError::Unsupported(what)) => what,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn text_html_and_other_files_are_named_for_what_they_look_like() {
        assert_eq!(unsupported(b"hello\n"), "text");
        assert_eq!(unsupported(b"BMW is a car, and this is a text file"), "text");
        assert_eq!(unsupported(b"\n <!DOCTYPE HTML><title>404"), "an HTML page");
        assert_eq!(unsupported(b"<?xml version='1.0'?><svg/>"), "XML");
        assert_eq!(
            unsupported(b"\0\0\0\x1cftypavif\0\0\0\0"),
            "an ISO media file (AVIF, HEIC or video)"
        );
        assert_eq!(unsupported(b"RIFF\x10\0\0\0WAVEfmt "), "an unknown format");
        assert_eq!(unsupported(&[0x7f, b'E', b'L', b'F', 0]), "an unknown format");
    }

    #[test]
    fn a_file_cut_within_its_signature_is_corrupt() {
        for whole in [&b"\x89PNG\r\n\x1a\n"[..], b"GIF89a", b"\xff\xd8\xff"] {
            for length in 2..whole.len() {
                let cut = Format::of(&whole[..length]);
                assert!(matches!(cut, Err(PictureError::Corrupt(_))), "{length} of {whole:?}");
            }
        }
    }

    #[test]
    fn no_bytes_are_empty() {
        assert_eq!(Format::of(b""), Err(PictureError::Empty));
    }
}
