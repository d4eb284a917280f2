//! Finds the thumbnail of each picture: the run has drawn it, or it is drawn now.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};

use models::picture::{self, Limits};

use super::album::{Album, Filed, Key};
use super::crew;
use super::documents::Picture;
use super::thumbnail::Thumbnail;

/// What a picture may be to be drawn: what it may be to be augmented. A file beyond it was put there
/// after the run.
#[derive(Clone, Copy, Debug)]
pub struct Drawable {
    /// The bytes of its file.
    pub bytes: u64,
    /// What its header may say.
    pub picture: Limits,
}

/// How many pixels all threads together decode at a time: 75 MB once decoded. A larger picture is
/// decoded while no other is.
const PIXELS_AT_A_TIME: u64 = 25_000_000;

/// The thumbnails of all pictures, with `threads` threads. `None` for a picture whose file is gone or
/// is no picture any more: the run that indexed it may be long ago.
pub fn of(
    pictures: &[Picture],
    album: &Album,
    drawable: Drawable,
    threads: usize,
) -> io::Result<Vec<Option<Filed>>> {
    let pixels = Pixels::new(PIXELS_AT_A_TIME);
    let mut filed = vec![None; pictures.len()];
    let mut outcome = Ok(());
    let drawn = album.contents()?;
    let work = |(position, picture): (usize, &Picture)| {
        (position, found_or_drawn(picture, &drawn, album, drawable, &pixels))
    };
    crew::in_parallel(pictures.iter().enumerate(), threads, work, |(position, made)| match made {
        Ok(thumbnail) => filed[position] = thumbnail,
        Err(error) => outcome = Err(error),
    });
    outcome.map(|()| filed)
}

fn found_or_drawn(
    picture: &Picture,
    drawn: &HashMap<Key, Filed>,
    album: &Album,
    drawable: Drawable,
    pixels: &Pixels,
) -> io::Result<Option<Filed>> {
    let Some(key) = picture.key() else { return Ok(None) };
    if let Some(filed) = drawn.get(&key) {
        return Ok(Some(filed.clone()));
    }
    let thumbnail = picture.path.as_deref().and_then(|path| draw(path, drawable, pixels));
    thumbnail.map(|thumbnail| album.file(key, &thumbnail)).transpose()
}

/// Draws the picture at `path` small, if it still is one.
fn draw(path: &Path, drawable: Drawable, pixels: &Pixels) -> Option<Thumbnail> {
    let file = fs::metadata(path).ok()?;
    if !file.is_file() || file.len() > drawable.bytes {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let limits = drawable.picture;
    let header = picture::header(&bytes, &limits).ok()?;
    let _reserved = pixels.reserve(header.pixels());
    // It was decoded once without a panic, but the file may be another one by now.
    let draw = || Thumbnail::of(&picture::decode(&bytes, &limits).ok()?).ok()?;
    catch_unwind(AssertUnwindSafe(draw)).ok()?
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
    use image::RgbImage;

    use super::*;

    const ANY: Drawable = Drawable { bytes: 1 << 20, picture: Limits { pixels: 1_000 } };

    #[test]
    fn a_folder_a_missing_file_and_what_is_no_picture_have_no_thumbnail() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("text.jpg");
        fs::write(&text, "no picture").unwrap();
        let pixels = Pixels::new(1);

        assert!(draw(folder.path(), ANY, &pixels).is_none());
        assert!(draw(&folder.path().join("gone.jpg"), ANY, &pixels).is_none());
        assert!(draw(&text, ANY, &pixels).is_none());
    }

    #[test]
    fn what_may_be_augmented_may_be_drawn_and_nothing_larger() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        RgbImage::new(20, 10).save(&path).unwrap();
        let bytes = fs::metadata(&path).unwrap().len();
        let drawn = |bytes, pixels| {
            let drawable = Drawable { bytes, picture: Limits { pixels } };
            draw(&path, drawable, &Pixels::new(1)).is_some()
        };

        assert!(drawn(bytes, 200));
        assert!(!drawn(bytes - 1, 200) && !drawn(bytes, 199));
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
