//! The page that a person looks at after a run: `out/index.html`, with its thumbnails beside it.
//!
//! ```text
//! the run ──────────── thumbnails as it decodes ─► thumbnails/ ┐
//! augmented.ndjson ─ documents ─► pictures ─ illustration ─────┼─ gallery ─┐
//!                         └ vectors ─ sketches ────────────────┘           ├─ layout ─► index.html
//! parked.ndjson ──── parked ────► groups by class, each with a remedy ─────┘
//! ```
//! It is made from what the run left in `out` as it stands, so it can be made again at any time. What
//! there is to know of the pictures is data in the page; its own script shows, sorts, filters and
//! compares them. Work that grows with the pairs of pictures is nobody's: the script compares a
//! picture with the others when somebody looks at it.
//!
//! A policy allows this script and this style sheet, by their digests, and pictures; nothing is loaded
//! from elsewhere. Everything that comes from a file's name or a decoder's message is data or escaped.

pub mod album;
mod crew;
mod documents;
mod gallery;
pub mod illustrating_decoder;
mod illustration;
mod layout;
mod links;
mod palette;
mod parked;
mod remedy;
mod section;
mod sketch;
pub mod thumbnail;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use illustration::Drawable;
pub use remedy::remedy;

use crate::adapters::embedded::{AUGMENTED, PARKED};
use crate::config::cores;
use crate::draft::{self, Draft};
use album::Album;
use gallery::Gallery;

/// The page's file.
pub const PAGE: &str = "index.html";

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageReport {
    /// Augmented pictures on the page.
    pub pictures: usize,
    /// Parked ones.
    pub parked: usize,
    /// Augmented pictures that had no thumbnail and whose file could no longer be shown.
    pub without_thumbnail: usize,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Reading the run's outcome or writing the page failed.
    #[error("{path}: {cause}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A line of the run's outcome is not what a run writes.
    #[error("{path}, line {line}: {cause}", path = .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        cause: serde_json::Error,
    },
}

impl PageError {
    /// For `map_err`: what happened to the file at `path`.
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |cause| Self::Io { path, cause }
    }
}

/// Writes the page of the run whose outcome lies in `out`, over the pictures in the folder `images`;
/// `at` is the time that it shows. Pictures within `drawable` are drawn that have no thumbnail. The page
/// appears whole or not at all; thumbnails that it does not show are removed.
///
/// # Errors
/// [`PageError`]. A picture that cannot be shown any more is none: it gets a placeholder.
pub fn write(
    out: &Path,
    images: &Path,
    drawable: Drawable,
    at: Timestamp,
) -> Result<PageReport, PageError> {
    let threads = cores();
    let pictures = documents::read(&out.join(AUGMENTED), threads)?;
    let parked = parked::read(&out.join(PARKED))?;
    let album = Album::of(out);
    let thumbnails = illustration::of(&pictures, &album, drawable, threads)
        .map_err(PageError::io(&out.join(album::FOLDER)))?;

    let gallery = Gallery { pictures, thumbnails, parked };
    let html = layout::render(&gallery, &links::Links::new(out, images), at);
    let path = out.join(PAGE);
    let draft = Draft::write(&path, |mut file| file.write_all(html.as_bytes()));
    draft.and_then(Draft::replace).map_err(PageError::io(&path))?;
    // Last, so that no page is ever without its pictures.
    let shown = gallery.thumbnails.iter().flatten().map(|filed| filed.name.as_str());
    album.keep_only(shown).map_err(PageError::io(&out.join(album::FOLDER)))?;

    Ok(PageReport {
        pictures: gallery.pictures.len(),
        parked: gallery.parked.iter().map(|group| group.records.len()).sum(),
        without_thumbnail: gallery.thumbnails.iter().filter(|made| made.is_none()).count(),
    })
}

/// Removes what a run left in `out` that was killed while it wrote its page or a thumbnail.
///
/// # Errors
/// [`PageError::Io`].
pub fn remove_drafts(out: &Path) -> Result<(), PageError> {
    let draft = draft::beside(&out.join(PAGE));
    draft::remove(&draft).map_err(PageError::io(&draft))?;
    Album::of(out).remove_drafts().map_err(PageError::io(&out.join(album::FOLDER)))
}
