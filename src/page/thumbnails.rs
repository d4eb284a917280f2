//! Makes what the page shows of each picture: a small JPEG for its own place and a tiny square one
//! for wherever it is somebody's neighbour.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use models::picture::{self, Filter, Limits, Rgb};

use super::crew;
use super::documents::Picture;
use super::spool::{Piece, Spool};

/// The longest edge of a thumbnail, in pixels.
const EDGE: u32 = 288;
/// The edge of a tiny one, in pixels.
const TINY_EDGE: u32 = 72;
const QUALITY: u8 = 75;
const TINY_QUALITY: u8 = 65;
/// A file of more bytes than the downloader takes was put there after the run.
const MOST_BYTES: u64 = 64 << 20;
/// How many pixels all threads together decode at a time: 75 MB once decoded. A larger picture is
/// decoded while no other is.
const PIXELS_AT_A_TIME: u64 = 25_000_000;

/// One picture's thumbnails, put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thumbnail {
    /// The JPEG, no edge longer than 288 pixels.
    pub jpeg: Piece,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// The tiny JPEG: 72 × 72 pixels of its middle.
    pub tiny: Piece,
}

/// Makes the thumbnails of all pictures with `threads` threads. `None` for a picture whose file is
/// gone or is no picture any more: the run that indexed it may be long ago.
pub fn make(
    pictures: &[Picture],
    spool: &Spool,
    threads: usize,
) -> io::Result<Vec<Option<Thumbnail>>> {
    let pixels = Pixels::new(PIXELS_AT_A_TIME);
    let mut thumbnails = vec![None; pictures.len()];
    let mut outcome = Ok(());
    let work = |(position, picture): (usize, &Picture)| {
        let drawn = picture.path.as_deref().and_then(|path| draw(path, &pixels));
        (position, drawn.map(|drawn| drawn.put_aside(spool)).transpose())
    };
    crew::in_parallel(pictures.iter().enumerate(), threads, work, |(position, made)| match made {
        Ok(thumbnail) => thumbnails[position] = thumbnail,
        Err(error) => outcome = Err(error),
    });
    outcome.map(|()| thumbnails)
}

struct Drawn {
    small: Rgb,
    tiny: Rgb,
}

impl Drawn {
    fn put_aside(&self, spool: &Spool) -> io::Result<Thumbnail> {
        Ok(Thumbnail {
            jpeg: spool.append(&jpeg(&self.small, QUALITY)?)?,
            width: self.small.width(),
            height: self.small.height(),
            tiny: spool.append(&jpeg(&self.tiny, TINY_QUALITY)?)?,
        })
    }
}

/// Draws the picture at `path` small, if it still is one.
fn draw(path: &Path, pixels: &Pixels) -> Option<Drawn> {
    let file = fs::metadata(path).ok()?;
    if !file.is_file() || file.len() > MOST_BYTES {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let limits = Limits::default();
    let header = picture::header(&bytes, &limits).ok()?;
    let _reserved = pixels.reserve(header.pixels());
    // It was decoded once without a panic, but the file may be another one by now.
    let draw = || picture::decode(&bytes, &limits).ok().map(|full| small_and_tiny(&full));
    catch_unwind(AssertUnwindSafe(draw)).ok()?
}

fn small_and_tiny(full: &Rgb) -> Drawn {
    let longest = full.width().max(full.height());
    let scaled = |edge: u32| {
        let scaled = u64::from(edge) * u64::from(EDGE.min(longest)) / u64::from(longest);
        u32::try_from(scaled).unwrap_or(EDGE).max(1)
    };
    let small =
        picture::resize(full, scaled(full.width()), scaled(full.height()), Filter::Bilinear);
    let tiny = picture::resize(&middle(&small), TINY_EDGE, TINY_EDGE, Filter::Bilinear);
    Drawn { small, tiny }
}

/// The largest square in the middle of `picture`.
fn middle(picture: &Rgb) -> Rgb {
    let edge = picture.width().min(picture.height());
    let left = ((picture.width() - edge) / 2) as usize * 3;
    let top = ((picture.height() - edge) / 2) as usize;
    let (row, edge_bytes) = (picture.width() as usize * 3, edge as usize * 3);
    let rows = picture.pixels().chunks_exact(row).skip(top).take(edge as usize);
    let rows: Vec<&[u8]> = rows.map(|row| &row[left..left + edge_bytes]).collect();
    let pixels = rows.concat();
    Rgb::new(edge, edge, pixels).unwrap_or_else(|| picture.clone())
}

fn jpeg(picture: &Rgb, quality: u8) -> io::Result<Vec<u8>> {
    let mut bytes = vec![];
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .write_image(picture.pixels(), picture.width(), picture.height(), ExtendedColorType::Rgb8)
        .map_err(io::Error::other)?;
    Ok(bytes)
}

/// The pixels that may be decoded at a time.
struct Pixels {
    all: u64,
    free: Mutex<u64>,
    freed: Condvar,
}

/// Some of them, free again when dropped.
struct Reserved<'a> {
    pixels: &'a Pixels,
    count: u64,
}

impl Pixels {
    fn new(all: u64) -> Self {
        Self { all, free: Mutex::new(all), freed: Condvar::new() }
    }

    /// Waits for `count` pixels, or for all there are where that is less.
    fn reserve(&self, count: u64) -> Reserved<'_> {
        let count = count.min(self.all);
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self
            .freed
            .wait_while(free, |free| *free < count)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= count;
        Reserved { pixels: self, count }
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        *self.pixels.free.lock().unwrap_or_else(PoisonError::into_inner) += self.count;
        self.pixels.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: u32, height: u32) -> Rgb {
        Rgb::new(width, height, vec![90; (width * height * 3) as usize]).unwrap()
    }

    #[test]
    fn thumbnails_keep_the_aspect_ratio_never_grow_and_never_vanish() {
        let sizes = [
            ((576, 288), (288, 144)),
            ((300, 600), (144, 288)),
            ((10, 20), (10, 20)),
            ((1, 30_000), (1, 288)),
        ];
        for ((width, height), expected) in sizes {
            let drawn = small_and_tiny(&grey(width, height));
            assert_eq!((drawn.small.width(), drawn.small.height()), expected);
            assert_eq!((drawn.tiny.width(), drawn.tiny.height()), (TINY_EDGE, TINY_EDGE));
        }
    }

    #[test]
    fn a_tiny_one_shows_the_middle() {
        let row = [[1_u8; 3], [2; 3], [3; 3], [4; 3]].concat();
        let wide = Rgb::new(4, 2, [row.clone(), row].concat()).unwrap();

        assert_eq!(middle(&wide).pixels(), [[2_u8; 3], [3; 3], [2; 3], [3; 3]].concat());
    }

    #[test]
    fn a_folder_a_missing_file_and_what_is_no_picture_have_no_thumbnail() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("text.jpg");
        fs::write(&text, "no picture").unwrap();
        let pixels = Pixels::new(1);

        assert!(draw(folder.path(), &pixels).is_none());
        assert!(draw(&folder.path().join("gone.jpg"), &pixels).is_none());
        assert!(draw(&text, &pixels).is_none());
    }

    #[test]
    fn a_picture_larger_than_all_pixels_takes_them_all_and_gives_them_back() {
        let pixels = Pixels::new(10);

        drop(pixels.reserve(1_000));
        let small = pixels.reserve(4);
        assert_eq!(*pixels.free.lock().unwrap(), 6);
        drop(small);

        assert_eq!(*pixels.free.lock().unwrap(), 10);
    }
}
